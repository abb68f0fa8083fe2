//! Judges requests that another server has received and will forward, and
//! reports on each.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Response};
use serde_json::{Value, json};
use solgate::fault::Fault;
use solgate::gate::{Decision, Gate, Verdict};
use solgate::policy::MemoryReset;
use solgate::problem::ProblemStyle;
use solgate::record::Outcome;
use solgate::{Request, trace_context};
use solgate_access::tls::{Protocol, TlsListener};
use solgate_access::tokens::Tokens;
use solgate_config::{Config, GateMode, LogFormat};
use solgate_telemetry::decision_log::{Record, TARGET, micros};
use solgate_telemetry::log;
use solgate_telemetry::record_file::{HeldRecord, RecordFile};
use solgate_telemetry::spans::{RequestSpan, Spans};
use tokio::task::JoinHandle;

use super::admin::Admin;
use super::admission::Admission;
use super::current_gate::CurrentGate;
use super::error::GatewayError;
use super::farewell::Farewell;
use super::metrics::{Metrics, OpenConnection};
use super::reload::Reload;
use super::router::Router;
use super::verdict::{Notes, handling};
use super::{overrides, routes};
use crate::build_gate::GateBuilder;

/// What the server that asks is to do.
#[derive(Debug)]
pub enum Judged {
    /// Forward the request. The values are for Warning fields of its answer.
    Pass { warnings: Vec<HeaderValue>, decision: Value },
    /// Send this answer instead.
    Refuse { answer: Response<Bytes>, decision: Value },
}

/// The gates of a door, and what they report to.
pub struct Judging {
    routes: Router<Arc<CurrentGate>>,
    admin: Arc<Admin>,
    metrics: Arc<Metrics>,
    log: LogFormat,
    record_file: Option<RecordFile>,
    spans: Option<Spans>,
    admission: Admission,
    tokens: Option<Arc<Tokens>>,
    ids: RequestIds,
}

impl Judging {
    /// Builds the gates. Addresses are not bound.
    ///
    /// # Errors
    /// A gate cannot be built, or the decision log not be opened.
    pub fn open(config: &Config, build_gate: GateBuilder<'_>) -> Result<Self, GatewayError> {
        let metrics = Arc::new(Metrics::default());
        let routes = routes::open(config, build_gate, &metrics, |_, gate| Ok(gate))?;
        let tokens = config.jwt.as_ref().map(|jwt| Tokens::open(jwt, &metrics.access)).transpose()?.map(Arc::new);
        let stopping = AtomicBool::new(false);
        let admin = Arc::new(Admin { metrics: metrics.clone(), tokens: tokens.clone(), stopping });
        let admission = Admission::new(&config.limits, largest_body(&routes))?;
        let record_file = RecordFile::open(config.record.as_ref(), metrics.records())?;
        let spans = Spans::start(config.tracing.as_ref(), metrics.spans())?;
        let (log, ids) = (config.log, RequestIds::default());
        Ok(Self { routes, admin, metrics, log, record_file, spans, admission, tokens, ids })
    }

    /// Ends overrides at their time, renews the keys for tokens, and serves health and
    /// metrics if `config` names an address. Returns what [`close`](Self::close) takes.
    ///
    /// # Errors
    /// The address cannot be bound, or the keys' file not be watched.
    pub async fn start(&self, config: &Config) -> Result<Vec<JoinHandle<()>>, GatewayError> {
        let mut tasks = vec![tokio::spawn(overrides::expire(self.routes.values().cloned().collect()))];
        if let Some(tokens) = &self.tokens {
            tasks.extend(tokens.start(config.reload)?);
        }
        if let Some(address) = &config.admin {
            let listener = routes::listen(address, "--admin").await?;
            if let Ok(address) = listener.local_addr() {
                log::say(&format!("solgate: http://{address} has /healthz, /readyz and /metrics"));
            }
            tasks.push(tokio::spawn(self.admin.clone().serve(listener)));
        }
        Ok(tasks)
    }

