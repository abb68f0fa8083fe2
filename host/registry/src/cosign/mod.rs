//! Signatures that cosign makes with a key, in both forms in which it stores them.
//!
//! - [`simple`] signing: under the tag `sha256-DIGEST.sig` lies a manifest whose layers are
//!   signed statements, each with its signature as an annotation (cosign's SIGNATURE_SPEC).
//! - A Sigstore [`bundle`] of version 0.3, attached to the artefact (cosign's BUNDLE_SPEC).
//!
//! What counts is the signature by a key that the operator names: an entry in a transparency
//! log is not looked up, and a certificate in the place of a key (keyless) does not count.

mod bundle;
mod key;
mod simple;

use serde::{Deserialize, Serialize};
use solgate::policy::FileDigest;

use crate::error::{Refusal, RegistryError};
use crate::manifest::Descriptor;
use crate::repository::Repository;

pub use self::bundle::MEDIA_TYPE as BUNDLE;
pub use self::key::{CosignKey, CosignKeys};
pub use self::simple::SIGNATURE_ANNOTATION;

/// What was found of an artefact's signatures. Nobody has looked yet who made them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Signatures {
    pub simple: Vec<simple::Simple>,
    /// Bundles, as text.
    pub bundles: Vec<String>,
}

impl Signatures {
    /// Those of the artefact with this digest.
    ///
    /// # Errors
    /// The registry does not answer, or answers something else.
    pub(crate) async fn fetch(repository: &Repository, digest: &FileDigest) -> Result<Self, RegistryError> {
        Ok(Self { simple: simple::fetch(repository, digest).await?, bundles: bundle::fetch(repository, digest).await? })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.simple.is_empty() && self.bundles.is_empty()
    }

    /// Whether one of the keys has signed this manifest, and none that is withdrawn.
    ///
    /// # Errors
    /// What stands against it.
    pub fn check(&self, manifest: &[u8], keys: &CosignKeys) -> Result<(), Refusal> {
        let made_by = |key: &CosignKey| {
            self.simple.iter().any(|one| one.is_of(manifest, key))
                || self.bundles.iter().any(|one| bundle::is_of(one, manifest, key))
        };
        if keys.withdrawn.iter().any(made_by) {
            return Err(Refusal::Withdrawn);
        }
        if keys.trusted.iter().any(made_by) { Ok(()) } else { Err(Refusal::Unsigned) }
    }
}

/// What is said of a digest there is said of this one.
fn is_digest(said: &str, manifest: &[u8]) -> bool {
    said == Descriptor::of("", manifest).digest
}
