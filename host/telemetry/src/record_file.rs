//! `--decision-log`: a separate thread appends records of decisions to a file.
//!
//! A request never waits for the disk: what does not fit into the queue is dropped and
//! counted, and so is what cannot be written.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use solgate::Request;
use solgate::gate::{Decision, Gate};
use solgate::record::{Bodies, Handling, record};
use solgate_config::record::RecordConfig;

use crate::record_metrics::{RecordMetrics, RecordOutcome};

/// Most decisions that wait to be written.
const QUEUE: usize = 4096;
/// Most bytes of requests and facts among them, and among those that have not ended.
const QUEUE_BYTES: usize = 64 << 20;
/// How often the file is looked at: it may have been moved away to be rotated.
const LOOK: Duration = Duration::from_secs(1);
/// How long the end of the server waits for what is in the queue.
const LAST: Duration = Duration::from_secs(2);

/// Why a file cannot take records.
#[derive(Debug, thiserror::Error)]
pub enum RecordFileError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is not a regular file")]
    NotRegular,
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
    fits_at(config).map_err(|error| RecordError { path: config.file.clone(), error })
}

fn fits_at(config: &RecordConfig) -> Result<(), RecordFileError> {
    match std::fs::metadata(&config.file) {
        Ok(data) => fits(&data),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = config.file.parent().filter(|folder| !folder.as_os_str().is_empty());
            Ok(std::fs::metadata(folder.unwrap_or(Path::new("."))).map(|_| ())?)
        }
        Err(error) => Err(error.into()),
    }
}

/// Why decisions cannot be recorded.
#[derive(Debug, thiserror::Error)]
#[error("cannot record decisions in {}: {error}", path.display())]
pub struct RecordError {
    pub path: PathBuf,
    pub error: RecordFileError,
}

/// A decision on its way to the file.
struct Taken {
    handling: Handling,
    gate: Arc<Gate>,
    request: Request,
    decision: Decision,
    bytes: usize,
}

enum Job {
    Write(Box<Taken>),
    /// Nothing comes after this.
    End(SyncSender<()>),
}

/// The file, to those who fill it.
#[derive(Clone)]
pub struct RecordFile {
    queue: SyncSender<Job>,
    queued: Arc<AtomicUsize>,
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
    /// If it cannot be opened, is a pipe or device, or is open to others.
    pub fn start(config: &RecordConfig, metrics: RecordMetrics) -> Result<Self, RecordFileError> {
        let file = open(&config.file)?;
        let (queue, jobs) = sync_channel(QUEUE);
        let queued = Arc::new(AtomicUsize::new(0));
        let writer = Writer {
            path: config.file.clone(),
            bodies: config.bodies,
            identity: file.metadata().ok().map(|data| (data.dev(), data.ino())),
            file: Some(BufWriter::new(file)),
            looked: Instant::now(),
            torn: false,
            failing: false,
            unflushed: 0,
            queued: Arc::clone(&queued),
            metrics: metrics.clone(),
        };
        std::thread::Builder::new().name("solgate-records".to_owned()).spawn(move || writer.run(&jobs))?;
        Ok(Self { queue, queued, metrics })
    }

    /// Keeps a decision until the request has ended, and what became of it is known;
    /// `None` if there is no room for it.
    #[must_use]
    pub fn hold(&self, gate: &Arc<Gate>, request: &Request, decision: &Decision) -> Option<HeldRecord> {
        let facts = decision.facts.iter().map(|fact| fact.answer.bytes());
        let head = request.headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let bytes = facts.chain(head).fold(request.body.len(), usize::saturating_add);
        let bytes = bytes.saturating_add(request.target.len());
        let before = self.queued.fetch_add(bytes, Ordering::Relaxed);
        // Without others, even the largest has room.
        if before != 0 && before.saturating_add(bytes) > QUEUE_BYTES {
            self.drop_one(bytes);
            return None;
        }
        let (gate, handling) = (Arc::clone(gate), Handling::default());
        let taken = Taken { handling, gate, request: request.clone(), decision: decision.clone(), bytes };
        Some(HeldRecord { file: self.clone(), taken: Box::new(taken) })
    }

    /// Counts a record of this number of bytes as dropped.
    fn drop_one(&self, bytes: usize) {
        self.queued.fetch_sub(bytes, Ordering::Relaxed);
        self.metrics.count(RecordOutcome::Dropped);
    }

    /// Waits until what is in the queue has been written, for a while.
    pub fn finish(&self) {
        let (end, ended) = sync_channel(1);
        let begun = Instant::now();
        let mut job = Job::End(end);
        while let Err(TrySendError::Full(back)) = self.queue.try_send(job) {
            if begun.elapsed() > LAST {
                break;
            }
            std::thread::sleep(Duration::from_millis(10));
            job = back;
        }
        if ended.recv_timeout(LAST.saturating_sub(begun.elapsed())).is_err() {
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
    /// Hands it over to be written, if there is room for it.
    pub fn offer(mut self, handling: Handling) {
        self.taken.handling = handling;
        let (file, bytes) = (self.file, self.taken.bytes);
        if file.queue.try_send(Job::Write(self.taken)).is_err() {
            file.drop_one(bytes);
        }
    }
}

struct Writer {
    path: PathBuf,
    bodies: Bodies,
    /// Device and inode, by which a file that was moved away is noticed.
    identity: Option<(u64, u64)>,
    file: Option<BufWriter<File>>,
    looked: Instant,
    /// The last line may be there in part.
    torn: bool,
    failing: bool,
    unflushed: u64,
    queued: Arc<AtomicUsize>,
    metrics: RecordMetrics,
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = jobs.try_recv().or_else(|_| {
                // Nobody waits for the next one, so this is the time to write.
                self.flush();
                jobs.recv()
            });
            let next = match job {
                Ok(Job::Write(next)) => next,
                Ok(Job::End(ended)) => {
                    self.flush();
                    let _ = ended.send(());
                    return;
                }
                Err(_) => break,
            };
            let mut line =
                record(next.handling, &next.gate, &next.request, &next.decision, self.bodies).line().into_bytes();
            line.push(b'\n');
            self.queued.fetch_sub(next.bytes, Ordering::Relaxed);
            self.look();
            self.write(&line);
        }
        self.flush();
    }