    /// The TLS of the door, if it has any; `tasks` gets what renews it.
    ///
    /// # Errors
    /// A file cannot be used, or not be watched.
    pub fn tls(
        &self,
        config: &Config,
        protocol: Protocol,
        tasks: &mut Vec<JoinHandle<()>>,
    ) -> Result<Option<Arc<TlsListener>>, GatewayError> {
        let (tls, renewal) = TlsListener::start(config, protocol, &self.metrics.access)?;
        tasks.extend(renewal);
        Ok(tls)
    }

    /// Replaces policies from here on. Returns what [`close`](Self::close) takes, too.
    #[must_use]
    pub fn reload(&self, reload: Reload) -> JoinHandle<()> {
        tokio::spawn(reload.run(self.routes.values().cloned().collect(), self.metrics.clone()))
    }

    /// Reports that the door is about to close.
    pub fn stopping(&self) {
        self.admin.stopping.store(true, Ordering::Relaxed);
    }

    /// Writes what is still to be written, when no request is being judged; spans for
    /// as long as `limit`.
    pub async fn close(&self, tasks: Vec<JoinHandle<()>>, limit: Duration) {
        if let Some(file) = &self.record_file {
            file.finish();
        }
        if let Some(spans) = &self.spans {
            spans.finish(limit).await;
        }
        tasks.iter().for_each(JoinHandle::abort);
    }

    /// What is done with the memory of instances, where there are any.
    #[must_use]
    pub fn memory_reset(&self) -> Option<MemoryReset> {
        routes::memory_reset(self.routes.values())
    }

    /// Counts a connection as long as what it returns exists.
    #[must_use]
    pub fn connection(&self) -> OpenConnection {
        self.metrics.open_connection()
    }

    /// Bytes of a body that must be read to judge any request: the largest limit of
    /// all gates.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        largest_body(&self.routes)
    }

    /// The room that requests share.
    #[must_use]
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// What lets connections go for which there is no room; `answer` is what clients
    /// are told, if they can be.
    #[must_use]
    pub fn farewell(&self, answer: Option<&Response<Bytes>>) -> Farewell {
        Farewell::new(answer, self.metrics.clone())
    }

    /// The answer to what has not got to any gate.
    #[must_use]
    pub fn without_gate(&self, fault: &Fault, target: Option<&str>) -> Response<Bytes> {
        let first = self.routes.values().next().map(|gate| gate.get());
        let default = ProblemStyle::default();
        fault.problem(target).response(first.as_deref().map_or(&default, Gate::style))
    }

    /// Judges one request. `peer` is the client, as far as the server that asks
    /// says who that is.
    pub async fn judge(&self, mut request: Request, peer: IpAddr) -> Judged {
        let mut watch = self.watch(request.received_at, &request.method, &request.target, peer);
        watch.trace(&request.headers);
        watch.record.request_bytes = u64::try_from(request.body.len()).unwrap_or(u64::MAX);
        let host = request.headers.get(HOST).and_then(|value| value.to_str().ok());
        let Some(route) = self.routes.find(host, &request.target) else {
            return watch.refuse(&Fault::NoUpstream, &request.target);
        };
        let gate = route.get();
        if let Some(tokens) = &self.tokens {
            let Request { headers, target, received_at, caller, .. } = &mut request;
            if let Err(fault) = tokens.check(headers, target, *received_at, caller).await {
                return watch.refuse_at(&gate, &fault, &request);
            }
        }
        if route.upstream.gate.mode == GateMode::Off {
            watch.record.unjudged(&gate, &request);
            if !request.body_complete {
                return watch.refuse_long_body(&gate, &request);
            }
            return Judged::Pass { warnings: Vec::new(), decision: summary(&watch.record) };
        }
        let notes = Notes { metrics: &self.metrics, record_file: self.record_file.as_ref(), span: watch.span.as_ref() };
        let (decision, held) = notes.judge(route, &gate, &request, &mut watch.record).await;
        watch.held = held;
        watch.settle(&gate, decision, &request)
    }

    /// Refuses a request that could not even be read.
    #[must_use]
    pub fn fault(&self, fault: &Fault, method: &str, target: &str, peer: IpAddr) -> Judged {
        let mut watch = self.watch(SystemTime::now(), method, target, peer);
        watch.trace(&HeaderMap::new());
        watch.refuse(fault, target)
    }

    fn watch(&self, received_at: SystemTime, method: &str, target: &str, peer: IpAddr) -> Watch<'_> {
        let record = Record::new(self.ids.next(), peer, received_at, method, target);
        Watch { judging: self, record, held: None, span: None, started: Instant::now() }
    }
}

