//! Makes a policy bundle of OpenAPI files as standards publish them.
//!
//! [`import`] reads one document or several, with all files that they refer to, and writes
//! the files of a bundle: openapi.yaml in OpenAPI 3.1 with what a gate needs, a rule for
//! each request type or each member, facts with the rules that they exist, and cases that
//! pass. What is wrong with the files is told with file and line, and with what became of
//! it. Where a file contradicts itself, the bundle is the more lenient: it refuses no
//! request that the file describes.
//!
//! The documents are read as trees with positions. Libraries with types for OpenAPI
//! (`openapiv3`, `oas3`, `roas`) know no lines, drop keywords that are misspelt, and do not
//! read files that are no valid OpenAPI, which the published ones often are not; none
//! converts from one version to another with what was lost on the way.

#![forbid(unsafe_code)]

mod bodies;
mod cases;
mod context;
mod documents;
mod facts;
mod operations;
mod parameters;
mod root;
mod rules;
mod sample;
mod schema;
mod spelling;
mod tree;
mod update;
mod words;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value as Json;
use solgate_document::diagnostic::{Diagnostics, Report};
use solgate_document::source::FileId;
use solgate_document::yaml::Node;

use context::{Components, Context, Dialect};
use documents::Documents;
use operations::Resource;
use root::About;

pub use update::{Update, UpdateError, update};

/// How a bundle is to be made.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The name of the policy.
    pub name: String,
    /// The API root, in place of the one that the documents name.
    pub api_root: Option<String>,
    /// A rule for each member in place of one for each request type.
    pub fine: bool,
    /// Leave out what the files say of schemas in words.
    pub without_descriptions: bool,
}

/// A bundle, and what was found on the way.
#[derive(Debug)]
pub struct Imported {
    /// Names below the bundle's folder, and contents.
    pub files: Vec<(String, String)>,
    pub counts: Counts,
    /// The API root that the bundle has.
    pub root: String,
    /// What is wrong with the documents, each with what became of it.
    pub defects: Diagnostics,
    /// The operations for which no case was made, because no body was found that their
    /// schema allows, or because it is not JSON.
    pub without_case: Vec<String>,
}

/// How much a bundle has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub operations: usize,
    pub schemas: usize,
    /// Those that no request reaches, and that are left out.
    pub unreached: usize,
    pub rules: usize,
    pub facts: usize,
    pub cases: usize,
}

/// Why no bundle was made.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: solgate_files::ReadError },
    /// Some of what is reported is a mistake that the import cannot go on after.
    #[error("{}", .0.render(false))]
    Mistakes(Diagnostics),
}

/// Makes a bundle of documents.
///
/// # Errors
/// If a file cannot be read, is no OpenAPI document, or describes no operation.
pub fn import(paths: &[PathBuf], options: &Options) -> Result<Imported, ImportError> {
    let mut report = Report::default();
    let (documents, named) = match Documents::read(paths, &mut report)? {
        Some(found) => found,
        None => return Err(ImportError::Mistakes(report.finish())),
    };
    let Some((entries, dialect)) = entries(&documents, &named, &mut report) else {
        return Err(ImportError::Mistakes(report.finish()));
    };
    let mut context =
        Context { documents: &documents, report, dialect, components: Components::default(), meant: BTreeMap::new() };
    let mut about = About::default();
    let mut resources: Vec<Resource<'_>> = Vec::new();
    let mut ids = BTreeSet::new();
    for entry in entries {
        let found = root::about(entry, options.api_root.as_deref(), &mut context.report);
        if found.root.is_empty() {
            context
                .report
                .mistake(entry.at, "the document does not say where its API is")
                .hint("name its root: --api-root /nslcm/v2");
            return Err(ImportError::Mistakes(context.report.finish()));
        }
        if !about.root.is_empty() && about.root != found.root {
            context
                .report
                .mistake(
                    entry.at,
                    format!("this API is at `{}`, and that of an earlier document at `{}`", found.root, about.root),
                )
                .hint("a bundle has one API: import the documents one by one");
            return Err(ImportError::Mistakes(context.report.finish()));
        }
        if about.root.is_empty() {
            about = found;
        }
        context.look_for_misspellings(entry);
        for resource in context.resources(entry, &about, &mut ids) {
            match resources.iter_mut().find(|known| known.path == resource.path) {
                Some(known) => known.operations.extend(resource.operations),
                None => resources.push(resource),
            }
        }
    }
    if resources.is_empty() {
        let file = context.report.sources.iter().next().map(|source| source.name.clone()).unwrap_or_default();
        context.report.file_mistake(&file, "no operation was found").hint("an OpenAPI document has `paths`");
        return Err(ImportError::Mistakes(context.report.finish()));
    }
    context.convert_components();
    Ok(written::bundle(context, resources, about, options, all_schemas(&documents)))
}

/// The documents that describe paths, and their version of OpenAPI.
fn entries<'d>(documents: &'d Documents, named: &[FileId], report: &mut Report) -> Option<(Vec<&'d Node>, Dialect)> {
    let roots: Vec<&Node> = named.iter().filter_map(|file| documents.root(*file)).collect();
    let entries: Vec<&Node> = roots.iter().copied().filter(|root| root.get("paths").is_some()).collect();
    let Some(first) = entries.first() else {
        if let Some(root) = roots.first() {
            report
                .mistake(root.at, "this is no OpenAPI document: it has no `paths`")
                .hint("name the document that describes the paths; the files that it refers to are found from there");
        }
        return None;
    };
    let version =
        |root: &Node| root.get("swagger").or_else(|| root.get("openapi")).map(|node| (node.text.clone(), node.at));
    let Some((text, at)) = version(first) else {
        report
            .mistake(first.at, "the document does not say which OpenAPI it is")
            .hint("it begins with `openapi: 3.0.3`");
        return None;
    };
    let dialect = match text.split('.').take(2).collect::<Vec<_>>().as_slice() {
        ["2", ..] => Dialect::V2,
        ["3", "0"] | ["3"] => Dialect::V30,
        ["3", _] => Dialect::V31,
        _ => {
            report.mistake(at, format!("`{text}` is not a version of OpenAPI from 2.0 to 3.1"));
            return None;
        }
    };
    Some((entries, dialect))
}

/// How many named schemas the documents have.
fn all_schemas(documents: &Documents) -> usize {
    let below = |root: &Node, path: &[&str]| root.follow(path).and_then(Node::as_map).map_or(0, <[_]>::len);
    documents
        .roots()
        .map(|root| below(root, &["definitions"]).saturating_add(below(root, &["components", "schemas"])))
        .sum()
}

/// A value that a policy's file has at the top, for the writers of files.
pub(crate) fn object(value: Json) -> serde_json::Map<String, Json> {
    match value {
        Json::Object(members) => members,
        _ => serde_json::Map::new(),
    }
}
