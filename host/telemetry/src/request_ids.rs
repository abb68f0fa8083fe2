//! The names of requests in lines and records.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Ids for requests, unique among the runs of a server.
#[derive(Debug)]
pub struct RequestIds {
    run: u32,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = u32::try_from(since.as_millis() & u128::from(u32::MAX)).unwrap_or_default();
        Self { run, next: AtomicU64::new(0) }
    }
}

impl RequestIds {
    /// One that no other request has.
    #[must_use]
    pub fn next(&self) -> String {
        format!("{:08x}-{:08x}", self.run, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
