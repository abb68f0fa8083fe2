//! The result as JUnit's XML, which build servers read: a suite for each file.

use std::io::{self, Write};
use std::time::Duration;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use solgate_trial::tested::{CaseResult, Measured, Outcome, Reason, Report, change, percent};

use crate::commands::test::notation::sides;

/// Name of the suite for coverage and mutants.
const MEASURED: &str = "rules";

/// # Errors
/// What `out` reports.
pub fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let mut writer = Writer::new_with_indent(&mut *out, b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let counts = Counts::of(&report.results).and(&verdicts(&report.measured));
    writer
        .create_element("testsuites")
        .with_attribute(("name", legal(&report.policy.name).as_str()))
        .with_attributes(counts.attributes(report.elapsed).iter().map(|(name, value)| (*name, value.as_str())))
        .write_inner_content(|writer| {
            report
                .results
                .chunk_by(|a, b| a.case.file == b.case.file)
                .try_for_each(|suite| self::suite(suite, writer))?;
            measured(&report.measured, writer)
        })?;
    writeln!(out)
}

fn suite<W: Write>(results: &[CaseResult], writer: &mut Writer<W>) -> io::Result<()> {
    let file = legal(results.first().map_or("", |result| &result.case.file));
    let elapsed = results.iter().map(|result| result.elapsed).sum();
    writer
        .create_element("testsuite")
        .with_attribute(("name", file.as_str()))
        .with_attributes(Counts::of(results).attributes(elapsed).iter().map(|(name, value)| (*name, value.as_str())))
        .write_inner_content(|writer| results.iter().try_for_each(|result| case(result, &file, writer)))
        .map(|_| ())
}

fn case<W: Write>(result: &CaseResult, file: &str, writer: &mut Writer<W>) -> io::Result<()> {
    let element = writer
        .create_element("testcase")
        .with_attribute(("name", legal(&result.case.name).as_str()))
        .with_attribute(("classname", file))
        .with_attribute(("file", file))
        .with_attribute(("line", result.case.line.to_string().as_str()))
        .with_attribute(("time", seconds(result.elapsed).as_str()));
    match &result.outcome {
        Outcome::Passed => element.write_empty(),
        Outcome::Failed { differences, details } => {
            let message: Vec<String> = differences.iter().map(ToString::to_string).collect();
            let mut text = String::new();
            for difference in differences {
                let sides = sides(difference);
                sides.expected.iter().for_each(|line| text.push_str(&format!("- {line}\n")));
                sides.found.iter().for_each(|line| text.push_str(&format!("+ {line}\n")));
            }
            details.iter().for_each(|detail| text.push_str(&format!("{detail}\n")));
            text.push_str(&reasons(&result.reasons));
            element.write_inner_content(|writer| fault("failure", &message.join("; "), &text, writer))
        }
        Outcome::NoVerdict(reason) => {
            element.write_inner_content(|writer| fault("error", &reason.to_string(), &reasons(&result.reasons), writer))
        }
    }
    .map(|_| ())
}

fn reasons(reasons: &[Reason]) -> String {
    let mut text = String::new();
    for reason in reasons {
        text.push_str(&format!("{} {}\n", reason.rule, reason.what));
        reason.lines.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    }
    text
}

fn fault<W: Write>(kind: &str, message: &str, text: &str, writer: &mut Writer<W>) -> io::Result<()> {
    let element = writer.create_element(kind).with_attribute(("message", legal(message).as_str()));
    if text.is_empty() {
        element.write_empty().map(|_| ())
    } else {
        element.write_text_content(BytesText::new(&legal(text))).map(|_| ())
    }
}

/// A suite of its own for what was measured: its figures as properties, and a
/// case for each thing that can fail.
fn measured<W: Write>(measured: &Measured, writer: &mut Writer<W>) -> io::Result<()> {
    let properties = properties(measured);
    if properties.is_empty() {
        return Ok(());
    }
    let verdicts = verdicts(measured);
    let counts = Counts::of(&[]).and(&verdicts);
    writer
        .create_element("testsuite")
        .with_attribute(("name", MEASURED))
        .with_attributes(counts.attributes(Duration::ZERO).iter().map(|(name, value)| (*name, value.as_str())))
        .write_inner_content(|writer| {
            writer.create_element("properties").write_inner_content(|writer| {
                properties.iter().try_for_each(|(name, value)| {
                    let element = writer.create_element("property");
                    element.with_attributes([("name", *name), ("value", value.as_str())]).write_empty().map(|_| ())
                })
            })?;
            verdicts.iter().try_for_each(|(name, fault)| {
                let element = writer
                    .create_element("testcase")
                    .with_attributes([("name", name.as_str()), ("classname", MEASURED)]);
                match fault {
                    None => element.write_empty(),
                    Some(message) => element.write_inner_content(|writer| self::fault("failure", message, "", writer)),
                }
                .map(|_| ())
            })
        })
        .map(|_| ())
}

fn properties(measured: &Measured) -> Vec<(&'static str, String)> {
    let mut properties = Vec::new();
    if let Some(measure) = &measured.coverage {
        properties.push(("solgate.coverage.percent", percent(&measure.coverage)));
    }
    if let Some(mutation) = &measured.mutation {
        properties.push(("solgate.mutation.mutants", mutation.mutants.len().to_string()));
        properties.push(("solgate.mutation.survived", mutation.survivors().count().to_string()));
    }
    properties
}

/// What was demanded of the measures, and why it is not so.
fn verdicts(measured: &Measured) -> Vec<(String, Option<String>)> {
    let mut verdicts = Vec::new();
    if let Some((measure, minimum)) = measured.coverage.as_ref().and_then(|measure| Some((measure, measure.minimum?))) {
        let fault = (!measure.suffices()).then(|| format!("the rule coverage is {} %", percent(&measure.coverage)));
        verdicts.push((format!("the rule coverage is at least {minimum} %"), fault));
    }
    if let Some(mutation) = &measured.mutation {
        let survivors: Vec<String> =
            mutation.survivors().map(|mutant| format!("{} {}", mutant.rule, change(&mutant.change))).collect();
        let fault = (!survivors.is_empty()).then(|| format!("survived: {}", survivors.join(", ")));
        verdicts.push(("no mutant survives".to_owned(), fault));
    }
    verdicts
}

/// The figures of a suite.
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
}

impl Counts {
    fn of(results: &[CaseResult]) -> Self {
        let count = |is: fn(&Outcome) -> bool| results.iter().filter(|result| is(&result.outcome)).count();
        Self {
            tests: results.len(),
            failures: count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            errors: count(|outcome| matches!(outcome, Outcome::NoVerdict(_))),
        }
    }

    /// With what was demanded of the measures.
    fn and(self, verdicts: &[(String, Option<String>)]) -> Self {
        let failed = verdicts.iter().filter(|(_, fault)| fault.is_some()).count();
        Self {
            tests: self.tests.saturating_add(verdicts.len()),
            failures: self.failures.saturating_add(failed),
            ..self
        }
    }

    fn attributes(&self, elapsed: Duration) -> [(&'static str, String); 4] {
        [
            ("tests", self.tests.to_string()),
            ("failures", self.failures.to_string()),
            ("errors", self.errors.to_string()),
            ("time", seconds(elapsed)),
        ]
    }
}

fn seconds(elapsed: Duration) -> String {
    format!("{:.6}", elapsed.as_secs_f64())
}

/// Text without the characters that XML 1.0 (2.2) forbids.
fn legal(text: &str) -> String {
    let is_legal =
        |c: char| matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    text.chars().map(|c| if is_legal(c) { c } else { '\u{fffd}' }).collect()
}
