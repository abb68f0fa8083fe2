//! `--decision-log`: a separate thread appends records of decisions to a file.
//!
//! A request never waits for the disk: a record for which there is no [room] becomes a small
//! one, with what an auditor needs; and what does not fit even then, or cannot be written, is
//! dropped and counted.

mod link;
mod place;
mod room;
mod writer;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use solgate::Request;
use solgate::fault::Fault;
use solgate::gate::{Decision, Gate};
use solgate::record::{Decided, Handling, Record, RefusedRequest};
use solgate_config::record::RecordConfig;

use self::room::{Room, Share};
use self::writer::Writer;
use crate::record_metrics::{RecordMetrics, RecordOutcome};

/// How long the end of the server waits for what is in the queue.
const LAST: Duration = Duration::from_secs(2);

/// Why a record is not whole.
const NO_ROOM: &str =
    "too many large requests were in progress for all of them to be kept until they were written down";

/// Why a file cannot take records.
#[derive(Debug, thiserror::Error)]
pub enum RecordFileError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is not a regular file")]
    NotRegular,
    #[error("it is a symbolic link, which the gate does not follow; name the file that the link leads to")]
    Link,
    #[error(
        "others than its owner can read the file (mode {mode:03o}), and it will hold requests; run chmod 600 on it"
    )]
    Readable { mode: u32 },
}

/// Looks whether the file can be one for records, without making it.
///
/// # Errors
/// It is not a regular file, others can read it, or its folder is missing.
pub fn check(config: &RecordConfig) -> Result<(), RecordError> {
    place::check(&config.file).map_err(|error| RecordError { path: config.file.clone(), error })
}

/// Why decisions cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("cannot record decisions in {}: {error}", path.display())]
pub struct RecordError {
    pub path: PathBuf,
    pub error: RecordFileError,
}

/// What is written of a request.
enum Content {
    Whole(Box<Decided>),
    /// All but what is known at the end.
    Record(Box<Record>),
}

/// Somebody else who gets the line of a record, whether or not it could be written.
pub type Also = Box<dyn FnOnce(&str) + Send + Sync>;

/// A record on its way to the file.
struct Taken {
    content: Content,
    also: Option<Also>,
    handling: Handling,
    config: Arc<RecordConfig>,
    share: Share,
}

enum Job {
    Write(Box<Taken>),
    /// From here on the records are a chain, or are not.
    Chain(bool),
    /// Nothing comes after this.
    End(SyncSender<()>),
}

/// The file, to those who fill it.
#[derive(Clone)]
pub struct RecordFile {
    config: Arc<RecordConfig>,
    queue: Sender<Job>,
    room: Arc<Room>,
    metrics: RecordMetrics,
}

impl RecordFile {
    /// Starts with what a configuration says, which may be nothing.
    ///
    /// # Errors
    /// As [`start`](Self::start), with the path.
    pub fn open(config: Option<&RecordConfig>, metrics: &RecordMetrics) -> Result<Option<Self>, RecordError> {
        let started = config.map(|record| {
            Self::start(record, metrics.clone()).map_err(|error| RecordError { path: record.file.clone(), error })
        });
        started.transpose()
    }

    /// Opens the file and starts its thread.
    ///
    /// # Errors
    /// If it cannot be opened, is a link, pipe or device, or is open to others.
    pub fn start(config: &RecordConfig, metrics: RecordMetrics) -> Result<Self, RecordFileError> {
        let (queue, jobs) = channel();
        let room = Arc::<Room>::default();
        let writer = Writer::open(config, room.clone(), metrics.clone())?;
        std::thread::Builder::new().name("solgate-records".to_owned()).spawn(move || writer.run(&jobs))?;
        Ok(Self { config: Arc::new(config.clone()), queue, room, metrics })
    }

