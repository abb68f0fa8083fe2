//! The thread that writes records into their file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use solgate::record::Record;
use solgate_config::record::RecordConfig;

use super::link::Chain;
use super::place::{self, Identity};
use super::room::Room;
use super::{Content, Job, NO_ROOM, RecordFileError, Taken};
use crate::record_metrics::{RecordMetrics, RecordOutcome};

/// How often the file is looked at: it may have been moved away to be rotated.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    path: PathBuf,
    identity: Option<Identity>,
    file: Option<BufWriter<File>>,
    looked: Instant,
    /// The last line may be there in part.
    torn: bool,
    failing: bool,
    /// In the buffer: whole records, and those in part.
    unflushed: (u64, u64),
    /// Whether records are to be a chain.
    chained: bool,
    /// Begins with a record that can be written.
    chain: Option<Chain>,
    /// Records that could not be written, since the last one that was.
    lost: u64,
    room: Arc<Room>,
    metrics: RecordMetrics,
}

impl Writer {
    pub(super) fn open(
        config: &RecordConfig,
        room: Arc<Room>,
        metrics: RecordMetrics,
    ) -> Result<Self, RecordFileError> {
        let mut writer = Self {
            path: config.file.clone(),
            identity: None,
            file: None,
            looked: Instant::now(),
            torn: false,
            failing: false,
            unflushed: (0, 0),
            chained: config.chain,
            chain: None,
            lost: 0,
            room,
            metrics,
        };
        writer.reopen()?;
        Ok(writer)
    }

    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = jobs.try_recv().or_else(|_| {
                // Nobody waits for the next one, so this is the time to write.
                self.flush();
                jobs.recv()
            });
            match job {
                Ok(Job::Write(taken)) => {
                    self.look();
                    self.record(*taken);
                }
                Ok(Job::Chain(chained)) => {
                    (self.chained, self.chain) = (chained, None);
                    // What was lost before is no gap in it.
                    (self.lost, _) = (0, self.room.turned_away());
                }
                Ok(Job::End(ended)) => {
                    self.flush();
                    let _ = ended.send(());
                    return;
                }
                Err(_) => break,
            }
        }
        self.flush();
    }

    fn record(&mut self, taken: Taken) {
        let Taken { content, also, handling, config, share } = taken;
        let mut record = match content {
            // To look through a large body for secrets may take a second.
            Content::Whole(decided) if share.is_large() && self.room.is_crowded() => {
                let mut record = decided.partial_record(NO_ROOM, &config.names);
                handling.complete(&mut record);
                record
            }
            Content::Whole(decided) => decided.record(handling, &config.names),
            Content::Record(mut record) => {
                handling.complete(&mut record);
                *record
            }
        };
        if self.file.is_none() {
            self.lost = self.lost.saturating_add(1);
            self.metrics.count(RecordOutcome::Failed);
            return also.into_iter().for_each(|also| also(&record.line()));
        }
        if self.chained {
            self.link(&mut record);
        }
        let line = record.line();
        also.into_iter().for_each(|also| also(&line));
        let mut line = line.into_bytes();
        if let Some(chain) = &mut self.chain {
            chain.written(&line);
        }
        line.push(b'\n');
        self.write(&line, record.partial.is_none());
    }

    /// Gives a record its place in the chain.
    fn link(&mut self, record: &mut Record) {
        if self.chain.is_none() {
            // What is in the buffer comes before it.
            self.flush();
            let Some(file) = &self.file else { return };
            self.chain = Some(Chain::begin(&self.path, file.get_ref()));
        }
        let lost = std::mem::take(&mut self.lost).saturating_add(self.room.turned_away());
        record.chain = self.chain.as_ref().map(|chain| chain.next(lost));
    }

    /// Opens the file again if it was moved away, or could not be written.
    fn look(&mut self) {
        if self.file.is_some() && self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let there = place::identity_at(&self.path);
        if self.file.is_some() && there.is_some() && there == self.identity {
            return;
        }
        self.flush();
        if let Err(error) = self.reopen() {
            self.file = None;
            self.fail(&error);
        }
    }

    fn reopen(&mut self) -> Result<(), RecordFileError> {
        let file = place::open(&self.path)?;
        self.identity = Some(place::identity(&file.metadata()?));
        // By whomever it was cut.
        self.torn = place::tail(&file)?.torn;
        self.file = Some(BufWriter::new(file));
        Ok(())
    }

    fn write(&mut self, line: &[u8], whole: bool) {
        let Some(file) = &mut self.file else { return };
        // A line that was written in part must not swallow the next one.
        let start: &[u8] = if self.torn { b"\n" } else { b"" };
        match file.write_all(start).and_then(|()| file.write_all(line)) {
            Ok(()) => {
                self.torn = false;
                let count = if whole { &mut self.unflushed.0 } else { &mut self.unflushed.1 };
                *count = count.saturating_add(1);
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
                let (whole, partial) = std::mem::take(&mut self.unflushed);
                self.metrics.count_many(RecordOutcome::Written, whole);
                self.metrics.count_many(RecordOutcome::Partial, partial);
                if whole.saturating_add(partial) > 0 && std::mem::take(&mut self.failing) {
                    tracing::warn!(file = %self.path.display(), "decisions are recorded again");
                }
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
        // Nobody knows how much of it is in the file: another chain begins after that.
        self.chain = None;
        let (whole, partial) = std::mem::take(&mut self.unflushed);
        let lost = whole.saturating_add(partial).saturating_add(more);
        self.lost = self.lost.saturating_add(lost);
        self.metrics.count_many(RecordOutcome::Failed, lost);
    }

    /// Says once that records are lost.
    fn fail(&mut self, error: &RecordFileError) {
        if !std::mem::replace(&mut self.failing, true) {
            tracing::error!(file = %self.path.display(), %error, "decisions cannot be recorded; requests go on");
        }
    }
}
