//! Sends things to a collector, on a separate thread.
//!
//! A request never waits for the collector: what does not fit into the queue is dropped
//! and counted, and so is what the collector does not take. The processors of the
//! OpenTelemetry SDK would also drop, but do not tell how much.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use opentelemetry_sdk::error::OTelSdkResult;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::CollectorError;
use super::metrics::{ExportMetrics, ExportOutcome};

/// Most things that wait to be sent, and the bytes of all of them.
const QUEUE: usize = 4096;
const QUEUE_BYTES: usize = 32 << 20;
/// Most things of one message to the collector. Collectors take 4 MiB; something that is
/// larger than this number of bytes by itself has a message of its own.
const BATCH: usize = 512;
const BATCH_BYTES: usize = 2 << 20;
/// How long things gather for a message.
const GATHER: Duration = Duration::from_secs(1);

/// What speaks to a collector.
pub trait Exporter: Send + 'static {
    type Item: Send + 'static;

    /// What it sends, for messages.
    const WHAT: &'static str;

    /// About how much of a message an item takes, if items differ much in size.
    fn bytes(item: &Self::Item) -> usize;

    fn export(&self, batch: Vec<Self::Item>) -> impl Future<Output = OTelSdkResult>;
}

/// Where things wait to be sent.
#[derive(Debug)]
pub struct Queue<E: Exporter> {
    items: mpsc::Sender<Waiting<E::Item>>,
    room: Arc<Semaphore>,
    full: Arc<AtomicBool>,
    metrics: ExportMetrics,
}

#[derive(Debug)]
struct Waiting<T> {
    item: T,
    bytes: usize,
    /// Free again when this is dropped.
    _room: OwnedSemaphorePermit,
}

impl<E: Exporter> Queue<E> {
    /// Takes something to be sent soon, if there is room.
    pub fn push(&self, item: E::Item) {
        let bytes = E::bytes(&item);
        let wanted = u32::try_from(bytes).unwrap_or(u32::MAX);
        let waiting = Arc::clone(&self.room).try_acquire_many_owned(wanted);
        let sent = waiting.is_ok_and(|room| self.items.try_send(Waiting { item, bytes, _room: room }).is_ok());
        if !sent {
            self.metrics.count(ExportOutcome::Dropped);
            // Once, until the collector takes something again.
            if !self.full.swap(true, Ordering::Relaxed) {
                tracing::warn!("{} are lost: the collector takes fewer than there are; requests go on", E::WHAT);
            }
        }
    }
}

/// The thread that sends, to those who end it.
pub struct Sending {
    what: &'static str,
    end: Mutex<Option<End>>,
}

struct End {
    stop: oneshot::Sender<()>,
    /// Nothing is sent any more.
    ended: oneshot::Receiver<()>,
}

