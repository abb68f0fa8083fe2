//! Where policies come from, and what their files must satisfy.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use sha2::{Digest, Sha256};

use super::signing::{KeyError, Signature, SignatureError, Signers};
use super::{LoadError, read_file};

/// The policies of a gate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicySources {
    /// None stands for the built-in policy. It is part of this program: of it,
    /// nothing is asked.
    pub files: Vec<PolicyFile>,
    /// Files of public keys. With any, each policy must be signed with one of them.
    pub signers: Vec<PathBuf>,
}

/// A component file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    pub path: PathBuf,
    /// Over the file, if it must be this very one.
    pub sha256: Option<FileDigest>,
}

/// A component file that is what was asked for.
#[derive(Debug)]
pub struct CheckedFile<'a> {
    pub path: &'a Path,
    /// The bytes that were checked.
    pub bytes: Vec<u8>,
}

/// Why a file does not count as the policy that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Read(LoadError),
    #[error(transparent)]
    Key(KeyError),
    #[error("{}: a different file is pinned: the SHA-256 of this file is {found}, of the pinned file {pinned}", path.display())]
    Pinned { path: PathBuf, found: FileDigest, pinned: FileDigest },
    #[error("{}: {error}", path.display())]
    Signature { path: PathBuf, error: SignatureError },
}

impl PolicySources {
    /// Reads each file, once, and checks what was read.
    ///
    /// # Errors
    /// If a file cannot be read, is not the one that is pinned, or is not signed as
    /// it must be.
    pub fn read(&self) -> Result<Vec<CheckedFile<'_>>, SourceError> {
        self.read_each()?.into_iter().map(|(_, read)| read).collect()
    }

    /// The same, with what became of each file.
    ///
    /// # Errors
    /// If the public keys cannot be read.
    #[allow(clippy::type_complexity)]
    pub fn read_each(&self) -> Result<Vec<(&Path, Result<CheckedFile<'_>, SourceError>)>, SourceError> {
        let signers = Signers::read(&self.signers).map_err(SourceError::Key)?;
        let signers = (!self.signers.is_empty()).then_some(signers);
        Ok(self.files.iter().map(|file| (file.path.as_path(), file.read(signers.as_ref()))).collect())
    }

    /// All files on which it depends whether these policies are loaded, and which: the
    /// components and, where they must be signed, their signatures.
    #[must_use]
    pub fn depends_on(&self) -> Vec<PathBuf> {
        let components = self.files.iter().map(|file| file.path.clone());
        let signed = self.files.iter().filter(|_| !self.signers.is_empty());
        components.chain(signed.map(|file| Signature::path(&file.path))).collect()
    }
}

impl PolicyFile {
    /// What separates path and digest.
    const PIN: &str = "@sha256:";

    /// What [`parse`](Self::parse) takes.
    pub const EXPECTED: &str =
        "FILE, or FILE@sha256:DIGEST with the 64 hexadecimal digits that `sha256sum FILE` prints";

    /// A path, or a path and the digest to which it is pinned.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let Some((path, digest)) = text.rsplit_once(Self::PIN) else {
            return (!text.is_empty()).then(|| Self::from(PathBuf::from(text)));
        };
        (!path.is_empty()).then(|| digest.parse().ok())?.map(|digest| Self { path: path.into(), sha256: Some(digest) })
    }

    /// The same of an argument, which may be a path that is not text.
    #[must_use]
    pub fn parse_os(argument: OsString) -> Option<Self> {
        match argument.to_str() {
            Some(text) => Self::parse(text),
            None => Some(Self::from(PathBuf::from(argument))),
        }
    }

    fn read(&self, signers: Option<&Signers>) -> Result<CheckedFile<'_>, SourceError> {
        let path = self.path.as_path();
        let bytes = read_file(path).map_err(SourceError::Read)?;
        if let Some(pinned) = self.sha256 {
            let found = FileDigest::of(&bytes);
            if found != pinned {
                return Err(SourceError::Pinned { path: path.to_owned(), found, pinned });
            }
        }
        if let Some(signers) = signers {
            signers.check(path, &bytes).map_err(|error| SourceError::Signature { path: path.to_owned(), error })?;
        }
        Ok(CheckedFile { path, bytes })
    }
}

impl From<PathBuf> for PolicyFile {
    fn from(path: PathBuf) -> Self {
        Self { path, sha256: None }
    }
}

/// SHA-256 over a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileDigest([u8; 32]);

/// The text is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {}", FileDigest::EXPECTED)]
pub struct FileDigestError;

impl FileDigest {
    /// What [`FromStr`] takes.
    pub const EXPECTED: &str = "the 64 hexadecimal digits that `sha256sum FILE` prints";

    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl FromStr for FileDigest {
    type Err = FileDigestError;

    fn from_str(text: &str) -> Result<Self, FileDigestError> {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).map_err(|_| FileDigestError)?;
        bytes.try_into().map(Self).map_err(|_| FileDigestError)
    }
}

impl fmt::Display for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}
