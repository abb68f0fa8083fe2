//! One request in Envoy: from its head to its verdict.
//!
//! All of it happens on the worker of the request, but for what is judged [aside]. Envoy
//! calls hooks within the calls that the module makes, and may drop the filter within
//! [`Stream::answer`] and [`Stream::go_on`]: nothing is borrowed across a call that can
//! lead to another hook, and these two come last.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderValue, Response};
use solgate::Request;
use solgate::facts::delegated::Question;
use solgate::fault::Fault;
use solgate::gate::{Gate, Mode, Verdict};
use solgate_config::GateMode;
use solgate_embedded::{Heard, Step};
use solgate_telemetry::request_ids::RequestIds;

use crate::aside::{self, Advanced, JUDGED, NoRoom, SMALL, Slot, Stopped};
use crate::callouts::{CUT, Callouts, Taken};
use crate::door::Door;
use crate::envoy::{NotSent, Stream};
use crate::report::{Exchange, Metrics};
use crate::request::{self, Head, REQUEST_ID};
use crate::trial::{Panicked, Trial};

/// Longest name of a request that is taken from Envoy.
const LONGEST_ID: usize = 64;

/// A filter as Envoy is configured with it.
pub struct FilterConfig {
    pub door: Arc<Door>,
    pub metrics: Metrics,
    pub ids: RequestIds,
}

/// The filter of one request.
pub struct Filter {
    config: Arc<FilterConfig>,
    state: RefCell<State>,
    callouts: RefCell<Callouts>,
    /// Questions are being sent: whatever is answered meanwhile, more may come.
    asking: Cell<bool>,
}

#[derive(Default)]
struct State {
    /// That of the route, or else of the filter.
    door: Option<Arc<Door>>,
    exchange: Option<Exchange>,
    stage: Stage,
    /// The body is longer than the gate judges: nobody needs the rest.
    too_long: bool,
    /// For the answer of the VNFM.
    warnings: Vec<HeaderValue>,
}

#[derive(Default)]
enum Stage {
    /// Nothing has come, or it is decided what becomes of it.
    #[default]
    Idle,
    /// The body is still to come.
    Reading(Box<Request>),
    /// The VNFM is asked.
    Asking(Box<Trial>),
    Aside(Arc<Slot>),
}

/// What becomes of a request.
pub enum Next {
    Pass,
    /// More has to come, or to be found out.
    Wait,
    Refuse(Box<Refusal>),
}

/// An answer instead of the VNFM's.
pub struct Refusal {
    pub answer: Response<Bytes>,
    /// For Envoy's log.
    pub details: String,
}

impl Next {
    fn refuse(answer: Response<Bytes>, rule: &str) -> Self {
        // Envoy's log has spaces between its own words only.
        let details = format!("solgate_{}", rule.replace(char::is_whitespace, "_"));
        Self::Refuse(Box::new(Refusal { answer, details }))
    }

    /// Does it, outside of the hooks whose result says it. The filter may be gone afterwards.
    pub fn apply(self, stream: Stream) {
        match self {
            Self::Pass => stream.go_on(),
            Self::Wait => {}
            Self::Refuse(refusal) => stream.answer(&refusal.answer, &refusal.details),
        }
    }
}

impl Filter {
    pub fn new(config: Arc<FilterConfig>) -> Self {
        Self { config, state: RefCell::default(), callouts: RefCell::default(), asking: Cell::new(false) }
    }

    /// The head has come; `route` is the gate of its route.
    pub fn head(&self, stream: &Stream, route: Option<Arc<Door>>, end: bool) -> Next {
        let door = route.unwrap_or_else(|| Arc::clone(&self.config.door));
        let Head { request, fault } = request::read(stream, &door.config);
        let mut exchange = Exchange::begin(self.id(&request), &request, door.config.log);
        let gate = door.gate.current();
        let off = door.config.gate.mode == GateMode::Off && fault.is_none();
        if off {
            exchange.unjudged(&gate, &request);
            exchange.show(stream, &self.config.metrics);
        }
        {
            let mut state = self.state.borrow_mut();
            (state.door, state.exchange) = (Some(Arc::clone(&door)), Some(exchange));
        }
        if off {
            return Next::Pass;
        }
        if let Some(fault) = fault {
            return self.refuse(stream, &gate, &request, &fault);
        }
        if end {
            return self.judge(stream, request);
        }
        stream.allow_body(gate.body_limit());
        self.state.borrow_mut().stage = Stage::Reading(Box::new(request));
        Next::Wait
    }

    /// More of the body has come, or its end. `None` if the request is in no need of it.
    pub fn body(&self, stream: &Stream, end: bool) -> Option<Next> {
        let limit = self.door().gate.current().body_limit();
        // What is too long is judged by its start.
        let too_long = stream.body_size() > limit;
        let mut state = self.state.borrow_mut();
        match std::mem::take(&mut state.stage) {
            Stage::Reading(mut request) if end || too_long => {
                state.too_long = too_long;
                request.body = stream.body(limit);
                request.body_complete = !too_long;
                drop(state);
                Some(self.judge(stream, *request))
            }
            Stage::Idle => None,
            other => {
                state.stage = other;
                Some(Next::Wait)
            }
        }
    }

