//! Decisions for an OpenTelemetry collector: lines and records, as log records.
//!
//! The text of each is the one that is written: a [line](crate::line) in JSON, a record as
//! its [file](crate::record_file) has it, so what is a secret there is one here. Beside
//! the text are a severity, the attributes of the request's span, and the span itself.

mod export;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::{SpanId, TraceFlags, TraceId, Value};
use opentelemetry_sdk::logs::{SdkLogRecord, SdkLogger, SdkLoggerProvider};
use solgate::record::Outcome;
use solgate::trace_context::Parent;
use solgate_config::decision_export::DecisionExportConfig;

use self::export::DecisionExporter;
use crate::collector::sending::{Queue, Sending};
use crate::collector::{CollectorError, ExportMetrics, SERVICE, attributes};
use crate::line::RequestLine;

/// What is sent of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// The line of a request.
    Line,
    /// The line that says that a candidate judges otherwise.
    ShadowLine,
    /// The record in the decision log.
    Record,
}

impl Sent {
    /// The name of the event, which says how its text is to be read.
    fn event(self) -> &'static str {
        match self {
            Self::Line => "solgate.line",
            Self::ShadowLine => "solgate.shadow",
            Self::Record => "solgate.record",
        }
    }
}

/// Sends decisions to a collector.
pub struct Decisions {
    lines: bool,
    records: bool,
    /// Makes log records; nothing else can.
    logger: SdkLogger,
    queue: Queue<DecisionExporter>,
    sending: Sending,
}

/// A log record that still needs its text.
#[derive(Clone)]
pub struct Outgoing {
    decisions: Arc<Decisions>,
    record: SdkLogRecord,
}

/// Checks what a configuration says without sending anything. To be called in a runtime.
///
/// # Errors
/// The URL is not valid for a collector, or the certificates cannot be loaded.
pub fn check(config: Option<&DecisionExportConfig>) -> Result<(), CollectorError> {
    config.map_or(Ok(()), |config| DecisionExporter::new(config.collector()).map(drop))
}

impl Decisions {
    /// Starts with what a configuration says, which may be nothing. The collector need
    /// not be there.
    ///
    /// # Errors
    /// As [`check`], or there is no thread to be had.
    pub fn start(
        config: Option<&DecisionExportConfig>,
        metrics: &ExportMetrics,
    ) -> Result<Option<Self>, CollectorError> {
        let Some(config) = config else { return Ok(None) };
        let exporter = || DecisionExporter::new(config.collector());
        let (queue, sending) = Sending::start("solgate-decisions", exporter, metrics.clone())?;
        let logger = SdkLoggerProvider::builder().build().logger(SERVICE);
        Ok(Some(Self { lines: config.lines, records: config.records, logger, queue, sending }))
    }

    /// What goes beside the text, as the line of the request says it; `None` if such texts
    /// are not sent.
    #[must_use]
    pub fn begin(self: &Arc<Self>, sent: Sent, line: &RequestLine) -> Option<Outgoing> {
        let wanted = if sent == Sent::Record { self.records } else { self.lines };
        wanted.then(|| {
            let mut record = self.logger.create_log_record();
            record.set_event_name(sent.event());
            record.set_timestamp(line.time);
            let severity = severity(sent, line);
            record.set_severity_number(severity);
            record.set_severity_text(severity.name());
            if let Some(Parent { trace, span, sampled }) = line.within {
                let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::NOT_SAMPLED };
                record.set_trace_context(TraceId::from_bytes(trace.0), SpanId::from_bytes(span), Some(flags));
            }
            for attribute in attributes::of_line(line) {
                record.add_attribute(attribute.key, any(attribute.value));
            }
            Outgoing { decisions: Arc::clone(self), record }
        })
    }

    /// Sends what is still to be sent, for as long as `limit`. No request may be under
    /// way any more.
    pub async fn finish(&self, limit: Duration) {
        self.sending.finish(limit).await;
    }
}

impl Outgoing {
    /// Sends it with this text.
    pub fn send(mut self, text: String) {
        self.record.set_observed_timestamp(SystemTime::now());
        self.record.set_body(AnyValue::String(text.into()));
        self.decisions.queue.push(self.record);
    }
}

/// What a refusal is to somebody who looks at the logs of many services: a client's
/// mistake is a warning, a fault of the gate or the VNFM an error.
fn severity(sent: Sent, line: &RequestLine) -> Severity {
    match line.verdict {
        _ if sent == Sent::ShadowLine => Severity::Info,
        Outcome::Deny => Severity::Warn,
        Outcome::Fault if line.status.is_some_and(|status| status < 500) => Severity::Warn,
        Outcome::Fault => Severity::Error,
        _ => Severity::Info,
    }
}

fn any(value: Value) -> AnyValue {
    match value {
        Value::I64(number) => AnyValue::Int(number),
        Value::String(text) => AnyValue::String(text),
        other => AnyValue::String(other.to_string().into()),
    }
}
