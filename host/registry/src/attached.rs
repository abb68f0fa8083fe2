//! What is attached to an artefact: signatures, cases, a rule book, an SBOM.

use bytes::Bytes;
use solgate::policy::FileDigest;

use crate::error::RegistryError;
use crate::manifest::{Descriptor, EMPTY, EMPTY_CONFIG, INDEX, LARGEST, MANIFEST, Manifest};
use crate::reference::Version;
use crate::repository::Repository;

/// Artefacts of one type that are looked at: whoever can write to a repository can attach any
/// number.
const MOST: usize = 16;

/// Attaches some bytes to a subject. The same bytes are attached once.
///
/// # Errors
/// The registry does not take them.
pub async fn attach(
    repository: &Repository,
    subject: &Descriptor,
    artifact_type: &str,
    bytes: Bytes,
) -> Result<FileDigest, RegistryError> {
    let layer = Descriptor::of(artifact_type, &bytes);
    let config = Descriptor::of(EMPTY, EMPTY_CONFIG);
    let subject = Descriptor { artifact_type: None, annotations: Default::default(), ..subject.clone() };
    let subject_digest = subject.sha256();
    let manifest = Manifest {
        artifact_type: Some(artifact_type.to_owned()),
        subject: Some(subject),
        ..Manifest::new(config, layer)
    };
    let json = Bytes::from(serde_json::to_vec(&manifest).unwrap_or_default());
    repository.push_blob(Bytes::from_static(EMPTY_CONFIG)).await?;
    repository.push_blob(bytes).await?;
    let digest = FileDigest::of(&json);
    let listed = Descriptor { artifact_type: Some(artifact_type.to_owned()), ..Descriptor::of(MANIFEST, &json) };
    let kept = repository.push_manifest(&Version::Digest(digest.to_string()), MANIFEST, json).await?;
    if let Some(subject) = subject_digest.filter(|_| !kept) {
        list(repository, &subject, listed).await?;
    }
    Ok(digest)
}

/// Enters it into the list under the tag that stands for the referrers of a subject.
async fn list(repository: &Repository, subject: &FileDigest, listed: Descriptor) -> Result<(), RegistryError> {
    let (mut index, _) = repository.referrers(subject).await?;
    if index.manifests.iter().any(|one| one.digest == listed.digest) {
        return Ok(());
    }
    index.manifests.push(listed);
    let json = Bytes::from(serde_json::to_vec(&index).unwrap_or_default());
    repository.push_manifest(&Version::Tag(format!("sha256-{subject}")), INDEX, json).await.map(drop)
}

/// The blobs of this type that are attached to a subject, the last ones of the list first;
/// each has `most` bytes at most.
///
/// # Errors
/// The registry does not answer, or answers something else.
pub async fn of_type(
    repository: &Repository,
    subject: &FileDigest,
    artifact_type: &str,
    most: u64,
) -> Result<Vec<Bytes>, RegistryError> {
    let (index, _) = repository.referrers(subject).await?;
    let has_type = |one: &&Descriptor| one.artifact_type.as_deref() == Some(artifact_type) && one.size <= LARGEST;
    let mut found = Vec::new();
    for one in index.manifests.iter().rev().filter(has_type).take(MOST) {
        let Some(digest) = one.sha256() else { continue };
        let what = format!("what is attached to sha256:{subject} ({artifact_type})");
        let raw = repository.manifest(&Version::Digest(digest.to_string()), &what).await?;
        // A list says what it likes: what is attached to something else does not count.
        let Ok(manifest) = serde_json::from_slice::<Manifest>(&raw.bytes) else { continue };
        let is_of = manifest.subject.as_ref().and_then(Descriptor::sha256) == Some(*subject);
        let [layer] = manifest.layers.as_slice() else { continue };
        if is_of && layer.size <= most {
            found.push(repository.blob(layer, most, &what).await?);
        }
    }
    Ok(found)
}
