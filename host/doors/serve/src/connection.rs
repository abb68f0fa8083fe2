//! What the guard of a connection tells the service that answers on it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use solgate::fault::Fault;
use solgate_gateway::pipeline::Arrival;

use super::head::Refusal;

/// One request that the guard has let through, or a refusal in its place.
#[derive(Debug)]
pub struct Passed {
    /// The method and the target as received, or why there is no request.
    pub outcome: Result<(String, String), Refusal>,
    /// When its head was complete.
    pub arrival: Arrival,
    /// Set when the body turns out to be malformed.
    pub body_fault: Arc<OnceLock<Fault>>,
}

impl Passed {
    #[must_use]
    pub fn new(outcome: Result<(String, String), Refusal>) -> Self {
        Self { outcome, arrival: Arrival::now(), body_fault: Arc::default() }
    }
}

/// Shared by the guard and the service of one connection. Requests are answered
/// in the order in which they came, so a queue is enough to match them.
#[derive(Debug, Default)]
pub struct Connection {
    passed: Mutex<VecDeque<Passed>>,
    in_flight: AtomicUsize,
}

impl Connection {
    /// The guard hands over a head.
    pub fn push(&self, passed: Passed) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).push_back(passed);
    }

    /// The service takes the head that its next call is about.
    pub fn pop(&self) -> Option<Passed> {
        self.passed.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// The answer to a request has been handed over completely, or given up.
    pub fn finished(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// A request has not been answered yet.
    pub fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }
}
