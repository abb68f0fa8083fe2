//! The streams of one connection: their places, and how long they may stand still.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::rt::Executor;
use solgate_gateway::shares::Held;
use tokio::time::Instant;

/// Streams for which the connection itself has places: so much may wait in the buffers of a
/// connection whose client takes nothing.
pub const WITH_CONNECTION: usize = 8;

/// The streams of a connection.
#[derive(Debug)]
pub struct Streams {
    open: AtomicUsize,
    /// When the last of them ended, or the connection began.
    idle_since: Mutex<Instant>,
    /// Connections, and streams beyond those of their connections, that there may be at one
    /// time.
    pub connections: usize,
}

impl Streams {
    #[must_use]
    pub fn new(connections: usize) -> Self {
        Self { open: AtomicUsize::new(0), idle_since: Mutex::new(Instant::now()), connections }
    }

    /// Begins one. Returns whether it needs a place of its own.
    fn begin(&self) -> bool {
        self.open.fetch_add(1, Ordering::Relaxed) >= WITH_CONNECTION
    }

    fn end(&self) {
        *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.open.fetch_sub(1, Ordering::Relaxed);
    }

    /// Ready when there has been none for so long.
    pub async fn idle(&self, limit: Duration) {
        loop {
            let since = *self.idle_since.lock().unwrap_or_else(PoisonError::into_inner);
            let open = self.open.load(Ordering::Relaxed);
            let passed = since.elapsed();
            match limit.checked_sub(passed).filter(|left| !left.is_zero()) {
                Some(left) if open == 0 => tokio::time::sleep(left).await,
                None if open == 0 => return,
                _ => tokio::time::sleep(limit).await,
            }
        }
    }

    /// Ready when there is none at the end of such a time.
    pub async fn none_after(&self, time: Duration) {
        loop {
            tokio::time::sleep(time).await;
            if self.open.load(Ordering::Relaxed) == 0 {
                return;
            }
        }
    }
}

/// A stream that is open until this is dropped.
#[derive(Debug)]
pub struct OpenStream {
    streams: Arc<Streams>,
    progress: Arc<Progress>,
    _place: Option<Held>,
}

impl OpenStream {
    /// The stream to which this task belongs; `place` gives it one of its own.
    ///
    /// # Errors
    /// There is no place.
    pub fn begin<E>(streams: &Arc<Streams>, place: impl FnOnce() -> Result<Held, E>) -> (Self, Result<(), E>) {
        let needs = streams.begin();
        let (place, error) = match needs.then(place).transpose() {
            Ok(place) => (place, Ok(())),
            Err(error) => (None, Err(error)),
        };
        let progress = PROGRESS.try_with(Arc::clone).unwrap_or_default();
        (Self { streams: Arc::clone(streams), progress, _place: place }, error)
    }

    /// The client has room for more of the answer.
    pub fn asked(&self) {
        self.progress.set(None);
    }

    /// A piece of the answer waits for the client.
    pub fn handed_over(&self) {
        self.progress.set(Some(Instant::now()));
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        self.streams.end();
    }
}

/// Since when a client takes nothing of an answer.
#[derive(Debug, Default)]
struct Progress(Mutex<Option<Instant>>);

impl Progress {
    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Ready when it has taken nothing for so long.
    async fn stalled(&self, limit: Duration) {
        loop {
            let since = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let left = since.map(|since| limit.saturating_sub(since.elapsed()));
            match left {
                Some(Duration::ZERO) => return,
                Some(left) => tokio::time::sleep(left).await,
                None => tokio::time::sleep(limit).await,
            }
        }
    }
}

tokio::task_local! {
    static PROGRESS: Arc<Progress>;
}

/// Runs the streams of a connection, each in a task of its own. One whose client takes
/// nothing of its answer is reset.
#[derive(Debug, Clone)]
pub struct Spawner {
    pub idle: Duration,
}

impl<F> Executor<F> for Spawner
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, stream: F) {
        let (idle, progress) = (self.idle, Arc::new(Progress::default()));
        tokio::spawn(PROGRESS.scope(progress.clone(), async move {
            tokio::select! {
                _ = stream => {}
                () = progress.stalled(idle) => {}
            }
        }));
    }
}
