//! The verdict for people. Colours are always written; a stream that does not lead to a
//! terminal removes them.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use solgate::gate::{Finding, Severity};
use solgate::problem::{Location, Problem, Violation};

use super::report::Report;

pub const DENIED: Style = AnsiColor::Red.on_default().bold();
pub const ALLOWED: Style = AnsiColor::Green.on_default().bold();
pub const WARN: Style = AnsiColor::Yellow.on_default();
pub const PLACE: Style = Style::new().bold();
pub const QUIET: Style = Style::new().dimmed();

/// # Errors
/// What `out` reports.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let problem = report.problem();
    match problem {
        None => writeln!(out, "{ALLOWED}allowed{ALLOWED:#}")?,
        Some(problem) => {
            let status = problem.status.as_u16();
            writeln!(out, "{DENIED}denied {status}{DENIED:#} {PLACE}{}{PLACE:#}", problem.title)?;
        }
    }
    let operation = report.decision.operation.as_deref().unwrap_or("no known operation");
    writeln!(out, "  {QUIET}{} {} ({operation}){QUIET:#}", report.method, report.target)?;
    if let Some(problem) = problem {
        denial(problem, out)?;
    }
    for failure in &report.failures {
        writeln!(out, "\n  {PLACE}{}{PLACE:#} gave no verdict: {}", failure.policy, failure.reason)?;
    }
    if !report.decision.findings.is_empty() {
        writeln!(out, "\nfindings")?;
        for finding in &report.decision.findings {
            self::finding(finding, out)?;
        }
    }
    if !report.decision.facts.is_empty() {
        let facts: Vec<String> =
            report.decision.facts.iter().map(|fact| format!("{} {}", fact.name, fact.outcome())).collect();
        writeln!(out, "\nfacts     {}", facts.join(", "))?;
    }
    Ok(())
}

fn denial(problem: &Problem, out: &mut dyn Write) -> io::Result<()> {
    // Usually the detail is that of the first violation.
    if !problem.violations.iter().any(|violation| violation.detail == problem.detail) {
        writeln!(out, "\n  {}", problem.detail)?;
    }
    for violation in &problem.violations {
        writeln!(out, "\n  {PLACE}{}{PLACE:#}", place(&violation.location))?;
        writeln!(out, "    {}", violation.detail)?;
        writeln!(out, "    {QUIET}{}{QUIET:#}", source(violation))?;
    }
    if !problem.headers.is_empty() {
        writeln!(out)?;
    }
    for (name, value) in &problem.headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        writeln!(out, "  {QUIET}answered with {name}: {value}{QUIET:#}")?;
    }
    Ok(())
}

fn finding(finding: &Finding, out: &mut dyn Write) -> io::Result<()> {
    let (style, word) = match finding.severity {
        Severity::Deny => (DENIED, "deny"),
        Severity::Warn => (WARN, "warn"),
        Severity::Audit => (QUIET, "audit"),
        Severity::Off => (QUIET, "off"),
    };
    let violation = &finding.violation;
    let place = place(&violation.location);
    writeln!(out, "  {style}{word:<5}{style:#} {} {PLACE}{place}{PLACE:#}", finding.status)?;
    writeln!(out, "    {}", violation.detail)?;
    writeln!(out, "    {QUIET}{}{QUIET:#}", source(violation))
}

pub fn place(location: &Location) -> String {
    match location {
        Location::Request => "request".to_owned(),
        Location::Body(pointer) if pointer.is_empty() => "body".to_owned(),
        Location::Body(pointer) => format!("body {pointer}"),
        Location::Header(name) => format!("header {name}"),
        Location::Query(name) => format!("query {name}"),
        Location::Path(name) => format!("path {name}"),
    }
}

fn source(violation: &Violation) -> String {
    match &violation.clause {
        Some(clause) => format!("{} - {clause}", violation.rule),
        None => violation.rule.clone(),
    }
}
