//! A bundle whose files are held in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Component, Path, PathBuf};

use super::{Entry, Kind, ReadError, Tree};

/// The texts of a bundle's files, by their names as in messages: relative to the bundle's
/// folder, with `/`. Those of a bundle that it extends begin with `../`.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    files: BTreeMap<String, String>,
}

impl Texts {
    /// Names and texts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Names of what is in a folder, those of folders with a slash at the end.
    fn within(&self, folder: &str) -> BTreeSet<&str> {
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = self.files.range(prefix.clone()..).map_while(|(name, _)| name.strip_prefix(prefix.as_str()));
        below.map(|rest| rest.split_inclusive('/').next().unwrap_or(rest)).collect()
    }
}

impl FromIterator<(String, String)> for Texts {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(files: T) -> Self {
        Self { files: files.into_iter().map(|(name, text)| (tidy(Path::new(&name)), text)).collect() }
    }
}

impl Tree for Texts {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        let name = tidy(path);
        let is_folder = || name.is_empty() || !self.within(&name).is_empty();
        Ok(if self.files.contains_key(&name) {
            Some(Kind::File)
        } else if is_folder() {
            Some(Kind::Folder)
        } else {
            None
        })
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let entry = |name: &str| match name.strip_suffix('/') {
            Some(folder) => Entry { name: folder.into(), kind: Kind::Folder },
            None => Entry { name: name.into(), kind: Kind::File },
        };
        Ok(self.within(&tidy(folder)).into_iter().map(entry).collect())
    }

    fn read(&self, file: &Path, most: usize) -> Result<Vec<u8>, ReadError> {
        match self.files.get(&tidy(file)) {
            Some(text) if text.len() > most => Err(ReadError::TooLarge),
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => Err(ReadError::Io(io::ErrorKind::NotFound.into())),
        }
    }

    fn identity(&self, folder: &Path) -> io::Result<PathBuf> {
        Ok(PathBuf::from(tidy(folder)))
    }
}

/// A path without steps that take each other back.
fn tidy(path: &Path) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.components() {
        match step {
            Component::ParentDir if steps.last().is_some_and(|last| *last != "..") => drop(steps.pop()),
            Component::ParentDir => steps.push(".."),
            Component::Normal(step) => steps.extend(step.to_str()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    steps.join("/")
}
