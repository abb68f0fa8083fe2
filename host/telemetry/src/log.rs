//! Decisions go to standard output, other messages to standard error. Nothing here
//! waits for the readers, or ends when they do.

use std::fs::File;
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::level;
use super::line::{self, TARGET};
use super::line_writer::{LineWriter, Sink, Teller};

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("cannot write to standard output or standard error: {0}")]
    Outputs(std::io::Error),
    #[error("{variable}: {0}", variable = level::VARIABLE)]
    Level(#[from] level::LevelError),
}

/// How long the end of the process waits for each of the outputs.
const LAST: Duration = Duration::from_secs(2);

static LINES_LOST: AtomicU64 = AtomicU64::new(0);
static MESSAGES_LOST: AtomicU64 = AtomicU64::new(0);

const LINES: Sink = Sink {
    thread: "solgate-lines",
    queue: 16 << 20,
    lost: &LINES_LOST,
    teller: Teller::Elsewhere(|lost| {
        tracing::error!(lines = lost, "decision lines were dropped: their reader is too slow, or the disk is full");
    }),
};

const MESSAGES: Sink = Sink {
    thread: "solgate-messages",
    queue: 1 << 20,
    lost: &MESSAGES_LOST,
    teller: Teller::Itself(|lost| {
        format!("solgate: {lost} messages were dropped: the reader of standard error was too slow, or the disk full")
    }),
};

/// Of this process, which has one standard output and one standard error.
static OUTPUTS: OnceLock<Outputs> = OnceLock::new();

struct Outputs {
    lines: LineWriter,
    messages: LineWriter,
}

/// Sends the decision lines of this process to standard output, and messages of the
/// [level](super::level) in use to standard error.
///
/// # Errors
/// There are no threads to be had, the outputs cannot be used, or the level is none.
pub fn start() -> Result<(), LogError> {
    let level = level::filter()?;
    // Unbuffered, and not behind the locks of the standard library.
    let own = |output: std::io::Result<_>| output.map(File::from).map_err(LogError::Outputs);
    let lines = own(std::io::stdout().as_fd().try_clone_to_owned())?;
    let messages = own(std::io::stderr().as_fd().try_clone_to_owned())?;
    let lines = LineWriter::start(lines, LINES).map_err(LogError::Outputs)?;
    let messages = LineWriter::start(messages, MESSAGES).map_err(LogError::Outputs)?;
    if OUTPUTS.set(Outputs { lines: lines.clone(), messages: messages.clone() }).is_err() {
        return Ok(());
    }
    // That of the standard library waits for whoever reads standard error.
    std::panic::set_hook(Box::new(|panic| say(&format!("solgate: {panic}"))));
    let messages = tracing_subscriber::fmt::layer()
        .with_writer(Messages(messages))
        .with_target(false)
        .without_time()
        .log_internal_errors(false);
    let decisions = filter_fn(|metadata| metadata.target() == TARGET);
    // An embedding program may have a subscriber of its own.
    let _ = tracing_subscriber::registry()
        .with(messages.with_filter(level.and(decisions.clone().not())))
        .with(line::layer(lines).with_filter(decisions))
        .try_init();
    Ok(())
}

/// Says something to the person who runs the process, on standard error. Where
/// [`start`] was called, nothing waits for it.
pub fn say(text: &str) {
    match OUTPUTS.get() {
        Some(outputs) => outputs.messages.write(text),
        None => {
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }
}

/// The same on standard output, among the decision lines.
pub fn print(text: &str) {
    match OUTPUTS.get() {
        Some(outputs) => outputs.lines.write(text),
        None => {
            let _ = writeln!(anstream::stdout(), "{text}");
        }
    }
}

/// Waits until what was said is written, for a while. Before the process ends.
pub fn finish() {
    finish_within(LAST);
}

/// The same, for as long as `limit` for each of the outputs.
pub fn finish_within(limit: Duration) {
    if let Some(Outputs { lines, messages }) = OUTPUTS.get() {
        if !lines.finish(limit) {
            tracing::warn!("not all decision lines were written");
        }
        messages.finish(limit);
    }
}

/// What the outputs of this process did not take.
#[derive(Debug, Clone, Default)]
pub struct OutputMetrics {
    lines_dropped: Counter,
    messages_dropped: Counter,
}

impl OutputMetrics {
    /// Enters the counters into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let Self { lines_dropped, messages_dropped } = Self::default();
        let help = "Decision lines that could not be written to standard output";
        registry.register("decision_lines_dropped", help, lines_dropped.clone());
        let help = "Messages that could not be written to standard error";
        registry.register("messages_dropped", help, messages_dropped.clone());
        Self { lines_dropped, messages_dropped }
    }

    /// Sets them to what has been lost so far.
    pub fn take(&self) {
        self.lines_dropped.inner().store(LINES_LOST.load(Ordering::Relaxed), Ordering::Relaxed);
        self.messages_dropped.inner().store(MESSAGES_LOST.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Takes the messages of `tracing`, each in one piece.
struct Messages(LineWriter);

impl<'a> MakeWriter<'a> for Messages {
    type Writer = Message<'a>;

    fn make_writer(&'a self) -> Message<'a> {
        Message(&self.0)
    }
}

struct Message<'a>(&'a LineWriter);

impl Write for Message<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.message(String::from_utf8_lossy(bytes).trim_end_matches('\n'));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
