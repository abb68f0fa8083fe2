//! What is counted of that which is sent to a collector.

use prometheus_client::registry::Registry;

use crate::outcome_counter::{Counted, OutcomeCounter};

/// What became of something that the collector should get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportOutcome {
    /// The collector has it.
    Exported,
    /// There was no room for it in the queue.
    Dropped,
    /// The collector was not there, was too slow, or did not want it.
    Failed,
}

impl Counted for ExportOutcome {
    const ALL: &'static [Self] = &[Self::Exported, Self::Dropped, Self::Failed];

    fn name(self) -> &'static str {
        match self {
            Self::Exported => "exported",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

/// The counters of one kind of things that are sent.
pub type ExportMetrics = OutcomeCounter<ExportOutcome>;

/// Enters the counters of spans into a registry.
pub fn register_spans(registry: &mut Registry) -> ExportMetrics {
    OutcomeCounter::register(registry, "spans", "Spans for the collector by outcome")
}

/// Enters the counters of lines and records into a registry.
pub fn register_decisions(registry: &mut Registry) -> ExportMetrics {
    let help = "Lines and records of decisions for the collector by outcome";
    OutcomeCounter::register(registry, "decision_exports", help)
}
