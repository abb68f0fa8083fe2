//! SIGTERM and SIGINT, and the time that is left after them.

use std::future::Future;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use solgate_telemetry::log;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::error::GatewayError;

/// For what is still to be said when the process ends at once.
const AT_ONCE: Duration = Duration::from_millis(100);

/// Ready at the first SIGTERM or SIGINT. A second one ends the process at once.
///
/// # Errors
/// The handlers cannot be installed.
pub fn signals() -> Result<impl Future<Output = ()>, GatewayError> {
    let mut term = signal(SignalKind::terminate()).map_err(GatewayError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(GatewayError::Signals)?;
    Ok(async move {
        next(&mut term, &mut interrupt).await;
        tokio::spawn(async move {
            next(&mut term, &mut interrupt).await;
            log::say("solgate: stopped at once");
            log::finish_within(AT_ONCE);
            std::process::exit(130);
        });
    })
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

async fn next(term: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}
