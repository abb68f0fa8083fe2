//! A signature, and its file beside the policy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use data_encoding::BASE64;
use solgate_files::ReadError;

use super::key_id::KeyId;
use super::{MARK, MARK_WITH_TERMS};
use crate::file_digest::FileDigest;

/// Larger than any file of a signature, in bytes.
const LARGEST: usize = 1 << 10;

const SECOND: Duration = Duration::from_secs(1);

/// A signature of a policy. As text it is what its file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// What was signed; without it, the policy itself.
    pub(super) statement: Option<Statement>,
    pub(super) bytes: ed25519_dalek::Signature,
}

/// What a signature says of a policy. As text it is what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub sha256: FileDigest,
    pub key: KeyId,
    pub terms: Terms,
}

/// On which terms a policy is signed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// A number that its author raises with every delivery.
    pub version: Option<u64>,
    /// To when the signature counts, in whole seconds.
    pub not_after: Option<SystemTime>,
}

/// Why a policy does not count as signed.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    #[error("it is not signed: there is no {}, which `solgate sign` makes", path.display())]
    Unsigned { path: PathBuf },
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: ReadError },
    #[error("{} is not the signature of a policy: expected the line {MARK}, and a line of Base64", path.display())]
    Format { path: PathBuf },
    #[error("{} is damaged: it begins with the line {MARK_WITH_TERMS}, and is not what `solgate sign` writes after it; sign the policy again", path.display())]
    Damaged { path: PathBuf },
    #[error(
        "{} is not a signature of this policy by {keys}: the policy was altered after it was signed, or somebody else signed it",
        path.display()
    )]
    Refuted { path: PathBuf, keys: String },
    #[error(
        "{} is a signature by the key {key}, which is none of {keys}: have the policy signed with one of these, or trust that key as well",
        path.display()
    )]
    UnknownKey { path: PathBuf, key: KeyId, keys: String },
    #[error(
        "{} is a signature by the key of {}, which is withdrawn ({key}): have the policy signed again, with a key that counts",
        path.display(),
        file.display()
    )]
    Withdrawn { path: PathBuf, file: PathBuf, key: KeyId },
    #[error(
        "{} counted until {}, and it is {} now: have the policy signed again, with a later end",
        path.display(),
        humantime::format_rfc3339_seconds(*end),
        humantime::format_rfc3339_seconds(*now)
    )]
    Ended { path: PathBuf, end: SystemTime, now: SystemTime },
    #[error(
        "{} is for version {found} of the policy, and the least that is asked for is version {least}: take a newer one, or have this one signed again with a higher version",
        path.display()
    )]
    Older { path: PathBuf, found: u64, least: u64 },
    #[error(
        "{} gives the policy no version, and the least that is asked for is version {least}: have the policy signed again with `solgate sign --version`",
        path.display()
    )]
    NoVersion { path: PathBuf, least: u64 },
}

/// What the first format signs for a policy.
pub(super) fn first_message(policy: &[u8]) -> Vec<u8> {
    [MARK.as_bytes(), b"\n", policy].concat()
}

impl Signature {
    /// Where the signature of a policy lies: `FILE.wasm.sig`.
    #[must_use]
    pub fn path(policy: &Path) -> PathBuf {
        policy.with_added_extension("sig")
    }

    /// Reads the signature that lies beside the policy's file.
    ///
    /// # Errors
    /// There is none, or something else.
    pub fn beside(policy: &Path) -> Result<Self, SignatureError> {
        let path = Self::path(policy);
        match solgate_files::read(&path, LARGEST) {
            Ok(bytes) => Self::parse(path, &bytes),
            Err(ReadError::TooLarge { .. }) => Err(SignatureError::Format { path }),
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                Err(SignatureError::Unsigned { path })
            }
            Err(source) => Err(SignatureError::Read { path, source }),
        }
    }

    fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self, SignatureError> {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        match lines.split_first() {
            Some((&MARK_WITH_TERMS, lines)) => Self::with_statement(lines).ok_or(SignatureError::Damaged { path }),
            Some((&MARK, [signature])) => {
                let bytes = base64(signature).ok_or(SignatureError::Format { path })?;
                Ok(Self { statement: None, bytes })
            }
            _ => Err(SignatureError::Format { path }),
        }
    }

    fn with_statement(lines: &[&str]) -> Option<Self> {
        let (signature, said) = lines.split_last()?;
        let bytes = base64(signature)?;
        let mut rest = said.iter().copied().peekable();
        let mut member = |name: &str| {
            let value = rest.peek()?.strip_prefix(name)?.strip_prefix(": ")?;
            rest.next();
            Some(value)
        };
        let (sha256, key) = (member("sha256")?.parse().ok()?, member("key")?.parse().ok()?);
        let version = member("version").map(str::parse).transpose().ok()?;
        let not_after = member("not-after").map(humantime::parse_rfc3339).transpose().ok()?;
        let statement = Statement { sha256, key, terms: Terms { version, not_after } };
        // There is one way to write it, so that what is checked is what was signed.
        let written = statement.to_string();
        written.lines().skip(1).eq(said.iter().copied()).then_some(Self { statement: Some(statement), bytes })
    }

    /// What must have been signed if this is a signature of the policy; `None` if it
    /// says itself that it is one of another.
    pub(super) fn message(&self, policy: &[u8]) -> Option<Vec<u8>> {
        match &self.statement {
            None => Some(first_message(policy)),
            Some(statement) if statement.sha256 == FileDigest::of(policy) => Some(statement.to_string().into_bytes()),
            Some(_) => None,
        }
    }

    /// On which terms the policy is signed.
    #[must_use]
    pub fn terms(&self) -> Terms {
        self.statement.as_ref().map_or_else(Terms::default, |statement| statement.terms)
    }
}

impl Terms {
    /// These terms, if they hold `now` and the version is `least` at least.
    ///
    /// # Errors
    /// They do not.
    pub fn hold(self, policy: &Path, least: Option<u64>, now: SystemTime) -> Result<Self, SignatureError> {
        let path = || Signature::path(policy);
        match (self.version, least) {
            (Some(found), Some(least)) if found < least => {
                return Err(SignatureError::Older { path: path(), found, least });
            }
            (None, Some(least)) => return Err(SignatureError::NoVersion { path: path(), least }),
            _ => {}
        }
        match self.not_after {
            // The last second counts as a whole.
            Some(end) if now.duration_since(end).is_ok_and(|past| past >= SECOND) => {
                Err(SignatureError::Ended { path: path(), end, now })
            }
            _ => Ok(self),
        }
    }
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(version) = self.version {
            writeln!(f, "version: {version}")?;
        }
        if let Some(end) = self.not_after {
            writeln!(f, "not-after: {}", humantime::format_rfc3339_seconds(end))?;
        }
        Ok(())
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sha256, key, terms } = self;
        write!(f, "{MARK_WITH_TERMS}\nsha256: {sha256}\nkey: {key}\n{terms}")
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.statement {
            Some(statement) => statement.fmt(f)?,
            None => writeln!(f, "{MARK}")?,
        }
        writeln!(f, "{}", BASE64.encode(&self.bytes.to_bytes()))
    }
}

fn base64(text: &str) -> Option<ed25519_dalek::Signature> {
    let bytes: [u8; 64] = BASE64.decode(text.as_bytes()).ok()?.try_into().ok()?;
    Some(ed25519_dalek::Signature::from_bytes(&bytes))
}
