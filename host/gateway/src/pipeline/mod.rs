//! The way of a request through every door that listens, from its head to its line.
//!
//! | stage | takes | gives |
//! |---|---|---|
//! | [begin](Pipeline::begin) | the head | an [`Exchange`]: line and span begin |
//! | [route](Pipeline::route) | Host and path | [`Routed`]: the upstream and its gate are known |
//! | [identify](Routed::identify) | a token | [`Identified`]: it is known who calls |
//! | [admit](Identified::admit) | the body | [`Admitted`]: the request is here |
//! | [judge](Admitted::judge) | a turn, a place, a verdict | [`Cleared`]: it may go on |
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
use futures_util::FutureExt;
use http::header::{EXPECT, HOST};
use http::{HeaderMap, HeaderValue, Response};
use hyper::body::Body;
use solgate::Request;
use solgate::fault::Fault;
use solgate::fields;
use solgate::gate::{Decision, Gate, Verdict};
use solgate::problem::{Problem, ProblemStyle};
use solgate::request::Caller;
use solgate_access::tokens::{Possession, Tokens};
use solgate_config::{ForwardingConfig, GateMode, Limits};
use solgate_telemetry::request_ids::RequestIds;

pub use self::arrival::Arrival;
pub use self::exchange::{Exchange, Forwarding};
pub(crate) use self::reporter::Reporter;
use crate::admission::{Admission, AdmittedBody, BodyRoom, OfCaller};
use crate::hops::Hops;
use crate::prefixes::Prefixes;
use crate::routes::{self, Route, Routes};
use crate::shares::Held;
use crate::turns::{Lives, Seen, Turn, Turns, Waited};

/// What all requests of a door share, until another configuration holds.
pub struct Pipeline<F> {
    pub(crate) routes: Routes<F>,
    pub(crate) tokens: Option<Arc<Tokens>>,
    pub admission: Arc<Admission>,
    pub(crate) reporter: Arc<Reporter>,
    pub(crate) ids: Arc<RequestIds>,
    pub limits: Limits,
    pub hops: Hops,
    pub forwarding: ForwardingConfig,
}

/// A request that goes no further.
#[derive(Debug)]
pub struct Refused {
    /// For the client.
    pub answer: Response<Bytes>,
    /// Whether all of the request's body was read.
    pub body_read: bool,
}

/// The request of a head: its body is still to come.
#[must_use]
pub fn headed(method: String, target: String, headers: HeaderMap, caller: Option<Caller>, arrival: Arrival) -> Request {
    let (body, received_at) = (Bytes::new(), arrival.time);
    Request { method, target, headers, body, body_complete: false, caller, received_at }
}

/// What every stage knows from the first on.
struct Course<'e, F> {
    pipeline: &'e Pipeline<F>,
    exchange: &'e mut Exchange,
    /// Its body comes when it is admitted. It stays where it is from stage to stage.
    request: &'e mut Request,
    route: &'e Route<F>,
    /// As it was when the head came: a reload does not change it.
    gate: Arc<Gate>,
    /// What only the client knows of the path: it is not judged.
    prefix: String,
    /// Of its caller's limits, as soon as it is known who calls.
    of_caller: OfCaller,
}

/// A request whose gate is known.
pub struct Routed<'e, F>(Course<'e, F>);

/// A request of which it is known who calls.
pub struct Identified<'e, F>(Course<'e, F>);

/// A request that is here, for which there is room.
pub struct Admitted<'e, F> {
    course: Course<'e, F>,
    /// `None` if the door has made room for it, and given it a place.
    room: Option<BodyRoom>,
}

/// A request that may go on. Its room, its place and its turn are free again when this is
/// dropped.
pub struct Cleared<'e, F> {
    course: Course<'e, F>,
    /// For Warning fields of the answer to it.
    pub warnings: Vec<HeaderValue>,
    _place: Option<Held>,
    turn: Option<Turn>,
    _room: Option<BodyRoom>,
}

impl<F> Pipeline<F> {
    /// Begins to follow a request from `peer`, if that is known. Method, target or fields
    /// that the door could not read are empty.
    #[must_use]
    pub fn begin(
        &self,
        arrival: Arrival,
        peer: Option<IpAddr>,
        method: &str,
        target: &str,
        headers: &HeaderMap,
    ) -> Exchange {
        Exchange::begin(&self.reporter, self.ids.next(), arrival, peer, (method, target), headers)
    }

