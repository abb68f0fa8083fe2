//! Judges the lines of logs again, on all processors.
//!
//! One thread reads the lines in chunks, and others judge them. What comes out is put
//! together in the order of the lines. A log may be larger than memory: only so many chunks
//! are on their way.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use solgate::policy::Policy;
use solgate::record::Replay;
use tokio::runtime::Handle;

use super::{Findings, Log, NotCompared};
use crate::recorded::{self, LogError};

/// Lines, and bytes of lines, of one chunk.
const CHUNK: (usize, usize) = (64, 1 << 20);

/// Chunks that wait for a thread, for each of them.
const WAITING: usize = 4;

/// Some lines of one log.
struct Chunk {
    number: usize,
    log: Arc<str>,
    lines: Vec<(usize, Vec<u8>)>,
}

/// Judges all lines of the logs by these policies, one asked after the other, and gathers
/// what is found in the order of the lines. It blocks: a runtime's own threads must not call it.
///
/// # Errors
/// If a log cannot be read.
pub fn judge<F: Findings>(logs: &[Log<'_>], policies: &[Arc<Policy>], runtime: &Handle) -> Result<F, LogError> {
    judge_from(logs, policies, runtime, F::default)
}

/// The same, where what is found begins with what `start` makes, for each stretch of lines.
///
/// # Errors
/// As [`judge`].
pub fn judge_from<F: Findings>(
    logs: &[Log<'_>],
    policies: &[Arc<Policy>],
    runtime: &Handle,
    start: impl Fn() -> F + Sync,
) -> Result<F, LogError> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (chunks, waiting) = sync_channel(threads.saturating_mul(WAITING));
    let waiting = Mutex::new(waiting);
    let gathered = Mutex::new(Gathered { found: start(), next: 0, early: BTreeMap::new() });
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&waiting, policies, runtime, &gathered, &start));
        }
        let mut reading = Reading { chunks, number: 0 };
        logs.iter().try_for_each(|log| reading.read(log))
    })?;
    Ok(gathered.into_inner().unwrap_or_else(PoisonError::into_inner).found)
}

/// Cuts logs into chunks.
struct Reading {
    chunks: SyncSender<Chunk>,
    number: usize,
}

impl Reading {
    fn read(&mut self, log: &Log<'_>) -> Result<(), LogError> {
        let name = log.name();
        let (mut lines, mut bytes) = (Vec::new(), 0_usize);
        let each = |line: usize, text: &[u8]| {
            bytes = bytes.saturating_add(text.len());
            lines.push((line, text.to_vec()));
            if lines.len() >= CHUNK.0 || bytes >= CHUNK.1 {
                bytes = 0;
                self.send(&name, std::mem::take(&mut lines));
            }
        };
        match log {
            Log::File(path) => recorded::lines(path, each)?,
            Log::Text { name, bytes } => recorded::lines_of(*bytes, Path::new(name), each)?,
        }
        self.send(&name, lines);
        Ok(())
    }

    fn send(&mut self, log: &Arc<str>, lines: Vec<(usize, Vec<u8>)>) {
        if lines.is_empty() {
            return;
        }
        // The threads are there until this is dropped.
        let _ = self.chunks.send(Chunk { number: self.number, log: Arc::clone(log), lines });
        self.number = self.number.saturating_add(1);
    }
}

/// What has come out, in order as far as it is whole.
struct Gathered<F> {
    found: F,
    next: usize,
    early: BTreeMap<usize, F>,
}

impl<F: Findings> Gathered<F> {
    fn add(&mut self, number: usize, found: F) {
        self.early.insert(number, found);
        while let Some(found) = self.early.remove(&self.next) {
            self.found.append(found);
            self.next = self.next.saturating_add(1);
        }
    }
}

fn work<F: Findings>(
    waiting: &Mutex<Receiver<Chunk>>,
    policies: &[Arc<Policy>],
    runtime: &Handle,
    gathered: &Mutex<Gathered<F>>,
    start: &(impl Fn() -> F + Sync),
) {
    let mut replay = Replay::new(policies.to_vec());
    loop {
        let chunk = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Chunk { number, log, lines }) = chunk else { return };
        let mut found = start();
        for (line, bytes) in lines {
            let record = match recorded::record(&bytes) {
                Ok(record) => record,
                Err(reason) => {
                    found.not_compared(&log, line, None, &NotCompared::from(reason));
                    continue;
                }
            };
            match runtime.block_on(replay.judge(&record)) {
                Ok(now) => found.judged(&log, line, &record, &now),
                Err(reason) => found.not_compared(&log, line, Some(&record), &NotCompared::from(reason)),
            }
        }
        gathered.lock().unwrap_or_else(PoisonError::into_inner).add(number, found);
    }
}
