//! The signals that end a door, those that do not, and the time that is left to it.

use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use solgate_telemetry::log;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::GatewayError;

/// For what is still to be said when the process ends at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Signals that scripts send to other servers, for whom they mean to open log files again
/// or to show their state. Without a handler they would end the process.
fn ignored() -> [(&'static str, SignalKind); 3] {
    let (one, two) = (SignalKind::user_defined1(), SignalKind::user_defined2());
    [("SIGUSR1", one), ("SIGUSR2", two), ("SIGALRM", SignalKind::alarm())]
}

/// Ready at the first SIGTERM, SIGINT or SIGQUIT. A second one ends the process at once.
/// To be called in a runtime.
///
/// # Errors
/// The handlers cannot be installed.
pub fn signals() -> Result<impl Future<Output = ()>, GatewayError> {
    let taken = |kind| signal(kind).map_err(GatewayError::Signals);
    let mut ending = Ending {
        term: taken(SignalKind::terminate())?,
        interrupt: taken(SignalKind::interrupt())?,
        quit: taken(SignalKind::quit())?,
    };
    for (name, kind) in ignored() {
        tokio::spawn(ignore(name, taken(kind)?));
    }
    Ok(async move {
        next(&mut ending).await;
        tokio::spawn(async move {
            next(&mut ending).await;
            log::say("solgate: stopped at once");
            log::finish_within(AT_ONCE);
            std::process::exit(130);
        });
    })
}

/// The signals that end a door.
struct Ending {
    term: Signal,
    interrupt: Signal,
    quit: Signal,
}

/// The time that a server has to end in good order.
pub struct Drain {
    limit: Duration,
    since: OnceLock<Instant>,
}

impl Drain {
    /// `limit` from when it [begins](Self::begin).
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        Self { limit, since: OnceLock::new() }
    }

    /// It counts from here on.
    pub fn begin(&self) {
        self.since.get_or_init(Instant::now);
    }

    /// What is left of it.
    #[must_use]
    pub fn left(&self) -> Duration {
        self.limit.saturating_sub(self.since.get().map(Instant::elapsed).unwrap_or_default())
    }
}

async fn next(Ending { term, interrupt, quit }: &mut Ending) {
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
        _ = quit.recv() => {}
    }
}

async fn ignore(name: &str, mut signal: Signal) {
    while signal.recv().await.is_some() {
        tracing::warn!(
            signal = name,
            "the signal has no effect; a log file that was moved is opened again without it, and SIGHUP reads policies and configuration again"
        );
    }
}
