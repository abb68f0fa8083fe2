//! Whose signatures count.

use std::path::{Path, PathBuf};

use super::{KeyError, PublicKey, Signature, SignatureError};

/// Public keys of which one must have signed, with the files that they are from.
#[derive(Debug, Clone)]
pub struct Signers(Vec<(PathBuf, PublicKey)>);

impl Signers {
    /// Reads the keys.
    ///
    /// # Errors
    /// If one of the files holds no public key.
    pub fn read(paths: &[PathBuf]) -> Result<Self, KeyError> {
        paths.iter().map(|path| Ok((path.clone(), PublicKey::read(path)?))).collect::<Result<_, _>>().map(Self)
    }

    /// The file of the key that signed `bytes`, which were read from `policy`.
    ///
    /// # Errors
    /// If none of them did.
    pub fn check(&self, policy: &Path, bytes: &[u8]) -> Result<&Path, SignatureError> {
        let signature = Signature::beside(policy)?;
        let signer = self.0.iter().find(|(_, key)| key.verifies(bytes, &signature));
        signer.map(|(path, _)| path.as_path()).ok_or_else(|| {
            let keys = self.0.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>().join(" or ");
            SignatureError::Refuted { path: Signature::path(policy), keys }
        })
    }
}
