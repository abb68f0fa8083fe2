//! Decisions to standard output, the rest to standard error.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::decision_log::{self, TARGET};
use super::line_writer::LineWriter;

/// Sends the decision lines of this process to `lines`, and messages at the level
/// of `SOLGATE_LOG` to standard error.
pub fn init(lines: LineWriter) {
    let level = EnvFilter::try_from_env("SOLGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let messages = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let decisions = filter_fn(|metadata| metadata.target() == TARGET);
    // An embedding program may have a subscriber of its own.
    let _ = tracing_subscriber::registry()
        .with(messages.with_filter(level.and(decisions.clone().not())))
        .with(decision_log::layer(lines).with_filter(decisions))
        .try_init();
}
