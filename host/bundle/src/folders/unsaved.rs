//! Texts of files that an editor holds and has not saved yet.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Texts that stand in for what is in files, by their paths.
#[derive(Debug, Clone, Default)]
pub struct Unsaved {
    texts: BTreeMap<PathBuf, String>,
}

impl Unsaved {
    /// The text of that file from now on.
    pub fn set(&mut self, path: &Path, text: String) {
        self.texts.insert(real(path), text);
    }

    pub(crate) fn text(&self, path: &Path) -> Option<&str> {
        if self.texts.is_empty() {
            return None;
        }
        self.texts.get(&real(path)).map(String::as_str)
    }

    /// Names, below a folder, of files that are not there before they are saved.
    pub(crate) fn new_below(&self, folder: &Path) -> Vec<String> {
        let folder = real(folder);
        let below = self.texts.keys().filter_map(|path| Some((path, path.strip_prefix(&folder).ok()?)));
        below.filter(|(path, _)| !path.exists()).filter_map(|(_, name)| Some(name.to_str()?.to_owned())).collect()
    }
}

/// The path by which a file is known, however the way to it is written. Of one that is not
/// there, the folder's.
fn real(path: &Path) -> PathBuf {
    let folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(folder).unwrap_or_else(|| path.to_owned())
}
