//! Writes lines to standard output or standard error, on a separate thread.
//!
//! Nobody waits for the reader of the lines, and under load many lines leave in one
//! write. Lines that a reader is too slow for, or that a full disk does not take, are
//! lost. They are counted, and a message says how many.

use std::io::{ErrorKind, Write};
use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use super::repeats::{Admitted, Repeats};

/// After a write: how long lines gather for the next one.
const GATHER: Duration = Duration::from_millis(2);
/// That lines are lost is said at most this often.
const TELL: Duration = Duration::from_secs(1);

/// What lines go to.
#[derive(Debug, Clone, Copy)]
pub struct Sink {
    /// Name of the thread that writes.
    pub thread: &'static str,
    /// Most bytes that wait to be written.
    pub queue: usize,
    /// Lines that were lost so far.
    pub lost: &'static AtomicU64,
    /// Who says that lines were lost.
    pub teller: Teller,
}

/// Says how many lines were lost.
#[derive(Debug, Clone, Copy)]
pub enum Teller {
    /// Somebody else, at once.
    Elsewhere(fn(u64)),
    /// A line like the others, once there is room again.
    Itself(fn(u64) -> String),
}

/// Takes lines, and writes them soon.
#[derive(Clone)]
pub struct LineWriter(Arc<Shared>);

struct Shared {
    sink: Sink,
    queue: Mutex<Queue>,
    /// The writer waits for lines, or [`finish`](LineWriter::finish) for the writer.
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    lines: Vec<u8>,
    repeats: Repeats,
    dropped: u64,
    /// The writer waits, and has to be told of a new line.
    waiting: bool,
    /// What was taken out of the queue has not been written yet.
    writing: bool,
}

impl LineWriter {
    /// Writes to `output`, whose writes must not be buffered.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(output: impl Write + Send + 'static, sink: Sink) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { sink, queue: Mutex::default(), changed: Condvar::new() });
        let writer = Arc::clone(&shared);
        std::thread::Builder::new().name(sink.thread.to_owned()).spawn(move || writer.run(output))?;
        Ok(Self(shared))
    }

    /// Takes a line, without its end, to be written.
    pub fn write(&self, line: &str) {
        let mut queue = self.0.lock();
        queue.push(&self.0.sink, line.as_bytes());
        self.0.wake(queue);
    }

    /// Takes a message, which gets the time before it. Of those that are the same one is
    /// written in a second, and says how many were left out.
    pub fn message(&self, text: &str) {
        let mut queue = self.0.lock();
        match queue.repeats.admit(text, Instant::now()) {
            Admitted::Written { left_out } => queue.push(&self.0.sink, stamped(text, left_out).as_bytes()),
            Admitted::LeftOut => {}
        }
        self.0.wake(queue);
    }

    /// Waits until what is in the queue has been written, but no longer than `limit`.
    /// Returns whether it has.
    pub fn finish(&self, limit: Duration) -> bool {
        let mut queue = self.0.lock();
        let Queue { lines, repeats, .. } = &mut *queue;
        repeats.rest(|text, left_out| add(lines, stamped(text, left_out).as_bytes()));
        self.0.changed.notify_all();
        let busy = |queue: &mut Queue| queue.writing || !queue.lines.is_empty();
        let waited = self.0.changed.wait_timeout_while(queue, limit, busy).unwrap_or_else(PoisonError::into_inner);
        !waited.1.timed_out()
    }
}

impl Queue {
    fn push(&mut self, sink: &Sink, line: &[u8]) {
        if self.lines.len().saturating_add(line.len()) < sink.queue {
            return add(&mut self.lines, line);
        }
        self.dropped = self.dropped.saturating_add(1);
        sink.lost.fetch_add(1, Ordering::Relaxed);
    }
}

fn add(lines: &mut Vec<u8>, line: &[u8]) {
    lines.extend_from_slice(line);
    lines.push(b'\n');
}

