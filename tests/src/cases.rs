//! The cases of a bundle (docs/policy-tests.md): reading and running them.

mod expand;
mod model;
mod run;
mod text;
mod yaml;

pub use model::{Case, Expect, FactGiven, Verdict};
pub use run::{Judge, Ran, judge, project, run};
pub use text::base64;
pub use yaml::to_json;

use std::path::{Path, PathBuf};

/// Why a file of cases cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    #[error("{0}: {1}")]
    Io(PathBuf, std::io::Error),
    #[error("{0}: not YAML: {1}")]
    Yaml(PathBuf, String),
    /// A case, by name, and what is wrong with it.
    #[error("{0}: {1}: {2}")]
    Case(PathBuf, String, String),
}

/// Reads one file of cases. `roots` are the policy's API roots: a case that says
/// `apiRoot: all` becomes one case for each.
///
/// # Errors
///
/// If the file cannot be read, is not YAML, or holds a case that is not one.
pub fn read(path: &Path, roots: &[&str]) -> Result<Vec<Case>, CaseError> {
    let source = std::fs::read_to_string(path).map_err(|error| CaseError::Io(path.to_owned(), error))?;
    let document = to_json(&source).map_err(|reason| CaseError::Yaml(path.to_owned(), reason))?;
    expand::expand(&document, roots).map_err(|(name, reason)| CaseError::Case(path.to_owned(), name, reason))
}

/// Reads all `tests/*.yaml` of a bundle, in the order of their names.
///
/// # Errors
///
/// As [`read`].
pub fn read_bundle(bundle: &Path, roots: &[&str]) -> Result<Vec<(PathBuf, Vec<Case>)>, CaseError> {
    let folder = bundle.join("tests");
    let entries = std::fs::read_dir(&folder).map_err(|error| CaseError::Io(folder.clone(), error))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files.into_iter().map(|path| read(&path, roots).map(|cases| (path, cases))).collect()
}
