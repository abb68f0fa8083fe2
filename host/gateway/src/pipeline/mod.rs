//! The way of a request through every door that listens, from its head to its line.
//!
//! | stage | takes | gives |
//! |---|---|---|
//! | [begin](Pipeline::begin) | the head | an [`Exchange`]: line and span begin |
//! | [route](Pipeline::route) | Host and path | [`Routed`]: the upstream and its gate are known |
//! | [identify](Routed::identify) | a token | [`Identified`]: it is known who calls |
//! | [admit](Identified::admit) | the body | [`Admitted`]: the request is here, and has a place |
//! | [judge](Admitted::judge) | a turn, a verdict | [`Cleared`]: it may go on |
//! | report | what became of it | line, record, span and metrics, when the exchange [ends](exchange) |
//!
//! Only the stage before gives the next one. A stage that refuses the request gives
//! [`Refused`] instead, with the answer for the client. A door brings the head and the
//! body, and writes the answer. `serve` goes on from [`Cleared`]: it forwards the request
//! and watches the answer of the VNFM.

mod arrival;
mod exchange;
mod judge;
mod reporter;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Response};
use hyper::body::Body;
use solgate::Request;
use solgate::fault::Fault;
use solgate::gate::{Gate, Verdict};
use solgate::problem::ProblemStyle;
use solgate::request::Caller;
use solgate_access::tokens::Tokens;
use solgate_config::{GateMode, Limits};

pub use self::arrival::Arrival;
pub(crate) use self::arrival::RequestIds;
pub use self::exchange::{Exchange, Forwarding};
pub(crate) use self::reporter::Reporter;
use crate::admission::{Admission, AdmittedBody, BodyRoom, RequestPlace};
use crate::routes::{self, Route, Routes};
use crate::turns::Turn;

/// What all requests of a door share, until another configuration holds.
pub struct Pipeline<F> {
    pub(crate) routes: Routes<F>,
    pub(crate) tokens: Option<Arc<Tokens>>,
    pub admission: Arc<Admission>,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) ids: Arc<RequestIds>,
    pub limits: Limits,
}

/// The head of a request, as its door has received it.
#[derive(Debug)]
pub struct RequestHead {
    pub method: String,
    pub target: String,
    pub headers: HeaderMap,
    /// As far as the connection shows the caller, or the server that asks has verified it.
    pub caller: Option<Caller>,
}

/// A request that goes no further.
#[derive(Debug)]
pub struct Refused {
    /// For the client.
    pub answer: Response<Bytes>,
    /// Whether all of the request's body was read.
    pub body_read: bool,
}

/// What every stage knows from the first on.
struct Course<'e, F> {
    pipeline: &'e Pipeline<F>,
    exchange: &'e mut Exchange,
    route: &'e Route<F>,
    /// As it was when the head came: a reload does not change it.
    gate: Arc<Gate>,
}

/// A request whose gate is known.
pub struct Routed<'e, F> {
    course: Course<'e, F>,
    head: RequestHead,
}

/// A request of which it is known who calls.
pub struct Identified<'e, F> {
    course: Course<'e, F>,
    head: RequestHead,
}

/// A request that is here, for which there is room.
pub struct Admitted<'e, F> {
    course: Course<'e, F>,
    request: Request,
    room: Option<Room>,
}

/// A request that may go on. Its room and its turn are free again when this is dropped.
pub struct Cleared<'e, F> {
    course: Course<'e, F>,
    pub request: Request,
    /// For Warning fields of the answer to it.
    pub warnings: Vec<HeaderValue>,
    _turn: Option<Turn>,
    _room: Option<Room>,
}

/// What one request takes of what all share.
struct Room {
    _place: RequestPlace,
    _body: BodyRoom,
}

impl<F> Pipeline<F> {
    /// Begins to follow a request from `peer`. Method, target or fields that the door
    /// could not read are empty.
    #[must_use]
    pub fn begin(&self, arrival: Arrival, peer: IpAddr, method: &str, target: &str, headers: &HeaderMap) -> Exchange {
        Exchange::begin(&self.reporter, self.ids.next(), arrival, peer, (method, target), headers)
    }

    /// Finds the upstream and the gate of a request.
    ///
    /// # Errors
    /// It is for none of the upstreams.
    #[expect(clippy::result_large_err, reason = "a request is larger than a refusal")]
    pub fn route<'e>(&'e self, exchange: &'e mut Exchange, head: RequestHead) -> Result<Routed<'e, F>, Refused> {
        let host = head.headers.get(HOST).and_then(|value| value.to_str().ok());
        let Some(route) = self.routes.find(host, &head.target) else {
            return Err(self.refuse(exchange, &Fault::NoUpstream, &head.target));
        };
        let gate = route.gate.get();
        Ok(Routed { course: Course { pipeline: self, exchange, route, gate }, head })
    }

    /// Refuses a request that has not reached a gate; `target` may be empty.
    pub fn refuse(&self, exchange: &mut Exchange, fault: &Fault, target: &str) -> Refused {
        exchange.failed(fault);
        Refused { answer: self.without_gate(fault, Some(target).filter(|target| !target.is_empty())), body_read: false }
    }

    /// The answer to a request that has not reached a gate, in the style of the first.
    #[must_use]
    pub fn without_gate(&self, fault: &Fault, target: Option<&str>) -> Response<Bytes> {
        let first = self.routes.values().next().map(|route| route.gate.get());
        let default = ProblemStyle::default();
        fault.problem(target).response(first.as_deref().map_or(&default, Gate::style))
    }