fn largest_body(routes: &Router<Arc<CurrentGate>>) -> usize {
    routes.values().map(|gate| gate.get().body_limit()).max().unwrap_or(1 << 20)
}

/// Follows one request to its end and reports on it, also if the server that asks
/// does not wait for the verdict.
struct Watch<'a> {
    judging: &'a Judging,
    record: Record,
    /// The decision, to be recorded when the request has ended.
    held: Option<HeldRecord>,
    span: Option<RequestSpan>,
    started: Instant,
}

impl Watch<'_> {
    /// Finds the trace that a request with these fields belongs to, or begins one.
    fn trace(&mut self, headers: &HeaderMap) {
        let spans = self.judging.spans.as_ref();
        self.span = spans.map(|spans| spans.request(headers, self.record.time, self.started));
        self.record.trace_id = match &self.span {
            Some(span) => Some(span.trace_id()),
            None => trace_context::trace_id(headers),
        };
    }

    fn settle(mut self, gate: &Gate, decision: Decision, request: &Request) -> Judged {
        let warnings = decision.warnings();
        if let Verdict::Deny(problem) = decision.verdict {
            let answer = problem.response(gate.style());
            self.record.status = Some(answer.status().as_u16());
            return Judged::Refuse { answer, decision: summary(&self.record) };
        }
        if !request.body_complete {
            return self.refuse_long_body(gate, request);
        }
        Judged::Pass { warnings, decision: summary(&self.record) }
    }

    /// Whoever lets it pass unjudged in its length still cannot have it forwarded:
    /// the rest has not been seen.
    fn refuse_long_body(self, gate: &Gate, request: &Request) -> Judged {
        self.refuse_at(gate, &Fault::BodyTooLarge { limit: gate.body_limit() }, request)
    }

    /// Refuses what has got to a gate, but has not been judged by its policies.
    fn refuse_at(self, gate: &Gate, fault: &Fault, request: &Request) -> Judged {
        let answer = fault.problem(Some(&request.target)).response(gate.style());
        self.refuse_with(answer, fault)
    }

    /// Refuses what has not got to any gate.
    fn refuse(self, fault: &Fault, target: &str) -> Judged {
        let answer = self.judging.without_gate(fault, Some(target).filter(|target| !target.is_empty()));
        self.refuse_with(answer, fault)
    }

    fn refuse_with(mut self, answer: Response<Bytes>, fault: &Fault) -> Judged {
        self.record.verdict = Outcome::Fault;
        self.record.rule = Some(fault.id().to_owned());
        self.record.status = Some(answer.status().as_u16());
        Judged::Refuse { answer, decision: summary(&self.record) }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.record.micros.total = micros(self.started.elapsed());
        if let Some(line) = self.record.line(self.judging.log) {
            tracing::info!(target: TARGET, line = line.as_str());
        }
        if let Some(held) = self.held.take() {
            held.offer(handling(&self.record));
        }
        if let Some(span) = &mut self.span {
            span.end(&self.record);
        }
        self.judging.metrics.request(&mut self.record);
    }
}

/// What a server may want to log of a decision.
fn summary(record: &Record) -> Value {
    let policies: Vec<Value> =
        record.policies.iter().map(|policy| json!({"name": policy.name, "digest": policy.digest})).collect();
    json!({
        "id": record.id,
        "verdict": record.verdict.as_str(),
        "operation": record.operation,
        "rule": record.rule,
        "findings": record.findings,
        "policies": policies,
    })
}

/// Ids for requests, unique among the runs of a server.
#[derive(Debug)]
pub struct RequestIds {
    run: u32,
    next: AtomicU64,
}

impl Default for RequestIds {
    fn default() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let run = u32::try_from(since.as_millis() & u128::from(u32::MAX)).unwrap_or_default();
        Self { run, next: AtomicU64::new(0) }
    }
}

impl RequestIds {
    pub fn next(&self) -> String {
        format!("{:08x}-{:08x}", self.run, self.next.fetch_add(1, Ordering::Relaxed))
    }
}
