//! Makes the record of a decision.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderMap;

use super::chain::digest;
use super::redact::{Redactor, SecretNames};
use super::{
    FORMAT, FactOutcome, Record, RecordedBody, RecordedCaller, RecordedContext, RecordedFact, RecordedFactFailure,
    RecordedFinding, RecordedMode, RecordedOverride, RecordedPolicy, RecordedRequest, RecordedVerdict,
    RecordedViolation,
};
use crate::Request;
use crate::facts::FactAnswer;
use crate::gate::{Decision, FactFailure, FactTrace, Gate, Mode, Setting, Verdict};
use crate::problem::{Location, Violation};

/// Bytes of a target in a record that has no room for all of it.
const TARGET: usize = 2048;

/// Whether the bodies of requests are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bodies {
    #[default]
    LeftOut,
    Redacted,
}

/// What a door knows of a request beside what the gate judged by.
#[derive(Debug, Clone, Default)]
pub struct Handling {
    /// The request id.
    pub id: Option<String>,
    pub trace_id: Option<String>,
    pub overrides: Vec<RecordedOverride>,
    /// What the VNFM answered.
    pub upstream_status: Option<u16>,
    /// How it failed after the verdict, by the id of the fault.
    pub upstream_fault: Option<String>,
    /// Status and id of the fault with which the gate refused the request although a policy
    /// had let it pass.
    pub refused: Option<(u16, String)>,
}

impl Handling {
    /// Enters it into the record of the request.
    pub fn complete(self, record: &mut Record) {
        record.id = self.id;
        record.trace_id = self.trace_id;
        record.overrides = self.overrides;
        record.upstream_status = self.upstream_status;
        record.upstream_fault = self.upstream_fault;
        if let Some((status, id)) = self.refused
            && record.verdict.allowed
        {
            let findings = std::mem::take(&mut record.verdict.findings);
            record.verdict = RecordedVerdict { findings, ..RecordedVerdict::fault(status, &id) };
        }
    }
}

/// A decision, and as much of the request as its record needs, until the request has ended.
#[derive(Clone)]
pub struct Decided {
    gate: Arc<Gate>,
    /// With the fields that a policy asks for, and without a body if that is not recorded.
    request: Request,
    body_bytes: usize,
    decision: Decision,
}

impl Decided {
    /// Takes what the record of this decision needs.
    #[must_use]
    pub fn new(gate: &Arc<Gate>, request: &Request, decision: &Decision, bodies: Bodies) -> Self {
        let wanted = |name: &str| {
            gate.policies().iter().any(|policy| policy.manifest().fields.iter().any(|field| field == name))
        };
        let mut headers = HeaderMap::with_capacity(8);
        for (name, value) in request.headers.iter().filter(|(name, _)| wanted(name.as_str())) {
            headers.append(name.clone(), value.clone());
        }
        let body = match bodies {
            Bodies::LeftOut => Bytes::new(),
            Bodies::Redacted => request.body.clone(),
        };
        let body_bytes = request.body.len();
        let request = Request {
            method: request.method.clone(),
            target: request.target.clone(),
            headers,
            body,
            body_complete: request.body_complete,
            caller: request.caller.clone(),
            received_at: request.received_at,
        };
        Self { gate: Arc::clone(gate), request, body_bytes, decision: decision.clone() }
    }

    /// What it holds in memory, about, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let Self { request, decision, .. } = self;
        let fields = request.headers.iter().map(|(name, value)| name.as_str().len().saturating_add(value.len()));
        let facts = decision.facts.iter().map(|fact| fact.answer.bytes());
        let found = decision.findings.iter().map(|finding| finding.violation.detail.len());
        let caller = request.caller.iter().flat_map(|caller| {
            let names = [&caller.roles, &caller.scopes, &caller.certificate_names].into_iter().flatten();
            names.chain(&caller.subject).chain(&caller.tenant).map(String::len)
        });
        let parts = fields.chain(facts).chain(found).chain(caller);
        parts.fold(request.body.len().saturating_add(request.target.len()), usize::saturating_add)
    }

    /// Its record.
    #[must_use]
    pub fn record(&self, handling: Handling, names: &SecretNames) -> Record {
        let Self { gate, request, decision, .. } = self;
        let redactor = Redactor::new(gate.policies().iter().map(AsRef::as_ref), names);
        let mut record = self.outline(&redactor);
        handling.complete(&mut record);
        record.request.target = redactor.target(&request.target).into_owned();
        record.request.fields = fields(&request.headers, &redactor);
        record.request.body = (!request.body.is_empty()).then(|| body(&request.body, &redactor));
        record.facts = decision.facts.iter().map(|fact| self::fact(fact, &redactor)).collect();
        record
    }

    /// What an auditor needs at least: who asked for what, and what became of it. It cannot
    /// be judged again, for this `reason`.
    #[must_use]
    pub fn partial_record(&self, reason: &str, names: &SecretNames) -> Record {
        let policies = self.gate.policies().iter().map(AsRef::as_ref);
        let record = self.outline(&Redactor::new(policies, names));
        Record { partial: Some(reason.to_owned()), ..record }
    }

    fn outline(&self, redactor: &Redactor<'_>) -> Record {
        let Self { gate, request, body_bytes, decision } = self;
        Record {
            format: FORMAT,
            id: None,
            time: time(request.received_at),
            trace_id: None,
            operation: decision.operation.clone(),
            resource: decision.resource.clone(),
            request: RecordedRequest {
                method: request.method.clone(),
                target: cut_target(&redactor.target(&request.target)),
                fields: Vec::new(),
                body_bytes: *body_bytes,
                body_complete: request.body_complete,
                body: None,
            },
            context: context(gate, request),
            policies: decision
                .policies
                .iter()
                .map(|policy| RecordedPolicy { name: policy.name.clone(), digest: policy.digest.clone() })
                .collect(),
            settings_digest: gate.settings_digest().to_string(),
            overrides: Vec::new(),
            facts: Vec::new(),
            verdict: decision.into(),
            upstream_status: None,
            upstream_fault: None,
            partial: None,
            chain: None,
        }
    }
}

