//! One line per request: what was asked, what was decided, and how the request ended.
//!
//! The lines leave through `tracing` under the target [`TARGET`], so that a program
//! that embeds the server can send them where it likes. [`layer`] gives them to a
//! [writer](super::line_writer). They hold no body, no query, no header value and no
//! credential.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use solgate::Request;
use solgate::fault::Fault;
use solgate::gate::{About, Decision, Gate, Verdict};
use solgate::policy::PolicyId;
use solgate::record::{FindingLine, Handling, Outcome, RecordedCaller, RecordedOverride};
use solgate::request::Caller;
use solgate::trace_context::Parent;
use solgate_config::LogFormat;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::line_writer::LineWriter;

/// The `tracing` target of the lines; the field is called `line`.
pub const TARGET: &str = "solgate::decision";

/// Bytes of a path and of a method that are written out.
const PATH_LIMIT: usize = 512;
const METHOD_LIMIT: usize = 32;

/// What the line of one request says.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestLine {
    /// When the request had been received.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    pub id: String,
    /// The span that the request was handled in, if it belongs to a trace: the gate's, or
    /// without spans that of its sender. The line has only the trace.
    #[serde(rename = "traceId", serialize_with = "trace_id", skip_serializing_if = "Option::is_none")]
    pub within: Option<Parent>,
    /// Null if the server in front of the gate does not say whom it asks for.
    pub peer: Option<IpAddr>,
    pub method: String,
    /// Without the query.
    pub path: String,
    /// The API, such as `vnflcm/v2`, if a policy judges it.
    #[serde(serialize_with = "shared_text", skip_serializing_if = "Option::is_none")]
    pub api: Option<Arc<str>>,
    pub operation: Option<String>,
    /// What it is about, such as `vnf_instances/1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// Who the caller is, as far as that was verified; the address is `peer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<RecordedCaller>,
    /// What the client was answered; null if it left before.
    pub status: Option<u16>,
    pub verdict: Outcome,
    /// The rule or fault that decided.
    pub rule: Option<String>,
    /// Rules that were named and that no policy declares, which metrics must not name.
    #[serde(skip)]
    pub undeclared: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingLine>,
    /// Overrides of severities that rules fell under which the request broke.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<RecordedOverride>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<FactLine>,
    #[serde(serialize_with = "policy_lines")]
    pub policies: Vec<Arc<PolicyId>>,
    /// Of the gate; absent if it had no say.
    #[serde(serialize_with = "shared_text", skip_serializing_if = "Option::is_none")]
    pub settings_digest: Option<Arc<str>>,
    pub upstream_status: Option<u16>,
    /// How the VNFM failed after the verdict, which `rule` says, too.
    #[serde(skip)]
    pub upstream_fault: Option<&'static str>,
    /// Status and id of another fault with which the request ended.
    #[serde(skip)]
    pub gate_fault: Option<(u16, &'static str)>,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub micros: Micros,
}

#[derive(Debug, Clone, Serialize)]
pub struct FactLine {
    pub name: String,
    pub outcome: &'static str,
    pub cached: bool,
}

#[derive(Serialize)]
struct PolicyLine<'a> {
    name: &'a str,
    digest: &'a str,
}

/// Durations in microseconds.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Micros {
    pub evaluation: u64,
    pub facts: u64,
    /// Until the head of the VNFM's answer.
    pub upstream: u64,
    /// From the request's head to the answer's last byte.
    pub total: u64,
}

impl Default for RequestLine {
    /// The line of no request.
    fn default() -> Self {
        Self {
            time: SystemTime::UNIX_EPOCH,
            id: String::new(),
            within: None,
            peer: None,
            method: String::new(),
            path: String::new(),
            api: None,
            operation: None,
            resource: None,
            caller: None,
            status: None,
            verdict: Outcome::default(),
            rule: None,
            undeclared: Vec::new(),
            findings: Vec::new(),
            overrides: Vec::new(),
            facts: Vec::new(),
            policies: Vec::new(),
            settings_digest: None,
            upstream_status: None,
            upstream_fault: None,
            gate_fault: None,
            request_bytes: 0,
            response_bytes: 0,
            micros: Micros::default(),
        }
    }
}

impl RequestLine {
    /// The line of a request whose head has been read.
    #[must_use]
    pub fn new(id: String, peer: Option<IpAddr>, time: SystemTime, method: &str, target: &str) -> Self {
        let path = target.split('?').next().unwrap_or(target);
        let (method, path) = (start(method, METHOD_LIMIT), start(path, PATH_LIMIT));
        Self { time, id, peer, method, path, ..Self::default() }
    }

    /// Enters who the caller is.
    pub fn called_by(&mut self, caller: &Caller) {
        let known = RecordedCaller { source_address: None, ..RecordedCaller::from(caller) };
        self.caller = Some(known).filter(|known| *known != RecordedCaller::default());
    }

