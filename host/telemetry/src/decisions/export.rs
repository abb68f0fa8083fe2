//! Sends log records to the collector.

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::AnyValue;
use opentelemetry_otlp::LogExporter;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter as _, SdkLogRecord};
use solgate_config::collector::CollectorPlace;

use crate::collector::sending::Exporter;
use crate::collector::{self, CollectorError, SERVICE};

/// About how much the attributes of a log record take.
const BESIDE_TEXT: usize = 1 << 10;

/// What speaks to the collector, which need not be there.
pub struct DecisionExporter {
    exporter: LogExporter,
    scope: InstrumentationScope,
}

impl DecisionExporter {
    /// To be called in a runtime.
    ///
    /// # Errors
    /// The URL is not valid for a collector, or the certificates cannot be loaded.
    pub fn new(collector: CollectorPlace<'_>) -> Result<Self, CollectorError> {
        let builder = collector::at(LogExporter::builder().with_tonic(), collector)?;
        let mut exporter = builder.build().map_err(|error| CollectorError::Export { reason: error.to_string() })?;
        exporter.set_resource(&collector::resource());
        Ok(Self { exporter, scope: InstrumentationScope::builder(SERVICE).build() })
    }
}

impl Exporter for DecisionExporter {
    type Item = SdkLogRecord;

    const WHAT: &'static str = "decisions for the collector";

    fn bytes(record: &SdkLogRecord) -> usize {
        let text = match record.body() {
            Some(AnyValue::String(text)) => text.as_str().len(),
            _ => 0,
        };
        text.saturating_add(BESIDE_TEXT)
    }

    async fn export(&self, batch: Vec<SdkLogRecord>) -> OTelSdkResult {
        let batch: Vec<_> = batch.iter().map(|record| (record, &self.scope)).collect();
        self.exporter.export(LogBatch::new(&batch)).await
    }
}
