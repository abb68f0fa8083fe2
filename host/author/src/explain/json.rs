//! An explanation as data.

use serde::Serialize;
use serde_json::{Map, Value};
use solgate::gate::Severity;
use solgate::problem::Place;
use solgate_engine::trace::{Because, Failure, FaultPlace, Lacking, RuleResult, RuleTrace, Stage, Trace};

use super::{Explained, Explanation};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_root: Option<&'a str>,
    path: Map<String, Value>,
    /// `None`: allowed, or refused by the gate itself.
    denied_in: Option<&'static str>,
    asked: Vec<AskedEntry>,
    missing: Vec<MissingEntry<'a>>,
    evaluations: Vec<Evaluation<'a>>,
}

#[derive(Serialize)]
struct AskedEntry {
    name: String,
    rules: Vec<String>,
}

#[derive(Serialize)]
struct MissingEntry<'a> {
    name: &'a str,
    target: Option<&'a str>,
    example: &'a Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Evaluation<'a> {
    /// If there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    ended_by: Option<&'static str>,
    stages: Vec<StageEntry<'a>>,
}

#[derive(Serialize)]
struct StageEntry<'a> {
    stage: &'static str,
    rules: Vec<RuleEntry<'a>>,
}

#[derive(Serialize)]
struct RuleEntry<'a> {
    rule: &'a str,
    severity: Severity,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<PlaceEntry<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    facts: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    failures: Vec<FailureEntry<'a>>,
    /// Of a condition that failed or could not be evaluated.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    values: Vec<ValueEntry<'a>>,
}

/// What of a rule cannot be evaluated.
#[derive(Serialize)]
struct PlaceEntry<'a> {
    member: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<usize>,
}

impl<'a> From<&'a FaultPlace> for PlaceEntry<'a> {
    fn from(place: &'a FaultPlace) -> Self {
        Self { member: &place.member, part: place.part.as_deref(), item: place.item }
    }
}

/// A part of a condition, and what it is.
#[derive(Serialize)]
struct ValueEntry<'a> {
    expression: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
struct FailureEntry<'a> {
    severity: Severity,
    status: u16,
    #[serde(flatten)]
    place: Place<'a>,
    detail: &'a str,
}

impl Explanation {
    /// As JSON: the members of [`Report::json`](crate::check::report::Report::json),
    /// where `verdict` is `unknown` if facts are missing, and `explanation` with
    /// `apiRoot`, `path`, `deniedIn`, `asked`, `missing` and `evaluations`, each of
    /// these with `stages` and their `rules`; if several policies were asked, with the
    /// name of its `policy`, too, and `apiRoot` and `path` are those of the decisive one.
    #[must_use]
    pub fn json(&self) -> Value {
        let last = self.decisive().and_then(Explained::last);
        let document = Document {
            api_root: last.and_then(|trace| trace.api_root.as_deref()),
            path: last
                .iter()
                .flat_map(|trace| &trace.variables)
                .map(|(name, value)| (name.clone(), value.as_str().into()))
                .collect(),
            denied_in: self.denied_in().map(stage_name),
            asked: self
                .policies
                .iter()
                .flat_map(Explained::asked)
                .map(|fact| AskedEntry { name: fact.name, rules: fact.rules })
                .collect(),
            missing: self
                .missing
                .iter()
                .map(|fact| MissingEntry { name: &fact.name, target: fact.target.as_deref(), example: &fact.example })
                .collect(),
            evaluations: self
                .policies
                .iter()
                .flat_map(|policy| {
                    let name = Some(policy.traced.bundle().name.as_str()).filter(|_| self.policies.len() > 1);
                    policy.evaluations.iter().map(move |trace| Evaluation::new(name, trace))
                })
                .collect(),
        };
        let mut json = self.report.json();
        if let Value::Object(members) = &mut json {
            if !self.missing.is_empty() {
                // What the gate answers when it has no facts is not this policy's verdict.
                members.insert("verdict".to_owned(), "unknown".into());
                members.insert("status".to_owned(), Value::Null);
                members.insert("problem".to_owned(), Value::Null);
            }
            // Texts and numbers only: this cannot fail.
            members.insert("explanation".to_owned(), serde_json::to_value(document).unwrap_or_default());
        }
        json
    }
}

impl<'a> Evaluation<'a> {
    fn new(policy: Option<&'a str>, trace: &'a Trace) -> Self {
        let stages = trace.stages.iter().map(|entry| StageEntry {
            stage: stage_name(entry.stage),
            rules: entry.rules.iter().map(RuleEntry::from).collect(),
        });
        Self { policy, ended_by: trace.ended_by.map(stage_name), stages: stages.collect() }
    }
}

impl<'a> From<&'a RuleTrace> for RuleEntry<'a> {
    fn from(rule: &'a RuleTrace) -> Self {
        let mut entry = Self {
            rule: &rule.rule,
            severity: rule.severity,
            result: "held",
            because: None,
            items: None,
            error: None,
            place: None,
            facts: Vec::new(),
            failures: rule.failures.iter().map(FailureEntry::from).collect(),
            values: rule
                .values
                .iter()
                .map(|part| ValueEntry { expression: &part.expression, value: &part.value })
                .collect(),
        };
        match &rule.result {
            RuleResult::Off => entry.result = "off",
            RuleResult::Excluded => entry.result = "excluded",
            RuleResult::NotApplicable(because) => {
                entry.result = "notApplicable";
                entry.because = Some(match because {
                    Because::NoIfMatch => "noIfMatch",
                    Because::NoEtag => "noEtag",
                    Because::UnreadableBody => "unreadableBody",
                    Because::InvalidBody => "invalidBody",
                });
            }
            RuleResult::Held { items } => entry.items = *items,
            RuleResult::Failed => entry.result = "failed",
            RuleResult::NotEvaluated { error, place } => {
                entry.result = "notEvaluated";
                entry.error = Some(error);
                entry.place = place.as_ref().map(PlaceEntry::from);
            }
            RuleResult::Waits { facts } => {
                entry.result = "waits";
                entry.facts = facts.iter().map(String::as_str).collect();
            }
            RuleResult::LeftOut { fact, answer } => {
                entry.result = "leftOut";
                entry.facts = vec![fact];
                entry.because = Some(match answer {
                    Lacking::Absent => "absent",
                    Lacking::Withheld => "withheld",
                    Lacking::Unavailable => "unavailable",
                    Lacking::Unasked => "unasked",
                });
            }
        }
        entry
    }
}

impl<'a> From<&'a Failure> for FailureEntry<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            severity: failure.severity,
            status: failure.status,
            place: Place::from(&failure.location),
            detail: &failure.detail,
        }
    }
}

fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::UriLength => "uriLength",
        Stage::Route => "route",
        Stage::Version => "version",
        Stage::Authorization => "authorization",
        Stage::Access => "access",
        Stage::Head => "head",
        Stage::Query => "query",
        Stage::Content => "content",
        Stage::Json => "json",
        Stage::Body => "body",
        Stage::Facts => "facts",
        Stage::Existence => "existence",
        Stage::IfMatch => "ifMatch",
        Stage::State => "state",
    }
}
