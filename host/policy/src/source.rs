//! Where policies come from, and what their files must satisfy.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::file_digest::FileDigest;
use super::signing::{KeyError, Signature, SignatureError, Signers, Terms};
use super::{LoadError, read_file};

/// The end of a signature is announced so long before it comes.
pub const NOTICE: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The policies of a gate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicySources {
    /// None stands for the built-in policies. They are part of this program: of them,
    /// nothing is asked, also where one is meant by its name.
    pub files: Vec<PolicyFile>,
    /// Files of public keys. With any, each policy must be signed with one of them.
    pub signers: Vec<PathBuf>,
    /// Files of public keys that count no longer, whether they are among the signers
    /// or not.
    pub withdrawn: Vec<PathBuf>,
}

/// A component file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyFile {
    pub path: PathBuf,
    /// Over the file, if it must be this very one.
    pub sha256: Option<FileDigest>,
    /// The lowest version that its signature may give it. It goes with signers.
    pub least_version: Option<u64>,
    /// Whoever names the file has seen that the bytes of this `sha256` are signed in a form
    /// that is not known here. Without a digest it says nothing.
    pub is_checked: bool,
}

/// A component file that is what was asked for.
#[derive(Debug)]
pub struct CheckedFile<'a> {
    pub path: &'a Path,
    /// The bytes that were checked.
    pub bytes: Vec<u8>,
    /// What its signature says beside who it is by; nothing if none was asked for.
    pub terms: Terms,
}

/// Why a file does not count as the policy that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(transparent)]
    Read(LoadError),
    #[error(transparent)]
    Key(KeyError),
    #[error("{}: only files are read here; `solgate pull {} -o FILE.wasm` puts the policy into a file, and with --follow keeps it up to date", .0.display(), .0.display())]
    Elsewhere(PathBuf),
    #[error("{}: a different file is pinned: the SHA-256 of this file is {found}, of the pinned file {pinned}", path.display())]
    Pinned { path: PathBuf, found: FileDigest, pinned: FileDigest },
    #[error("{}: {error}", path.display())]
    Signature { path: PathBuf, error: Box<SignatureError> },
    #[error(
        "{}: a least version is asked of this policy, and a version is part of a signature; say which keys must have signed (requireSignature), or ask for no version",
        path.display()
    )]
    VersionWithoutSigners { path: PathBuf },
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
        let signers = Signers::read(&self.signers, &self.withdrawn).map_err(SourceError::Key)?;
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

/// How the name of an artefact in a registry begins,
const OCI: &str = "oci://";
/// and that of a file on a server.
const HTTPS: &str = "https://";

impl PolicyFile {
    /// What separates path and digest.
    const PIN: &str = "@sha256:";

    /// What [`parse`](Self::parse) takes.
    pub const EXPECTED: &str =
        "FILE, or FILE@sha256:DIGEST with the 64 hexadecimal digits that `sha256sum FILE` prints";

    /// A path, or a path and the digest to which it is pinned. The digest behind an artefact
    /// in a registry is a part of its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let pinned = text.rsplit_once(Self::PIN).filter(|_| !text.starts_with(OCI));
        let Some((path, digest)) = pinned else {
            return (!text.is_empty()).then(|| Self::from(PathBuf::from(text)));
        };
        (!path.is_empty())
            .then(|| digest.parse().ok())?
            .map(|digest| Self { sha256: Some(digest), ..Self::from(PathBuf::from(path)) })
    }

    /// The same of an argument, which may be a path that is not text.
    #[must_use]
    pub fn parse_os(argument: OsString) -> Option<Self> {
        match argument.to_str() {
            Some(text) => Self::parse(text),
            None => Some(Self::from(PathBuf::from(argument))),
        }
    }

    /// Whether the path is not one of a file, but says where a policy is that somebody has to
    /// fetch first: `oci://...` or `https://...`.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        Self::is_remote(&self.path)
    }

    /// The same of a path.
    #[must_use]
    pub fn is_remote(path: &Path) -> bool {
        path.to_str().is_some_and(|text| text.starts_with(OCI) || text.starts_with(HTTPS))
    }

    /// The policy of the program itself that is meant by its name. A file of that name comes
    /// first, and what is pinned is a file.
    #[cfg(feature = "default-policy")]
    fn built_in(&self) -> Option<Result<Vec<u8>, SourceError>> {
        let policy = self.path.file_name().and_then(|name| name.to_str()).and_then(crate::BuiltIn::named)?;
        let is_meant = self.sha256.is_none() && self.least_version.is_none() && !self.path.exists();
        is_meant.then(|| policy.unpack().map_err(|error| SourceError::Read(error.into())))
    }

    #[cfg(not(feature = "default-policy"))]
    #[expect(clippy::unused_self, reason = "it carries none")]
    fn built_in(&self) -> Option<Result<Vec<u8>, SourceError>> {
        None
    }

    fn read(&self, signers: Option<&Signers>) -> Result<CheckedFile<'_>, SourceError> {
        let path = self.path.as_path();
        if let Some(bytes) = self.built_in() {
            return Ok(CheckedFile { path, bytes: bytes?, terms: Terms::default() });
        }
        if self.is_elsewhere() {
            return Err(SourceError::Elsewhere(path.to_owned()));
        }
        let bytes = read_file(path).map_err(SourceError::Read)?;
        if let Some(pinned) = self.sha256 {
            let found = FileDigest::of(&bytes);
            if found != pinned {
                return Err(SourceError::Pinned { path: path.to_owned(), found, pinned });
            }
        }
        let terms = match (signers, self.least_version) {
            (_, None) if self.is_checked && self.sha256.is_some() => Terms::default(),
            (Some(signers), least) => {
                let now = SystemTime::now();
                let refused = |error| SourceError::Signature { path: path.to_owned(), error: Box::new(error) };
                let terms = signers.check(path, &bytes).and_then(|signed| signed.terms.hold(path, least, now));
                let terms = terms.map_err(refused)?;
                announce_end(path, terms, now);
                terms
            }
            (None, Some(_)) => return Err(SourceError::VersionWithoutSigners { path: path.to_owned() }),
            (None, None) => Terms::default(),
        };
        Ok(CheckedFile { path, bytes, terms })
    }
}

impl From<PathBuf> for PolicyFile {
    fn from(path: PathBuf) -> Self {
        Self { path, sha256: None, least_version: None, is_checked: false }
    }
}

/// A gate that is started after the end does not load the policy, and nobody should learn
/// of it then.
fn announce_end(path: &Path, terms: Terms, now: SystemTime) {
    let Some(end) = terms.not_after else { return };
    if end.duration_since(now).is_ok_and(|left| left < NOTICE) {
        let (file, end) = (path.display(), humantime::format_rfc3339_seconds(end));
        tracing::warn!(%file, %end, "the signature of the policy ends soon: have the policy signed again");
    }
}
