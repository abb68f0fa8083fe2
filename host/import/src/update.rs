//! What a newer file would change in a bundle.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value as Json;
use solgate_bundle::difference::{Change, of_documents};
use solgate_document::diagnostic::{Diagnostics, Report};
use solgate_document::yaml::parse;
use solgate_files::ReadError;

use crate::Imported;
use crate::written::IMPORTED;

/// Largest openapi.yaml, in bytes.
const MAX_FILE: usize = 4 * 1024 * 1024;

/// Something that the newer file has otherwise.
#[derive(Debug, Clone, Serialize)]
pub struct Update {
    #[serde(flatten)]
    pub change: Change,
    /// The bundle has it otherwise than it was imported: whoever takes the change over looks
    /// at both.
    pub edited: bool,
}

/// Why nothing could be compared.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: ReadError },
    #[error("{}", .0.render(false))]
    Mistakes(Diagnostics),
}

/// What a new import has otherwise than the folder of a bundle: operations and schemas. What
/// was edited in the bundle and is the same in the files as it was is not among it, and
/// neither are rules.
///
/// # Errors
/// If openapi.yaml of the bundle cannot be read.
pub fn update(dir: &Path, imported: &Imported) -> Result<Vec<Update>, UpdateError> {
    let own = document(&dir.join("openapi.yaml"))?;
    let base = match dir.join(IMPORTED) {
        path if path.exists() => document(&path)?,
        // Everything that differs may then be new.
        _ => own.clone(),
    };
    let text = imported.files.iter().find(|(name, _)| name == "openapi.yaml").map_or("", |(_, text)| text.as_str());
    let new = parsed("openapi.yaml", text.to_owned())?;
    let of_bundle: Vec<Change> = of_documents(&base, &own);
    let left: Vec<Change> = of_documents(&own, &new);
    let found = of_documents(&base, &new);
    let is_left = |change: &Change| left.iter().any(|left| (left.part, &left.name) == (change.part, &change.name));
    let edited = |change: &Change| {
        of_bundle.iter().any(|edit| edit.part == change.part && edit.judges && overlaps(&edit.name, &change.name))
    };
    Ok(found
        .into_iter()
        .filter(|change| is_left(change) && change.judges)
        .map(|change| Update { edited: edited(&change), change })
        .collect())
}

/// Whether one place lies in the other.
fn overlaps(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn document(path: &Path) -> Result<Json, UpdateError> {
    let bytes =
        solgate_files::read(path, MAX_FILE).map_err(|source| UpdateError::Read { path: path.to_owned(), source })?;
    parsed(&path.to_string_lossy(), String::from_utf8_lossy(&bytes).into_owned())
}

fn parsed(name: &str, text: String) -> Result<Json, UpdateError> {
    let mut report = Report::default();
    let file = report.sources.add(name, text);
    match parse(file, &mut report) {
        Some(node) => Ok(node.to_json()),
        None => Err(UpdateError::Mistakes(report.finish())),
    }
}
