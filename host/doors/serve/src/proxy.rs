//! What happens to one request: read it, judge it, pass it on or refuse it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::{HeaderValue, Request, Response};
use hyper::body::{Body, Incoming};
use solgate::body::{Unread, collect};
use solgate::fault::Fault;
use solgate::gate::{Gate, Verdict};
use solgate::problem::ProblemStyle;
use solgate::trace_context;
use solgate_access::tokens::Tokens;
use solgate_config::{GateMode, LogFormat};
use solgate_gateway::admission::{Admission, BodyRoom};
use solgate_gateway::current_gate::CurrentGate;
use solgate_gateway::judging::RequestIds;
use solgate_gateway::metrics::Metrics;
use solgate_gateway::router::Router;
use solgate_gateway::verdict::Notes;
use solgate_telemetry::decision_log::{Record, micros};
use solgate_telemetry::record_file::RecordFile;
use solgate_telemetry::spans::Spans;
use solgate_upstream::pool::PooledBody;

use super::answer::{Answer, Watch};
use super::client::Client;
use super::connection::{Connection, Passed};
use super::forward::Upstream;
use super::turns::{NoTurn, Turns};

/// A VNFM and the gate in front of it.
pub struct GatedUpstream {
    pub gate: Arc<CurrentGate>,
    pub upstream: Upstream,
    pub turns: Turns,
}

/// Answers requests; shared by all connections.
pub struct Proxy {
    pub routes: Router<GatedUpstream>,
    pub metrics: Arc<Metrics>,
    pub log: LogFormat,
    pub record_file: Option<RecordFile>,
    pub spans: Option<Spans>,
    pub admission: Admission,
    pub tokens: Option<Arc<Tokens>>,
    /// From the head of a request to the last byte of its body.
    pub body_timeout: Duration,
    /// How long a request may wait for others on the same resource.
    pub turn_timeout: Duration,
    /// How many may.
    pub waiting: usize,
    pub ids: RequestIds,
}

/// Why the request is refused, and whether the connection can be used again.
struct Refused {
    response: Response<Bytes>,
    close: bool,
}

