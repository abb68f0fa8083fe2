//! What an author wants to know while a bundle is written: what can stand at a place, what
//! something is, and where it is defined.
//!
//! A text that is being written is mostly not valid. So [`Knowledge`] is of the bundle as
//! it could last be understood, and the place is looked up in the text as it is now.

mod complete;
mod define;
mod explain;
mod expression;
mod names;
mod shape;
mod spot;
mod symbols;

use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use solgate_document::diagnostic::Report;
use solgate_document::source::{At, Sources};
use solgate_document::yaml::Node;

use crate::compile::layered_policy;
use crate::files::{Home, IoError};
use crate::layers::{self, Layers};
use crate::openapi::{self, Api, Op};
use crate::policy::Policy;
use crate::rules::{self, Written};
use crate::schemas::FileKind;
use crate::tree::Texts;

pub use symbols::{Symbol, symbols};

/// What is known of a bundle and of those that it extends.
pub struct Knowledge {
    layers: Layers,
    policy: Policy,
    sources: Sources,
}

/// What could stand at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    pub label: String,
    pub kind: ProposalKind,
    /// In a few words: a signature, or what it is.
    pub detail: String,
    /// In Markdown; empty if nothing is known.
    pub doc: String,
    /// What is put in place of [`replaces`](Self::replaces).
    pub insert: String,
    /// Bytes of the text.
    pub replaces: Range<usize>,
}

/// What a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalKind {
    /// A member of a file of the bundle.
    Member,
    /// One of the values that a member can have.
    Value,
    /// A name that expressions know.
    Root,
    /// A member of a value in an expression.
    Field,
    Function,
    /// A rule, an operation, an option and the like, by its name.
    Name,
}

/// What something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub markdown: String,
    /// What it is about, in bytes of the text.
    pub about: Range<usize>,
}

/// A place in a file of the bundle, or of one that it extends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// As [`Source::name`](crate::Source::name).
    pub file: String,
    /// The text of the file, as the place is counted in it.
    pub text: String,
    /// In bytes.
    pub bytes: Range<usize>,
}

/// What a place is looked up in.
struct Scene<'k> {
    policy: &'k Policy,
    api: &'k Api<'k>,
    rules: &'k [Written],
    sources: &'k Sources,
}

impl std::fmt::Debug for Knowledge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Knowledge").field("policy", &self.policy.name).finish_non_exhaustive()
    }
}

impl Knowledge {
    /// The same of a bundle whose files are held in memory.
    ///
    /// # Errors
    ///
    /// None is to be expected.
    pub fn of_texts(texts: &Arc<Texts>) -> Result<Option<Self>, IoError> {
        Self::of(Home::texts(texts))
    }

    /// What can be known of the bundle that is there.
    pub(crate) fn of(home: Home) -> Result<Option<Self>, IoError> {
        let mut report = Report::default();
        let layers = layers::read(home, &mut report)?;
        let is_whole = layers.layers.iter().all(|layer| layer.all_rules_read);
        let policy = layered_policy(&layers, &mut report)?;
        // While `extends` is being written there is no API: what was known before is better.
        let has_api = layers.layers.iter().any(|layer| layer.openapi.is_some());
        let known = policy.filter(|_| is_whole && has_api && !layers.is_incomplete);
        Ok(known.map(|policy| Self { layers, policy, sources: report.sources }))
    }

    /// What can stand at a byte of the text of a file, which is named as in
    /// [`Source::name`](crate::Source::name).
    pub fn complete(&mut self, file: &str, text: &str, at: usize) -> Vec<Proposal> {
        self.with_scene(|scene| complete::proposals(scene, file, text, at)).unwrap_or_default()
    }

    /// What stands at a byte of the text of a file.
    pub fn explain(&mut self, file: &str, text: &str, at: usize) -> Option<Explanation> {
        self.with_scene(|scene| explain::explanation(scene, file, text, at)).flatten()
    }

    /// Where that is defined which stands at a byte of the text of a file.
    pub fn definition(&mut self, file: &str, text: &str, at: usize) -> Option<Definition> {
        self.with_scene(|scene| define::definition(scene, file, text, at)).flatten()
    }

    fn with_scene<T>(&mut self, look: impl FnOnce(&Scene<'_>) -> T) -> Option<T> {
        // Whatever is wrong is reported by the compiler.
        let mut report = Report::default();
        report.sources = std::mem::take(&mut self.sources);
        let layers = &self.layers.layers;
        let dialects = || layers.iter().flat_map(|layer| &layer.dialects);
        let documents = layers.iter().filter_map(|layer| layer.openapi.as_ref());
        let merged = openapi::merge(documents, dialects().map(|dialect| &dialect.document), &mut report);
        let api = merged.as_deref().and_then(|node| openapi::read(node, dialects(), &mut report));
        let rules = rules::collect(layers.iter().map(|layer| layer.rules.as_slice()), &mut report);
        let found =
            api.map(|api| look(&Scene { policy: &self.policy, api: &api, rules: &rules, sources: &report.sources }));
        self.sources = report.sources;
        found
    }
}

impl<'k> Scene<'k> {
    fn place(&self, at: At) -> Definition {
        Definition {
            file: self.sources.name(at.file).to_owned(),
            text: self.sources.text(at.file).to_owned(),
            bytes: self.sources.span(at).bytes,
        }
    }

    /// The operations that a rule is for.
    fn operations(&self, rule: Option<&Node>) -> Vec<&'k Op<'k>> {
        let named = rule.and_then(|rule| rule.get("operations")).and_then(Node::as_list);
        let is_meant = |op: &&Op<'_>| named.is_none_or(|named| named.iter().any(|name| name.text == op.def.id));
        self.api.operations.iter().filter(is_meant).collect()
    }
}

/// Where a file of a bundle is, by its name in messages. `None` if it is built into the
/// program.
#[must_use]
pub fn place(folder: &Path, name: &str) -> Option<PathBuf> {
    if !is_file(name) {
        return None;
    }
    let mut path = PathBuf::new();
    for part in folder.join(name).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::CurDir => {}
            part => path.push(part),
        }
    }
    Some(path)
}

/// Whether a name in messages is that of a file of an author, and not of one that the program
/// carries, or of an option of a build.
#[must_use]
pub fn is_file(name: &str) -> bool {
    !name.starts_with("built-in:") && !name.starts_with("--")
}

/// The kind of a file of a bundle, by its name; `None` for what has no schema of ours.
fn kind_of(file: &str) -> Option<FileKind> {
    let parts: Vec<&str> = file.rsplit("../").next().unwrap_or(file).split('/').collect();
    if parts.last() == Some(&"policy.yaml") {
        return Some(FileKind::Policy);
    }
    let has = |name: &str| parts.iter().rev().skip(1).any(|part| *part == name);
    if has("rules") {
        Some(FileKind::Rules)
    } else if has("tests") {
        Some(FileKind::Tests)
    } else {
        None
    }
}

/// The word at a byte of a text, of characters that `is_part` says belong to it.
fn word(text: &str, at: usize, is_part: impl Fn(char) -> bool) -> Range<usize> {
    let (before, behind) = text.split_at_checked(at).unwrap_or((text, ""));
    let start = before.trim_end_matches(&is_part).len();
    let end = behind.len().saturating_sub(behind.trim_start_matches(&is_part).len());
    start..before.len().saturating_add(end)
}
