//! In what a verdict is not the one expected.

use std::collections::BTreeSet;
use std::fmt;

use solgate_contract::verdict::Severity;
use solgate_contract::verdict::{Location, Violation};

use crate::model::{Expect, Verdict};
use crate::ran::Ran;

/// One point in which a verdict is not the one expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    Verdict {
        expected: Verdict,
        found: Verdict,
    },
    /// A set of names that had to be equal is not.
    Names {
        of: Names,
        expected: BTreeSet<String>,
        found: BTreeSet<String>,
    },
    /// No violation names these places.
    Places {
        of: Places,
        expected: Vec<String>,
        /// What violations name.
        found: Vec<Location>,
    },
    /// No detail holds this text.
    NotMentioned(String),
    /// The answer holds this text, which it must not.
    NotOmitted(String),
    /// A response field of a denial; its name is in lower case.
    Field {
        name: String,
        expected: String,
        found: Option<String>,
    },
}

/// A member of `expect` that lists all names of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    Rules,
    Warns,
    Audits,
    Asks,
}

/// A member of `expect` that names places of violations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// JSON Pointers into the body.
    Pointers,
    /// A header field.
    Header,
    /// A variable of query or path.
    Parameter,
}

impl Difference {
    /// The member of `expect` that is not fulfilled; `verdict` stands for `allow`
    /// and `status`.
    #[must_use]
    pub fn member(&self) -> &'static str {
        match self {
            Self::Verdict { .. } => "verdict",
            Self::Names { of, .. } => of.member(),
            Self::Places { of, .. } => of.member(),
            Self::NotMentioned(_) => "mentions",
            Self::NotOmitted(_) => "omits",
            Self::Field { .. } => "fields",
        }
    }
}

impl Names {
    /// As it is written in a case.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Warns => "warns",
            Self::Audits => "audits",
            Self::Asks => "asks",
        }
    }
}

impl Places {
    /// As it is written in a case.
    #[must_use]
    pub fn member(self) -> &'static str {
        match self {
            Self::Pointers => "pointers",
            Self::Header => "header",
            Self::Parameter => "parameter",
        }
    }

    fn holds(self, expected: &str, location: &Location) -> bool {
        match (self, location) {
            (Self::Pointers, Location::Body(found)) => expected == found,
            (Self::Header, Location::Header(found)) => expected.eq_ignore_ascii_case(found),
            (Self::Parameter, Location::Query(found) | Location::Path(found)) => expected == found,
            _ => false,
        }
    }
}

/// One line for people.
impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Verdict { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Names { of, expected, found } => {
                write!(f, "{}: expected {}, found {}", of.member(), list(expected), list(found))
            }
            Self::Places { of, expected, found } => {
                let found: Vec<String> = found.iter().map(named).collect();
                write!(f, "{}: expected {}, found {}", of.member(), list(expected), list(&found))
            }
            Self::NotMentioned(text) => write!(f, "no detail mentions {text:?}"),
            Self::NotOmitted(text) => write!(f, "the answer holds {text:?}"),
            Self::Field { name, expected, found } => match found {
                Some(found) => write!(f, "field {name}: expected {expected:?}, found {found:?}"),
                None => write!(f, "field {name}: expected {expected:?}, found none"),
            },
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allow => f.write_str("allow"),
            Self::Deny(status) => write!(f, "status {status}"),
        }
    }
}

fn list<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
    format!("[{}]", names.join(", "))
}

/// A place in words.
fn named(location: &Location) -> String {
    match location {
        Location::Request => "the request".to_owned(),
        Location::Body(pointer) => format!("body {pointer:?}"),
        Location::Header(name) => format!("header {name}"),
        Location::Query(name) => format!("query {name}"),
        Location::Path(name) => format!("path {name}"),
    }
}