    /// The file as another configuration wants it: the same one, if it is at the same place.
    /// Requests that have begun are recorded where and how they would have been.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn reconfigured(
        before: Option<&Arc<Self>>,
        wanted: Option<&RecordConfig>,
        metrics: &RecordMetrics,
    ) -> Result<Option<Arc<Self>>, RecordError> {
        match (before, wanted) {
            (Some(before), Some(wanted)) if *before.config == *wanted => Ok(Some(before.clone())),
            (Some(before), Some(wanted)) if before.config.file == wanted.file => {
                if before.config.chain != wanted.chain {
                    // Without the thread nothing is recorded any more.
                    let _ = before.queue.send(Job::Chain(wanted.chain));
                }
                Ok(Some(Arc::new(Self { config: Arc::new(wanted.clone()), ..Self::clone(before) })))
            }
            _ => Ok(Self::open(wanted, metrics)?.map(Arc::new)),
        }
    }

    /// Keeps a decision until the request has ended, and what became of it is known;
    /// `None` if there is no room for it.
    #[must_use]
    pub fn hold(&self, gate: &Arc<Gate>, request: &Request, decision: &Decision) -> Option<HeldRecord> {
        let decided = Decided::new(gate, request, decision, self.config.bodies);
        if let Some(share) = self.room.take(decided.bytes()) {
            return Some(self.held(Content::Whole(Box::new(decided)), share));
        }
        let share = self.room.take_least();
        self.held_if(share, || decided.partial_record(NO_ROOM, &self.config.names))
    }

    /// The same for a request that was refused before any policy was asked.
    #[must_use]
    pub fn refused(&self, request: &RefusedRequest<'_>, fault: &Fault) -> Option<HeldRecord> {
        let share = self.room.take_for_refused();
        self.held_if(share, || request.record(fault, &self.config.names))
    }

    fn held_if(&self, share: Option<Share>, record: impl FnOnce() -> Record) -> Option<HeldRecord> {
        if share.is_none() {
            self.drop_one();
        }
        share.map(|share| self.held(Content::Record(Box::new(record())), share))
    }

    fn held(&self, content: Content, share: Share) -> HeldRecord {
        let (config, handling) = (self.config.clone(), Handling::default());
        let taken = Box::new(Taken { content, also: None, handling, config, share });
        HeldRecord { file: self.clone(), taken }
    }

    fn drop_one(&self) {
        self.room.turn_away();
        self.metrics.count(RecordOutcome::Dropped);
    }

    /// Waits until what is in the queue has been written, for a while.
    pub fn finish(&self) {
        let (end, ended) = sync_channel(1);
        let begun = Instant::now();
        let sent = self.queue.send(Job::End(end));
        if sent.is_err() || ended.recv_timeout(LAST.saturating_sub(begun.elapsed())).is_err() {
            tracing::warn!("not all of the decision log was written");
        }
    }
}

/// A decision about a request that has not ended.
pub struct HeldRecord {
    file: RecordFile,
    taken: Box<Taken>,
}

impl HeldRecord {
    /// Hands it over to be written.
    pub fn offer(mut self, handling: Handling, also: Option<Also>) {
        self.taken.handling = handling;
        self.taken.also = also;
        // The thread ends before this only by a panic; then nothing is recorded any more.
        if self.file.queue.send(Job::Write(self.taken)).is_err() {
            self.file.drop_one();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use prometheus_client::encoding::text::encode;
    use prometheus_client::registry::Registry;

    use super::*;
    use crate::record_metrics;
    use solgate::facts::MapFacts;
    use solgate::record::Bodies;

    /// As with a disk that does not keep up: nobody takes what is in the queue.
    #[tokio::test]
    async fn what_has_no_room_is_recorded_in_part_and_then_counted() {
        let gate = Arc::new(Gate::new(Vec::new(), Arc::new(MapFacts::default())));
        let request = |length: usize| {
            Request::from_http(http::Request::new(vec![b' '; length]), std::time::SystemTime::UNIX_EPOCH)
        };
        let decision = gate.judge(&request(1)).await;
        let mut registry = Registry::with_prefix("solgate");
        let metrics = record_metrics::register(&mut registry);
        let (queue, jobs) = channel();
        let config = Arc::new(RecordConfig { bodies: Bodies::Redacted, ..RecordConfig::new("log".into()) });
        let file = RecordFile { config, queue, room: Arc::default(), metrics };
        let offer = |length: usize| match file.hold(&gate, &request(length), &decision) {
            Some(held) => {
                held.offer(Handling::default(), None);
                true
            }
            None => false,
        };
        assert!(offer(1) && offer(60 << 20) && offer(60 << 20) && offer(1));
        let parts: Vec<Option<usize>> = jobs
            .try_iter()
            .map(|job| match job {
                Job::Write(taken) => match taken.content {
                    Content::Whole(_) => None,
                    Content::Record(record) => Some(record.partial.map_or(0, |_| record.request.body_bytes)),
                },
                _ => Some(0),
            })
            .collect();
        assert_eq!(parts, [None, None, Some(60 << 20), None]);
        // Without anybody who takes them, there is an end to it.
        let mut count = 0;
        while offer(1) && count < 1_000_000 {
            count += 1;
        }
        assert!(count > 10_000 && count < 1_000_000, "{count}");
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("solgate_decision_records_total{outcome=\"dropped\"} 1\n"), "{text}");
        drop(jobs);
    }
}
