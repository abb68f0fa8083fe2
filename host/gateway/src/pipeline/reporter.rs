//! Where requests are reported to.

use std::sync::Arc;

use solgate_config::LogFormat;
use solgate_telemetry::decisions::Decisions;
use solgate_telemetry::record_file::RecordFile;
use solgate_telemetry::spans::Spans;

use crate::metrics::Metrics;

/// What the exchanges of a door report to.
#[derive(Clone)]
pub struct Reporter {
    pub metrics: Arc<Metrics>,
    pub log: LogFormat,
    pub records: Option<Arc<RecordFile>>,
    pub decisions: Option<Arc<Decisions>>,
    pub spans: Option<Arc<Spans>>,
}
