//! The checks that foreign input needs: what leaves the sandbox is trusted only within bounds.

use std::collections::HashSet;

use solgate_contract::manifest::Manifest;
use solgate_contract::verdict::{Denial, FactQuery, Finding, Location, Outcome, Violation};

/// Longest text of one member of an outcome, in bytes.
pub(super) const TEXT: usize = 4096;
/// Longest value of a fact's variable, in bytes: longer than any target that is
/// judged, so that the length of an identifier is the VNFM's to refuse.
const VALUE: usize = 64 << 10;
/// Longest identifier, in bytes.
pub(super) const NAME: usize = 256;
/// Most entries of one list of an outcome, other than violations and findings.
const ENTRIES: usize = 256;
/// The response fields that a policy may set.
const FIELDS: [&str; 3] = ["allow", "version", "www-authenticate"];

/// The rules that a manifest declares, by their ids.
pub(super) struct Declared(HashSet<String>);

impl Declared {
    pub(super) fn of(manifest: &Manifest) -> Self {
        Self(manifest.rules.iter().map(|rule| rule.id.clone()).collect())
    }

    fn has(&self, rule: &str) -> Result<(), String> {
        if self.0.contains(rule) {
            return Ok(());
        }
        Err(format!("it denies by the rule {:?}, which its manifest does not declare", shown(rule)))
    }
}

/// Checks an outcome against the contract's bounds and the policy's manifest. It may
/// have so many violations, and as many findings.
pub(super) fn outcome(
    outcome: &Outcome,
    (manifest, declared): (&Manifest, &Declared),
    violations: usize,
) -> Result<(), String> {
    match outcome {
        Outcome::Allow(findings) => each("findings", findings, violations, finding),
        Outcome::Deny(denial) => self::denial(denial, declared, violations),
        Outcome::Need(queries) => {
            if queries.is_empty() {
                return Err("it needs facts but names none".to_owned());
            }
            each("fact queries", queries, ENTRIES, |query| fact_query(query, manifest))
        }
    }
}

/// A rule that denies is one of the manifest: nobody could look another one up, or set its
/// severity. One that only warns does not stop a request, so it does not matter.
fn denial(denial: &Denial, declared: &Declared, most: usize) -> Result<(), String> {
    if !(400..=599).contains(&denial.status) {
        return Err(format!("status {} is not between 400 and 599", denial.status));
    }
    if denial.violations.is_empty() {
        return Err("it denies without a violation".to_owned());
    }
    each("fields", &denial.fields, ENTRIES, |(field, value)| {
        if !FIELDS.contains(&field.as_str()) {
            return Err(format!("it sets the response field {:?}", shown(field)));
        }
        is_text("a response field", value, TEXT)
    })?;
    is_name("the rule", &denial.rule)?;
    declared.has(&denial.rule)?;
    is_filled("the title", &denial.title)?;
    is_filled("the detail", &denial.detail)?;
    each("violations", &denial.violations, most, |found| {
        violation(found)?;
        declared.has(&found.rule)
    })?;
    each("findings", &denial.findings, most, finding)
}

fn fact_query(query: &FactQuery, manifest: &Manifest) -> Result<(), String> {
    if !manifest.facts.contains_key(&query.name) {
        return Err(format!("it asks for the fact {:?}, which its manifest does not declare", shown(&query.name)));
    }
    each("variables", &query.variables, ENTRIES, |(variable, value)| {
        is_name("a variable", variable)?;
        is_text("a variable", value, VALUE)
    })
}

fn finding(finding: &Finding) -> Result<(), String> {
    if !(400..=599).contains(&finding.status) {
        return Err(format!("a finding's status {} is not between 400 and 599", finding.status));
    }
    violation(&finding.violation)
}

fn violation(violation: &Violation) -> Result<(), String> {
    is_name("a rule", &violation.rule)?;
    match &violation.location {
        Location::Request => {}
        Location::Body(pointer) => is_text("a pointer", pointer, TEXT)?,
        Location::Header(header) => is_name("a header field", header)?,
        Location::Query(parameter) => is_text("a parameter", parameter, TEXT)?,
        Location::Path(variable) => is_name("a path variable", variable)?,
    }
    is_filled("a detail", &violation.detail)?;
    violation.clause.as_ref().map_or(Ok(()), |clause| is_text("a clause", clause, TEXT))
}

fn each<T>(what: &str, entries: &[T], most: usize, entry: impl FnMut(&T) -> Result<(), String>) -> Result<(), String> {
    few(what, entries, most)?;
    entries.iter().try_for_each(entry)
}

fn few<T>(what: &str, entries: &[T], most: usize) -> Result<(), String> {
    if entries.len() > most {
        return Err(format!("it has {} {what}; {most} is the most", entries.len()));
    }
    Ok(())
}

fn is_text(what: &str, text: &str, most: usize) -> Result<(), String> {
    if text.len() > most {
        return Err(format!("{what} has {} bytes; {most} is the most", text.len()));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{what} holds a control character: {:?}", shown(text)));
    }
    Ok(())
}

fn is_filled(what: &str, filled: &str) -> Result<(), String> {
    if filled.is_empty() {
        return Err(format!("{what} is empty"));
    }
    is_text(what, filled, TEXT)
}

fn is_name(what: &str, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{what} has no name"));
    }
    is_text(what, name, NAME)
}

/// The entries, converted, if there are not too many.
pub(super) fn bounded<T, U>(
    what: &str,
    entries: Vec<T>,
    most: usize,
    entry: impl FnMut(T) -> Result<U, String>,
) -> Result<Vec<U>, String> {
    few(what, &entries, most)?;
    entries.into_iter().map(entry).collect()
}

/// The text, if it is not too long and has no control character.
pub(super) fn text(what: &str, text: String, most: usize) -> Result<String, String> {
    is_text(what, &text, most).map(|()| text)
}

/// The text, if it can be the name of something.
pub(super) fn name(what: &str, name: String) -> Result<String, String> {
    is_name(what, &name).map(|()| name)
}

/// The beginning of a text that is quoted in a message.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}