/// A message with the time, and how many of it were left out.
fn stamped(text: &str, left_out: u64) -> String {
    let time = humantime::format_rfc3339_micros(SystemTime::now());
    if left_out == 0 { format!("{time} {text}") } else { format!("{time} {text} left_out={left_out}") }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, mut queue: MutexGuard<'_, Queue>) {
        if mem::take(&mut queue.waiting) {
            drop(queue);
            self.changed.notify_all();
        }
    }

    fn run(&self, output: impl Write) {
        let mut output = Lines { output, torn: false };
        let mut lines = Vec::new();
        // Lost, and not said yet.
        let mut untold = 0_u64;
        let mut told = None;
        loop {
            let again = (untold > 0).then(|| next(told));
            untold = untold.saturating_add(self.take(&mut lines, again));
            // A reader that has gone away must not stop the gate.
            let lost = output.put(&lines);
            lines.clear();
            self.sink.lost.fetch_add(lost, Ordering::Relaxed);
            untold = untold.saturating_add(lost);
            if untold > 0 && next(told) <= Instant::now() {
                told = Some(Instant::now());
                let said = match self.sink.teller {
                    Teller::Elsewhere(tell) => {
                        tell(untold);
                        true
                    }
                    Teller::Itself(line) => {
                        let mut text = line(untold).into_bytes();
                        text.push(b'\n');
                        lost == 0 && output.put(&text) == 0
                    }
                };
                if said {
                    untold = 0;
                }
            }
            // To be woken for each line would cost more than to write it.
            std::thread::sleep(GATHER);
        }
    }

    /// Waits for lines, but not beyond `again`, and swaps them against the empty `lines`.
    /// Returns how many were dropped since the last time.
    fn take(&self, lines: &mut Vec<u8>, again: Option<Instant>) -> u64 {
        let mut queue = self.lock();
        if mem::take(&mut queue.writing) {
            self.changed.notify_all();
        }
        loop {
            let now = Instant::now();
            let Queue { lines, repeats, .. } = &mut *queue;
            let due = repeats.due(now, |text, left_out| add(lines, stamped(text, left_out).as_bytes()));
            if !queue.lines.is_empty() || again.is_some_and(|again| again <= now) {
                break;
            }
            queue.waiting = true;
            queue = match due.into_iter().chain(again).min() {
                None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(now);
                    self.changed.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        queue.waiting = false;
        queue.writing = true;
        mem::swap(&mut queue.lines, lines);
        mem::take(&mut queue.dropped)
    }
}

/// When it may be said again that lines are lost.
fn next(told: Option<Instant>) -> Instant {
    told.and_then(|told| told.checked_add(TELL)).unwrap_or_else(Instant::now)
}

/// An output that takes whole lines.
struct Lines<W> {
    output: W,
    /// The last line broke off, as a disk was full within it.
    torn: bool,
}

impl<W: Write> Lines<W> {
    /// Writes lines, and returns how many were lost.
    fn put(&mut self, lines: &[u8]) -> u64 {
        if lines.is_empty() || self.torn && self.write(b"\n").is_err() {
            return count(lines);
        }
        self.torn = false;
        let Err(rest) = self.write(lines) else { return 0 };
        let written = lines.len().saturating_sub(rest.len());
        self.torn = written.checked_sub(1).and_then(|last| lines.get(last)).is_some_and(|byte| *byte != b'\n');
        count(rest)
    }

    /// Writes bytes; an error has those that were not written.
    fn write<'a>(&mut self, bytes: &'a [u8]) -> Result<(), &'a [u8]> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.output.write(rest) {
                Ok(0) => return Err(rest),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Somebody who shares a pipe has set it so.
                Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(GATHER),
                Err(_) => return Err(rest),
            }
        }
        Ok(())
    }
}

