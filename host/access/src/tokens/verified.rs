//! Tokens that were verified lately. A client sends the same token many times, and
//! checking a signature takes longer than judging a request.

use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use sha2::{Digest, Sha256};

use super::claims::Claims;
use super::keys::KeySet;

/// Bytes of memory for all of them, roughly.
const CAPACITY: u64 = 8 << 20;
/// What one takes beside its claims.
const OVERHEAD: usize = 256;
/// After that the signature is checked again.
const TIME_TO_LIVE: Duration = Duration::from_secs(300);

/// The digest of a token: the token itself is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 32]);

impl Key {
    #[must_use]
    pub fn of(token: &str) -> Self {
        Self(Sha256::digest(token).into())
    }
}

/// A token whose signature is right.
#[derive(Clone)]
pub struct Verified {
    /// Of the issuer that it comes from, its place among all.
    pub issuer: usize,
    /// With which it was verified.
    pub keys: Arc<KeySet>,
    pub claims: Arc<Claims>,
}

/// Claims of tokens whose signature is right. Whether they hold now is not said.
pub struct VerifiedTokens(Cache<Key, Verified>);

impl Default for VerifiedTokens {
    fn default() -> Self {
        let size = |_: &Key, verified: &Verified| {
            u32::try_from(verified.claims.bytes.saturating_add(OVERHEAD)).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(CAPACITY).weigher(size).time_to_live(TIME_TO_LIVE).build())
    }
}

impl VerifiedTokens {
    #[must_use]
    pub fn get(&self, token: &Key) -> Option<Verified> {
        self.0.get(token)
    }

    pub fn put(&self, token: Key, verified: Verified) {
        self.0.insert(token, verified);
    }
}
