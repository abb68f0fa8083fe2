//! The result for people: what failed and how, then one line of figures. Colours
//! are written always; the stream that leads anywhere but to a terminal takes them
//! out.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::notation::{shown, sides};
use super::run::{CaseResult, Outcome, Report};

const FAILED: Style = AnsiColor::Red.on_default().bold();
const PASSED: Style = AnsiColor::Green.on_default().bold();
const EXPECTED: Style = AnsiColor::Red.on_default();
const FOUND: Style = AnsiColor::Green.on_default();
const NAME: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// # Errors
/// What `out` reports.
pub fn render(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for result in &report.results {
        match &result.outcome {
            Outcome::Passed => {}
            Outcome::Failed { differences, details } => {
                heading("failed", result, out)?;
                for difference in differences {
                    let sides = sides(difference);
                    for line in sides.expected {
                        writeln!(out, "  {EXPECTED}- {}{EXPECTED:#}", shown(&line))?;
                    }
                    for line in sides.found {
                        writeln!(out, "  {FOUND}+ {}{FOUND:#}", shown(&line))?;
                    }
                }
                for detail in details {
                    writeln!(out, "    {QUIET}{}{QUIET:#}", shown(detail))?;
                }
                writeln!(out)?;
            }
            Outcome::NoVerdict(reason) => {
                heading("no verdict", result, out)?;
                writeln!(out, "    {}\n", shown(&reason.to_string()))?;
            }
        }
    }
    summary(report, out)
}

fn heading(what: &str, result: &CaseResult, out: &mut dyn Write) -> io::Result<()> {
    let case = &result.case;
    writeln!(out, "{FAILED}{what}{FAILED:#} {}:{} {NAME}{}{NAME:#}", shown(&case.file), case.line, shown(&case.name))
}

fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let policy = &report.policy;
    write!(out, "{} {}: ", shown(&policy.name), shown(&policy.version))?;
    let failed = report.failed();
    let style = if report.all_passed() { PASSED } else { FAILED };
    write!(out, "{style}{} passed, {failed} failed{style:#}", report.passed())?;
    for (count, what) in [(report.without_verdict(), "without verdict"), (report.not_selected, "not selected")] {
        if count > 0 {
            write!(out, ", {count} {what}")?;
        }
    }
    writeln!(out, ", in {:.2} s", report.elapsed.as_secs_f64())
}