    /// Finds the upstream and the gate of a request, whose body is still to come.
    ///
    /// # Errors
    /// It is for none of the upstreams, its path leads out of one, or its client sends too
    /// many.
    #[expect(clippy::result_large_err, reason = "a door makes an answer of it at once")]
    pub fn route<'e>(&'e self, exchange: &'e mut Exchange, request: &'e mut Request) -> Result<Routed<'e, F>, Refused> {
        let host = request.headers.get(HOST).and_then(|value| value.to_str().ok());
        let Some(route) = self.routes.find(host, &request.target) else {
            return Err(self.refuse(exchange, &Fault::NoUpstream, &request.target));
        };
        exchange.upstream = Some(Arc::clone(&route.gate.name));
        let gate = route.gate.get();
        if let Err(fault) = self.admission.rate_of_client(exchange.line.peer) {
            return Err(self.refuse(exchange, &fault, &request.target));
        }
        let prefix = match route.prefixes.strip(&mut request.target) {
            Ok(prefix) => prefix,
            Err(fault) => return Err(self.refuse(exchange, &fault, &request.target)),
        };
        let of_caller = OfCaller::default();
        Ok(Routed(Course { pipeline: self, exchange, request, route, gate, prefix, of_caller }))
    }

    /// Refuses a request that has not reached a gate; `target` may be empty.
    pub fn refuse(&self, exchange: &mut Exchange, fault: &Fault, target: &str) -> Refused {
        let method = std::mem::take(&mut exchange.line.method);
        let caller = Caller { source_address: exchange.line.peer.map(|peer| peer.to_string()), ..Caller::default() };
        let mut gates = self.routes.values().map(|route| route.gate.get());
        let gate = gates.find(|gate| gate.operation(&method, target).is_some());
        let request = exchange::Refused { method: &method, target, caller: Some(&caller), body_complete: false };
        exchange.refused(fault, gate.as_deref(), &request);
        exchange.line.method = method;
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
    /// the gate reads no body for a caller that it does not know. `possession` is what the
    /// door knows of the client's certificate.
    ///
    /// # Errors
    /// It is missing, or not accepted, or its caller has too many requests.
    pub async fn identify(self, possession: impl FnOnce() -> Possession) -> Result<Identified<'e, F>, Refused> {
        let Self(mut course) = self;
        if let Some(tokens) = &course.pipeline.tokens {
            let Request { headers, target, received_at, caller, .. } = &mut *course.request;
            let checked = tokens.check(headers, target, *received_at, possession, caller).await;
            checked.map_err(|fault| course.refuse(&fault, false))?;
        }
        let in_time = course.pipeline.admission.rate_of_caller(course.request.caller.as_ref());
        in_time.map_err(|fault| course.refuse(&fault, false))?;
        let of_caller = course.pipeline.admission.caller(course.request.caller.as_ref());
        course.of_caller = of_caller.map_err(|fault| course.refuse(&fault, false))?;
        Ok(Identified(course))
    }
}

impl<'e, F> Identified<'e, F> {
    /// Reads as much of the body as the gate judges. `broken` is the fault of a body that
    /// breaks off.
    ///
    /// # Errors
    /// The body does not come, or there is no room.
    pub async fn admit<B: Body>(self, body: B, broken: impl FnOnce() -> Fault) -> Result<Admitted<'e, F>, Refused> {
        let Self(mut course) = self;
        let (admission, client) = (&course.pipeline.admission, course.client());
        let limit = course.gate.body_limit();
        let read = if waits_in_vain(&course.request.headers, &body, limit) {
            Ok(admission.unread())
        } else {
            admission.body(body, limit, client, broken).await
        };
        let AdmittedBody { bytes, complete, room } = read.map_err(|fault| course.refuse(&fault, false))?;
        course.received(bytes, complete);
        Ok(Admitted { course, room: Some(room) })
    }

    /// The same for a body that came with its head in one message: the door had to make
    /// room for the message before it could read the head.
    #[must_use]
    pub fn admitted(self, body: Bytes, complete: bool) -> Admitted<'e, F> {
        let Self(mut course) = self;
        course.received(body, complete);
        Admitted { course, room: None }
    }
}

impl<'e, F> Admitted<'e, F> {
    /// Takes the `length` that the server that asks says the body has: that server may
    /// have handed on only as much as fits into its buffer.
    #[must_use]
    pub fn with_length(self, length: Option<usize>) -> Self {
        let (limit, request) = (self.course.gate.body_limit(), &mut *self.course.request);
        request.body_complete &= length.is_none_or(|length| length <= limit || length == request.body.len());
        self
    }

    /// Waits for the turn of the request, takes a place and lets the gate decide, as its
    /// mode says. A request that waits has no place: others are judged meanwhile.
    ///
    /// # Errors
    /// The turn does not come, there is no place, the gate denies, or the body is larger
    /// than it judges.
    pub async fn judge(self) -> Result<Cleared<'e, F>, Refused> {
        let Self { mut course, room } = self;
        let mode = course.route.mode();
        let turn = match mode {
            GateMode::Enforce => course.take_turn().await?,
            // Only requests that can be refused wait.
            GateMode::Monitor | GateMode::Off => None,
        };
        let place = match &room {
            Some(_) => Some(course.pipeline.admission.place(course.client())),
            None => None,
        };
        let place = place.transpose().map_err(|fault| course.refuse(&fault, course.request.body_complete))?;
        let claims = turn.is_some() && course.route.turns.as_ref().is_some_and(Turns::claims);
        let (warnings, seen) = match mode {
            GateMode::Enforce | GateMode::Monitor => course.decide(claims).await?,
            GateMode::Off => {
                course.exchange.unjudged(&course.gate, course.request);
                (Vec::new(), None)
            }
        };
        let whole = course.gate.check_whole(course.request.body_complete);
        whole.map_err(|fault| course.refuse(&fault, false))?;
        let turn = match (turn, seen) {
            (Some(turn), Some(seen)) => {
                let claimed = turn.claim(&seen).await;
                claimed.map_err(|fault| course.refuse(&fault, course.request.body_complete))?;
                None
            }
            (turn, _) => turn,
        };
        Ok(Cleared { course, warnings, _place: place, turn, _room: room })
    }
}

