//! The result of judging a request, as C gets it.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_LENGTH, HeaderMap, WARNING};
use serde_json::{Value, json};
use solgate::Request;
use solgate::fault::Fault;
use solgate::gate::{Decision, Gate, Mode, Verdict};
use solgate::record::{FindingLine, Outcome};

use crate::lent::Fields;

/// What becomes of a request.
pub struct Answer {
    /// 0 if the request is allowed.
    pub status: u16,
    pub fields: Fields,
    pub body: Bytes,
    /// For a log.
    pub decision: String,
}

/// What a log says about a request, whatever becomes of it.
pub struct About {
    received_at: SystemTime,
    method: String,
    target: String,
    bytes: usize,
    body_complete: bool,
}

impl From<&Request> for About {
    fn from(request: &Request) -> Self {
        Self {
            received_at: request.received_at,
            method: request.method.clone(),
            target: request.target.clone(),
            bytes: request.body.len(),
            body_complete: request.body_complete,
        }
    }
}

impl About {
    /// A request of which no more is known.
    pub fn unreadable(target: String) -> Self {
        Self { received_at: SystemTime::now(), method: String::new(), target, bytes: 0, body_complete: true }
    }
}

impl Answer {
    /// What the gate has decided. A request that was judged by the start of its
    /// body is never allowed: nobody has seen the rest.
    pub fn decided(gate: &Gate, about: &About, decision: &Decision) -> Self {
        match &decision.verdict {
            Verdict::Deny(problem) => {
                let log = log(about, Outcome::Deny, Some(&problem.rule), Some(problem.status.as_u16()), Some(decision));
                Self::send(problem.response(gate.style_for(&about.target)), log)
            }
            Verdict::Allow => match gate.check_whole(about.body_complete) {
                Ok(()) => {
                    let warnings = decision.warnings().into_iter().map(|warning| (WARNING, warning)).collect();
                    Self::pass(warnings, log(about, Outcome::Allow, None, None, Some(decision)))
                }
                Err(fault) => Self::refused(gate, about, &fault, Some(decision)),
            },
        }
    }

    /// A gate that is off does not judge.
    pub fn unjudged(gate: &Gate, about: &About) -> Self {
        match gate.check_whole(about.body_complete) {
            Ok(()) => Self::pass(HeaderMap::new(), log(about, Outcome::Unjudged, None, None, None)),
            Err(fault) => Self::refused(gate, about, &fault, None),
        }
    }

    /// A request on which the gate itself has failed: refused, unless it only monitors.
    pub fn failed(gate: &Gate, about: &About, fault: &Fault) -> Self {
        if gate.mode() == Mode::Monitor && about.body_complete {
            return Self::pass(HeaderMap::new(), log(about, Outcome::Fault, Some(fault.id()), None, None));
        }
        Self::refused(gate, about, fault, None)
    }

    /// A request that no policy has the last word on.
    pub fn refused(gate: &Gate, about: &About, fault: &Fault, decision: Option<&Decision>) -> Self {
        let log = log(about, Outcome::Fault, Some(fault.id()), Some(fault.status().as_u16()), decision);
        let target = Some(about.target.as_str()).filter(|target| !target.is_empty());
        Self::send(fault.problem(target).response(gate.style_for(&about.target)), log)
    }

    fn send(response: Response<Bytes>, decision: Value) -> Self {
        let (mut head, body) = response.into_parts();
        // It is the server that frames the answer.
        head.headers.remove(CONTENT_LENGTH);
        Self { status: head.status.as_u16(), fields: Fields::from(head.headers), body, decision: decision.to_string() }
    }

    fn pass(fields: HeaderMap, decision: Value) -> Self {
        Self { status: 0, fields: Fields::from(fields), body: Bytes::new(), decision: decision.to_string() }
    }
}

/// The members have the names and meanings of those in the log of
/// `solgate serve`.
fn log(about: &About, verdict: Outcome, rule: Option<&str>, status: Option<u16>, decision: Option<&Decision>) -> Value {
    let mut log = json!({
        "time": humantime::format_rfc3339_micros(about.received_at).to_string(),
        "method": about.method,
        "path": about.target.split('?').next(),
        "operation": decision.and_then(|decision| decision.operation.as_ref()),
        "status": status,
        "verdict": verdict,
        "rule": rule,
        "requestBytes": about.bytes,
    });
    if let (Some(decision), Value::Object(members)) = (decision, &mut log) {
        let facts = decision.facts.iter().map(|fact| json!({"name": fact.name, "outcome": fact.outcome()}));
        let policies = decision.policies.iter().map(|policy| json!({"name": policy.name, "digest": policy.digest}));
        let findings: Vec<_> = decision.findings.iter().map(FindingLine::from).collect();
        members.insert("findings".to_owned(), json!(findings));
        members.insert("facts".to_owned(), facts.collect());
        members.insert("policies".to_owned(), policies.collect());
        let micros = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        members.insert(
            "micros".to_owned(),
            json!({"evaluation": micros(decision.evaluation), "facts": micros(decision.waiting)}),
        );
    }
    log
}
