//! The result for people: what failed and how, then one line of figures. Colours are
//! always written; a stream that does not lead to a terminal removes them.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use solgate_bundle::coverage::{RuleCoverage, Standing};
use solgate_bundle::mutation::{Fate, Mutation};
use solgate_trial::tested::{CaseResult, Measure, Outcome, Reason, Report, change, percent, source};

use crate::commands::test::notation::{shown, sides};

const FAILED: Style = AnsiColor::Red.on_default().bold();
const PASSED: Style = AnsiColor::Green.on_default().bold();
const EXPECTED: Style = AnsiColor::Red.on_default();
const FOUND: Style = AnsiColor::Green.on_default();
const NAME: Style = Style::new().bold();
const WARN: Style = AnsiColor::Yellow.on_default();
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
                reasons(&result.reasons, out)?;
                writeln!(out)?;
            }
            Outcome::NoVerdict(reason) => {
                heading("no verdict", result, out)?;
                writeln!(out, "    {}", shown(&reason.to_string()))?;
                reasons(&result.reasons, out)?;
                writeln!(out)?;
            }
        }
    }
    summary(report, out)?;
    if let Some(measure) = &report.measured.coverage {
        coverage(measure, out)?;
    }
    report.measured.mutation.as_ref().map_or(Ok(()), |found| mutation(found, out))
}

fn reasons(reasons: &[Reason], out: &mut dyn Write) -> io::Result<()> {
    for reason in reasons {
        writeln!(out, "  {WARN}{}{WARN:#} {}", shown(&reason.rule), shown(&reason.what))?;
        for line in &reason.lines {
            writeln!(out, "    {QUIET}{}{QUIET:#}", shown(line))?;
        }
    }
    Ok(())
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

fn coverage(measure: &Measure, out: &mut dyn Write) -> io::Result<()> {
    let coverage = &measure.coverage;
    let (found, of) = coverage.shown();
    let style = if measure.suffices() { PASSED } else { FAILED };
    write!(out, "rule coverage: {style}{} %{style:#} ({found} of {of})", percent(coverage))?;
    match measure.minimum {
        Some(minimum) if !measure.suffices() => writeln!(out, ", less than {minimum} %")?,
        _ => writeln!(out)?,
    }
    let lists: [(&str, Vec<&RuleCoverage>); 2] =
        [("never failed", coverage.never_failed().collect()), ("never passed", coverage.never_passed().collect())];
    for (what, rules) in lists {
        rules.into_iter().try_for_each(|rule| writeln!(out, "  {WARN}{what}{WARN:#} {}", shown(&rule.rule)))?;
    }
    let uncounted = [
        (Standing::Schema, "of schemas"),
        (Standing::Inherited, "as the extended bundle has them"),
        (Standing::Off, "that are off in every case"),
    ];
    for (standing, what) in uncounted {
        let rules: Vec<&RuleCoverage> = coverage.rules.iter().filter(|rule| rule.standing == standing).collect();
        if rules.is_empty() {
            continue;
        }
        write!(out, "  {QUIET}not counted: {} rules {what}", rules.len())?;
        if standing == Standing::Schema {
            let never: Vec<String> =
                rules.iter().filter(|rule| rule.failed == 0).map(|rule| shown(&rule.rule)).collect();
            if !never.is_empty() {
                write!(out, "; never failed {}", never.join(", "))?;
            }
        }
        writeln!(out, "{QUIET:#}")?;
    }
    Ok(())
}

fn mutation(mutation: &Mutation, out: &mut dyn Write) -> io::Result<()> {
    let survived = mutation.survivors().count();
    let style = if survived == 0 { PASSED } else { FAILED };
    let all = mutation.mutants.len();
    writeln!(out, "mutants: {style}{} noticed, {survived} survived{style:#}", all.saturating_sub(survived))?;
    for mutant in mutation.survivors() {
        let reason = match mutant.fate {
            Fate::Survived { cases: 0 } => "no passing case depends on it".to_owned(),
            Fate::Survived { cases } => format!("{cases} of the passing cases look at it, and pass all the same"),
            Fate::Noticed { .. } => continue,
        };
        let done = shown(&change(&mutant.change));
        writeln!(out, "  {FAILED}survived{FAILED:#} {} {done}: {reason}", shown(&mutant.rule))?;
        if let Some((before, after)) = source(&mutant.change) {
            writeln!(out, "    {EXPECTED}- {}{EXPECTED:#}", shown(&before))?;
            writeln!(out, "    {FOUND}+ {}{FOUND:#}", shown(&after))?;
        }
    }
    if mutation.failing > 0 {
        writeln!(out, "  {QUIET}the {} cases that fail natively notice nothing{QUIET:#}", mutation.failing)?;
    }
    Ok(())
}