/// As policies see it: to the millisecond.
pub(super) fn time(received_at: SystemTime) -> String {
    let received = received_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = Duration::from_millis(u64::try_from(received.as_millis()).unwrap_or(u64::MAX));
    humantime::format_rfc3339_millis(UNIX_EPOCH.checked_add(millis).unwrap_or(UNIX_EPOCH)).to_string()
}

/// The start of a target.
pub(super) fn cut_target(target: &str) -> String {
    target.get(..target.floor_char_boundary(TARGET)).unwrap_or(target).to_owned()
}

fn fields(headers: &HeaderMap, redactor: &Redactor<'_>) -> Vec<(String, String)> {
    let field = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        (name.as_str().to_owned(), redactor.field(name, &value).into_owned())
    };
    headers.iter().map(field).collect()
}

fn body(bytes: &[u8], redactor: &Redactor<'_>) -> RecordedBody {
    match std::str::from_utf8(bytes).ok().and_then(|text| redactor.json(text)) {
        Some(redacted) => RecordedBody::Text { text: redacted.text, redacted: redacted.pointers },
        // Nobody can tell where in such a body a secret begins and ends.
        None => RecordedBody::Withheld {
            withheld: "it is not JSON, so secrets in it cannot be found".to_owned(),
            sha256: Some(digest(bytes)),
        },
    }
}

fn context(gate: &Gate, request: &Request) -> RecordedContext {
    let mut context = RecordedContext {
        mode: match gate.mode() {
            Mode::Enforce => RecordedMode::Enforce,
            Mode::Monitor => RecordedMode::Monitor,
        },
        fact_failure: match gate.fact_failure() {
            FactFailure::Deny => RecordedFactFailure::Deny,
            FactFailure::Pass => RecordedFactFailure::Pass,
        },
        caller: request.caller.as_ref().map(RecordedCaller::from),
        ..RecordedContext::default()
    };
    for setting in gate.settings() {
        match setting {
            Setting::Option { name, value } => drop(context.options.insert(name.clone(), value.clone())),
            Setting::Severity { rule, severity } => drop(context.severity.insert(rule.clone(), *severity)),
        }
    }
    context
}

fn fact(fact: &FactTrace, redactor: &Redactor<'_>) -> RecordedFact {
    let (outcome, etag, body) = match &fact.answer {
        FactAnswer::Found { etag, body } => {
            let text = std::str::from_utf8(body).ok().and_then(|text| redactor.json(text));
            let body = text.and_then(|redacted| serde_json::from_str(&redacted.text).ok());
            (FactOutcome::Found, etag.clone(), body)
        }
        FactAnswer::Absent => (FactOutcome::Absent, None, None),
        FactAnswer::Withheld => (FactOutcome::Withheld, None, None),
        FactAnswer::Unavailable(_) => (FactOutcome::Unavailable, None, None),
    };
    let variables = fact.variables.iter().cloned().collect();
    RecordedFact { name: fact.name.clone(), variables, outcome, cached: fact.cached, etag, body }
}

impl From<&Decision> for RecordedVerdict {
    fn from(decision: &Decision) -> Self {
        let findings = decision.findings.iter().map(|finding| RecordedFinding {
            severity: finding.severity,
            status: finding.status,
            violation: violation(&finding.violation),
        });
        let denied = match &decision.verdict {
            Verdict::Allow => None,
            Verdict::Deny(problem) => Some(problem),
        };
        Self {
            allowed: denied.is_none(),
            status: denied.map(|problem| problem.status.as_u16()),
            rule: denied.map(|problem| problem.rule.clone()),
            fault: decision.fault,
            violations: denied.map(|problem| problem.violations.iter().map(violation).collect()).unwrap_or_default(),
            findings: findings.collect(),
        }
    }
}

fn violation(violation: &Violation) -> RecordedViolation {
    let (pointer, header, parameter) = match &violation.location {
        Location::Request => (None, None, None),
        Location::Body(pointer) => (Some(pointer.clone()), None, None),
        Location::Header(name) => (None, Some(name.clone()), None),
        Location::Query(name) | Location::Path(name) => (None, None, Some(name.clone())),
    };
    RecordedViolation { rule: violation.rule.clone(), pointer, header, parameter }
}
