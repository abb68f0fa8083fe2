//! Reads files that an operator names: policies, configurations, certificates, keys.
//!
//! A path can lead to anything. A device such as `/dev/zero` never ends, and a pipe
//! keeps its reader waiting until somebody writes to it. So only regular files are
//! read, and no more of them than a limit that the caller knows.

#![forbid(unsafe_code)]

use std::fmt;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Bytes of a file of certificates: many times those of every authority that there is.
pub const CERTIFICATES: usize = 8 << 20;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is {0}; expected a regular file")]
    NotAFile(Kind),
    /// `most` is in bytes.
    #[error("it is larger than {}, which is the most that is read of such a file", size(*.most))]
    TooLarge { most: usize },
    #[error("it is not UTF-8 from byte {at} on; save it as UTF-8")]
    NotUtf8 { at: usize },
}

/// What a path leads to in the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Folder,
    Device,
    Pipe,
    Socket,
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Folder => "a folder",
            Self::Device => "a device",
            Self::Pipe => "a pipe",
            Self::Socket => "a socket",
            Self::Other => "not a regular file",
        })
    }
}

impl Kind {
    fn of(found: FileType) -> Self {
        if found.is_dir() {
            Self::Folder
        } else if found.is_char_device() || found.is_block_device() {
            Self::Device
        } else if found.is_fifo() {
            Self::Pipe
        } else if found.is_socket() {
            Self::Socket
        } else {
            Self::Other
        }
    }
}

/// A regular file that is open.
#[derive(Debug)]
pub struct RegularFile {
    file: File,
    /// Of the file that is open, whatever has its name meanwhile.
    pub metadata: Metadata,
}

impl RegularFile {
    /// Opens a file; links are followed.
    ///
    /// # Errors
    /// It is not there, may not be read, or is not a regular file.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        // To open a pipe without a writer would wait for one, and a terminal could become
        // that of this process.
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let opened = OpenOptions::new().read(true).custom_flags(flags).open(path);
        // A socket cannot even be opened.
        let file = opened.map_err(|error| match path.metadata() {
            Ok(found) if !found.is_file() => ReadError::NotAFile(Kind::of(found.file_type())),
            _ => ReadError::Io(error),
        })?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(ReadError::NotAFile(Kind::of(metadata.file_type())));
        }
        Ok(Self { file, metadata })
    }

    /// All of it, if that is `most` bytes at most. What is read is not copied on the
    /// way, unless the file grows: keys leave no trace in memory.
    ///
    /// # Errors
    /// It is larger, or cannot be read.
    pub fn read(self, most: usize) -> Result<Vec<u8>, ReadError> {
        let too_large = || ReadError::TooLarge { most };
        let length = usize::try_from(self.metadata.len()).map_err(|_| too_large())?;
        if length > most {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(length.saturating_add(1));
        // Some file systems say 0 of files that hold something.
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        self.file.take(limit).read_to_end(&mut bytes)?;
        if bytes.len() > most { Err(too_large()) } else { Ok(bytes) }
    }
}

/// All bytes of a regular file, if there are `most` at most.
///
/// # Errors
/// It is not there, not a regular file, or larger.
pub fn read(path: &Path, most: usize) -> Result<Vec<u8>, ReadError> {
    RegularFile::open(path)?.read(most)
}

/// The same of a file of text.
///
/// # Errors
/// As [`read`], and if it is not UTF-8.
pub fn read_text(path: &Path, most: usize) -> Result<String, ReadError> {
    let text = String::from_utf8(read(path, most)?);
    text.map_err(|error| ReadError::NotUtf8 { at: error.utf8_error().valid_up_to() })
}

/// In words; a limit is a power of two.
fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes >= 1 << 20 => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} bytes"),
    }
}
