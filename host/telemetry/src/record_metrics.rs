//! What is counted of records of decisions.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RecordLabels {
    outcome: &'static str,
}

/// What became of the record of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordOutcome {
    Written,
    /// There was no room for it in the queue.
    Dropped,
    /// The file could not be written.
    Failed,
}

impl RecordOutcome {
    fn labels(self) -> RecordLabels {
        let outcome = match self {
            Self::Written => "written",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        };
        RecordLabels { outcome }
    }
}

/// The counters of records.
#[derive(Debug, Clone, Default)]
pub struct RecordMetrics {
    records: Family<RecordLabels, Counter>,
}

impl RecordMetrics {
    /// Enters the counters into a registry.
    pub fn register(registry: &mut Registry) -> Self {
        let records = Family::<RecordLabels, Counter>::default();
        registry.register("decision_records", "Records for the decision log by what became of them", records.clone());
        for outcome in [RecordOutcome::Written, RecordOutcome::Dropped, RecordOutcome::Failed] {
            // An alert on an increase needs a zero to begin with.
            drop(records.get_or_create(&outcome.labels()));
        }
        Self { records }
    }

    /// Counts records.
    pub fn count(&self, outcome: RecordOutcome, count: u64) {
        if count > 0 {
            self.records.get_or_create(&outcome.labels()).inc_by(count);
        }
    }
}