/// Whether a client asks before it sends a body that is larger than the gate judges: then it
/// is told no, and not to go on.
fn waits_in_vain(headers: &HeaderMap, body: &impl Body, limit: usize) -> bool {
    headers.contains_key(EXPECT) && body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX)
}

impl<F> Course<'_, F> {
    fn received(&mut self, body: Bytes, complete: bool) {
        self.exchange.received(body.len());
        (self.request.body, self.request.body_complete) = (body, complete);
    }

    async fn take_turn(&mut self) -> Result<Option<Turn>, Refused> {
        let Some(turns) = &self.route.turns else { return Ok(None) };
        let Some(resource) = self.gate.changes(&self.request.method, &self.request.target) else { return Ok(None) };
        let (admission, client) = (&self.pipeline.admission, self.client());
        let (gate, request) = (&self.gate, &*self.request);
        // What is denied by what the VNFM says now, need not wait.
        let look = || {
            let look = async move {
                let decision = gate.judge(request).await;
                let seen = Seen::of(gate, &decision);
                (decision, seen)
            };
            look.boxed()
        };
        let waited = self.exchange.waiting(turns.wait(resource, || admission.waiting(client), look)).await;
        match waited {
            Ok(Waited::Turn(turn)) => Ok(Some(turn)),
            Ok(Waited::Denied(decision)) => {
                judge::note(self.exchange, self.route, &self.gate, self.request, &decision, &[]);
                self.allowed(*decision).map(|_| None)
            }
            Err(fault) => Err(self.refuse(&fault, self.request.body_complete)),
        }
    }

    /// Whose share it is.
    fn client(&self) -> Option<IpAddr> {
        self.exchange.line.peer
    }

    /// The warnings for the client, unless the gate denies; and what it has judged by, if
    /// that is needed for a claim.
    async fn decide(&mut self, claims: bool) -> Result<(Vec<HeaderValue>, Option<Seen>), Refused> {
        let decision = judge::judge(self.exchange, self.route, &self.gate, self.request).await;
        let seen = claims.then(|| Seen::of(&self.gate, &decision));
        Ok((self.allowed(decision)?, seen))
    }

    /// The warnings for the client, unless the gate denies.
    #[expect(clippy::result_large_err, reason = "a door makes an answer of it at once")]
    fn allowed(&self, decision: Decision) -> Result<Vec<HeaderValue>, Refused> {
        let warnings = decision.warnings();
        match decision.verdict {
            Verdict::Allow => Ok(warnings),
            Verdict::Deny(problem) => {
                let style = self.gate.style_for(&self.request.target);
                let answer = self.told(*problem).response(style);
                Err(Refused { answer, body_read: self.request.body_complete })
            }
        }
    }

    /// A problem with the path that the client knows.
    fn told(&self, mut problem: Problem) -> Problem {
        if !self.prefix.is_empty()
            && let Some(instance) = &mut problem.instance
        {
            instance.insert_str(0, &fields::excerpt(&self.prefix));
        }
        problem
    }

    /// Refuses the request with a fault of the gate, in the style of the gate.
    fn refuse(&mut self, fault: &Fault, body_read: bool) -> Refused {
        let Request { method, target, caller, body_complete, .. } = &*self.request;
        let (caller, body_complete) = (caller.as_ref(), *body_complete);
        let request = exchange::Refused { method, target, caller, body_complete };
        self.exchange.refused(fault, Some(&self.gate), &request);
        let problem = self.told(fault.problem(Some(&self.request.target)));
        Refused { answer: problem.response(self.gate.style_for(&self.request.target)), body_read }
    }
}

impl<'e, F> Cleared<'e, F> {
    /// Where it goes.
    #[must_use]
    pub fn onward(&self) -> &'e F {
        &self.course.route.onward
    }

    /// What only the client knows of the path.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.course.prefix
    }

    /// What paths begin with, for clients and for the VNFM.
    #[must_use]
    pub fn prefixes(&self) -> &'e Prefixes {
        &self.course.route.prefixes
    }

    /// The request as it was judged.
    #[must_use]
    pub fn request(&mut self) -> &mut Request {
        self.course.request
    }

    /// What is reported of it.
    #[must_use]
    pub fn exchange(&mut self) -> &mut Exchange {
        self.course.exchange
    }

    /// Until when it may be sent on; `None` if that does not end.
    #[must_use]
    pub fn lives(&self) -> Option<Lives> {
        self.turn.as_ref().and_then(Turn::lives)
    }

    /// It could not be forwarded.
    #[must_use]
    pub fn refuse(mut self, fault: &Fault) -> Refused {
        self.course.refuse(fault, true)
    }
}
