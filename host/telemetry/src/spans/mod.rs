//! Spans of requests, for an OpenTelemetry collector.
//!
//! [`Spans`] exist only if a collector is configured. A [`RequestSpan`] follows one
//! request, with children for its turn, its evaluations, its facts and the VNFM. They
//! hold no query, no body and no header field. [`export`] sends them on a separate
//! thread.

mod export;
mod facts;
mod remote;
mod request;

use std::time::{Duration, Instant, SystemTime};

use http::HeaderMap;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use solgate_config::tracing::TracingConfig;

use self::export::EndedSpans;
pub use self::request::{RequestSpan, UpstreamSpan};
use crate::collector::sending::Sending;
use crate::collector::{self, CollectorError, ExportMetrics, SERVICE};

/// Makes spans and sends them to a collector.
pub struct Spans {
    tracer: SdkTracer,
    sending: Sending,
}

/// Checks what a configuration says without sending anything. To be called in a runtime.
///
/// # Errors
/// The URL is not valid for a collector, or the certificates cannot be loaded.
pub fn check(config: Option<&TracingConfig>) -> Result<(), CollectorError> {
    config.map_or(Ok(()), |config| export::exporter(config).map(drop))
}

impl Spans {
    /// Starts with what a configuration says, which may be nothing. The collector need
    /// not be there.
    ///
    /// # Errors
    /// As [`check`], or there is no thread to be had.
    pub fn start(config: Option<&TracingConfig>, metrics: &ExportMetrics) -> Result<Option<Self>, CollectorError> {
        let Some(config) = config else { return Ok(None) };
        let (queue, sending) = Sending::start("solgate-spans", || export::exporter(config), metrics.clone())?;
        // A caller that has chosen is followed: half a trace is of little use.
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(config.sample)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(EndedSpans(queue))
            .with_sampler(sampler)
            .with_resource(collector::resource())
            .build();
        Ok(Some(Self { tracer: provider.tracer(SERVICE), sending }))
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
        self.sending.finish(limit).await;
    }
}
