//! The two keys of a signer.

use std::path::Path;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey, KeypairBytes};
use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::key_file::{self, KeyError, KeyFault, Kind};
use super::key_id::KeyId;
use super::signature::{Signature, Statement, Terms, first_message};
use crate::file_digest::FileDigest;

/// Signs policies. Its memory is cleared when it is dropped.
pub struct PrivateKey(SigningKey);

impl PrivateKey {
    /// A new key.
    ///
    /// # Errors
    /// If the system gives no random bytes.
    pub fn generate() -> Result<Self, KeyFault> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut_slice()).map_err(KeyFault::Random)?;
        Ok(Self(SigningKey::from_bytes(&secret)))
    }

    /// The key in a PEM file, which only its owner may read.
    ///
    /// # Errors
    /// If the file cannot be read, is open to others, or holds something else.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        key_file::read(path, Kind::Private, |text| Ok(Self(SigningKey::from_pkcs8_pem(text)?)))
    }

    /// As it is written to a PEM file.
    ///
    /// # Errors
    /// None is to be expected.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyFault> {
        // OpenSSL before 3.5 does not read the form with the public key in it.
        let bytes = KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        Ok(bytes.to_pkcs8_pem(LineEnding::LF)?)
    }

    /// The key that checks its signatures.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// The signature of a policy, for all versions and times.
    #[must_use]
    pub fn sign(&self, policy: &[u8]) -> Signature {
        Signature { statement: None, bytes: self.0.sign(&first_message(policy)) }
    }

    /// The signature of a policy under these terms.
    #[must_use]
    pub fn sign_under(&self, terms: Terms, policy: &[u8]) -> Signature {
        let statement = Statement { sha256: FileDigest::of(policy), key: self.public().id(), terms };
        let bytes = self.0.sign(statement.to_string().as_bytes());
        Signature { statement: Some(statement), bytes }
    }
}

/// Checks signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// The key in a PEM file.
    ///
    /// # Errors
    /// If the file cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        key_file::read(path, Kind::Public, |text| {
            let key = VerifyingKey::from_public_key_pem(text)?;
            if key.is_weak() { Err(KeyFault::Weak) } else { Ok(Self(key)) }
        })
    }

    /// As it is written to a PEM file.
    ///
    /// # Errors
    /// None is to be expected.
    pub fn to_pem(&self) -> Result<String, KeyFault> {
        Ok(self.0.to_public_key_pem(LineEnding::LF)?)
    }

    /// Its name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(self.0.as_bytes())
    }

    /// Whether the signature is one of these bytes by this key.
    #[must_use]
    pub fn verifies(&self, policy: &[u8], signature: &Signature) -> bool {
        signature.message(policy).is_some_and(|message| self.made(&message, signature))
    }

    /// Whether the signature is one of this message by this key.
    pub(super) fn made(&self, message: &[u8], signature: &Signature) -> bool {
        let named = signature.statement.as_ref().is_none_or(|statement| statement.key == self.id());
        named && self.0.verify_strict(message, &signature.bytes).is_ok()
    }
}
