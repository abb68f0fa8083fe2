//! Files of keys: reading them, and what may be wrong with one.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use ed25519_dalek::pkcs8::spki::der::pem;
use ed25519_dalek::pkcs8::{self, spki};
use solgate_files::{ReadError, RegularFile};
use zeroize::Zeroizing;

/// Larger than any key of ed25519 with remarks around it, in bytes.
const LARGEST: usize = 16 << 10;

/// Why a file gives no key. Nothing of what is in the file is repeated.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct KeyError {
    pub path: PathBuf,
    pub fault: KeyFault,
}

/// What is wrong with a key, or its file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    #[error("the key cannot be read: {0}")]
    Read(ReadError),
    #[error(
        "others than the owner can read this private key (its mode is {mode:o}); set the mode to 600, or make a new key if somebody may have read this one"
    )]
    Exposed { mode: u32 },
    #[error("this is larger than a key; expected {expected}")]
    TooLarge { expected: &'static str },
    #[error("this is not a PEM file; expected {expected}")]
    NotPem { expected: &'static str },
    #[error("this is {found}; expected {expected}")]
    OtherKind { found: &'static str, expected: &'static str },
    #[error("this key is not an ed25519 key; make one with `solgate keygen FILE`")]
    OtherAlgorithm,
    #[error("this key is damaged")]
    Damaged,
    #[error("anybody can make signatures for this public key; make a new key with `solgate keygen FILE`")]
    Weak,
    #[error("the system gives no random bytes for a key: {0}")]
    Random(getrandom::Error),
}

/// The two kinds of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Private,
    Public,
}

impl Kind {
    fn expected(self) -> &'static str {
        match self {
            Self::Private => "a private key (-----BEGIN PRIVATE KEY-----)",
            Self::Public => "a public key (-----BEGIN PUBLIC KEY-----)",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Private => "PRIVATE KEY",
            Self::Public => "PUBLIC KEY",
        }
    }
}

/// Reads a file of one key of this kind, and `parse`s it.
pub(super) fn read<K>(path: &Path, kind: Kind, parse: impl FnOnce(&str) -> Result<K, KeyFault>) -> Result<K, KeyError> {
    let key = || {
        let (text, mode) = text(path, kind)?;
        let text = std::str::from_utf8(&text).map_err(|_| KeyFault::NotPem { expected: kind.expected() })?;
        check_label(text, kind)?;
        if kind == Kind::Private && mode & 0o077 != 0 {
            return Err(KeyFault::Exposed { mode });
        }
        parse(text)
    };
    key().map_err(|fault| KeyError { path: path.to_owned(), fault })
}

/// What is in the file, and the mode of that same file.
fn text(path: &Path, kind: Kind) -> Result<(Zeroizing<Vec<u8>>, u32), KeyFault> {
    let file = RegularFile::open(path).map_err(KeyFault::Read)?;
    let mode = file.metadata.mode() & 0o7777;
    let text = file.read(LARGEST).map_err(|error| match error {
        ReadError::TooLarge { .. } => KeyFault::TooLarge { expected: kind.expected() },
        error => KeyFault::Read(error),
    })?;
    Ok((Zeroizing::new(text), mode))
}

/// People mix up files more often than they damage them.
fn check_label(text: &str, kind: Kind) -> Result<(), KeyFault> {
    let expected = kind.expected();
    let label = pem::decode_label(text.as_bytes()).map_err(|_| KeyFault::NotPem { expected })?;
    if label == kind.label() {
        return Ok(());
    }
    let found = match label {
        "PRIVATE KEY" => "a private key, which belongs only where policies are signed",
        "PUBLIC KEY" => "a public key",
        "ENCRYPTED PRIVATE KEY" => "an encrypted private key, which `openssl pkey -in FILE -out OTHER` decrypts",
        "OPENSSH PRIVATE KEY" => "a private key of OpenSSH",
        "CERTIFICATE" => "a certificate",
        _ => "something else",
    };
    Err(KeyFault::OtherKind { found, expected })
}

impl From<pkcs8::Error> for KeyFault {
    fn from(error: pkcs8::Error) -> Self {
        match error {
            pkcs8::Error::PublicKey(error) => error.into(),
            _ => Self::Damaged,
        }
    }
}

impl From<spki::Error> for KeyFault {
    fn from(error: spki::Error) -> Self {
        match error {
            spki::Error::OidUnknown { .. } => Self::OtherAlgorithm,
            _ => Self::Damaged,
        }
    }
}
