//! The names of keys.

use std::fmt;
use std::str::FromStr;

use crate::file_digest::{FileDigest, FileDigestError};

/// What comes before a public key in its DER (RFC 8410, 10.1).
const SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The name of a pair of keys: SHA-256 over the DER of the public key, as
/// `openssl pkey -pubin -in FILE -outform DER | sha256sum` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(FileDigest);

impl KeyId {
    /// Of the 32 bytes of a public key.
    pub(super) fn of(key: &[u8; 32]) -> Self {
        Self(FileDigest::of(&[&SPKI[..], key].concat()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for KeyId {
    type Err = FileDigestError;

    fn from_str(text: &str) -> Result<Self, FileDigestError> {
        text.parse().map(Self)
    }
}
