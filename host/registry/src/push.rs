//! Stores a policy in a registry.

use std::collections::BTreeMap;
use std::time::SystemTime;

use bytes::Bytes;
use solgate::policy::FileDigest;

use crate::attached::attach;
use crate::client::Client;
use crate::error::RegistryError;
use crate::manifest::{Descriptor, MANIFEST, Manifest, WASM, WASM_CONFIG, WasmConfig};
use crate::reference::Reference;

/// Something that belongs to a policy.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// The type of the artefact and of its content.
    pub media_type: String,
    pub bytes: Bytes,
}

/// Where a policy is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// Of the manifest.
    pub digest: FileDigest,
    /// Each attached artefact: its type, and the digest of its manifest.
    pub attached: Vec<(String, FileDigest)>,
}

impl Client {
    /// Stores a policy under a tag. The same policy, with the same time and annotations, is
    /// the same artefact wherever it is stored.
    ///
    /// # Errors
    /// The registry does not take it.
    pub async fn push(
        &self,
        reference: &Reference,
        component: Bytes,
        created: SystemTime,
        annotations: BTreeMap<String, String>,
        attachments: &[Attachment],
    ) -> Result<Pushed, RegistryError> {
        let repository = self.repository(reference, true);
        let layer = Descriptor::of(WASM, &component);
        let created = humantime::format_rfc3339_seconds(created).to_string();
        let config = serde_json::to_vec(&WasmConfig::of_policy(created, &layer)).unwrap_or_default();
        let manifest = Manifest { annotations, ..Manifest::new(Descriptor::of(WASM_CONFIG, &config), layer) };
        let json = Bytes::from(serde_json::to_vec(&manifest).unwrap_or_default());
        let subject = Descriptor::of(MANIFEST, &json);
        repository.push_blob(component).await?;
        repository.push_blob(config.into()).await?;
        let digest = FileDigest::of(&json);
        // First by its digest, so that what follows a tag finds it with all that belongs to it.
        let by_digest = crate::Version::Digest(digest.to_string());
        repository.push_manifest(&by_digest, MANIFEST, json.clone()).await?;
        let mut attached = Vec::new();
        for Attachment { media_type, bytes } in attachments {
            attached.push((media_type.clone(), attach(&repository, &subject, media_type, bytes.clone()).await?));
        }
        if reference.version != by_digest {
            repository.push_manifest(&reference.version, MANIFEST, json).await?;
        }
        Ok(Pushed { digest, attached })
    }

    /// Attaches something to a policy that is there.
    ///
    /// # Errors
    /// The policy is not there, or the registry does not take what is attached.
    pub async fn attach(&self, reference: &Reference, attachment: &Attachment) -> Result<FileDigest, RegistryError> {
        let repository = self.repository(reference, true);
        let raw = repository.manifest(&reference.version, &reference.to_string()).await?;
        let subject = Descriptor::of(&raw.media_type, &raw.bytes);
        attach(&repository, &subject, &attachment.media_type, attachment.bytes.clone()).await
    }
}
