//! Where bundles lie: what is at a path, whatever holds it. In a program that is a folder of
//! the system (`folders`), in a page the texts that it holds ([`Texts`]).

mod texts;

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

pub use texts::Texts;

/// Files in folders. Paths are those that a bundle's home was made with, and what is joined to
/// them; they may have steps upwards.
pub(crate) trait Tree: fmt::Debug + Send + Sync {
    /// What is there; `None` if nothing is.
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>>;
    /// What is in a folder, in no order.
    fn entries(&self, folder: &Path) -> io::Result<Vec<Entry>>;
    /// The bytes of a file, if there are `most` at most.
    fn read(&self, file: &Path, most: usize) -> Result<Vec<u8>, ReadError>;
    /// Tells a folder from others, however the way to it is written.
    fn identity(&self, folder: &Path) -> io::Result<PathBuf>;
}

/// What a path leads to. Links are not followed.
#[cfg_attr(not(feature = "system"), expect(dead_code, reason = "texts in memory are files and folders"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Folder,
    Link {
        /// It leads to a folder.
        to_folder: bool,
    },
    /// A device, a pipe or a socket.
    Other,
}

/// What a folder holds.
#[derive(Debug)]
pub(crate) struct Entry {
    pub name: OsString,
    pub kind: Kind,
}

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum ReadError {
    TooLarge,
    Io(io::Error),
}
