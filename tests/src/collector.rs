//! An OpenTelemetry collector that follows a script: it keeps the spans and log records
//! that it is sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use data_encoding::HEXLOWER;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_server::{LogsService, LogsServiceServer};
use opentelemetry_proto::tonic::collector::logs::v1::{ExportLogsServiceRequest, ExportLogsServiceResponse};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Identity, ServerTlsConfig};
use tonic::{Request, Response, Status};

pub use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

/// A span as it arrived. Ids are in hexadecimal.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    pub trace: String,
    pub id: String,
    /// Empty for none.
    pub parent: String,
    pub name: String,
    pub kind: SpanKind,
    /// Values as texts.
    pub attributes: BTreeMap<String, String>,
    pub is_error: bool,
    /// `service.name` of the sender.
    pub service: String,
    /// Nanoseconds since the epoch.
    pub begun: u64,
    pub ended: u64,
}

impl Collected {
    /// An attribute; empty if there is none.
    #[must_use]
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// As `traceparent` of what was sent within this span, if it was sampled.
    #[must_use]
    pub fn context(&self) -> String {
        format!("00-{}-{}-01", self.trace, self.id)
    }
}

/// A log record as it arrived. Ids are in hexadecimal, and empty for none.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectedLog {
    pub event: String,
    pub body: String,
    /// As `INFO`.
    pub severity: String,
    pub severity_number: i32,
    pub trace: String,
    pub span: String,
    /// Values as texts.
    pub attributes: BTreeMap<String, String>,
    /// `service.name` of the sender.
    pub service: String,
    /// Nanoseconds since the epoch.
    pub time: u64,
}

/// A collector on loopback. It ends with the test process.
pub struct Collector {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    spans: Vec<Collected>,
    logs: Vec<CollectedLog>,
    /// Values of the field `authorization` of messages.
    authorizations: Vec<String>,
}

#[derive(Clone)]
struct Script {
    /// How long it takes for each message.
    delay: Duration,
    kept: Arc<Mutex<Kept>>,
}

impl Collector {
    /// Listens on a free port.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        Self::slow(Duration::ZERO)
    }

    /// One that takes so long for each message.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn slow(delay: Duration) -> Self {
        Self::launch(delay, None)
    }

    /// One with TLS: certificate and key in PEM.
    ///
    /// # Panics
    /// As [`start`](Self::start).
    #[must_use]
    pub fn with_tls(certificate: &str, key: &str) -> Self {
        Self::launch(Duration::ZERO, Some(Identity::from_pem(certificate, key)))
    }

    fn launch(delay: Duration, identity: Option<Identity>) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it can");
        let address = listener.local_addr().expect("it is bound");
        let kept = Arc::default();
        let script = Script { delay, kept: Arc::clone(&kept) };
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
            runtime.block_on(async {
                let incoming = TcpIncoming::from(tokio::net::TcpListener::from_std(listener).expect("it is a socket"));
                let mut server = tonic::transport::Server::builder();
                if let Some(identity) = identity {
                    server = server.tls_config(ServerTlsConfig::new().identity(identity)).expect("they fit");
                }
                let server = server.add_service(TraceServiceServer::new(script.clone()));
                // The default of real collectors.
                let server = server.add_service(LogsServiceServer::new(script).max_decoding_message_size(4 << 20));
                server.serve_with_incoming(incoming).await.expect("it serves");
            });
        });
        Self { address, kept }
    }

    /// `http://ADDRESS`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All spans, once those of so many requests have arrived.
    ///
    /// # Panics
    /// If they do not.
    #[must_use]
    pub fn wait(&self, servers: usize) -> Vec<Collected> {
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            let spans = self.spans();
            if spans.iter().filter(|span| span.kind == SpanKind::Server).count() >= servers {
                return spans;
            }
            assert!(Instant::now() < patience, "{spans:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The spans that have arrived until now.
    #[must_use]
    pub fn spans(&self) -> Vec<Collected> {
        self.lock().spans.clone()
    }

    /// The log records that have arrived until now.
    #[must_use]
    pub fn logs(&self) -> Vec<CollectedLog> {
        self.lock().logs.clone()
    }

    /// The same, once there are so many.
    ///
    /// # Panics
    /// If they do not arrive.
    #[must_use]
    pub fn wait_for_logs(&self, count: usize) -> Vec<CollectedLog> {
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            let logs = self.logs();
            if logs.len() >= count {
                return logs;
            }
            assert!(Instant::now() < patience, "{logs:#?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What messages have said in `authorization`.
    #[must_use]
    pub fn authorizations(&self) -> Vec<String> {
        self.lock().authorizations.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl LogsService for Script {
    async fn export(
        &self,
        request: Request<ExportLogsServiceRequest>,
    ) -> Result<Response<ExportLogsServiceResponse>, Status> {
        tokio::time::sleep(self.delay).await;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let authorization = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        kept.authorizations.extend(authorization.map(str::to_owned));
        for resource in request.into_inner().resource_logs {
            let of = resource.resource.map(|resource| texts(resource.attributes)).unwrap_or_default();
            let service = of.get("service.name").cloned().unwrap_or_default();
            for log in resource.scope_logs.into_iter().flat_map(|scope| scope.log_records) {
                kept.logs.push(CollectedLog {
                    event: log.event_name,
                    body: text(log.body),
                    severity: log.severity_text,
                    severity_number: log.severity_number,
                    trace: HEXLOWER.encode(&log.trace_id),
                    span: HEXLOWER.encode(&log.span_id),
                    attributes: texts(log.attributes),
                    service: service.clone(),
                    time: log.time_unix_nano,
                });
            }
        }
        Ok(Response::new(ExportLogsServiceResponse::default()))
    }
}

#[tonic::async_trait]
impl TraceService for Script {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        tokio::time::sleep(self.delay).await;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for resource in request.into_inner().resource_spans {
            let of = resource.resource.map(|resource| texts(resource.attributes)).unwrap_or_default();
            let service = of.get("service.name").cloned().unwrap_or_default();
            for span in resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                kept.spans.push(Collected {
                    trace: HEXLOWER.encode(&span.trace_id),
                    id: HEXLOWER.encode(&span.span_id),
                    parent: HEXLOWER.encode(&span.parent_span_id),
                    kind: span.kind(),
                    is_error: span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error),
                    name: span.name,
                    attributes: texts(span.attributes),
                    service: service.clone(),
                    begun: span.start_time_unix_nano,
                    ended: span.end_time_unix_nano,
                });
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

fn texts(attributes: Vec<KeyValue>) -> BTreeMap<String, String> {
    attributes.into_iter().map(|attribute| (attribute.key, text(attribute.value))).collect()
}

fn text(value: Option<AnyValue>) -> String {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(truth)) => truth.to_string(),
        other => format!("{other:?}"),
    }
}
