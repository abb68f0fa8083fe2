//! When a request came.

use std::time::{Instant, SystemTime};

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
