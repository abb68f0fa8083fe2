//! Spans of requests, for an OpenTelemetry collector.
//!
//! [`Spans`] exist only if a collector is configured. A [`RequestSpan`] follows one
//! request, with children for its turn, its evaluations, its facts and the VNFM. They
//! hold no query, no body and no header field. [`export`] sends them on a separate
//! thread.

mod export;
mod facts;
mod metrics;
mod remote;
mod request;

use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use solgate_config::tracing::TracingConfig;

use self::export::Exporting;
pub use self::metrics::{SpanMetrics, register};
pub use self::request::{RequestSpan, UpstreamSpan};

/// The name of the service if `OTEL_SERVICE_NAME` gives none.
const SERVICE: &str = "solgate";

/// Why spans cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum TracingError {
    #[error("cannot export spans: {reason}")]
    Export { reason: String },
    #[error("cannot use certificates: {reason}")]
    Certificates { reason: String },
}

/// Makes spans and sends them to a collector.
pub struct Spans {
    tracer: SdkTracer,
    exporting: Exporting,
}

/// Checks what a configuration says without sending anything. To be called in a runtime.
///
/// # Errors
/// The URL is not valid for a collector, or the certificates cannot be loaded.
pub fn check(config: Option<&TracingConfig>) -> Result<(), TracingError> {
    config.map_or(Ok(()), |config| export::exporter(config).map(drop))
}

impl Spans {
    /// Starts with what a configuration says, which may be nothing. The collector need
    /// not be there.
    ///
    /// # Errors
    /// As [`check`], or there is no thread to be had.
    pub fn start(config: Option<&TracingConfig>, metrics: &SpanMetrics) -> Result<Option<Self>, TracingError> {
        let Some(config) = config else { return Ok(None) };
        let resource = resource();
        let (queue, exporting) = Exporting::start(config, &resource, metrics.clone())?;
        // A caller that has chosen is followed: half a trace is of little use.
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(queue)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        Ok(Some(Self { tracer: provider.tracer(SERVICE), exporting }))
    }

    /// The span of a request with these fields, whose head was complete at `at`, which
    /// was `received_at` by the clock.
    #[must_use]
    pub fn request(&self, headers: &HeaderMap, received_at: SystemTime, at: Instant) -> RequestSpan {
        RequestSpan::new(&self.tracer, headers, received_at, at)
    }

    /// Sends what is still to be sent, for as long as `limit`. No request may be under
    /// way any more.
    pub async fn finish(&self, limit: Duration) {
        self.exporting.finish(limit).await;
    }
}

/// What `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` say, and what they leave open.
fn resource() -> Resource {
    let builder = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    let says = |variable: &str| std::env::var(variable).unwrap_or_default();
    let named = !says("OTEL_SERVICE_NAME").is_empty() || says("OTEL_RESOURCE_ATTRIBUTES").contains("service.name=");
    if named { builder.build() } else { builder.with_service_name(SERVICE).build() }
}
