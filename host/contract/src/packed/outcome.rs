//! The outcome of an evaluation.

use super::Write;
use super::reader::{self, Reader};
use crate::verdict::{Denial, FactQuery, Finding, Location, Outcome, Violation};

const ALLOW: u8 = 0;
const DENY: u8 = 1;
const NEED: u8 = 2;

/// As [`read_outcome`] reads it.
pub fn write_outcome(to: &mut Vec<u8>, outcome: &Outcome) {
    match outcome {
        Outcome::Allow(findings) => {
            to.push(ALLOW);
            write_findings(to, findings);
        }
        Outcome::Deny(denial) => {
            to.push(DENY);
            to.extend_from_slice(&denial.status.to_le_bytes());
            to.text(&denial.rule);
            to.text(&denial.title);
            to.text(&denial.detail);
            to.number(denial.violations.len());
            for violation in &denial.violations {
                write_violation(to, violation);
            }
            write_pairs(to, &denial.fields);
            write_findings(to, &denial.findings);
        }
        Outcome::Need(queries) => {
            to.push(NEED);
            to.number(queries.len());
            for query in queries {
                to.text(&query.name);
                write_pairs(to, &query.variables);
            }
        }
    }
}

fn write_findings(to: &mut Vec<u8>, findings: &[Finding]) {
    to.number(findings.len());
    for finding in findings {
        to.push(reader::severity(finding.severity));
        to.extend_from_slice(&finding.status.to_le_bytes());
        write_violation(to, &finding.violation);
    }
}

fn write_violation(to: &mut Vec<u8>, violation: &Violation) {
    let (kind, place) = match &violation.location {
        Location::Request => (0, None),
        Location::Body(place) => (1, Some(place)),
        Location::Header(place) => (2, Some(place)),
        Location::Query(place) => (3, Some(place)),
        Location::Path(place) => (4, Some(place)),
    };
    to.push(kind);
    if let Some(place) = place {
        to.text(place);
    }
    to.text(&violation.rule);
    to.text(&violation.detail);
    to.optional(violation.clause.as_deref());
}

fn write_pairs(to: &mut Vec<u8>, pairs: &[(String, String)]) {
    to.number(pairs.len());
    for (name, value) in pairs {
        to.text(name);
        to.text(value);
    }
}

/// Reads an outcome. `None` if the bytes are something else. What it says is for the reader to check.
#[must_use]
pub fn read_outcome(bytes: &[u8]) -> Option<Outcome> {
    let mut from = Reader(bytes);
    let outcome = match from.byte()? {
        ALLOW => Outcome::Allow(from.list(finding)?),
        DENY => Outcome::Deny(Denial {
            status: from.status()?,
            rule: owned(&mut from)?,
            title: owned(&mut from)?,
            detail: owned(&mut from)?,
            violations: from.list(violation)?,
            fields: pairs(&mut from)?,
            findings: from.list(finding)?,
        }),
        NEED => Outcome::Need(from.list(|from| Some(FactQuery { name: owned(from)?, variables: pairs(from)? }))?),
        _ => return None,
    };
    from.0.is_empty().then_some(outcome)
}

fn owned(from: &mut Reader<'_>) -> Option<String> {
    from.text().map(str::to_owned)
}

fn finding(from: &mut Reader<'_>) -> Option<Finding> {
    Some(Finding { severity: from.severity()?, status: from.status()?, violation: violation(from)? })
}

fn violation(from: &mut Reader<'_>) -> Option<Violation> {
    let location = match from.byte()? {
        0 => Location::Request,
        1 => Location::Body(owned(from)?),
        2 => Location::Header(owned(from)?),
        3 => Location::Query(owned(from)?),
        4 => Location::Path(owned(from)?),
        _ => return None,
    };
    Some(Violation { location, rule: owned(from)?, detail: owned(from)?, clause: from.optional()?.map(str::to_owned) })
}

fn pairs(from: &mut Reader<'_>) -> Option<Vec<(String, String)>> {
    from.list(|from| Some((owned(from)?, owned(from)?)))
}
