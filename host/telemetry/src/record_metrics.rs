//! What is counted of records of decisions.

use prometheus_client::registry::Registry;

use crate::outcome_counter::{Counted, OutcomeCounter};

/// What became of the record of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordOutcome {
    Written,
    /// Written without fields, facts and body, for which there was no room.
    Partial,
    /// There was no room for it.
    Dropped,
    /// The file could not be written.
    Failed,
}

impl Counted for RecordOutcome {
    const ALL: &'static [Self] = &[Self::Written, Self::Partial, Self::Dropped, Self::Failed];

    fn name(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Partial => "partial",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

/// The counters of records.
pub type RecordMetrics = OutcomeCounter<RecordOutcome>;

/// Enters the counters into a registry.
pub fn register(registry: &mut Registry) -> RecordMetrics {
    OutcomeCounter::register(registry, "decision_records", "Records for the decision log by outcome")
}