fn count(lines: &[u8]) -> u64 {
    u64::try_from(memchr::memchr_iter(b'\n', lines).count()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    const QUEUE: usize = 1 << 20;
    const PATIENCE: Duration = Duration::from_secs(60);

    /// Takes a write only when it is told to, and perhaps fails it.
    struct Slow {
        go: Receiver<std::io::Result<usize>>,
        written: Sender<Vec<u8>>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let most = self.go.recv().unwrap_or(Ok(usize::MAX))?;
            let taken = &bytes[..most.min(bytes.len())];
            let _ = self.written.send(taken.to_owned());
            Ok(taken.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn slow(sink: Sink) -> (LineWriter, Sender<std::io::Result<usize>>, Receiver<Vec<u8>>) {
        let (go, told) = channel();
        let (written, writes) = channel();
        (LineWriter::start(Slow { go: told, written }, sink).unwrap(), go, writes)
    }

    #[test]
    fn nobody_waits_for_a_slow_reader_and_what_is_lost_is_counted() {
        static LOST: AtomicU64 = AtomicU64::new(0);
        static TOLD: AtomicU64 = AtomicU64::new(0);
        let teller = Teller::Elsewhere(|lost| TOLD.store(lost, Ordering::Relaxed));
        let (writer, go, writes) = slow(Sink { thread: "test", queue: QUEUE, lost: &LOST, teller });
        writer.write("first");
        while !writer.0.lock().writing {
            std::thread::yield_now();
        }
        let long = "x".repeat(QUEUE / 4);
        for _ in 0..5 {
            writer.write(&long);
        }
        writer.write("last");
        assert_eq!(LOST.load(Ordering::Relaxed), 2);
        assert!(!writer.finish(Duration::from_millis(1)), "it waits for a while only");
        drop(go);
        assert!(writer.finish(PATIENCE));
        let all: Vec<u8> = writes.try_iter().flatten().collect();
        let lines: Vec<&[u8]> = all.split(|byte| *byte == b'\n').collect();
        let lengths: Vec<usize> = lines.iter().map(|line| line.len()).collect();
        assert_eq!(lengths, [5, long.len(), long.len(), long.len(), 4, 0]);
        assert_eq!(TOLD.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_full_disk_loses_lines_and_tells_so_when_there_is_room() {
        static LOST: AtomicU64 = AtomicU64::new(0);
        let full = || Err(std::io::Error::from(ErrorKind::StorageFull));
        let teller = Teller::Itself(|lost| format!("{lost} lost"));
        let (writer, go, writes) = slow(Sink { thread: "test", queue: QUEUE, lost: &LOST, teller });
        writer.write("zero");
        while !writer.0.lock().writing {
            std::thread::yield_now();
        }
        // These two go together.
        writer.write("one");
        writer.write("two");
        for answer in [Ok(usize::MAX), Ok(3), full()] {
            go.send(answer).unwrap();
        }
        assert!(writer.finish(PATIENCE), "it was tried");
        assert_eq!(LOST.load(Ordering::Relaxed), 2, "the one of which a part was written is one of them");
        drop(go);
        writer.write("three");
        let mut text = String::new();
        while !(text.contains("three\n") && text.contains("2 lost\n")) {
            text += &String::from_utf8(writes.recv_timeout(PATIENCE).unwrap()).unwrap();
        }
        assert!(text.starts_with("zero\none\n"), "what follows a part of a line is on one of its own: {text}");
    }

    #[test]
    fn a_message_has_a_time_and_stands_for_others_like_it() {
        static LOST: AtomicU64 = AtomicU64::new(0);
        let teller = Teller::Elsewhere(|_| {});
        let (writer, go, writes) = slow(Sink { thread: "test", queue: QUEUE, lost: &LOST, teller });
        drop(go);
        for _ in 0..50 {
            writer.message(" WARN down");
        }
        assert!(writer.finish(PATIENCE));
        let all: Vec<u8> = writes.try_iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        let mut stood_for = 0;
        for line in text.lines() {
            let (time, message) = line.split_once(' ').unwrap();
            humantime::parse_rfc3339(time).unwrap();
            let others = message.strip_prefix(" WARN down").unwrap();
            stood_for += 1 + others.strip_prefix(" left_out=").map_or(0, |others| others.parse::<u64>().unwrap());
        }
        assert_eq!(stood_for, 50, "{text}");
    }
}