impl Proxy {
    /// Answers the request that `connection` passed next.
    pub async fn handle(
        &self,
        request: Request<Incoming>,
        connection: Arc<Connection>,
        client: &Client,
    ) -> Response<Answer> {
        let (parts, body) = request.into_parts();
        let passed = connection.pop().unwrap_or_else(|| Passed::new(Err(disagreement().into())));
        let (method, target) = match &passed.outcome {
            Ok((method, target)) => (method.as_str(), target.as_str()),
            Err(refusal) => ("", refusal.target.as_deref().unwrap_or_default()),
        };
        let mut watch = Watch {
            record: Record::new(self.ids.next(), client.address, passed.received_at, method, target),
            started: passed.started,
            connection,
            metrics: self.metrics.clone(),
            format: self.log,
            held: None,
            span: self.spans.as_ref().map(|spans| spans.request(&parts.headers, passed.received_at, passed.started)),
        };
        watch.record.trace_id = match &watch.span {
            Some(span) => Some(span.trace_id()),
            None => trace_context::trace_id(&parts.headers),
        };
        match self.serve(parts, body, passed, client, &mut watch).await {
            Ok(response) => watch.pass(response),
            Err(Refused { mut response, close }) => {
                if close {
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                watch.answer(response)
            }
        }
    }

    async fn serve(
        &self,
        mut parts: http::request::Parts,
        body: Incoming,
        passed: Passed,
        client: &Client,
        watch: &mut Watch,
    ) -> Result<Response<PooledBody>, Refused> {
        let (method, target) = match passed.outcome {
            Ok(head) => head,
            Err(refusal) => {
                return Err(self.fault(&refusal.fault, refusal.target.as_deref(), None, true, watch));
            }
        };
        // The guard and hyper have read the same bytes; if they ever differ,
        // what was checked is not what would be judged.
        if parts.uri.path_and_query().is_none_or(|path| *path != *target) || parts.method.as_str() != method {
            return Err(self.fault(&disagreement(), Some(&target), None, true, watch));
        }
        let host = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
        let Some(route) = self.routes.find(host, &target) else {
            let close = !body.is_end_stream();
            return Err(self.fault(&Fault::NoUpstream, Some(&target), None, close, watch));
        };
        let gate = route.gate.get();
        let style = gate.style();

        let mut caller = Some(client.caller());
        if let Some(tokens) = &self.tokens
            && let Err(fault) = tokens.check(&parts.headers, &target, passed.received_at, &mut caller).await
        {
            // Before the body: nobody else may have the gate read one.
            let close = !body.is_end_stream();
            return Err(self.fault(&fault, Some(&target), Some(style), close, watch));
        }

        let limit = gate.body_limit();
        // Both are kept until the head of the answer is there.
        let mut room = self.admission.body();
        let (content, complete) = match self.read(body, limit, &mut room, &passed.body_fault).await {
            Ok(read) => read,
            Err(fault) => return Err(self.fault(&fault, Some(&target), Some(style), true, watch)),
        };
        watch.record.request_bytes = u64::try_from(content.len()).unwrap_or(u64::MAX);
        let _place = match self.admission.request() {
            Ok(place) => place,
            Err(fault) => return Err(self.fault(&fault, Some(&target), Some(style), !complete, watch)),
        };

        let received = solgate::Request {
            method,
            target,
            headers: parts.headers,
            body: content,
            body_complete: complete,
            caller,
            received_at: passed.received_at,
        };
        let mode = route.gate.upstream.gate.mode;
        // Kept until the head of the VNFM's answer is there. Only what could be refused
        // waits for a turn.
        let changed = match mode {
            GateMode::Enforce => gate.changes(&received.method, &received.target),
            GateMode::Monitor | GateMode::Off => None,
        };
        let _turn = match changed {
            Some(resource) => {
                let begun = Instant::now();
                let turn = route.turns.wait(resource, self.turn_timeout).await;
                if let Some(span) = &watch.span {
                    span.waited(begun);
                }
                match turn {
                    Ok(turn) => Some(turn),
                    Err(no) => {
                        let fault = self.no_turn(no);
                        return Err(self.fault(&fault, Some(&received.target), Some(style), !complete, watch));
                    }
                }
            }
            None => None,
        };
        if mode == GateMode::Off {
            watch.record.unjudged(&gate, &received);
        } else if let Verdict::Deny(problem) = self.judge(&route.gate, &gate, &received, watch).await {
            return Err(Refused { response: problem.response(style), close: !complete });
        }
        if !complete {
            let fault = Fault::BodyTooLarge { limit };
            return Err(self.fault(&fault, Some(&received.target), Some(style), true, watch));
        }

        parts.headers = received.headers;
        self.forward(&route.upstream, parts, received.body, watch)
            .await
            .map_err(|fault| self.fault(&fault, Some(&received.target), Some(style), false, watch))
    }

    async fn judge(
        &self,
        current: &CurrentGate,
        gate: &Arc<Gate>,
        request: &solgate::Request,
        watch: &mut Watch,
    ) -> Verdict {
        let notes = Notes { metrics: &self.metrics, record_file: self.record_file.as_ref(), span: watch.span.as_ref() };
        let (decision, held) = notes.judge(current, gate, request, &mut watch.record).await;
        watch.held = held;
        decision.verdict
    }

    async fn forward(
        &self,
        upstream: &Upstream,
        mut parts: http::request::Parts,
        body: Bytes,
        watch: &mut Watch,
    ) -> Result<Response<PooledBody>, Fault> {
        let sent = Instant::now();
        let span = watch.span.as_ref();
        let span = span.map(|span| span.forwarded(&parts.method, upstream.authority(), &mut parts.headers));
        let result = upstream.forward(parts, body).await;
        if let Some(span) = span {
            span.end(result.as_ref().map(Response::status));
        }
        watch.record.micros.upstream = micros(sent.elapsed());
        result
    }

    /// Reads the body up to `limit` bytes; false with it says that there is more.
    async fn read(
        &self,
        body: Incoming,
        limit: usize,
        room: &mut BodyRoom,
        body_fault: &OnceLock<Fault>,
    ) -> Result<(Bytes, bool), Fault> {
        if body.is_end_stream() {
            return Ok((Bytes::new(), true));
        }
        match tokio::time::timeout(self.body_timeout, collect(body, limit, |bytes| room.grow(bytes))).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(Unread::NoRoom)) => Err(room.fault()),
            Ok(Err(Unread::Broken(_))) => Err(body_fault
                .get()
                .cloned()
                .unwrap_or_else(|| Fault::MalformedBody("its framing is broken".to_owned()))),
            Err(_) => Err(Fault::RequestTimeout { seconds: self.body_timeout.as_secs() }),
        }
    }

    fn no_turn(&self, why: NoTurn) -> Fault {
        match why {
            NoTurn::Late => Fault::TurnTimeout { seconds: self.turn_timeout.as_secs() },
            NoTurn::Crowded => Fault::TooManyWaiting { limit: self.waiting },
        }
    }

    fn fault(
        &self,
        fault: &Fault,
        target: Option<&str>,
        style: Option<&ProblemStyle>,
        close: bool,
        watch: &mut Watch,
    ) -> Refused {
        watch.fault(fault);
        let response = match style {
            Some(style) => fault.problem(target).response(style),
            None => self.without_gate(fault, target),
        };
        Refused { response, close }
    }

    /// The answer to what has not got to any gate.
    pub fn without_gate(&self, fault: &Fault, target: Option<&str>) -> Response<Bytes> {
        let first = self.routes.values().next().map(|route| route.gate.get());
        let default = ProblemStyle::default();
        fault.problem(target).response(first.as_deref().map_or(&default, Gate::style))
    }
}

fn disagreement() -> Fault {
    Fault::MalformedHead("it can be read in more than one way".to_owned())
}
