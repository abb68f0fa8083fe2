//! Sends spans to the collector.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use solgate_config::tracing::TracingConfig;

use crate::collector::sending::{Exporter, Queue};
use crate::collector::{self, CollectorError};

impl Exporter for SpanExporter {
    type Item = SpanData;

    const WHAT: &'static str = "spans";

    /// A span is small: their number is bounded.
    fn bytes(_: &SpanData) -> usize {
        0
    }

    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        opentelemetry_sdk::trace::SpanExporter::export(self, batch).await
    }
}

/// Where spans wait that have ended.
#[derive(Debug)]
pub struct EndedSpans(pub Queue<SpanExporter>);

impl SpanProcessor for EndedSpans {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.push(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    /// [`Sending::finish`](crate::collector::sending::Sending::finish) is what ends the export.
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// What speaks to the collector, which need not be there. To be called in a runtime.
///
/// # Errors
/// The URL is not valid for a collector, or the certificates cannot be loaded.
pub fn exporter(config: &TracingConfig) -> Result<SpanExporter, CollectorError> {
    let builder = collector::at(SpanExporter::builder().with_tonic(), config.collector())?;
    let mut exporter = builder.build().map_err(|error| CollectorError::Export { reason: error.to_string() })?;
    exporter.set_resource(&collector::resource());
    Ok(exporter)
}
