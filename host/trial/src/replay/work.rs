//! Judges the lines of logs again, on all processors.
//!
//! One thread reads the lines in chunks, and others judge them. What comes out is put
//! together in the order of the lines. A log may be larger than memory: only so many chunks
//! are on their way.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use solgate::policy::Policy;
use solgate::record::{Record, RecordedVerdict, Replay};
use tokio::runtime::Handle;

use super::NotCompared;
use super::report::Report;
use crate::commands::recorded::{self, Unreadable};

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

/// Judges all lines of the logs, which have these names.
///
/// # Errors
/// A log cannot be read.
pub fn judge(
    logs: &[PathBuf],
    names: &[Arc<str>],
    policies: &[Arc<Policy>],
    runtime: &Handle,
) -> anyhow::Result<Report> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let (chunks, waiting) = sync_channel(threads.saturating_mul(WAITING));
    let waiting = Mutex::new(waiting);
    let gathered = Mutex::new(Gathered::default());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| work(&waiting, policies, runtime, &gathered));
        }
        let mut reading = Reading { chunks, number: 0 };
        logs.iter().zip(names).try_for_each(|(log, name)| reading.read(log, name))
    })?;
    Ok(gathered.into_inner().unwrap_or_else(PoisonError::into_inner).report)
}

/// Cuts logs into chunks.
struct Reading {
    chunks: SyncSender<Chunk>,
    number: usize,
}

impl Reading {
    fn read(&mut self, path: &std::path::Path, name: &Arc<str>) -> anyhow::Result<()> {
        let (mut lines, mut bytes) = (Vec::new(), 0_usize);
        recorded::lines(path, |line, text| {
            bytes = bytes.saturating_add(text.len());
            lines.push((line, text.to_vec()));
            if lines.len() >= CHUNK.0 || bytes >= CHUNK.1 {
                bytes = 0;
                self.send(name, std::mem::take(&mut lines));
            }
        })?;
        self.send(name, lines);
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
#[derive(Default)]
struct Gathered {
    report: Report,
    next: usize,
    early: BTreeMap<usize, Report>,
}

impl Gathered {
    fn add(&mut self, number: usize, report: Report) {
        self.early.insert(number, report);
        while let Some(report) = self.early.remove(&self.next) {
            self.report.append(report);
            self.next = self.next.saturating_add(1);
        }
    }
}

fn work(waiting: &Mutex<Receiver<Chunk>>, policies: &[Arc<Policy>], runtime: &Handle, gathered: &Mutex<Gathered>) {
    let mut replay = Replay::new(policies.to_vec());
    loop {
        let chunk = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Chunk { number, log, lines }) = chunk else { return };
        let mut report = Report::default();
        for (line, bytes) in lines {
            match again(&mut replay, &bytes, runtime) {
                Ok((record, now)) if now.tells_the_same_as(&record.verdict) => {
                    report.same = report.same.saturating_add(1);
                }
                Ok((record, now)) => report.differs(&log, line, &record, &now),
                Err(reason) => report.not_compared(&log, line, &reason),
            }
        }
        gathered.lock().unwrap_or_else(PoisonError::into_inner).add(number, report);
    }
}

fn again(replay: &mut Replay, line: &[u8], runtime: &Handle) -> Result<(Record, RecordedVerdict), NotCompared> {
    let text = std::str::from_utf8(line).map_err(|_| Unreadable::NotUtf8)?;
    let record = Record::parse(text).map_err(Unreadable::from)?;
    let now = runtime.block_on(replay.judge(&record))?;
    Ok((record, now))
}