    /// Whether Envoy is to keep what has come of the body.
    pub fn keeps_body(&self) -> bool {
        !self.state.borrow().too_long
    }

    /// Trailers have come, which end the body.
    pub fn trailers(&self, stream: &Stream) -> Next {
        self.body(stream, true).unwrap_or(Next::Pass)
    }

    /// The VNFM has answered.
    pub fn answered(&self, stream: &Stream) {
        let warnings = std::mem::take(&mut self.state.borrow_mut().warnings);
        for warning in warnings {
            stream.add_to_answer("warning", warning.as_bytes());
        }
    }

    /// The client has its answer, or has left.
    pub fn completed(&self, stream: &Stream) {
        if let Some(exchange) = &mut self.state.borrow_mut().exchange {
            exchange.ended(stream, &self.config.metrics);
        }
    }

    /// Envoy has no more use for the filter.
    pub fn leave(&self) {
        let stage = std::mem::take(&mut self.state.borrow_mut().stage);
        if let Stage::Aside(slot) = stage {
            slot.leave();
        }
    }

    /// Something has happened that the module has asked to be told of.
    pub fn woken(&self, stream: &Stream, event: u64) -> Next {
        match event {
            JUDGED => {
                let slot = match &self.state.borrow().stage {
                    Stage::Aside(slot) => Arc::clone(slot),
                    _ => return Next::Wait,
                };
                match slot.take() {
                    Some(Advanced { trial, step: Ok(step) }) => self.step(stream, trial, step),
                    Some(Advanced { trial, step: Err(Stopped::Panicked) }) => self.panicked(stream, &trial),
                    Some(Advanced { trial, step: Err(Stopped::Waited) }) => {
                        self.failed(stream, &trial, &Fault::Overload)
                    }
                    None => Next::Wait,
                }
            }
            CUT => {
                let cut = self.callouts.borrow_mut().cut();
                for id in cut {
                    stream.give_up(id);
                }
                self.if_answered(stream)
            }
            _ => Next::Wait,
        }
    }

