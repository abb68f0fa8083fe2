//! The files of the site: those of the page, which are the same for all policies, and those of
//! the policy.

use std::io::Write as _;

use data_encoding::HEXLOWER;
use flate2::{Compression, GzBuilder};
use serde::Serialize;
use sha2::{Digest, Sha256};
use solgate_bundle::bake::{BakeError, CarriedError};
use solgate_cases::Case;
use solgate_contract::manifest::Manifest;
use solgate_packed::PackedError;
use solgate_page_data::{Book, Given};

use crate::editing::{self, Editing, Sources};
use crate::plan::{Linking, Plan, PlanError};

/// A policy, as a host has loaded it.
#[derive(Debug, Clone, Copy)]
pub struct Policy<'p> {
    /// The bytes of its file.
    pub component: &'p [u8],
    /// What it says of itself, with the digest that decision lines show.
    pub manifest: &'p Manifest,
    /// The cases that it carries.
    pub cases: &'p [Case],
    /// The most violations that a gate takes of one outcome.
    pub most_violations: usize,
    /// The release of Solgate that the site is made by.
    pub release: &'p str,
    /// The bundle that the component was baked from, if it can be edited in the page.
    pub sources: Option<&'p Sources>,
}

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Below the site's folder, with slashes.
    pub path: String,
    pub bytes: Vec<u8>,
}

/// Why there can be no site of a policy.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Bundle(#[from] CarriedError),
    #[error("the site's data cannot be written: {0}")]
    Write(serde_json::Error),
    #[error("the site's data cannot be compressed: {0}")]
    Compress(std::io::Error),
    #[error("the engine cannot be put into the site: {0}")]
    Engine(#[from] BakeError),
    #[error("the compiler cannot be put into the site: {0}")]
    Compiler(#[from] PackedError),
}

/// The files of a page, as `host/page/build.sh` leaves them.
macro_rules! page {
    ($page:literal: $($name:literal),*) => {
        &[$(($name, include_bytes!(concat!("../../page/built/", $page, "/", $name)))),*]
    };
}

const PAGE: &[(&str, &[u8])] =
    page!("playground": "index.html", "icon.svg", "playground.js", "playground.css", "worker.js", "licences.txt");

/// The page on which the bundle can be edited.
const EDITING_PAGE: &[(&str, &[u8])] = page!("playground-editing":
    "index.html", "icon.svg", "playground-editing.js", "playground-editing.css", "worker.js", "compiler-worker.js",
    "licences.txt"
);

/// What the page reads first. Paths are below the site's folder.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct About<'p> {
    release: &'p str,
    name: &'p str,
    version: &'p str,
    /// That which decision lines and metrics show.
    digest: &'p str,
    file: FileAbout,
    modules: Vec<ModuleAbout>,
    linking: Linking,
    most_violations: usize,
    cases: String,
    case_count: usize,
    book: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    editing: Option<Editing>,
}

#[derive(Serialize)]
struct FileAbout {
    sha256: String,
    bytes: usize,
}

/// A core module: its size and digest are those of the bytes in the component.
#[derive(Serialize)]
struct ModuleAbout {
    path: String,
    sha256: String,
    bytes: usize,
}

/// The site of a policy: the same policy and release give the same files.
///
/// # Errors
/// If a page cannot put the component together, or the file carries a bundle that cannot be
/// read.
pub fn site(policy: &Policy<'_>) -> Result<Vec<File>, SiteError> {
    let plan = Plan::of(policy.component)?;
    let book = Book::of(policy.component, policy.manifest)?;
    let cases: Vec<Given<'_>> = policy.cases.iter().map(Given::from).collect();
    let file = FileAbout { sha256: sha256(policy.component), bytes: policy.component.len() };
    // A folder of its own for each file, so that a browser may keep what lies in it for ever.
    let folder = format!("policy-{}", file.sha256.get(..16).unwrap_or(&file.sha256));
    let mut files = Vec::new();
    let mut modules = Vec::new();
    for (index, bytes) in plan.modules.iter().enumerate() {
        let path = format!("{folder}/core{index}.wasm.gz");
        files.push(File { path: path.clone(), bytes: packed(bytes)? });
        modules.push(ModuleAbout { path, sha256: sha256(bytes), bytes: bytes.len() });
    }
    let (cases_path, book_path) = (format!("{folder}/cases.json.gz"), format!("{folder}/rules.json.gz"));
    files.push(File { path: cases_path.clone(), bytes: packed(&json(&cases)?)? });
    files.push(File { path: book_path.clone(), bytes: packed(&json(&book)?)? });
    let editing =
        policy.sources.map(|sources| editing::put(sources, policy.release, &folder, &mut files)).transpose()?;
    let page = if editing.is_some() { EDITING_PAGE } else { PAGE };
    let about = About {
        release: policy.release,
        name: &policy.manifest.name,
        version: &policy.manifest.version,
        digest: &policy.manifest.digest,
        file,
        modules,
        linking: plan.linking,
        most_violations: policy.most_violations,
        cases: cases_path,
        case_count: cases.len(),
        book: book_path,
        editing,
    };
    files.push(File { path: "playground.json".to_owned(), bytes: json(&about)? });
    files.extend(page.iter().map(|(path, bytes)| File { path: (*path).to_owned(), bytes: bytes.to_vec() }));
    Ok(files)
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

pub(crate) fn json(value: &impl Serialize) -> Result<Vec<u8>, SiteError> {
    serde_json::to_vec(value).map_err(SiteError::Write)
}

/// Compressed as gzip, without a name or a time in it. A server need not compress then.
pub(crate) fn packed(bytes: &[u8]) -> Result<Vec<u8>, SiteError> {
    let mut packer = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    packer.write_all(bytes).and_then(|()| packer.finish()).map_err(SiteError::Compress)
}
