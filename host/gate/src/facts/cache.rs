//! Facts that are kept for a while, if the operator wants this.

use std::time::Duration;

use http::HeaderMap;
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::{FactAnswer, FactTemplate};

/// Bytes of memory that the answers of one source may take.
const CAPACITY: u64 = 32 << 20;
/// What an entry takes beside its body, roughly.
const OVERHEAD: usize = 256;

/// What makes two fetches the same: the question as it is sent, with the
/// caller's credentials, and what is kept of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    pub(super) fn new(upstream: &str, target: &str, headers: &HeaderMap, template: &FactTemplate) -> Self {
        let mut digest = Sha256::new();
        // Each part with its length, so that none can pass for two.
        let mut part = |bytes: &[u8]| {
            digest.update(bytes.len().to_le_bytes());
            digest.update(bytes);
        };
        part(upstream.as_bytes());
        part(target.as_bytes());
        part(&[u8::from(template.list), u8::from(template.plain_on_400)]);
        part(&headers.len().to_le_bytes());
        for (name, value) in headers {
            part(name.as_str().as_bytes());
            part(value.as_bytes());
        }
        for member in &template.members {
            part(member.as_bytes());
        }
        Self(digest.finalize().into())
    }
}

/// Answers with a time to live. Only what the VNFM has said about its state is
/// kept: found and absent.
#[derive(Debug, Clone)]
pub(super) struct FactCache(Cache<Key, FactAnswer>);

impl FactCache {
    pub(super) fn new(ttl: Duration) -> Self {
        Self(
            Cache::builder()
                .max_capacity(CAPACITY)
                .weigher(|_, answer: &FactAnswer| u32::try_from(size(answer)).unwrap_or(u32::MAX))
                .time_to_live(ttl)
                .build(),
        )
    }

    pub(super) fn get(&self, key: &Key) -> Option<FactAnswer> {
        self.0.get(key)
    }

    /// Keeps the newest answer, or forgets the older one that it puts in doubt.
    pub(super) fn put(&self, key: Key, answer: &FactAnswer) {
        match answer {
            FactAnswer::Found { .. } | FactAnswer::Absent => self.0.insert(key, answer.clone()),
            FactAnswer::Withheld | FactAnswer::Unavailable(_) => self.0.invalidate(&key),
        }
    }
}

fn size(answer: &FactAnswer) -> usize {
    match answer {
        FactAnswer::Found { etag, body } => {
            body.len().saturating_add(etag.as_ref().map_or(0, String::len)).saturating_add(OVERHEAD)
        }
        _ => OVERHEAD,
    }
}
