//! Runs a case through the engine, as a gate would.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use solgate_engine::Engine;
use solgate_engine::ir::{Bundle, FactDef, Severity};
use solgate_engine::verdict::{Context, Denial, FactAnswer, FactQuery, Finding, Location, Outcome, Request};

use super::model::{Case, Expect, FactGiven, Verdict};

/// A policy may ask that often before it must decide.
const ROUNDS: usize = 3;

/// What judges a case: the engine, or something that watches it.
pub trait Judge {
    /// The bundle that is judged by.
    fn bundle(&self) -> &Bundle;
    /// As [`Engine::evaluate`].
    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Outcome;
}

impl Judge for Engine {
    fn bundle(&self) -> &Bundle {
        Engine::bundle(self)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Outcome {
        Engine::evaluate(self, request, context)
    }
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Ran {
    pub outcome: Result<Vec<Finding>, Box<Denial>>,
    pub asked: BTreeSet<String>,
}

/// Runs a case; `answer` is the VNFM.
///
/// # Errors
///
/// If the policy asks for a fact that nobody gives, asks twice, or never decides.
pub fn judge(engine: &dyn Judge, case: &Case, answer: &dyn Fn(&FactQuery) -> Option<FactGiven>) -> Result<Ran, String> {
    let fields: Vec<(&str, &str)> = case.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = Request {
        method: &case.method,
        target: &case.target,
        fields: &fields,
        body: &case.body,
        body_complete: case.body_complete,
    };
    let mut known: BTreeMap<String, FactAnswer<Vec<u8>>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        let facts: Vec<(&str, FactAnswer<&[u8]>)> =
            known.iter().map(|(name, answer)| (name.as_str(), borrowed(answer))).collect();
        let context = Context {
            received_at: case.at,
            mode: case.mode,
            caller: case.caller.as_ref(),
            facts: &facts,
            settings: &case.settings,
        };
        let asked = known.keys().cloned().collect();
        match engine.evaluate(&request, &context) {
            Outcome::Allow(findings) => {
                return Ok(Ran { outcome: Ok(findings), asked });
            }
            Outcome::Deny(denial) => {
                return Ok(Ran { outcome: Err(Box::new(denial)), asked });
            }
            Outcome::Need(queries) => {
                for query in queries {
                    let given = answer(&query).ok_or_else(|| {
                        format!("the policy asks for the fact {}, which the case does not give", query.name)
                    })?;
                    let definition = engine.bundle().facts.iter().find(|fact| fact.name == query.name);
                    let definition =
                        definition.ok_or_else(|| format!("there is no template for the fact {}", query.name))?;
                    if known.insert(query.name.clone(), owned(given, definition)?).is_some() {
                        return Err(format!("the policy asks twice for the fact {}", query.name));
                    }
                }
            }
        }
    }
    Err(format!("the policy has not decided after {ROUNDS} rounds"))
}

fn borrowed(answer: &FactAnswer<Vec<u8>>) -> FactAnswer<&[u8]> {
    match answer {
        FactAnswer::Found { etag, body } => FactAnswer::Found { etag: etag.clone(), body },
        FactAnswer::Absent => FactAnswer::Absent,
        FactAnswer::Withheld => FactAnswer::Withheld,
        FactAnswer::Unavailable => FactAnswer::Unavailable,
    }
}

fn owned(given: FactGiven, definition: &FactDef) -> Result<FactAnswer<Vec<u8>>, String> {
    Ok(match given {
        FactGiven::Found { etag, body } => FactAnswer::Found {
            etag,
            body: serde_json::to_vec(&project(body, definition)).map_err(|error| error.to_string())?,
        },
        FactGiven::Absent => FactAnswer::Absent,
        FactGiven::Withheld => FactAnswer::Withheld,
        FactGiven::Unavailable => FactAnswer::Unavailable,
    })
}

/// A fact reduced to the members that its template declares.
#[must_use]
pub fn project(mut body: Value, definition: &FactDef) -> Value {
    let keep = |value: &mut Value| {
        if let Value::Object(members) = value {
            members.retain(|name, _| definition.members.contains(name));
        }
    };
    match &mut body {
        Value::Array(items) => items.iter_mut().for_each(keep),
        other => keep(other),
    }
    body
}

/// Runs a case with the facts that it gives, and says where the verdict differs
/// from the one expected: nothing, if it does not.
///
/// # Errors
///
/// As [`judge`].
pub fn run(engine: &dyn Judge, case: &Case) -> Result<(Ran, Vec<String>), String> {
    let ran = judge(engine, case, &|query| case.facts.get(&query.name).cloned())?;
    let faults = differences(&ran, &case.expect);
    Ok((ran, faults))
}

fn differences(ran: &Ran, expect: &Expect) -> Vec<String> {
    let mut faults = Vec::new();
    let findings = match (&ran.outcome, expect.verdict) {
        (Ok(findings), Verdict::Allow) => findings,
        (Ok(findings), Verdict::Deny(status)) => {
            faults.push(format!("expected {status}, but it was allowed"));
            findings
        }
        (Err(denial), Verdict::Allow) => {
            faults
                .push(format!("expected to be allowed, but got {} {}: {}", denial.status, denial.rule, denial.detail));
            &denial.findings
        }
        (Err(denial), Verdict::Deny(status)) => {
            if denial.status != status {
                faults.push(format!("expected {status}, got {} {}: {}", denial.status, denial.rule, denial.detail));
            }
            &denial.findings
        }
    };
    let violations = ran.outcome.as_ref().err().map_or(&[][..], |denial| &denial.violations);
    let locations = || violations.iter().map(|violation| &violation.location);
    same(
        "rules",
        expect.rules.as_ref(),
        violations.iter().map(|violation| violation.rule.clone()).collect(),
        &mut faults,
    );
    for pointer in &expect.pointers {
        if !locations().any(|location| matches!(location, Location::Body(found) if found == pointer)) {
            faults.push(format!("no violation names the pointer {pointer:?}: {:?}", locations().collect::<Vec<_>>()));
        }
    }
    if let Some(header) = &expect.header {
        let named =
            |location: &Location| matches!(location, Location::Header(found) if found.eq_ignore_ascii_case(header));
        if !locations().any(named) {
            faults.push(format!("no violation names the header {header}: {:?}", locations().collect::<Vec<_>>()));
        }
    }
    if let Some(name) = &expect.parameter {
        let named =
            |location: &Location| matches!(location, Location::Query(found) | Location::Path(found) if found == name);
        if !locations().any(named) {
            faults.push(format!("no violation names the parameter {name}: {:?}", locations().collect::<Vec<_>>()));
        }
    }
    let details = said(ran);
    for text in expect.mentions.iter().filter(|text| !details.contains(text.as_str())) {
        faults.push(format!("no detail mentions {text:?}: {details}"));
    }
    let answer = format!("{ran:?}");
    for text in expect.omits.iter().filter(|text| answer.contains(text.as_str())) {
        faults.push(format!("the answer holds {text:?}: {details}"));
    }
    let failed =
        |severity| findings.iter().filter(move |f| f.severity == severity).map(|f| f.violation.rule.clone()).collect();
    same("warns", expect.warns.as_ref(), failed(Severity::Warn), &mut faults);
    same("audits", expect.audits.as_ref(), failed(Severity::Audit), &mut faults);
    same("asks", expect.asks.as_ref(), ran.asked.clone(), &mut faults);
    for (name, value) in &expect.fields {
        let found = ran.outcome.as_ref().err().and_then(|d| d.fields.iter().find(|(other, _)| other == name));
        if found.map(|(_, found)| found) != Some(value) {
            faults.push(format!("the response field {name} is {found:?}, not {value:?}"));
        }
    }
    faults
}

fn same(what: &str, expected: Option<&BTreeSet<String>>, found: BTreeSet<String>, faults: &mut Vec<String>) {
    if let Some(expected) = expected.filter(|expected| **expected != found) {
        faults.push(format!("{what}: expected {expected:?}, found {found:?}"));
    }
}

/// The details of a verdict, including those of findings.
fn said(ran: &Ran) -> String {
    let (own, findings) = match &ran.outcome {
        Ok(findings) => (Vec::new(), findings),
        Err(denial) => {
            let details = std::iter::once(&denial.detail).chain(denial.violations.iter().map(|v| &v.detail));
            (details.cloned().collect(), &denial.findings)
        }
    };
    let warned = findings.iter().map(|finding| finding.violation.detail.clone());
    own.into_iter().chain(warned).collect::<Vec<_>>().join("\n")
}
