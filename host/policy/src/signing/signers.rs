//! Whose signatures count.

use std::path::{Path, PathBuf};

use super::{KeyError, PublicKey, Signature, SignatureError, Terms};

/// Public keys of which one must have signed, and those that count no longer, with the
/// files that they are from.
#[derive(Debug, Clone)]
pub struct Signers {
    keys: Vec<(PathBuf, PublicKey)>,
    withdrawn: Vec<(PathBuf, PublicKey)>,
}

/// Who signed a policy, and on which terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The file of the key.
    pub key: &'a Path,
    /// Nobody has looked yet whether they hold.
    pub terms: Terms,
}

impl Signers {
    /// Reads the keys.
    ///
    /// # Errors
    /// If one of the files holds no public key.
    pub fn read(keys: &[PathBuf], withdrawn: &[PathBuf]) -> Result<Self, KeyError> {
        Ok(Self { keys: read(keys)?, withdrawn: read(withdrawn)? })
    }

    /// Who signed `bytes`, which were read from `policy`.
    ///
    /// # Errors
    /// If none of the keys did, or one that is withdrawn.
    pub fn check(&self, policy: &Path, bytes: &[u8]) -> Result<Signed<'_>, SignatureError> {
        let signature = Signature::beside(policy)?;
        let path = Signature::path(policy);
        let names = || self.keys.iter().map(|(path, _)| path.display().to_string()).collect::<Vec<_>>().join(" or ");
        if let Some(message) = signature.message(bytes) {
            let made = |(_, key): &&(PathBuf, PublicKey)| key.made(&message, &signature);
            if let Some((file, key)) = self.withdrawn.iter().find(made) {
                return Err(SignatureError::Withdrawn { path, file: file.clone(), key: key.id() });
            }
            if let Some((key, _)) = self.keys.iter().find(made) {
                return Ok(Signed { key, terms: signature.terms() });
            }
        }
        match &signature.statement {
            Some(statement) if self.keys.iter().all(|(_, key)| key.id() != statement.key) => {
                Err(SignatureError::UnknownKey { path, key: statement.key, keys: names() })
            }
            _ => Err(SignatureError::Refuted { path, keys: names() }),
        }
    }
}

fn read(paths: &[PathBuf]) -> Result<Vec<(PathBuf, PublicKey)>, KeyError> {
    paths.iter().map(|path| Ok((path.clone(), PublicKey::read(path)?))).collect()
}
