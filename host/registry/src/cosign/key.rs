//! Keys that cosign signs with.

use std::path::PathBuf;

use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject;

use crate::error::RegistryError;

/// Bytes of a file of a key.
const LARGEST: usize = 16 << 10;

/// What stands before the point of a public key of ECDSA on P-256 (RFC 5480), which is how
/// cosign writes its `cosign.pub`.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// A public key of ECDSA on P-256.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignKey(Vec<u8>);

/// Keys that count, and those that count no longer.
#[derive(Debug, Clone, Default)]
pub struct CosignKeys {
    pub trusted: Vec<CosignKey>,
    pub withdrawn: Vec<CosignKey>,
}

impl CosignKey {
    /// The key in the PEM text; `None` if it is not one of this kind.
    #[must_use]
    pub fn of_pem(text: &[u8]) -> Option<Self> {
        let key = SubjectPublicKeyInfoDer::from_pem_slice(text).ok()?;
        let point = key.as_ref().strip_prefix(&P256)?;
        (point.len() == 65).then(|| Self(point.to_vec()))
    }

    /// Whether it has signed the message.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(message, signature).is_ok()
    }
}

impl CosignKeys {
    /// Takes the keys of this kind out of the files of public keys, and leaves those that
    /// are not.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn take(trusted: &mut Vec<PathBuf>, withdrawn: &mut Vec<PathBuf>) -> Result<Self, RegistryError> {
        Ok(Self { trusted: take(trusted)?, withdrawn: take(withdrawn)? })
    }
}

fn take(files: &mut Vec<PathBuf>) -> Result<Vec<CosignKey>, RegistryError> {
    let (mut keys, mut others) = (Vec::new(), Vec::new());
    for path in files.drain(..) {
        match solgate_files::read(&path, LARGEST) {
            Ok(text) => match CosignKey::of_pem(&text) {
                Some(key) => keys.push(key),
                // Whoever reads keys of policies says what is wrong with it.
                None => others.push(path),
            },
            Err(error) => return Err(RegistryError::File { path, error }),
        }
    }
    *files = others;
    Ok(keys)
}
