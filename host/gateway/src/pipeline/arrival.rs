//! When a request came, and its name.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The moment at which the head of a request was complete, by both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub time: SystemTime,
    pub moment: Instant,
}

impl Arrival {
    /// It has just come.
    #[must_use]
    pub fn now() -> Self {
        Self { time: SystemTime::now(), moment: Instant::now() }
    }
}

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
    pub fn next(&self) -> String {
        format!("{:08x}-{:08x}", self.run, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
