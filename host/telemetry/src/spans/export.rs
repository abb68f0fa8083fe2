//! Sends spans to the collector.
//!
//! A request never waits for the collector: what does not fit into the queue is dropped
//! and counted, and so is what the collector does not take. The processor of the
//! OpenTelemetry SDK would also drop spans, but does not tell how many.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanExporter as _, SpanProcessor};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use solgate_config::tracing::TracingConfig;
use solgate_files::CERTIFICATES;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout, timeout_at};
use tonic::transport::{Certificate, ClientTlsConfig};

use super::TracingError;
use super::metrics::{SpanMetrics, SpanOutcome};

/// Most spans that wait to be sent.
const QUEUE: usize = 4096;
/// Most spans of one message to the collector.
const BATCH: usize = 512;
/// How long spans gather for a message.
const GATHER: Duration = Duration::from_secs(1);

/// Where spans wait that have ended.
#[derive(Debug)]
pub struct Queue {
    spans: mpsc::Sender<SpanData>,
    metrics: SpanMetrics,
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if self.spans.try_send(span).is_err() {
            self.metrics.count(SpanOutcome::Dropped);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    /// [`Exporting::finish`] is what ends the export.
    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// The thread that sends spans, to those who end it.
pub struct Exporting(Mutex<Option<End>>);

struct End {
    stop: oneshot::Sender<()>,
    /// Nothing is sent any more.
    ended: oneshot::Receiver<()>,
}

impl Exporting {
    /// Starts the thread, and returns the queue that it sends from.
    ///
    /// # Errors
    /// As [`exporter`], or there is no thread to be had.
    pub fn start(
        config: &TracingConfig,
        resource: &Resource,
        metrics: SpanMetrics,
    ) -> Result<(Queue, Self), TracingError> {
        let failed = |reason: String| TracingError::Export { reason };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| failed(error.to_string()))?;
        let mut exporter = {
            // The connection is a task of this runtime.
            let _here = runtime.enter();
            exporter(config)?
        };
        exporter.set_resource(resource);
        let (spans, queued) = mpsc::channel(QUEUE);
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let sender = Sender { exporter, queued, metrics: metrics.clone(), failing: false };
        let work = move || {
            runtime.block_on(sender.run(stopped));
            // Nobody waits any more if the process was told to end at once.
            let _ = end.send(());
        };
        std::thread::Builder::new()
            .name("solgate-spans".to_owned())
            .spawn(work)
            .map_err(|error| failed(error.to_string()))?;
        Ok((Queue { spans, metrics }, Self(Mutex::new(Some(End { stop, ended })))))
    }

    /// Sends what is in the queue, for as long as `limit`, and nothing after that.
    pub async fn finish(&self, limit: Duration) {
        let Some(End { stop, ended }) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let _ = stop.send(());
        if timeout(limit, ended).await.is_err() {
            tracing::warn!("not all spans were sent");
        }
    }
}

/// What speaks to the collector, which need not be there. To be called in a runtime.
///
/// # Errors
/// The URL is not valid for a collector, or the certificates cannot be loaded.
pub fn exporter(config: &TracingConfig) -> Result<SpanExporter, TracingError> {
    let mut builder = SpanExporter::builder().with_tonic().with_endpoint(config.otlp.to_string());
    if config.is_https() {
        builder = builder.with_tls_config(tls(config.ca_file.as_deref())?);
    }
    builder.build().map_err(|error| TracingError::Export { reason: error.to_string() })
}

fn tls(ca_file: Option<&Path>) -> Result<ClientTlsConfig, TracingError> {
    let Some(path) = ca_file else { return Ok(ClientTlsConfig::new().with_native_roots()) };
    let bad = |reason: String| TracingError::Certificates { reason: format!("{}: {reason}", path.display()) };
    let pem = solgate_files::read(path, CERTIFICATES).map_err(|error| bad(error.to_string()))?;
    let mut certificates = CertificateDer::pem_slice_iter(&pem).peekable();
    if certificates.peek().is_none() {
        return Err(bad("it holds no PEM certificate".to_owned()));
    }
    for certificate in certificates {
        certificate.map_err(|error| bad(error.to_string()))?;
    }
    Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
}

struct Sender {
    exporter: SpanExporter,
    queued: mpsc::Receiver<SpanData>,
    metrics: SpanMetrics,
    failing: bool,
}

impl Sender {
    async fn run(mut self, stopped: oneshot::Receiver<()>) {
        let mut stopped = std::pin::pin!(stopped);
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                _ = &mut stopped => break,
                () = self.gather(&mut batch) => self.send(std::mem::take(&mut batch)).await,
            }
        }
        self.queued.close();
        // What had been gathered by then, and what is still in the queue.
        loop {
            self.send(std::mem::take(&mut batch)).await;
            if self.queued.recv_many(&mut batch, BATCH).await == 0 {
                return;
            }
        }
    }

    /// Waits for a span, and a little for more of them.
    async fn gather(&mut self, batch: &mut Vec<SpanData>) {
        self.queued.recv_many(batch, BATCH).await;
        let until = Instant::now().checked_add(GATHER).unwrap_or_else(Instant::now);
        while batch.len() < BATCH {
            let room = BATCH.saturating_sub(batch.len());
            match timeout_at(until, self.queued.recv_many(batch, room)).await {
                Ok(more) if more > 0 => {}
                _ => return,
            }
        }
    }

    async fn send(&mut self, batch: Vec<SpanData>) {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        if count == 0 {
            return;
        }
        match self.exporter.export(batch).await {
            Ok(()) => {
                self.metrics.count_many(SpanOutcome::Exported, count);
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the collector takes spans again");
                }
            }
            Err(error) => {
                self.metrics.count_many(SpanOutcome::Failed, count);
                // Once, until it works again.
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::warn!(%error, "spans are lost; requests go on");
                }
            }
        }
    }
}