    /// Bytes of a body that must be read to judge any request: the largest limit of
    /// all gates.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        routes::largest_body(&self.routes)
    }
}

impl<'e, F> Routed<'e, F> {
    /// Checks the token, where callers must have one. This comes before the body, so that
    /// the gate reads no body for a caller that it does not know.
    ///
    /// # Errors
    /// It is missing, or not accepted.
    pub async fn identify(self) -> Result<Identified<'e, F>, Refused> {
        let Self { mut course, mut head } = self;
        if let Some(tokens) = &course.pipeline.tokens {
            let RequestHead { headers, target, caller, .. } = &mut head;
            let checked = tokens.check(headers, target, course.exchange.arrival().time, caller).await;
            checked.map_err(|fault| course.refuse(&fault, target, false))?;
        }
        Ok(Identified { course, head })
    }
}

impl<'e, F> Identified<'e, F> {
    /// Reads as much of the body as the gate judges, and takes a place. `broken` is the
    /// fault of a body that breaks off.
    ///
    /// # Errors
    /// The body does not come, or there is no room.
    pub async fn admit<B: Body>(self, body: B, broken: impl FnOnce() -> Fault) -> Result<Admitted<'e, F>, Refused> {
        let Self { mut course, head } = self;
        let admission = &course.pipeline.admission;
        let read = admission.body(body, course.gate.body_limit(), broken).await;
        let AdmittedBody { bytes, complete, room } =
            read.map_err(|fault| course.refuse(&fault, &head.target, false))?;
        course.exchange.received(bytes.len());
        let place = admission.place().map_err(|fault| course.refuse(&fault, &head.target, complete))?;
        let room = Room { _place: place, _body: room };
        Ok(Admitted { request: request(head, bytes, complete, &course), room: Some(room), course })
    }

    /// The same for a body that came with its head in one message: the door had to make
    /// room for the message before it could read the head.
    #[must_use]
    pub fn admitted(self, body: Bytes, complete: bool) -> Admitted<'e, F> {
        let Self { course, head } = self;
        course.exchange.received(body.len());
        Admitted { request: request(head, body, complete, &course), room: None, course }
    }
}

fn request<F>(head: RequestHead, body: Bytes, body_complete: bool, course: &Course<'_, F>) -> Request {
    let RequestHead { method, target, headers, caller } = head;
    let received_at = course.exchange.arrival().time;
    Request { method, target, headers, body, body_complete, caller, received_at }
}

impl<'e, F> Admitted<'e, F> {
    /// Takes the `length` that the server that asks says the body has: that server may
    /// have handed on only as much as fits into its buffer.
    #[must_use]
    pub fn with_length(mut self, length: Option<usize>) -> Self {
        let limit = self.course.gate.body_limit();
        self.request.body_complete &= length.is_none_or(|length| length <= limit || length == self.request.body.len());
        self
    }

    /// Waits for the turn of the request and lets the gate decide, as its mode says.
    ///
    /// # Errors
    /// The turn does not come, the gate denies, or the body is larger than it judges.
    pub async fn judge(self) -> Result<Cleared<'e, F>, Refused> {
        let Self { mut course, request, room } = self;
        let mode = course.route.mode();
        let turn = match mode {
            GateMode::Enforce => course.take_turn(&request).await?,
            // Only requests that can be refused wait.
            GateMode::Monitor | GateMode::Off => None,
        };
        let warnings = match mode {
            GateMode::Enforce | GateMode::Monitor => course.decide(&request).await?,
            GateMode::Off => {
                course.exchange.unjudged(&course.gate, &request);
                Vec::new()
            }
        };
        let whole = course.gate.check_whole(request.body_complete);
        whole.map_err(|fault| course.refuse(&fault, &request.target, false))?;
        Ok(Cleared { course, request, warnings, _turn: turn, _room: room })
    }
}

impl<F> Course<'_, F> {
    async fn take_turn(&mut self, request: &Request) -> Result<Option<Turn>, Refused> {
        let Some(turns) = &self.route.turns else { return Ok(None) };
        let Some(resource) = self.gate.changes(&request.method, &request.target) else { return Ok(None) };
        let turn = self.exchange.waiting(turns.wait(resource)).await;
        turn.map(Some).map_err(|fault| self.refuse(&fault, &request.target, request.body_complete))
    }

    /// The warnings for the client, unless the gate denies.
    async fn decide(&mut self, request: &Request) -> Result<Vec<HeaderValue>, Refused> {
        let decision = judge::judge(self.exchange, self.route, &self.gate, request).await;
        let warnings = decision.warnings();
        match decision.verdict {
            Verdict::Allow => Ok(warnings),
            Verdict::Deny(problem) => {
                Err(Refused { answer: problem.response(self.gate.style()), body_read: request.body_complete })
            }
        }
    }

    /// Refuses the request with a fault of the gate, in the style of the gate.
    fn refuse(&mut self, fault: &Fault, target: &str, body_read: bool) -> Refused {
        self.exchange.failed(fault);
        Refused { answer: fault.problem(Some(target)).response(self.gate.style()), body_read }
    }
}

impl<'e, F> Cleared<'e, F> {
    /// Where it goes.
    #[must_use]
    pub fn onward(&self) -> &'e F {
        &self.course.route.onward
    }

    /// What is reported of it.
    #[must_use]
    pub fn exchange(&mut self) -> &mut Exchange {
        self.course.exchange
    }

    /// It could not be forwarded.
    #[must_use]
    pub fn refuse(mut self, fault: &Fault) -> Refused {
        self.course.refuse(fault, &self.request.target, true)
    }
}