    /// Enters what was asked, as far as a gate knows such a request.
    pub fn asked(&mut self, gate: &Gate, method: &str, target: &str) {
        let About { api, operation, resource } = gate.about(method, target);
        (self.api, self.operation, self.resource) = (api.cloned(), operation.map(str::to_owned), resource);
    }

    /// Enters that the gate is off: what was asked, and no verdict.
    pub fn unjudged(&mut self, gate: &Gate, request: &Request) {
        self.asked(gate, &request.method, &request.target);
        if let Some(caller) = &request.caller {
            self.called_by(caller);
        }
        self.verdict = Outcome::Unjudged;
    }

    /// Enters what the gate decided.
    pub fn decided(&mut self, decision: &Decision) {
        self.operation.clone_from(&decision.operation);
        self.resource.clone_from(&decision.resource);
        self.api.clone_from(&decision.api);
        (self.verdict, self.rule) = match &decision.verdict {
            Verdict::Allow => (Outcome::Allow, None),
            Verdict::Deny(problem) => (Outcome::Deny, Some(problem.rule.clone())),
        };
        self.findings = decision.findings.iter().map(FindingLine::from).collect();
        self.facts = decision
            .facts
            .iter()
            .map(|fact| FactLine { name: fact.name.clone(), outcome: fact.outcome(), cached: fact.cached })
            .collect();
        self.policies.clone_from(&decision.policies);
        self.micros.evaluation = micros(decision.evaluation);
        self.micros.facts = micros(decision.waiting);
    }

    /// Enters that the request has ended with a fault.
    pub fn failed(&mut self, fault: &Fault) {
        self.verdict = Outcome::Fault;
        self.rule = Some(fault.id().to_owned());
        let of_gate = (fault.status().as_u16(), fault.id());
        (self.upstream_fault, self.gate_fault) =
            if fault.is_of_upstream() { (Some(of_gate.1), None) } else { (None, Some(of_gate)) };
    }

    /// What it adds to the record of the decision.
    #[must_use]
    pub fn handling(&self) -> Handling {
        Handling {
            id: Some(self.id.clone()),
            trace_id: self.within.map(|within| within.trace.to_string()),
            overrides: self.overrides.clone(),
            upstream_status: self.upstream_status,
            upstream_fault: self.upstream_fault.map(str::to_owned),
            refused: self.gate_fault.map(|(status, id)| (status, id.to_owned())),
        }
    }

    /// Writes it, unless `format` says that there are no lines.
    pub fn write(&self, format: LogFormat) {
        match format {
            LogFormat::Off => {}
            LogFormat::Json => write(&self.json()),
            LogFormat::Text => write(&self.text()),
        }
    }

    /// The same, and gives the line as JSON to somebody else.
    pub fn write_and(&self, format: LogFormat, other: impl FnOnce(String)) {
        let json = self.json();
        match format {
            LogFormat::Json => write(&json),
            other => self.write(other),
        }
        other(json);
    }

    fn json(&self) -> String {
        // Strings and numbers only: serialising cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn text(&self) -> String {
        let status = self.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let time = humantime::format_rfc3339_micros(self.time);
        let mut line = format!("{time} {status} {:<9} {} {}", self.verdict.as_str(), self.method, self.path);
        if let Some(rule) = &self.rule {
            let _ = write!(line, "  {rule}");
        }
        for finding in &self.findings {
            let _ = write!(line, "  [{} {}]", finding.severity, finding.rule);
        }
        let _ = write!(line, "  {} us", self.micros.total);
        line
    }
}

/// Sends a line to wherever lines go.
pub fn write(line: &str) {
    tracing::info!(target: TARGET, line);
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_micros(*time))
}

fn trace_id<S: Serializer>(within: &Option<Parent>, serializer: S) -> Result<S::Ok, S::Error> {
    within.map(|within| within.trace.to_string()).serialize(serializer)
}

fn shared_text<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}

fn policy_lines<S: Serializer>(policies: &[Arc<PolicyId>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(policies.iter().map(|policy| PolicyLine { name: &policy.name, digest: &policy.digest }))
}

/// At most `limit` bytes of a text.
fn start(text: &str, limit: usize) -> String {
    text.get(..text.floor_char_boundary(limit)).unwrap_or(text).to_owned()
}

/// A duration as lines give it.
#[must_use]
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A `tracing` layer that gives the lines, and nothing else, to `writer`.
pub fn layer<S: tracing::Subscriber>(writer: LineWriter) -> impl Layer<S> {
    Lines(writer)
}

struct Lines(LineWriter);

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            event.record(&mut LineField(&self.0));
        }
    }
}

/// Takes the line out of an event.
struct LineField<'a>(&'a LineWriter);

impl Visit for LineField<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "line" {
            self.0.write(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
