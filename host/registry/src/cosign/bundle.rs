//! Sigstore bundles of version 0.3 that are attached to an artefact.

use data_encoding::BASE64;
use serde::Deserialize;
use solgate::policy::FileDigest;

use super::{CosignKey, is_digest};
use crate::attached;
use crate::error::RegistryError;
use crate::repository::Repository;

/// The media type of a bundle, and the type of the artefact that holds it.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Bytes of a bundle, entries of a transparency log among them.
const LARGEST: u64 = 1 << 20;

const IN_TOTO: &str = "application/vnd.in-toto+json";
/// A statement that says no more than that somebody signs. Others, such as of provenance,
/// are signed by who knows, and not by who answers for the artefact.
const SIGNED: &str = "https://sigstore.dev/cosign/sign/v1";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    media_type: String,
    #[serde(default)]
    message_signature: Option<MessageSignature>,
    #[serde(default)]
    dsse_envelope: Option<Envelope>,
}

#[derive(Deserialize)]
struct MessageSignature {
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: Vec<EnvelopeSignature>,
}

#[derive(Deserialize)]
struct EnvelopeSignature {
    sig: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statement {
    predicate_type: String,
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: SubjectDigest,
}

#[derive(Deserialize)]
struct SubjectDigest {
    #[serde(default)]
    sha256: String,
}

pub async fn fetch(repository: &Repository, digest: &FileDigest) -> Result<Vec<String>, RegistryError> {
    let found = attached::of_type(repository, digest, MEDIA_TYPE, LARGEST).await?;
    Ok(found.into_iter().filter_map(|bytes| String::from_utf8(bytes.to_vec()).ok()).collect())
}

/// Whether the key says in this bundle that it has signed this manifest.
pub fn is_of(bundle: &str, manifest: &[u8], key: &CosignKey) -> bool {
    let Ok(bundle) = serde_json::from_str::<Bundle>(bundle) else { return false };
    if bundle.media_type != MEDIA_TYPE {
        return false;
    }
    let decoded = |text: &str| BASE64.decode(text.as_bytes()).ok();
    match (bundle.message_signature, bundle.dsse_envelope) {
        (Some(MessageSignature { signature }), None) => {
            decoded(&signature).is_some_and(|signature| key.verifies(manifest, &signature))
        }
        (None, Some(Envelope { payload, payload_type, signatures })) => {
            let Some(payload) = decoded(&payload).filter(|_| payload_type == IN_TOTO) else { return false };
            let message = authenticated(&payload_type, &payload);
            let is_signed = |one: &EnvelopeSignature| decoded(&one.sig).is_some_and(|sig| key.verifies(&message, &sig));
            signatures.iter().any(is_signed) && says_so(&payload, manifest)
        }
        _ => false,
    }
}

/// What an envelope of DSSE signs.
fn authenticated(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

fn says_so(payload: &[u8], manifest: &[u8]) -> bool {
    serde_json::from_slice::<Statement>(payload).is_ok_and(|Statement { predicate_type, subject }| {
        predicate_type == SIGNED
            && subject.iter().any(|one| is_digest(&format!("sha256:{}", one.digest.sha256), manifest))
    })
}
