//! Decision lines on their way to standard output, by a thread of its own.
//!
//! A request does not wait for whoever reads the lines, and under load many of
//! them leave in one write. What a reader is too slow for is dropped; that is
//! counted, and said on standard error.

use std::io::Write;
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most bytes that wait to be written.
const QUEUE_BYTES: usize = 16 << 20;
/// After a write: how long lines gather for the next one.
const GATHER: Duration = Duration::from_millis(2);
/// How long the end of the server waits for what is in the queue.
const LAST: Duration = Duration::from_secs(2);

/// Lines that were dropped by this process, which has one standard output.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// How many lines have been dropped so far.
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

/// Takes lines, and writes them soon.
#[derive(Clone)]
pub struct LineWriter(Arc<Shared>);

struct Shared {
    queue: Mutex<Queue>,
    /// The writer waits for lines, or [`finish`](LineWriter::finish) for the writer.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: Vec<u8>,
    dropped: u64,
    /// The writer waits, and has to be told of a new line.
    waiting: bool,
    /// What was taken out of the queue has not been written yet.
    writing: bool,
}

impl LineWriter {
    /// Writes to `output`.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(output: impl Write + Send + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), changed: Condvar::new() });
        let writer = Arc::clone(&shared);
        std::thread::Builder::new().name("solgate-lines".to_owned()).spawn(move || writer.run(output))?;
        Ok(Self(shared))
    }

    /// Takes a line, without its end, to be written.
    pub fn write(&self, line: &str) {
        let mut queue = self.0.lock();
        if queue.lines.len().saturating_add(line.len()) >= QUEUE_BYTES {
            queue.dropped = queue.dropped.saturating_add(1);
            DROPPED.fetch_add(1, Ordering::Relaxed);
            return;
        }
        queue.lines.extend_from_slice(line.as_bytes());
        queue.lines.push(b'\n');
        if mem::take(&mut queue.waiting) {
            drop(queue);
            self.0.changed.notify_all();
        }
    }

    /// Waits until what is in the queue has been written, for a while.
    pub fn finish(&self) {
        let queue = self.0.lock();
        let busy = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        let waited = self.0.changed.wait_timeout_while(queue, LAST, busy).unwrap_or_else(PoisonError::into_inner);
        if waited.1.timed_out() {
            tracing::warn!("the decision lines were not written to their end");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut output: impl Write) {
        let mut lines = Vec::new();
        loop {
            let dropped = self.take(&mut lines);
            // A reader that has gone away must not stop the gate.
            let _ = output.write_all(&lines).and_then(|()| output.flush());
            lines.clear();
            if dropped > 0 {
                tracing::error!(lines = dropped, "decision lines were dropped; their reader is too slow");
            }
            // To be woken for each line would cost more than to write it.
            std::thread::sleep(GATHER);
        }
    }

    /// Waits for lines, and swaps them against the empty `lines`. Returns how
    /// many were dropped since the last time.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut queue = self.lock();
        if mem::take(&mut queue.writing) {
            self.changed.notify_all();
        }
        while queue.lines.is_empty() {
            queue.waiting = true;
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.waiting = false;
        queue.writing = true;
        mem::swap(&mut queue.lines, lines);
        mem::take(&mut queue.dropped)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Takes a write only when it is told to.
    struct Slow {
        go: Receiver<()>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.go.recv();
            let _ = self.written.send(bytes.to_owned());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn nobody_waits_for_a_slow_reader_and_what_is_lost_is_counted() {
        let (go, told) = channel();
        let (written, writes) = channel();
        let writer = LineWriter::start(Slow { go: told, written }).unwrap();
        writer.write("first");
        while !writer.0.lock().writing {
            std::thread::yield_now();
        }
        let long = "x".repeat(QUEUE_BYTES / 4);
        for _ in 0..5 {
            writer.write(&long);
        }
        writer.write("last");
        assert_eq!(dropped(), 2);
        drop(go);
        writer.finish();
        let all: Vec<u8> = writes.try_iter().flatten().collect();
        let lines: Vec<&[u8]> = all.split(|byte| *byte == b'\n').collect();
        let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
        assert_eq!(lengths, [5, long.len(), long.len(), long.len(), 4, 0]);
    }
}
