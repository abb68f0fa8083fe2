//! One recorded decision as a case of docs/policy-tests.md.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use solgate::gate::Severity;
use solgate::record::{FactOutcome, Record, RecordedBody, RecordedFact, RecordedMode, RecordedVerdict};
use solgate_trial::recorded::Unreadable;

use super::exact::exact_json;

/// Largest body that is put into a file that people read.
const LARGEST: usize = 256 << 10;

/// A case, its members in the order in which they are written.
pub struct ImportedCase {
    pub name: String,
    /// All but the name, as JSON.
    pub members: Vec<(&'static str, Value)>,
    /// What was taken out of the body.
    pub redacted: Vec<String>,
    /// What tells it from others: operation, verdict and rules.
    pub shows: String,
}

/// Why a decision does not become a case.
#[derive(Debug, thiserror::Error)]
pub enum NotImported {
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    #[error("its body of {0} bytes was not recorded; start the gate with --log-bodies")]
    NoBody(usize),
    #[error("its body was not recorded: {0}")]
    Withheld(String),
    #[error("it was recorded in part: {0}")]
    Partial(String),
    #[error("its body of {0} bytes is too large for a file that people read")]
    TooLarge(usize),
    #[error("its verdict is about {0}, whose value is not in the log")]
    Redacted(String),
    #[error("{0} policies were asked; a case is about one policy")]
    SeveralPolicies(usize),
    #[error("the gate itself failed ({0}); a case shows what a policy decides")]
    Fault(String),
    #[error("the record lacks the body of the fact {0}")]
    NoFact(String),
}

impl ImportedCase {
    /// # Errors
    /// If a case could not come to the same verdict, or would be no case.
    pub fn new(record: &Record) -> Result<Self, NotImported> {
        if record.verdict.fault {
            return Err(NotImported::Fault(record.verdict.rule.clone().unwrap_or_default()));
        }
        if let Some(reason) = &record.partial {
            return Err(NotImported::Partial(reason.clone()));
        }
        if record.policies.len() != 1 {
            return Err(NotImported::SeveralPolicies(record.policies.len()));
        }
        let request = &record.request;
        let mut members = vec![("at", json!(record.time)), ("method", json!(request.method))];
        members.push(("target", json!(request.target)));
        let mut headers: Map<String, Value> = Map::new();
        for (name, value) in &request.fields {
            match headers.get_mut(name) {
                None => drop(headers.insert(name.clone(), json!(value))),
                Some(Value::Array(values)) => values.push(json!(value)),
                Some(first) => *first = json!([first.clone(), value]),
            }
        }
        push_filled(&mut members, "headers", Value::Object(headers));
        let redacted = body(record, &mut members)?;
        let facts: BTreeMap<&String, Value> =
            record.facts.iter().map(|fact| Ok((&fact.name, self::fact(fact)?))).collect::<Result<_, NotImported>>()?;
        push_filled(&mut members, "facts", json!(facts));
        context(record, &mut members);
        members.push(("expect", expect(record)));
        Ok(Self { name: name(record), members, redacted, shows: shows(record) })
    }
}

fn push_filled(members: &mut Vec<(&'static str, Value)>, name: &'static str, value: Value) {
    let empty = value.as_object().is_some_and(Map::is_empty);
    if !empty && !value.is_null() {
        members.push((name, value));
    }
}

/// Adds the body; gives the pointers of what was redacted in it.
fn body(record: &Record, members: &mut Vec<(&'static str, Value)>) -> Result<Vec<String>, NotImported> {
    let request = &record.request;
    if request.body_bytes > LARGEST {
        return Err(NotImported::TooLarge(request.body_bytes));
    }
    if !request.body_complete {
        members.push(("bodyComplete", json!(false)));
    }
    match &request.body {
        None if request.body_bytes == 0 => Ok(Vec::new()),
        None => Err(NotImported::NoBody(request.body_bytes)),
        Some(RecordedBody::Withheld { withheld, .. }) => Err(NotImported::Withheld(withheld.clone())),
        Some(RecordedBody::Base64 { base64 }) => {
            members.push(("base64", json!(base64)));
            Ok(Vec::new())
        }
        Some(RecordedBody::Text { text, redacted }) => {
            let verdict = &record.verdict;
            let found = verdict.findings.iter().map(|finding| &finding.violation);
            let about = verdict.violations.iter().chain(found).filter_map(|violation| violation.pointer.as_ref());
            let lost = |pointer: &&String| redacted.iter().any(|place| covers(place, pointer));
            if let Some(pointer) = about.clone().find(lost) {
                return Err(NotImported::Redacted(pointer.clone()));
            }
            match exact_json(text) {
                Some(value) => members.push(("body", value)),
                None => members.push(("text", json!(text))),
            }
            Ok(redacted.clone())
        }
    }
}

/// Whether `pointer` is at or below `place`.
fn covers(place: &str, pointer: &str) -> bool {
    pointer.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn fact(fact: &RecordedFact) -> Result<Value, NotImported> {
    Ok(match fact.outcome {
        FactOutcome::Found => {
            let body = fact.body.as_ref().ok_or_else(|| NotImported::NoFact(fact.name.clone()))?;
            match &fact.etag {
                Some(etag) => json!({"status": 200, "etag": etag, "body": body}),
                None => json!({"status": 200, "body": body}),
            }
        }
        FactOutcome::Absent => json!({"status": 404}),
        FactOutcome::Withheld => json!({"status": 403}),
        FactOutcome::Unavailable => json!({"status": 503}),
    })
}

fn context(record: &Record, members: &mut Vec<(&'static str, Value)>) {
    let context = &record.context;
    push_filled(members, "options", json!(context.options));
    push_filled(members, "severity", json!(context.severity));
    if context.mode == RecordedMode::Monitor {
        members.push(("mode", json!("monitor")));
    }
    push_filled(members, "caller", json!(context.caller));
}

fn expect(record: &Record) -> Value {
    let verdict = &record.verdict;
    let mut expect = Map::new();
    match verdict.status {
        None => {
            expect.insert("allow".to_owned(), json!(true));
            // In monitor mode these would have denied.
            if record.context.mode == RecordedMode::Monitor {
                expect.insert("rules".to_owned(), json!(findings(verdict, Severity::Deny)));
            }
        }
        Some(status) => {
            expect.insert("status".to_owned(), json!(status));
            expect.insert("rules".to_owned(), json!(rules(verdict)));
        }
    }
    let mut add = |name: &str, value: Value| {
        if value.as_array().is_none_or(|items| !items.is_empty()) && !value.is_null() {
            expect.insert(name.to_owned(), value);
        }
    };
    let pointers: BTreeSet<_> = verdict.violations.iter().filter_map(|violation| violation.pointer.as_ref()).collect();
    add("pointers", json!(pointers));
    add("header", json!(verdict.violations.iter().find_map(|violation| violation.header.as_ref())));
    add("parameter", json!(verdict.violations.iter().find_map(|violation| violation.parameter.as_ref())));
    // These two are exact, so that an empty list says something.
    expect.insert("warns".to_owned(), json!(findings(verdict, Severity::Warn)));
    expect.insert("audits".to_owned(), json!(findings(verdict, Severity::Audit)));
    let asks: BTreeSet<&String> = record.facts.iter().map(|fact| &fact.name).collect();
    expect.insert("asks".to_owned(), json!(asks));
    Value::Object(expect)
}

fn rules(verdict: &RecordedVerdict) -> BTreeSet<&str> {
    verdict.violations.iter().map(|violation| violation.rule.as_str()).collect()
}

fn findings(verdict: &RecordedVerdict, severity: Severity) -> BTreeSet<&str> {
    let found = verdict.findings.iter().filter(|finding| finding.severity == severity);
    found.map(|finding| finding.violation.rule.as_str()).collect()
}

/// Such as `terminate: 409 terminate.state.instantiated`.
fn name(record: &Record) -> String {
    let verdict = &record.verdict;
    let operation = record.operation.as_deref().unwrap_or("no operation");
    let decided = match (verdict.status, &verdict.rule) {
        (Some(status), Some(rule)) => format!("{status} {rule}"),
        (Some(status), None) => status.to_string(),
        (None, _) => "allowed".to_owned(),
    };
    let others = rules(verdict).len().saturating_sub(1);
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    let found: BTreeSet<&str> = verdict.findings.iter().map(|finding| finding.violation.rule.as_str()).collect();
    let found: Vec<&str> = found.into_iter().collect();
    let with = if found.is_empty() { String::new() } else { format!(", with {}", found.join(", ")) };
    let mode = if record.context.mode == RecordedMode::Monitor { " (monitored)" } else { "" };
    format!("{operation}: {decided}{others}{with}{mode}")
}

fn shows(record: &Record) -> String {
    let verdict = &record.verdict;
    let found: BTreeSet<(u8, &str)> =
        verdict.findings.iter().map(|finding| (finding.severity as u8, finding.violation.rule.as_str())).collect();
    let monitored = record.context.mode == RecordedMode::Monitor;
    json!([record.operation, verdict.status, rules(verdict), found, monitored]).to_string()
}