    /// The head of the answer to a question.
    pub fn answer_head<'a>(&self, id: u64, fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        self.callouts.borrow_mut().head(id, fields);
    }

    /// Data of the answer to a question.
    pub fn answer_data<'a>(&self, stream: &Stream, id: u64, chunks: impl Iterator<Item = &'a [u8]>) {
        let limit = self.door().config.gate.facts.max_bytes;
        let taken = self.callouts.borrow_mut().data(id, chunks, limit);
        if taken == Taken::TooMuch {
            // Envoy does not like to be interrupted while it hands data over.
            stream.scheduler().wake(CUT);
        }
    }

    /// The answer to a question is whole, or has broken off.
    pub fn answer_ended(&self, stream: &Stream, id: u64, whole: bool) -> Next {
        self.callouts.borrow_mut().ended(id, whole);
        self.if_answered(stream)
    }

    /// Goes on if nothing is waited for any more.
    fn if_answered(&self, stream: &Stream) -> Next {
        if self.asking.get() || !self.callouts.borrow().is_idle() {
            return Next::Wait;
        }
        let mut state = self.state.borrow_mut();
        match std::mem::take(&mut state.stage) {
            Stage::Asking(trial) => {
                drop(state);
                self.run(stream, trial)
            }
            other => {
                state.stage = other;
                Next::Wait
            }
        }
    }

    /// The request is here, or as much of it as is judged.
    fn judge(&self, stream: &Stream, request: Request) -> Next {
        let door = self.door();
        if let Some(exchange) = &mut self.state.borrow_mut().exchange {
            exchange.received(request.body.len());
        }
        let hasty = request.body.len() <= SMALL;
        let trial = Trial::new(Arc::new(request), door.gate.gates(), door.gate.delegation(), hasty);
        self.run(stream, Box::new(trial))
    }

    /// Lets a trial go on: here if that does not take long, or else on another thread.
    fn run(&self, stream: &Stream, mut trial: Box<Trial>) -> Next {
        if !trial.hasty {
            return self.send_aside(stream, trial);
        }
        if trial.request.body.len().saturating_add(self.callouts.borrow().bytes()) > SMALL {
            return self.send_aside(stream, Box::new(trial.again(self.door().gate.delegation())));
        }
        match trial.go_on() {
            Ok(step) => self.step(stream, trial, step),
            Err(Panicked) => self.panicked(stream, &trial),
        }
    }

    fn send_aside(&self, stream: &Stream, trial: Box<Trial>) -> Next {
        self.config.metrics.aside(stream);
        let (gates, request) = (trial.gates.clone(), Arc::clone(&trial.request));
        match aside::send(trial, stream.scheduler()) {
            Ok(slot) => {
                self.state.borrow_mut().stage = Stage::Aside(slot);
                Next::Wait
            }
            Err(NoRoom) => self.no_verdict(stream, &gates.gate, &request, &Fault::Overload),
        }
    }

    /// Does what a trial has come to.
    fn step(&self, stream: &Stream, trial: Box<Trial>, step: Step) -> Next {
        match step {
            Step::Decided(_) if trial.was_late() => {
                self.send_aside(stream, Box::new(trial.again(self.door().gate.delegation())))
            }
            Step::Decided(heard) => self.decided(stream, trial.gate(), &heard),
            Step::Asks(questions) if questions.is_empty() => {
                self.failed(stream, &trial, &Fault::Internal("it waits for nothing".to_owned()))
            }
            Step::Asks(questions) => {
                self.ask(stream, &trial, questions);
                if self.callouts.borrow().is_idle() {
                    return self.run(stream, trial);
                }
                self.state.borrow_mut().stage = Stage::Asking(trial);
                Next::Wait
            }
        }
    }

    /// Puts questions to the VNFM. What cannot be asked has no answer.
    fn ask(&self, stream: &Stream, trial: &Trial, questions: Vec<Question>) {
        let door = self.door();
        let cluster = match &door.config.cluster {
            Some(name) => Some(name.as_bytes().to_owned()),
            None => stream.cluster(),
        };
        let host = trial.request.headers.get(HOST).map_or(&b"vnfm"[..], HeaderValue::as_bytes);
        self.asking.set(true);
        for question in questions {
            let Some(question) = self.callouts.borrow().repeat(question) else { continue };
            let limit = self.callouts.borrow_mut().time_left(trial.evaluations(), door.config.gate.facts.timeout);
            let (Some(cluster), Some(limit)) = (&cluster, limit) else { continue };
            let (target, headers) = (question.target.clone(), question.headers.clone());
            self.callouts.borrow_mut().sending(question);
            let sent = stream.get(cluster, &target, host, &headers, limit);
            if let Err(error) = sent {
                let cluster = String::from_utf8_lossy(cluster).into_owned();
                match error {
                    NotSent::NoCluster => tracing::error!(cluster, "Envoy has no such cluster, which has the facts"),
                    NotSent::Other => tracing::warn!(cluster, "Envoy could not ask the cluster for a fact"),
                }
            }
            self.callouts.borrow_mut().sent(sent.ok());
        }
        self.asking.set(false);
    }

    fn decided(&self, stream: &Stream, gate: &Arc<Gate>, heard: &Heard) -> Next {
        let Heard { request, decision } = heard;
        let door = self.door();
        self.note(|exchange| exchange.decided(&door, gate, request, decision));
        match &decision.verdict {
            Verdict::Deny(problem) => {
                self.show(stream);
                Next::refuse(problem.response(gate.style_for(&request.target)), &problem.rule)
            }
            Verdict::Allow => match gate.check_whole(request.body_complete) {
                Ok(()) => {
                    self.state.borrow_mut().warnings = decision.warnings();
                    self.show(stream);
                    Next::Pass
                }
                Err(fault) => self.refuse(stream, gate, request, &fault),
            },
        }
    }

    fn panicked(&self, stream: &Stream, trial: &Trial) -> Next {
        self.failed(stream, trial, &Fault::Internal("it panicked".to_owned()))
    }

    fn failed(&self, stream: &Stream, trial: &Trial, fault: &Fault) -> Next {
        self.no_verdict(stream, trial.gate(), &trial.request, fault)
    }

    /// There is no verdict: the request is refused, unless the gate only monitors.
    fn no_verdict(&self, stream: &Stream, gate: &Gate, request: &Request, fault: &Fault) -> Next {
        if gate.mode() == Mode::Monitor && request.body_complete {
            let door = self.door();
            self.note(|exchange| exchange.failed(&door, gate, request, fault));
            self.show(stream);
            return Next::Pass;
        }
        self.refuse(stream, gate, request, fault)
    }

    fn refuse(&self, stream: &Stream, gate: &Gate, request: &Request, fault: &Fault) -> Next {
        let door = self.door();
        self.note(|exchange| exchange.failed(&door, gate, request, fault));
        self.show(stream);
        let target = Some(request.target.as_str()).filter(|target| !target.is_empty());
        Next::refuse(fault.problem(target).response(gate.style_for(&request.target)), fault.id())
    }

    /// The answer to a request on which a hook of this module has panicked.
    pub fn broken(&self) -> Next {
        let fault = Fault::Internal("it panicked".to_owned());
        let gate = self.door().gate.current();
        Next::refuse(fault.problem(None).response(gate.style()), fault.id())
    }

    fn note(&self, note: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = &mut self.state.borrow_mut().exchange {
            note(exchange);
        }
    }

    fn show(&self, stream: &Stream) {
        if let Some(exchange) = &self.state.borrow().exchange {
            exchange.show(stream, &self.config.metrics);
        }
    }

    fn door(&self) -> Arc<Door> {
        Arc::clone(self.state.borrow().door.as_ref().unwrap_or(&self.config.door))
    }

    /// Envoy's name for the request, so that it can be found in both logs, or else one of
    /// our own.
    fn id(&self, request: &Request) -> String {
        let named = request.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
        let named = named.filter(|id| !id.is_empty() && id.len() <= LONGEST_ID);
        named.map_or_else(|| self.config.ids.next(), str::to_owned)
    }
}
