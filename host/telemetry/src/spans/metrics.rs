//! What is counted of spans.

use prometheus_client::registry::Registry;

use crate::outcome_counter::{Counted, OutcomeCounter};

/// What became of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanOutcome {
    /// The collector has it.
    Exported,
    /// There was no room for it in the queue.
    Dropped,
    /// The collector was not there, was too slow, or did not want it.
    Failed,
}

impl Counted for SpanOutcome {
    const ALL: &'static [Self] = &[Self::Exported, Self::Dropped, Self::Failed];

    fn name(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

/// The counters of spans.
pub type SpanMetrics = OutcomeCounter<SpanOutcome>;

/// Enters the counters into a registry.
pub fn register(registry: &mut Registry) -> SpanMetrics {
    OutcomeCounter::register(registry, "spans", "Spans for the collector by outcome")
}
