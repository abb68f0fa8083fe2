//! Statements of "simple signing", under the tag `sha256-DIGEST.sig`.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use solgate::policy::FileDigest;

use super::{CosignKey, is_digest};
use crate::error::RegistryError;
use crate::manifest::Manifest;
use crate::reference::Version;
use crate::repository::Repository;

const MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// The annotation of a layer that holds its signature, in Base64.
pub const SIGNATURE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";
const TYPE: &str = "cosign container image signature";

/// Bytes of a statement.
const LARGEST: u64 = 64 << 10;
/// Statements that are looked at.
const MOST: usize = 16;

/// A statement and its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Simple {
    /// JSON, as it was signed.
    pub payload: String,
    /// In Base64.
    pub signature: String,
}

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    // The specification has both spellings; cosign writes the second.
    #[serde(alias = "Docker-manifest-digest", rename = "docker-manifest-digest")]
    digest: String,
}

pub async fn fetch(repository: &Repository, digest: &FileDigest) -> Result<Vec<Simple>, RegistryError> {
    let what = format!("the signatures of sha256:{digest}");
    let raw = match repository.manifest(&Version::Tag(format!("sha256-{digest}.sig")), &what).await {
        Ok(raw) => raw,
        Err(RegistryError::Missing { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // Somebody else's tag may have this name.
    let Ok(manifest) = serde_json::from_slice::<Manifest>(&raw.bytes) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let layers = manifest.layers.iter().filter(|layer| layer.media_type == MEDIA_TYPE && layer.size <= LARGEST);
    for layer in layers.take(MOST) {
        let Some(signature) = layer.annotations.get(SIGNATURE_ANNOTATION) else { continue };
        let payload = repository.blob(layer, LARGEST, &what).await?;
        if let Ok(payload) = String::from_utf8(payload.to_vec()) {
            found.push(Simple { payload, signature: signature.clone() });
        }
    }
    Ok(found)
}

impl Simple {
    /// Whether the key says here that it has signed this manifest.
    pub fn is_of(&self, manifest: &[u8], key: &CosignKey) -> bool {
        let Ok(signature) = BASE64.decode(self.signature.as_bytes()) else { return false };
        key.verifies(self.payload.as_bytes(), &signature)
            && serde_json::from_str::<Payload>(&self.payload).is_ok_and(
                |Payload { critical: Critical { image, kind } }| kind == TYPE && is_digest(&image.digest, manifest),
            )
    }
}
