//! The result as one JSON object, as docs/policy-tests.md describes it.

use std::time::Duration;

use serde_json::{Map, Value, json};
use solgate_bundle::coverage::{RuleCoverage, Standing};
use solgate_bundle::mutation::{Fate, Mutation};
use solgate_cases::{Difference, Verdict};
use solgate_engine::verdict::Location;

use super::measured::{Measure, change, source};
use super::reason::Reason;
use super::{CaseResult, Outcome, Report};

/// A report, as `solgate test --format json` prints it.
#[must_use]
pub fn value(report: &Report) -> Value {
    let policy = &report.policy;
    let mut document = json!({
        "policy": { "name": policy.name, "version": policy.version, "digest": policy.digest },
        "passed": report.passed(),
        "failed": report.failed(),
        "withoutVerdict": report.without_verdict(),
        "notSelected": report.not_selected,
        "milliseconds": milliseconds(report.elapsed),
        "cases": report.results.iter().map(case).collect::<Vec<_>>(),
    });
    let measured = &report.measured;
    for (name, value) in
        [("coverage", measured.coverage.as_ref().map(coverage)), ("mutation", measured.mutation.as_ref().map(mutation))]
    {
        if let (Value::Object(members), Some(value)) = (&mut document, value) {
            members.insert(name.to_owned(), value);
        }
    }
    document
}

fn coverage(measure: &Measure) -> Value {
    let coverage = &measure.coverage;
    let (shown, of) = coverage.shown();
    let rule = |rule: &RuleCoverage| {
        let standing = match rule.standing {
            Standing::Counted => "counted",
            Standing::Schema => "schema",
            Standing::Inherited => "inherited",
            Standing::Off => "off",
        };
        json!({ "rule": rule.rule, "standing": standing, "failed": rule.failed, "passed": rule.passed })
    };
    json!({
        "percent": f64::from(u32::try_from(coverage.permille()).unwrap_or(u32::MAX)) / 10.0,
        "minimum": measure.minimum,
        "shown": shown,
        "of": of,
        "neverFailed": coverage.never_failed().map(|rule| &rule.rule).collect::<Vec<_>>(),
        "neverPassed": coverage.never_passed().map(|rule| &rule.rule).collect::<Vec<_>>(),
        "rules": coverage.rules.iter().map(rule).collect::<Vec<_>>(),
    })
}

fn mutation(mutation: &Mutation) -> Value {
    let survived = mutation.survivors().map(|mutant| {
        let cases = if let Fate::Survived { cases } = mutant.fate { cases } else { 0 };
        let mut survivor = json!({ "rule": mutant.rule, "change": change(&mutant.change), "cases": cases });
        if let (Value::Object(members), Some((before, after))) = (&mut survivor, source(&mutant.change)) {
            members.insert("before".to_owned(), before.into());
            members.insert("after".to_owned(), after.into());
        }
        survivor
    });
    json!({ "mutants": mutation.mutants.len(), "survived": survived.collect::<Vec<_>>() })
}

fn case(result: &CaseResult) -> Value {
    let case = &result.case;
    let mut members = Map::new();
    let mut add = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    add("file", json!(case.file));
    add("line", json!(case.line));
    add("name", json!(case.name));
    match &result.outcome {
        Outcome::Passed => add("result", json!("passed")),
        Outcome::Failed { differences, details } => {
            add("result", json!("failed"));
            add("differences", differences.iter().map(difference).collect());
            add("details", json!(details));
        }
        Outcome::NoVerdict(reason) => {
            add("result", json!("noVerdict"));
            add("reason", json!(reason.to_string()));
        }
    }
    if !result.reasons.is_empty() {
        add("reasons", result.reasons.iter().map(reason).collect());
    }
    add("milliseconds", json!(milliseconds(result.elapsed)));
    Value::Object(members)
}

fn reason(reason: &Reason) -> Value {
    json!({ "rule": reason.rule, "what": reason.what, "lines": reason.lines })
}

/// One point in which a verdict is not the one expected.
#[must_use]
pub fn difference(difference: &Difference) -> Value {
    let member = difference.member();
    match difference {
        Difference::Verdict { expected, found } => {
            json!({ "member": member, "expected": verdict(*expected), "found": verdict(*found) })
        }
        Difference::Names { expected, found, .. } => json!({ "member": member, "expected": expected, "found": found }),
        Difference::Places { expected, found, .. } => {
            json!({ "member": member, "expected": expected, "found": found.iter().map(place).collect::<Vec<_>>() })
        }
        Difference::NotMentioned(text) | Difference::NotOmitted(text) => json!({ "member": member, "expected": text }),
        Difference::Field { name, expected, found } => {
            json!({ "member": member, "field": name, "expected": expected, "found": found })
        }
    }
}

fn verdict(verdict: Verdict) -> Value {
    match verdict {
        Verdict::Allow => json!({ "allow": true }),
        Verdict::Deny(status) => json!({ "status": status }),
    }
}

/// As in a ProblemDetails: nothing stands for the request as a whole.
fn place(location: &Location) -> Value {
    match location {
        Location::Request => json!({}),
        Location::Body(pointer) => json!({ "pointer": pointer }),
        Location::Header(name) => json!({ "header": name }),
        Location::Query(name) | Location::Path(name) => json!({ "parameter": name }),
    }
}

/// With three decimals.
fn milliseconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
