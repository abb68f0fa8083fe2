//! A folder of the system, with what an editor holds of its files in the place of what they have.

use std::fs::{self, FileType};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::unsaved::Unsaved;
use crate::tree::{Entry, Kind, ReadError, Tree};

#[derive(Debug)]
pub(super) struct OnDisk {
    pub unsaved: Arc<Unsaved>,
}

impl Tree for OnDisk {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        match fs::symlink_metadata(path) {
            Ok(found) => Ok(Some(kind(found.file_type(), path))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                Ok(if self.unsaved.text(path).is_some() {
                    Some(Kind::File)
                } else if self.unsaved.new_below(path).is_empty() {
                    None
                } else {
                    Some(Kind::Folder)
                })
            }
            Err(error) => Err(error),
        }
    }

    fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        match fs::read_dir(folder) {
            Ok(found) => {
                for entry in found {
                    let entry = entry?;
                    entries.push(Entry { name: entry.file_name(), kind: kind(entry.file_type()?, &entry.path()) });
                }
            }
            // All of it is new.
            Err(error) if error.kind() == ErrorKind::NotFound && !self.unsaved.new_below(folder).is_empty() => {}
            Err(error) => return Err(error),
        }
        for name in self.unsaved.new_below(folder) {
            let (name, kind) = match name.split_once('/') {
                Some((folder, _)) => (folder, Kind::Folder),
                None => (name.as_str(), Kind::File),
            };
            if !entries.iter().any(|entry| entry.name == name) {
                entries.push(Entry { name: name.into(), kind });
            }
        }
        Ok(entries)
    }

    fn read(&self, file: &Path, most: usize) -> Result<Vec<u8>, ReadError> {
        if let Some(text) = self.unsaved.text(file) {
            return if text.len() > most { Err(ReadError::TooLarge) } else { Ok(text.as_bytes().to_vec()) };
        }
        solgate_files::read(file, most).map_err(|error| match error {
            solgate_files::ReadError::TooLarge { .. } => ReadError::TooLarge,
            solgate_files::ReadError::Io(error) => ReadError::Io(error),
            // It has become something else since it was looked at.
            other => ReadError::Io(io::Error::other(other)),
        })
    }

    fn identity(&self, folder: &Path) -> io::Result<PathBuf> {
        folder.canonicalize()
    }
}

fn kind(found: FileType, path: &Path) -> Kind {
    if found.is_file() {
        Kind::File
    } else if found.is_dir() {
        Kind::Folder
    } else if found.is_symlink() {
        Kind::Link { to_folder: fs::metadata(path).is_ok_and(|found| found.is_dir()) }
    } else {
        Kind::Other
    }
}
