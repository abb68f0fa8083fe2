//! A signature, and its file beside the policy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use solgate_files::ReadError;

use super::MARK;

/// Larger than any file of a signature, in bytes.
const LARGEST: usize = 1 << 10;

/// A signature of a policy. As text it is what its file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature(pub(super) ed25519_dalek::Signature);

/// Why a policy does not count as signed.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    #[error("it is not signed: there is no {}, which `solgate sign` makes", path.display())]
    Unsigned { path: PathBuf },
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: ReadError },
    #[error("{} is not the signature of a policy: expected the line {MARK}, and a line of Base64", path.display())]
    Format { path: PathBuf },
    #[error(
        "{} is not a signature of this policy by {keys}: the policy was altered after it was signed, or somebody else signed it",
        path.display()
    )]
    Refuted { path: PathBuf, keys: String },
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
            Ok(bytes) => Self::parse(&bytes).ok_or(SignatureError::Format { path }),
            Err(ReadError::TooLarge { .. }) => Err(SignatureError::Format { path }),
            Err(ReadError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                Err(SignatureError::Unsigned { path })
            }
            Err(source) => Err(SignatureError::Read { path, source }),
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut lines = std::str::from_utf8(bytes).ok()?.lines();
        let (mark, signature, end) = (lines.next()?, lines.next()?, lines.next());
        let signature: [u8; 64] = BASE64.decode(signature.as_bytes()).ok()?.try_into().ok()?;
        (mark == MARK && end.is_none()).then(|| Self(ed25519_dalek::Signature::from_bytes(&signature)))
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MARK}\n{}\n", BASE64.encode(&self.0.to_bytes()))
    }
}