impl Sending {
    /// Starts the thread of this name, and returns the queue that it sends from. The
    /// exporter is made in the runtime of its connection.
    ///
    /// # Errors
    /// That of `exporter`, or there is no thread to be had.
    pub fn start<E: Exporter>(
        thread: &str,
        exporter: impl FnOnce() -> Result<E, CollectorError>,
        metrics: ExportMetrics,
    ) -> Result<(Queue<E>, Self), CollectorError> {
        let failed = |error: std::io::Error| CollectorError::Export { reason: error.to_string() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let exporter = {
            let _here = runtime.enter();
            exporter()?
        };
        let (items, queued) = mpsc::channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let full = Arc::<AtomicBool>::default();
        let sender = Sender {
            exporter,
            queued,
            batch: Vec::new(),
            bytes: 0,
            next: None,
            metrics: metrics.clone(),
            full: Arc::clone(&full),
            failing: false,
        };
        let work = move || {
            runtime.block_on(sender.run(stopped));
            // Nobody waits any more if the process was told to end at once.
            let _ = end.send(());
        };
        std::thread::Builder::new().name(thread.to_owned()).spawn(work).map_err(failed)?;
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        let sending = Self { what: E::WHAT, end: Mutex::new(Some(End { stop, ended })) };
        Ok((Queue { items, room, full, metrics }, sending))
    }

    /// Sends what is in the queue, for as long as `limit`, and nothing after that.
    pub async fn finish(&self, limit: Duration) {
        let Some(End { stop, ended }) = self.end.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let _ = stop.send(());
        if timeout(limit, ended).await.is_err() {
            tracing::warn!("not all {} were sent", self.what);
        }
    }
}

struct Sender<E: Exporter> {
    exporter: E,
    queued: mpsc::Receiver<Waiting<E::Item>>,
    batch: Vec<Waiting<E::Item>>,
    /// Of the batch.
    bytes: usize,
    /// Did not fit into the batch.
    next: Option<Waiting<E::Item>>,
    metrics: ExportMetrics,
    full: Arc<AtomicBool>,
    failing: bool,
}

impl<E: Exporter> Sender<E> {
    async fn run(mut self, stopped: oneshot::Receiver<()>) {
        let mut stopped = std::pin::pin!(stopped);
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                () = self.gather() => self.send().await,
            }
        }
        self.queued.close();
        // What had been gathered by then, and what is still in the queue.
        loop {
            while self.has_room() {
                let Some(item) = self.next.take().or_else(|| self.queued.try_recv().ok()) else { break };
                self.add(item);
            }
            if self.batch.is_empty() {
                return;
            }
            self.send().await;
        }
    }

    /// Waits for something, and a little for more. What was gathered stays if this is
    /// dropped before its end.
    async fn gather(&mut self) {
        if let Some(item) = self.next.take() {
            self.add(item);
        }
        if self.batch.is_empty() {
            match self.queued.recv().await {
                Some(item) => self.add(item),
                // Nobody is left to send something, or to stop this.
                None => return std::future::pending().await,
            }
        }
        let until = Instant::now().checked_add(GATHER).unwrap_or_else(Instant::now);
        while self.has_room() {
            match timeout_at(until, self.queued.recv()).await {
                Ok(Some(item)) => self.add(item),
                _ => return,
            }
        }
    }

    fn has_room(&self) -> bool {
        self.next.is_none() && self.batch.len() < BATCH && self.bytes < BATCH_BYTES
    }

    fn add(&mut self, item: Waiting<E::Item>) {
        let bytes = self.bytes.saturating_add(item.bytes);
        if bytes > BATCH_BYTES && !self.batch.is_empty() {
            self.next = Some(item);
        } else {
            self.bytes = bytes;
            self.batch.push(item);
        }
    }

    async fn send(&mut self) {
        self.bytes = 0;
        // They have their room until they are sent.
        let (batch, room): (Vec<_>, Vec<_>) =
            self.batch.drain(..).map(|Waiting { item, _room: room, .. }| (item, room)).unzip();
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let exported = self.exporter.export(batch).await;
        drop(room);
        match exported {
            Ok(()) => {
                self.metrics.count_many(ExportOutcome::Exported, count);
                self.full.store(false, Ordering::Relaxed);
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the collector takes {} again", E::WHAT);
                }
            }
            Err(error) => {
                self.metrics.count_many(ExportOutcome::Failed, count);
                // Once, until it works again.
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(%error, "{} are lost; requests go on", E::WHAT);
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::collector::register_decisions;

    /// Takes texts, and keeps what each message had.
    struct Kept(Arc<Mutex<Vec<Vec<usize>>>>);

    impl Exporter for Kept {
        type Item = String;

        const WHAT: &'static str = "texts";

        fn bytes(item: &String) -> usize {
            item.len()
        }

        async fn export(&self, batch: Vec<String>) -> OTelSdkResult {
            self.0.lock().unwrap().push(batch.iter().map(String::len).collect());
            Ok(())
        }
    }

    #[tokio::test]
    async fn messages_are_bounded_and_what_has_no_room_is_counted() {
        let (kept, metrics) = (Arc::default(), register_decisions(&mut Registry::default()));
        let exporter = || Ok(Kept(Arc::clone(&kept)));
        let (queue, sending) = Sending::start("test", exporter, metrics.clone()).unwrap();
        let mib = 1 << 20;
        let sizes = [mib, mib, 3 * mib, 1, mib, mib];
        for size in sizes {
            queue.push("x".repeat(size));
        }
        queue.push("x".repeat(QUEUE_BYTES + 1));
        sending.finish(Duration::from_secs(60)).await;
        let messages = kept.lock().unwrap().clone();
        assert_eq!(messages.concat(), sizes, "all, and in their order");
        assert!(messages.contains(&vec![3 * mib]), "{messages:?}");
        for message in &messages {
            assert!(message.len() == 1 || message.iter().sum::<usize>() <= BATCH_BYTES, "{messages:?}");
        }
        assert_eq!((metrics.value(ExportOutcome::Exported), metrics.value(ExportOutcome::Dropped)), (6, 1));
        // Nothing takes it any more.
        queue.push(String::new());
        assert_eq!(metrics.value(ExportOutcome::Dropped), 2);
    }
}
