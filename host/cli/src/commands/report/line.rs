//! One line of what a gate has written: a decision, or how a shadow would have decided.

use serde::Deserialize;
use serde::de::IgnoredAny;
use solgate::gate::Severity;
use solgate::record::{Record, RecordError, RecordedCaller, RecordedPolicy, RecordedVerdict};

/// The format of the lines of a shadow that this version reads.
const SHADOW: u32 = 1;

/// Why nothing can be said about a line.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("it is neither a decision line, a line of a shadow nor a record (--log json writes such lines)")]
    Other,
    #[error("it is not a whole line: {0}")]
    Broken(serde_json::Error),
    #[error(transparent)]
    Record(#[from] RecordError),
    #[error("it is of a shadow in format {0}, which a later version of Solgate has written; this one reads {SHADOW}")]
    Later(u32),
}

/// What one line says.
#[derive(Debug)]
pub enum Line {
    Decision(Asked, Decision),
    Shadow(Asked, Comparison),
}

/// Who asked for what.
#[derive(Debug)]
pub struct Asked {
    pub id: Option<String>,
    /// RFC 3339, so that earlier is less.
    pub time: String,
    pub operation: Option<String>,
    pub caller: String,
}

/// What was decided.
#[derive(Debug)]
pub struct Decision {
    /// The client was refused.
    pub denied: bool,
    /// Rules that would have denied in enforce mode.
    pub would_deny: Vec<String>,
}

/// What the policy in force and its shadow said.
#[derive(Debug)]
pub struct Comparison {
    /// Of the shadow, by name and digest.
    pub policies: Vec<RecordedPolicy>,
    pub outcome: Outcome,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The shadow would have denied, by these rules, what was let pass.
    Denies(Vec<String>),
    /// It would have let pass what these rules denied.
    Allows(Vec<String>),
    /// It differs in something else, such as the rules that denied.
    Otherwise,
    Failed,
    Undecided,
}

/// Which kind of line it is.
#[derive(Deserialize)]
struct Kind {
    #[serde(default)]
    shadow: Option<u32>,
    #[serde(default)]
    format: Option<u32>,
    #[serde(default)]
    micros: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct DecisionLine {
    id: String,
    time: String,
    peer: Option<String>,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    caller: Option<RecordedCaller>,
    verdict: String,
    #[serde(default)]
    findings: Vec<FoundRule>,
}

#[derive(Deserialize)]
struct FoundRule {
    severity: Severity,
    rule: String,
}

#[derive(Deserialize)]
struct ShadowLine {
    id: String,
    time: String,
    /// Earlier versions did not say from whom the request came.
    #[serde(default)]
    peer: Option<String>,
    #[serde(default)]
    caller: Option<RecordedCaller>,
    #[serde(default)]
    operation: Option<String>,
    outcome: String,
    live: RecordedVerdict,
    #[serde(default)]
    candidate: Option<RecordedVerdict>,
    policies: Vec<RecordedPolicy>,
}

/// Reads one line.
///
/// # Errors
/// It is none that a gate writes.
pub fn read(line: &[u8]) -> Result<Line, Unreadable> {
    let text = std::str::from_utf8(line).map_err(|_| Unreadable::Other)?;
    let kind: Kind = serde_json::from_str(text).map_err(|_| Unreadable::Other)?;
    match kind {
        Kind { shadow: Some(SHADOW), .. } => serde_json::from_str(text).map(shadow).map_err(Unreadable::Broken),
        Kind { shadow: Some(format), .. } => Err(Unreadable::Later(format)),
        Kind { format: Some(_), .. } => Ok(record(Record::parse(text)?)),
        Kind { micros: Some(_), .. } => serde_json::from_str(text).map(decision).map_err(Unreadable::Broken),
        _ => Err(Unreadable::Other),
    }
}

fn decision(line: DecisionLine) -> Line {
    let caller = name(line.caller.as_ref(), line.peer.as_deref());
    let asked = Asked { id: Some(line.id), time: line.time, operation: line.operation, caller };
    let denied = matches!(line.verdict.as_str(), "deny" | "fault");
    let deny = line.findings.into_iter().filter(|finding| finding.severity == Severity::Deny);
    Line::Decision(asked, Decision { denied, would_deny: deny.map(|finding| finding.rule).collect() })
}

fn record(record: Record) -> Line {
    let caller = name(record.context.caller.as_ref(), None);
    let asked = Asked { id: record.id, time: record.time, operation: record.operation, caller };
    // As the decision line says it.
    let denied = !record.verdict.allowed || record.upstream_fault.is_some();
    let would_deny = if denied { Vec::new() } else { denying(&record.verdict) };
    Line::Decision(asked, Decision { denied, would_deny })
}

fn shadow(line: ShadowLine) -> Line {
    let caller = name(line.caller.as_ref(), line.peer.as_deref());
    let asked = Asked { id: Some(line.id), time: line.time, operation: line.operation, caller };
    let live = denying(&line.live);
    let outcome = match (line.outcome.as_str(), line.candidate.as_ref().map(denying)) {
        ("failed", _) => Outcome::Failed,
        ("differs", Some(rules)) if live.is_empty() && !rules.is_empty() => Outcome::Denies(rules),
        ("differs", Some(rules)) if !live.is_empty() && rules.is_empty() => Outcome::Allows(live),
        ("differs", Some(_)) => Outcome::Otherwise,
        _ => Outcome::Undecided,
    };
    Line::Shadow(asked, Comparison { policies: line.policies, outcome })
}

/// The rules that deny, or would in enforce mode.
fn denying(verdict: &RecordedVerdict) -> Vec<String> {
    if verdict.allowed {
        let deny = verdict.findings.iter().filter(|finding| finding.severity == Severity::Deny);
        return deny.map(|finding| finding.violation.rule.clone()).collect();
    }
    let rules: Vec<String> = verdict.violations.iter().map(|violation| violation.rule.clone()).collect();
    if rules.is_empty() { verdict.rule.iter().cloned().collect() } else { rules }
}

/// What a caller is called: by its token, its certificate, or its address.
fn name(caller: Option<&RecordedCaller>, peer: Option<&str>) -> String {
    let unknown = RecordedCaller::default();
    let caller = caller.unwrap_or(&unknown);
    let verified = caller.subject.as_ref().or(caller.certificate_names.first());
    let named = verified.map(String::as_str).or(caller.source_address.as_deref()).or(peer);
    match (named, &caller.tenant) {
        (Some(name), Some(tenant)) => format!("{name} ({tenant})"),
        (Some(name), None) => name.to_owned(),
        (None, Some(tenant)) => format!("({tenant})"),
        (None, None) => "unknown".to_owned(),
    }
}