/// Where what was found is not what was expected, in the order of docs/policy-tests.md.
pub(crate) fn differences(ran: &Ran, expect: &Expect) -> Vec<Difference> {
    let mut different = Vec::new();
    let denial = ran.outcome.as_ref().err();
    let found = denial.map_or(Verdict::Allow, |denial| Verdict::Deny(denial.status));
    if found != expect.verdict {
        different.push(Difference::Verdict { expected: expect.verdict, found });
    }
    let findings = ran.outcome.as_ref().map_or_else(|denial| denial.findings.as_slice(), Vec::as_slice);
    // In monitor mode, what would have denied is a finding.
    let denying = findings.iter().filter(|found| found.severity == Severity::Deny).map(|found| &found.violation);
    let violations: Vec<&Violation> = denial.iter().flat_map(|denial| &denial.violations).chain(denying).collect();
    let failed = |severity| {
        findings.iter().filter(move |found| found.severity == severity).map(|found| found.violation.rule.clone())
    };
    let rules = violations.iter().map(|violation| violation.rule.clone()).collect();
    different.extend(names(Names::Rules, expect.rules.as_ref(), rules));
    let places = [
        (Places::Pointers, expect.pointers.as_slice()),
        (Places::Header, expect.header.as_slice()),
        (Places::Parameter, expect.parameter.as_slice()),
    ];
    for (of, expected) in places {
        let is_named = |place: &str| violations.iter().any(|violation| of.holds(place, &violation.location));
        let expected: Vec<String> = expected.iter().filter(|place| !is_named(place)).cloned().collect();
        if !expected.is_empty() {
            let found = violations.iter().map(|violation| violation.location.clone()).collect();
            different.push(Difference::Places { of, expected, found });
        }
    }
    let details = ran.details();
    let unsaid = expect.mentions.iter().filter(|text| !details.iter().any(|detail| detail.contains(text.as_str())));
    different.extend(unsaid.cloned().map(Difference::NotMentioned));
    let texts = texts(ran);
    let leaked = expect.omits.iter().filter(|text| texts.iter().any(|said| said.contains(text.as_str())));
    different.extend(leaked.cloned().map(Difference::NotOmitted));
    different.extend(names(Names::Warns, expect.warns.as_ref(), failed(Severity::Warn).collect()));
    different.extend(names(Names::Audits, expect.audits.as_ref(), failed(Severity::Audit).collect()));
    different.extend(names(Names::Asks, expect.asks.as_ref(), ran.asked.clone()));
    for (name, expected) in &expect.fields {
        let found = denial.and_then(|denial| denial.fields.iter().find(|(other, _)| other == name));
        let found = found.map(|(_, value)| value);
        if found != Some(expected) {
            different.push(Difference::Field { name: name.clone(), expected: expected.clone(), found: found.cloned() });
        }
    }
    different
}

fn names(of: Names, expected: Option<&BTreeSet<String>>, found: BTreeSet<String>) -> Option<Difference> {
    let expected = expected.filter(|expected| **expected != found)?;
    Some(Difference::Names { of, expected: expected.clone(), found })
}

/// Every text of an answer and of its findings.
fn texts(ran: &Ran) -> Vec<&str> {
    let mut texts = Vec::new();
    let findings = match &ran.outcome {
        Ok(findings) => findings,
        Err(denial) => {
            texts.extend([denial.title.as_str(), &denial.detail, &denial.rule]);
            texts.extend(denial.fields.iter().map(|(_, value)| value.as_str()));
            denial.violations.iter().for_each(|violation| add_texts(violation, &mut texts));
            &denial.findings
        }
    };
    findings.iter().for_each(|finding| add_texts(&finding.violation, &mut texts));
    texts
}

fn add_texts<'r>(violation: &'r Violation, texts: &mut Vec<&'r str>) {
    texts.extend([violation.rule.as_str(), &violation.detail]);
    match &violation.location {
        Location::Request => {}
        Location::Body(text) | Location::Header(text) | Location::Query(text) | Location::Path(text) => {
            texts.push(text);
        }
    }
}