    /// Opens the file again if it was moved away, or could not be written.
    fn look(&mut self) {
        if self.file.is_some() && self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let there = std::fs::metadata(&self.path).ok().map(|data| (data.dev(), data.ino()));
        if self.file.is_some() && there.is_some() && there == self.identity {
            return;
        }
        self.flush();
        match open(&self.path) {
            Ok(file) => {
                let identity = file.metadata().ok().map(|data| (data.dev(), data.ino()));
                self.torn &= identity == self.identity;
                self.identity = identity;
                self.file = Some(BufWriter::new(file));
            }
            Err(error) => {
                self.file = None;
                self.fail(&error);
            }
        }
    }

    fn write(&mut self, line: &[u8]) {
        let Some(file) = &mut self.file else {
            return self.metrics.count(RecordOutcome::Failed);
        };
        // A line that was written in part must not swallow the next one.
        let start: &[u8] = if self.torn { b"\n" } else { b"" };
        match file.write_all(start).and_then(|()| file.write_all(line)) {
            Ok(()) => {
                self.torn = false;
                self.unflushed = self.unflushed.saturating_add(1);
            }
            Err(error) => {
                self.lose(1);
                self.fail(&error.into());
            }
        }
    }

    fn flush(&mut self) {
        let Some(file) = &mut self.file else { return };
        match file.flush() {
            Ok(()) => {
                self.metrics.count_many(RecordOutcome::Written, self.unflushed);
                if self.unflushed > 0 && std::mem::take(&mut self.failing) {
                    tracing::warn!(file = %self.path.display(), "decisions are recorded again");
                }
                self.unflushed = 0;
            }
            Err(error) => {
                self.lose(0);
                self.fail(&error.into());
            }
        }
    }

    /// Gives up what is in the buffer, and `more`.
    fn lose(&mut self, more: u64) {
        if let Some(file) = self.file.take() {
            // What is left in it would be written when it is dropped.
            let _ = file.into_parts();
        }
        self.torn = true;
        self.metrics.count_many(RecordOutcome::Failed, self.unflushed.saturating_add(more));
        self.unflushed = 0;
    }

    /// Says once that records are lost.
    fn fail(&mut self, error: &RecordFileError) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(file = %self.path.display(), %error, "decisions cannot be recorded; requests go on");
        }
    }
}

fn open(path: &Path) -> Result<File, RecordFileError> {
    // A pipe without a reader would hold up whoever opens it.
    if std::fs::metadata(path).is_ok_and(|data| !data.is_file()) {
        return Err(RecordFileError::NotRegular);
    }
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    fits(&file.metadata()?)?;
    Ok(file)
}

fn fits(data: &Metadata) -> Result<(), RecordFileError> {
    let mode = data.mode() & 0o777;
    match (data.is_file(), mode & 0o077) {
        (false, _) => Err(RecordFileError::NotRegular),
        (true, 0) => Ok(()),
        (true, _) => Err(RecordFileError::Readable { mode }),
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

    /// As with a disk that does not keep up: nobody takes what is in the queue.
    #[tokio::test]
    async fn what_does_not_fit_is_dropped_and_counted_at_once() {
        let gate = Arc::new(Gate::new(Vec::new(), Arc::new(MapFacts::default())));
        let request = |length: usize| {
            Request::from_http(http::Request::new(vec![b' '; length]), std::time::SystemTime::UNIX_EPOCH)
        };
        let small = request(1);
        let decision = gate.judge(&small).await;
        let mut registry = Registry::with_prefix("solgate");
        let metrics = record_metrics::register(&mut registry);
        let (queue, jobs) = sync_channel(2);
        let file = RecordFile { queue, queued: Arc::default(), metrics: metrics.clone() };
        for (id, length) in [("1", 1), ("2", QUEUE_BYTES), ("3", 1), ("4", 1)] {
            if let Some(held) = file.hold(&gate, &request(length), &decision) {
                held.offer(Handling { id: Some(id.to_owned()), ..Handling::default() });
            }
        }
        let taken: Vec<Option<String>> = jobs
            .try_iter()
            .map(|job| match job {
                Job::Write(taken) => taken.handling.id,
                Job::End(_) => None,
            })
            .collect();
        assert_eq!(taken, [Some("1".to_owned()), Some("3".to_owned())]);
        // Each with a body of one byte, and a target of one.
        assert_eq!(file.queued.load(Ordering::Relaxed), 4);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("solgate_decision_records_total{outcome=\"dropped\"} 2\n"), "{text}");
    }
}
