//! One line per request: what was asked, what was decided, what became of it.
//!
//! The lines leave through `tracing` under the target [`TARGET`], so that a
//! program that embeds the server can send them where it likes;
//! [`layer`] writes them to standard output. They hold no body, no query, no
//! header value and no credential.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::config::LogFormat;
use crate::gate::{Decision, Finding, Severity, Verdict};
use crate::problem::Location;

/// The `tracing` target of the lines; the field is called `line`.
pub const TARGET: &str = "solgate::decision";

/// Longest path that is written out.
const PATH_LIMIT: usize = 512;

/// What the line says.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// When the request had been received (RFC 3339).
    pub time: String,
    pub id: String,
    pub peer: String,
    pub method: String,
    /// Without the query.
    pub path: String,
    pub operation: Option<String>,
    /// What the client was answered; null if it left before.
    pub status: Option<u16>,
    pub verdict: Outcome,
    /// The rule or fault that decided.
    pub rule: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingLine>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<FactLine>,
    pub policies: Vec<PolicyLine>,
    pub upstream_status: Option<u16>,
    pub request_bytes: u64,
    pub response_bytes: u64,
    pub micros: Micros,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The client left before there was a verdict.
    #[default]
    Abandoned,
    /// The gate of the upstream is off.
    Unjudged,
    Allow,
    Deny,
    /// The transport or the VNFM failed; no policy had the last word.
    Fault,
}

impl Outcome {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Unjudged => "unjudged",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Fault => "fault",
        }
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct FindingLine {
    pub severity: &'static str,
    pub status: u16,
    pub rule: String,
    /// JSON Pointer, or the name of a field or parameter.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub at: String,
}

#[derive(Debug, Clone, Serialize)]
pub struct FactLine {
    pub name: String,
    pub outcome: &'static str,
    pub cached: bool,
}

#[derive(Debug, Clone, Serialize)]
pub struct PolicyLine {
    pub name: String,
    pub digest: String,
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

impl Record {
    /// The record of a request whose head has been read.
    #[must_use]
    pub fn new(id: String, peer: String, received_at: SystemTime, method: &str, target: &str) -> Self {
        let path = target.split('?').next().unwrap_or(target);
        Self {
            time: humantime::format_rfc3339_micros(received_at).to_string(),
            id,
            peer,
            method: method.chars().take(32).collect(),
            path: path.chars().take(PATH_LIMIT).collect(),
            ..Self::default()
        }
    }

    /// Enters that the gate is off: what was asked, and no verdict.
    pub fn unjudged(&mut self, operation: Option<&str>) {
        self.operation = operation.map(str::to_owned);
        self.verdict = Outcome::Unjudged;
    }

    /// Enters what the gate decided.
    pub fn decided(&mut self, decision: &Decision) {
        self.operation.clone_from(&decision.operation);
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
        self.policies = decision
            .policies
            .iter()
            .map(|policy| PolicyLine { name: policy.name.clone(), digest: policy.digest.clone() })
            .collect();
        self.micros.evaluation = micros(decision.evaluation);
        self.micros.facts = micros(decision.waiting);
    }

    /// The line for `format`; `None` if there is to be none.
    #[must_use]
    pub fn line(&self, format: LogFormat) -> Option<String> {
        match format {
            LogFormat::Off => None,
            // Strings and numbers only: serialising cannot fail.
            LogFormat::Json => Some(serde_json::to_string(self).unwrap_or_default()),
            LogFormat::Text => Some(self.text()),
        }
    }

    fn text(&self) -> String {
        let status = self.status.map_or_else(|| "---".to_owned(), |status| status.to_string());
        let mut line = format!("{} {status} {:<9} {} {}", self.time, self.verdict.as_str(), self.method, self.path);
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

impl From<&Finding> for FindingLine {
    fn from(finding: &Finding) -> Self {
        let at = match &finding.violation.location {
            Location::Request => String::new(),
            Location::Body(at) | Location::Header(at) | Location::Query(at) | Location::Path(at) => at.clone(),
        };
        Self {
            severity: severity_name(finding.severity),
            status: finding.status,
            rule: finding.violation.rule.clone(),
            at,
        }
    }
}

pub(super) fn severity_name(severity: Severity) -> &'static str {
    match severity {
        Severity::Off => "off",
        Severity::Audit => "audit",
        Severity::Warn => "warn",
        Severity::Deny => "deny",
    }
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// A `tracing` layer that writes the lines, and nothing else, to standard output.
pub fn layer<S: tracing::Subscriber>() -> impl Layer<S> {
    Lines
}

struct Lines;

impl<S: tracing::Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == TARGET {
            event.record(&mut Writer);
        }
    }
}

struct Writer;

impl Visit for Writer {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "line" {
            // A reader that has gone away must not stop the gate.
            let _ = writeln!(std::io::stdout().lock(), "{value}");
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
