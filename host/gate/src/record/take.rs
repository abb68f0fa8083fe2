//! Makes the record of a decision.

use std::time::{Duration, UNIX_EPOCH};

use data_encoding::BASE64;

use super::redact::{self, Redactor};
use super::{
    FORMAT, FactOutcome, Record, RecordedBody, RecordedCaller, RecordedContext, RecordedFact, RecordedFactFailure,
    RecordedFinding, RecordedMode, RecordedOverride, RecordedPolicy, RecordedRequest, RecordedVerdict,
    RecordedViolation,
};
use crate::Request;
use crate::facts::FactAnswer;
use crate::gate::{Decision, FactFailure, FactTrace, Gate, Mode, Setting, Verdict};
use crate::problem::{Location, Violation};

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
}

/// The record of a decision that `gate` came to about `request`.
#[must_use]
pub fn record(handling: Handling, gate: &Gate, request: &Request, decision: &Decision, bodies: Bodies) -> Record {
    let redactor = Redactor::new(gate.policies().iter().map(AsRef::as_ref));
    // Policies see milliseconds.
    let received = request.received_at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = Duration::from_millis(u64::try_from(received.as_millis()).unwrap_or(u64::MAX));
    let time = UNIX_EPOCH.checked_add(millis).unwrap_or(UNIX_EPOCH);
    Record {
        format: FORMAT,
        id: handling.id,
        time: humantime::format_rfc3339_millis(time).to_string(),
        trace_id: handling.trace_id,
        operation: decision.operation.clone(),
        resource: decision.resource.clone(),
        request: RecordedRequest {
            method: request.method.clone(),
            target: redact::target(&request.target).into_owned(),
            fields: fields(gate, request),
            body_bytes: request.body.len(),
            body_complete: request.body_complete,
            body: (bodies == Bodies::Redacted && !request.body.is_empty()).then(|| body(&request.body, &redactor)),
        },
        context: context(gate, request),
        policies: decision
            .policies
            .iter()
            .map(|policy| RecordedPolicy { name: policy.name.clone(), digest: policy.digest.clone() })
            .collect(),
        settings_digest: gate.settings_digest().to_string(),
        overrides: handling.overrides,
        facts: decision.facts.iter().map(|fact| self::fact(fact, &redactor)).collect(),
        verdict: decision.into(),
        upstream_status: handling.upstream_status,
        upstream_fault: handling.upstream_fault,
    }
}

/// The fields that a policy asks for.
fn fields(gate: &Gate, request: &Request) -> Vec<(String, String)> {
    let wanted =
        |name: &str| gate.policies().iter().any(|policy| policy.manifest().fields.iter().any(|field| field == name));
    let fields = request.headers.iter().filter(|(name, _)| wanted(name.as_str()));
    fields
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), redact::field(name, &value).into_owned())
        })
        .collect()
}

fn body(bytes: &[u8], redactor: &Redactor<'_>) -> RecordedBody {
    let Ok(text) = std::str::from_utf8(bytes) else {
        let named = redactor.finds_name_in(&String::from_utf8_lossy(bytes));
        return if named { withheld() } else { RecordedBody::Base64 { base64: BASE64.encode(bytes) } };
    };
    match redactor.json(text) {
        Some(redacted) => RecordedBody::Text { text: redacted.text, redacted: redacted.pointers },
        None if redactor.finds_name_in(text) => withheld(),
        None => RecordedBody::Text { text: text.to_owned(), redacted: Vec::new() },
    }
}

/// Nobody can tell where in such a body the secret begins and ends.
fn withheld() -> RecordedBody {
    RecordedBody::Withheld { withheld: "it is not JSON and holds the name of a secret".to_owned() }
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
