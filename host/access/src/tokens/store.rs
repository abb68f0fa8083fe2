//! The keys in use.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use solgate_watch::FileWatch;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::KeySet;
use super::fetch::{FetchError, Remote};
use super::keys::NoKeys;
use crate::error::AccessError;
use crate::metrics::{AccessMetrics, KeysRead};

/// Between two fetches: no client can make the gate ask the issuer more often by
/// tokens with keys that nobody knows.
const PAUSE: Duration = Duration::from_secs(5);
/// How old keys become at most while the issuer answers: one that it has withdrawn is
/// believed no longer than this.
const REFRESH: Duration = Duration::from_secs(300);

/// Where keys come from.
pub enum Origin {
    File(PathBuf),
    Remote(Box<Remote>),
}

/// Holds the keys, and renews them.
pub struct KeyStore {
    origin: Origin,
    current: RwLock<Option<Current>>,
    /// When they were last fetched; locked while they are.
    fetched: Mutex<Option<Instant>>,
    /// They were read, or it was tried.
    asked: AtomicBool,
    /// The issuer has none any more, as it said when it was last asked.
    emptied: AtomicBool,
    metrics: AccessMetrics,
}

struct Current {
    keys: Arc<KeySet>,
    digest: [u8; 32],
}

/// Why keys were not renewed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it cannot be read: {0}")]
    Read(std::io::Error),
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error(transparent)]
    Set(#[from] NoKeys),
    #[error("the thread that reads the keys could not be started")]
    Thread,
}

impl KeyStore {
    /// Reads the keys if they are in a file.
    ///
    /// # Errors
    /// The file holds none.
    pub fn open(origin: Origin, metrics: AccessMetrics) -> Result<Self, AccessError> {
        let (current, fetched) = (RwLock::default(), Mutex::default());
        let (asked, emptied) = (AtomicBool::new(false), AtomicBool::new(false));
        let store = Self { origin, current, fetched, asked, emptied, metrics };
        if let Origin::File(path) = &store.origin {
            let read = std::fs::read(path).map_err(Failure::Read).and_then(|bytes| store.take(&bytes.into()));
            read.map_err(|error| AccessError::Keys { path: path.clone(), reason: error.to_string() })?;
            store.asked.store(true, Ordering::Relaxed);
        }
        Ok(store)
    }

    /// The file that they come from, if they do.
    pub fn file(&self) -> Option<&Path> {
        match &self.origin {
            Origin::File(path) => Some(path),
            Origin::Remote(_) => None,
        }
    }

    /// The keys that hold now.
    pub fn get(&self) -> Option<Arc<KeySet>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|current| current.keys.clone())
    }

    /// Whether there has been an answer, or none in time.
    pub fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Keys that were fetched later than these, which lack one; `None` if there are
    /// none. Requests that miss a key at the same time wait for one fetch.
    pub async fn newer_than(self: &Arc<Self>, known: &Arc<KeySet>) -> Option<Arc<KeySet>> {
        let Origin::Remote(_) = &self.origin else { return None };
        // A request that waits longer than for one fetch would wait for another fetch.
        let mut fetched = tokio::time::timeout(PAUSE, self.fetched.lock()).await.ok()?;
        let newer = |keys: &Arc<KeySet>| !Arc::ptr_eq(keys, known);
        if let Some(keys) = self.get().filter(newer) {
            return Some(keys);
        }
        if fetched.is_some_and(|at| at.elapsed() < PAUSE) {
            return None;
        }
        *fetched = Some(Instant::now());
        // In a task of its own: it goes on if the client of this request leaves.
        let store = self.clone();
        let _ = tokio::spawn(async move { store.renew().await }).await;
        // A fetch that takes as long as the pause is also followed by one.
        *fetched = Some(Instant::now());
        self.get().filter(newer)
    }

    /// Fetches the keys now, every few seconds until there are any, and then every few
    /// minutes.
    pub async fn keep_fresh(self: Arc<Self>) {
        loop {
            {
                let mut fetched = self.fetched.lock().await;
                *fetched = Some(Instant::now());
                self.renew().await;
                *fetched = Some(Instant::now());
            }
            let settled = self.get().is_some() && !self.emptied.load(Ordering::Relaxed);
            tokio::time::sleep(if settled { REFRESH } else { PAUSE }).await;
        }
    }

    /// Reads the file again whenever it is another.
    pub async fn follow(self: Arc<Self>, mut watch: FileWatch) {
        let Origin::File(path) = &self.origin else { return };
        loop {
            watch.changed().await;
            let file = path.clone();
            let read = watch.read(move || std::fs::read(file)).await;
            let read = read.ok_or(Failure::Thread).and_then(|read| read.map_err(Failure::Read));
            self.settle(&path.display(), read.map(Bytes::from));
        }
    }

    /// Fetches the keys from their issuer.
    async fn renew(&self) {
        let Origin::Remote(issuer) = &self.origin else { return };
        let fetched = issuer.fetch().await.map_err(Failure::from);
        let withdrawn = self.withdrawn(&fetched);
        if withdrawn {
            self.withdraw(&issuer.url);
        } else {
            self.settle(&issuer.url, fetched);
        }
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Whether the issuer says for the second time in turn that it has no keys any more. Once may be
    /// a mistake, after which nobody could send a request.
    fn withdrawn(&self, fetched: &Result<Bytes, Failure>) -> bool {
        let none = |set: &Bytes| matches!(KeySet::parse(set), Err(NoKeys::NoneUsable));
        let empty = self.get().is_some() && fetched.as_ref().is_ok_and(none);
        self.emptied.swap(empty, Ordering::Relaxed) && empty
    }

    /// Believes no key from here on.
    fn withdraw(&self, from: &dyn Display) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let before = current.replace(Current { keys: Arc::default(), digest: [0; 32] });
        drop(current);
        if before.is_some_and(|before| before.keys.is_empty()) {
            self.metrics.keys_read(KeysRead::Unchanged);
        } else {
            self.metrics.keys_read(KeysRead::Updated);
            tracing::error!(%from, "the issuer has withdrawn all keys for tokens");
        }
    }

    /// Uses keys that were read again. If they cannot be, those before stay.
    fn settle(&self, from: &dyn Display, read: Result<Bytes, Failure>) {
        let outcome = match read.and_then(|bytes| self.take(&bytes)) {
            Ok(outcome) => outcome,
            Err(error) => {
                let in_use = self.get().is_some();
                tracing::error!(%from, %error, in_use, "keys for tokens not read");
                KeysRead::Failed
            }
        };
        self.metrics.keys_read(outcome);
        if outcome == KeysRead::Updated {
            tracing::info!(%from, "keys for tokens read");
        }
    }

    /// Uses these keys from here on.
    fn take(&self, bytes: &Bytes) -> Result<KeysRead, Failure> {
        let digest: [u8; 32] = Sha256::digest(bytes).into();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.as_ref().is_some_and(|current| current.digest == digest) {
            return Ok(KeysRead::Unchanged);
        }
        let keys = KeySet::parse(bytes)?;
        if keys.ignored > 0 {
            tracing::warn!(ignored = keys.ignored, "some keys of the set cannot be used to check tokens");
        }
        *current = Some(Current { keys: Arc::new(keys), digest });
        Ok(KeysRead::Updated)
    }
}
