//! What the guard of a connection tells the service that answers on it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

use solgate::fault::Fault;
use solgate_gateway::pipeline::Arrival;
use tokio::time::Instant;

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
#[derive(Debug)]
pub struct Connection {
    passed: Mutex<VecDeque<Passed>>,
    in_flight: AtomicUsize,
    /// Bytes of answers that were handed over, and that the socket has not taken.
    unsent: AtomicUsize,
    /// How many of them there may be before more of an answer is fetched.
    buffer: usize,
    /// The answer that waits until there are fewer.
    full: Mutex<Option<Waker>>,
    /// Since when the connection is to end as soon as it is quiet.
    ending: OnceLock<Instant>,
    /// The door is about to close.
    closing: Arc<AtomicBool>,
}

impl Connection {
    /// At most `buffer` bytes of an answer, and one piece of it, wait for the client. Once the
    /// door is `closing`, each answer is the last one.
    #[must_use]
    pub fn new(buffer: usize, closing: Arc<AtomicBool>) -> Self {
        Self {
            passed: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            unsent: AtomicUsize::new(0),
            buffer,
            full: Mutex::default(),
            ending: OnceLock::new(),
            closing,
        }
    }

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

    /// The connection is to end as soon as it is quiet, and after its next answer at the
    /// latest.
    pub fn end(&self) {
        self.ending.get_or_init(Instant::now);
    }

    /// Since when it is to end, if it is.
    pub fn ending(&self) -> Option<Instant> {
        self.ending.get().copied()
    }

    /// The next answer is the last one.
    pub fn is_last(&self) -> bool {
        self.closing.load(Ordering::Relaxed) || self.ending().is_some()
    }

    /// A request has not been answered yet.
    pub fn is_busy(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// An answer begins. What of the one before was never sent, because it was longer
    /// than its head had said, does not count.
    pub fn begins(&self) {
        self.unsent.store(0, Ordering::Relaxed);
    }

    /// Ready when the client has taken enough for more of the answer to be fetched.
    pub fn poll_room(&self, context: &Context<'_>) -> Poll<()> {
        if self.unsent.load(Ordering::Relaxed) < self.buffer {
            return Poll::Ready(());
        }
        *self.full.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        Poll::Pending
    }

    /// So many bytes of an answer were handed over.
    pub fn handed_over(&self, bytes: usize) {
        self.unsent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The socket has taken so many bytes; heads and chunk sizes are among them.
    pub fn sent(&self, bytes: usize) {
        // Both happen in the task of the connection: nobody writes in between.
        let before = self.unsent.load(Ordering::Relaxed);
        let unsent = before.saturating_sub(bytes);
        self.unsent.store(unsent, Ordering::Relaxed);
        if before >= self.buffer
            && unsent < self.buffer
            && let Some(waiting) = self.full.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            waiting.wake();
        }
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self::new(usize::MAX, Arc::default())
    }
}
