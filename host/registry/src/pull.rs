//! Fetches a policy with its signatures.

use bytes::Bytes;
use http::Uri;
use solgate::policy::{FileDigest, LARGEST_POLICY};

use crate::attached;
use crate::client::{AtUrl, Client};
use crate::cosign::Signatures;
use crate::error::RegistryError;
use crate::manifest::{INDEX, Manifest, SIGNATURE};
use crate::reference::{Reference, Remote, Version};

/// Bytes of the file that `solgate sign` makes.
const SIGNATURE_BYTES: u64 = 1 << 10;

/// A policy as it was fetched.
#[derive(Debug, Clone)]
pub struct Pulled {
    /// Of the manifest, or of the file at a URL.
    pub digest: FileDigest,
    /// Without the component if who asked has it already.
    pub component: Option<Bytes>,
    /// SHA-256 over the component.
    pub component_digest: FileDigest,
    /// What `solgate sign` has made of it.
    pub signature: Option<Bytes>,
    /// The manifest, and what cosign has made of it.
    pub manifest: Option<Bytes>,
    pub cosign: Signatures,
    /// What to ask a server with the next time.
    pub etag: Option<String>,
}

/// What a look at a policy has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It is the one that was known.
    Same,
    /// Another one, with this digest if nothing else had to be read for it.
    Other(Option<FileDigest>),
}

fn largest() -> u64 {
    u64::try_from(LARGEST_POLICY).unwrap_or(u64::MAX)
}

impl Client {
    /// Whether a policy is another one than the `known`. It takes one request for a head.
    ///
    /// # Errors
    /// The registry does not answer, or the policy is not there.
    pub async fn look(&self, reference: &Reference, known: &FileDigest) -> Result<Found, RegistryError> {
        let found = self.repository(reference, false).digest(&reference.version).await?;
        Ok(if found == *known { Found::Same } else { Found::Other(Some(found)) })
    }

    /// Fetches a policy and what is attached to it that tells who signed it. The component is
    /// not fetched if it is the `known` one; at a URL nothing is, if the `etag` still holds
    /// (`None`).
    ///
    /// # Errors
    /// It is not there, is not a policy, or is larger than any.
    pub async fn pull(
        &self,
        remote: &Remote,
        known: Option<&FileDigest>,
        etag: Option<&str>,
    ) -> Result<Option<Pulled>, RegistryError> {
        match remote {
            Remote::Oci(reference) => self.pull_artefact(reference, known).await.map(Some),
            Remote::Https(url) => self.pull_file(url, etag).await,
        }
    }

    async fn pull_artefact(&self, reference: &Reference, known: Option<&FileDigest>) -> Result<Pulled, RegistryError> {
        let repository = self.repository(reference, false);
        let what = reference.to_string();
        let raw = repository.manifest(&reference.version, &what).await?;
        let format = |fault: String| RegistryError::Format { what: what.clone(), fault };
        if raw.media_type == INDEX {
            return Err(format("it is a list of artefacts; name one of them by its digest".to_owned()));
        }
        let manifest: Manifest = serde_json::from_slice(&raw.bytes).map_err(|error| format(error.to_string()))?;
        let layer = manifest.component().map_err(format)?;
        let component_digest =
            layer.sha256().ok_or_else(|| format("the digest of its layer is not sha256:...".to_owned()))?;
        let component =
            if known == Some(&component_digest) { None } else { Some(repository.blob(layer, largest(), &what).await?) };
        let signatures = attached::of_type(&repository, &raw.digest, SIGNATURE, SIGNATURE_BYTES).await?;
        let cosign = Signatures::fetch(&repository, &raw.digest).await?;
        Ok(Pulled {
            digest: raw.digest,
            component,
            component_digest,
            // The one that was attached last.
            signature: signatures.into_iter().next(),
            manifest: Some(raw.bytes),
            cosign,
            etag: None,
        })
    }

    async fn pull_file(&self, url: &Uri, etag: Option<&str>) -> Result<Option<Pulled>, RegistryError> {
        let Some(AtUrl { bytes, etag }) = self.get(url, etag, largest()).await? else { return Ok(None) };
        let signature = self.signature_at(url).await?;
        let digest = FileDigest::of(&bytes);
        Ok(Some(Pulled {
            digest,
            component: Some(bytes),
            component_digest: digest,
            signature,
            manifest: None,
            cosign: Signatures::default(),
            etag,
        }))
    }

    /// The signature beside a file at a URL.
    pub(crate) async fn signature_at(&self, url: &Uri) -> Result<Option<Bytes>, RegistryError> {
        let beside = format!("{url}.sig").parse::<Uri>().ok().filter(|_| url.query().is_none());
        let Some(beside) = beside else { return Ok(None) };
        match self.get(&beside, None, SIGNATURE_BYTES).await {
            Ok(found) => Ok(found.map(|found| found.bytes)),
            Err(RegistryError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives what a reference names another tag, and returns its digest.
    ///
    /// # Errors
    /// It is not there, or the registry does not take the tag.
    pub async fn tag(&self, reference: &Reference, tag: &str) -> Result<FileDigest, RegistryError> {
        let repository = self.repository(reference, true);
        let raw = repository.manifest(&reference.version, &reference.to_string()).await?;
        let digest = raw.digest;
        repository.push_manifest(&Version::Tag(tag.to_owned()), &raw.media_type, raw.bytes).await?;
        Ok(digest)
    }
}
