//! The figures, for people and programs.

use std::fmt::Write as _;
use std::time::Duration;

use anstyle::Style;
use serde_json::{Value, json};

use super::BenchArgs;
use super::measure::{CaseFigures, Measured, RuleFigures};
use crate::commands::test::notation::shown;

const HEAD: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// A table of the slowest cases, and one of the slowest rules.
pub fn text(measured: &Measured, arguments: &BenchArgs) -> String {
    let Measured { name, version, rounds, limits, cases, rules, memory_at_start } = measured;
    let mut text = format!(
        "{} {}: {} cases, each judged {rounds} times in the sandbox; the fastest counts\n\
         {QUIET}a gate grants {} ms and {} ms for each KiB of body and facts; the policy takes {} before it reads a request{QUIET:#}\n\n",
        shown(name),
        shown(version),
        cases.len(),
        limits.time.as_millis(),
        limits.time_per_kib.as_millis(),
        mebibytes(*memory_at_start),
    );
    let mut slowest: Vec<&CaseFigures> = cases.iter().collect();
    slowest.sort_by(|a, b| b.share.total_cmp(&a.share));
    let _ = writeln!(text, "{HEAD}   share       time     memory  case{HEAD:#}");
    for case in slowest.iter().take(arguments.top) {
        let memory = case.memory.map_or_else(|| "-".to_owned(), mebibytes);
        let share = format!("{:.2} %", case.share * 100.0);
        let place = format!("{}:{} {}", shown(&case.file), case.line, shown(&case.name));
        let _ = writeln!(text, "{share:>8} {:>10} {memory:>10}  {place}", milliseconds(case.time));
    }
    if rules.is_empty() {
        return text;
    }
    let mut slowest: Vec<&RuleFigures> = rules.iter().collect();
    slowest.sort_by_key(|rule| std::cmp::Reverse(rule.time));
    let _ = writeln!(text, "\n{HEAD}    time  cases  rule, alone and without the sandbox{HEAD:#}");
    for rule in slowest.iter().take(arguments.top) {
        let (file, line) = &rule.slowest;
        let place = format!("{QUIET}slowest in {}:{line}{QUIET:#}", shown(file));
        let time = format!("{:.1} us", rule.time.as_secs_f64() * 1e6);
        let _ = writeln!(text, "{time:>8} {:>6}  {} {place}", rule.cases, shown(&rule.rule));
    }
    text
}

/// All figures.
pub fn json(measured: &Measured) -> Value {
    let case = |case: &CaseFigures| {
        json!({
            "file": case.file,
            "line": case.line,
            "name": case.name,
            "milliseconds": in_milliseconds(case.time),
            "share": case.share,
            "memoryBytes": case.memory,
        })
    };
    let rule = |rule: &RuleFigures| {
        json!({
            "rule": rule.rule,
            "cases": rule.cases,
            "microseconds": rule.time.as_secs_f64() * 1e6,
            "slowestCase": { "file": rule.slowest.0, "line": rule.slowest.1 },
        })
    };
    json!({
        "policy": { "name": measured.name, "version": measured.version },
        "rounds": measured.rounds,
        "granted": {
            "milliseconds": in_milliseconds(measured.limits.time),
            "millisecondsPerKib": in_milliseconds(measured.limits.time_per_kib),
            "memoryBytes": measured.limits.memory,
        },
        "memoryAtStartBytes": measured.memory_at_start,
        "cases": measured.cases.iter().map(case).collect::<Vec<_>>(),
        "rules": measured.rules.iter().map(rule).collect::<Vec<_>>(),
    })
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

fn in_milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mebibytes(bytes: usize) -> String {
    let kib = u32::try_from(bytes.div_euclid(1024)).unwrap_or(u32::MAX);
    format!("{:.1} MiB", f64::from(kib) / 1024.0)
}
