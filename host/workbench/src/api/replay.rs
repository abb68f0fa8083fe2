//! A decision log, judged again by the bundle as the page has it: what `solgate replay` says,
//! and the requests one by one.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};
use solgate::record::{Record, RecordedVerdict};
use solgate_trial::recorded::{self, LogError, Unreadable};
use solgate_trial::replay::{Findings, Log, NotCompared, Report, Said, judge_from};
use tokio::runtime::Handle;

use super::asked::Scene;
use super::{Desk, milliseconds, with};
use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::opened::Files;

/// Requests in one answer.
const MOST: usize = 500;
/// Kinds of differences in one answer.
const KINDS: usize = 100;

/// A log to be judged again, and what of it is shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    #[serde(default)]
    files: Files,
    log: Named,
    #[serde(default)]
    filter: Filter,
    #[serde(default = "most")]
    limit: usize,
    #[serde(default)]
    offset: usize,
}

fn most() -> usize {
    MOST
}

/// The text of a log, or one that was named when the workbench was started.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Named {
    Text(String),
    Name(PathBuf),
}

/// What all that are shown have.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Filter {
    operation: Option<String>,
    /// Then: allow or deny.
    verdict: Option<Verdict>,
    /// Then or now.
    rule: Option<String>,
    /// In the target or the request's id.
    text: Option<String>,
    /// What is judged otherwise now.
    disagreeing: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Allow,
    Deny,
}

impl Named {
    fn log<'l>(&'l self, desk: &'l Desk) -> Result<Log<'l>, Fault> {
        match self {
            Self::Text(text) => Ok(Log::Text { name: "the log", bytes: text.as_bytes() }),
            Self::Name(name) => {
                let known = desk.logs.iter().find(|log| *log == name);
                let missing =
                    || Fault::NotFound(format!("no log {} was named with --log at the start", name.display()));
                Ok(Log::File(known.ok_or_else(missing)?))
            }
        }
    }
}

pub(super) fn replay(desk: &Desk, asked: Replay, runtime: &Handle) -> Result<Answer, Fault> {
    let subject = desk.opened.subject(asked.files)?;
    let policy = desk.opened.unsandboxed(&subject)?;
    let log = asked.log.log(desk)?;
    let start = Instant::now();
    let window = Window { first: asked.offset, most: asked.limit.min(MOST) };
    let filter = Arc::new(asked.filter);
    let listing = || Listing { filter: Arc::clone(&filter), window, ..Listing::default() };
    let found = judge_from(&[log], &[policy], runtime, listing).map_err(unreadable)?;
    let (not_judged, reasons) = found.report.not_judged();
    let reasons: Vec<Value> =
        reasons.into_iter().map(|(reason, count)| json!({ "reason": reason, "count": count })).collect();
    Ok(answer::json(&json!({
        "total": found.total,
        "same": found.report.same,
        "different": found.report.different(),
        "notJudged": not_judged,
        "reasons": reasons,
        "kinds": found.report.kinds(KINDS),
        "matching": found.matching,
        "records": found.rows,
        "milliseconds": milliseconds(start),
    })))
}

fn unreadable(error: LogError) -> Fault {
    Fault::Unreadable(error.to_string())
}

/// Which of the requests that match are shown.
#[derive(Clone, Copy, Default)]
struct Window {
    first: usize,
    most: usize,
}

/// What a replay says, and those requests that are shown.
#[derive(Default)]
struct Listing {
    report: Report,
    filter: Arc<Filter>,
    window: Window,
    total: usize,
    /// Requests that match the filter.
    matching: usize,
    /// Of those; within one stretch of lines, all.
    rows: Vec<Value>,
}

impl Findings for Listing {
    fn judged(&mut self, log: &Arc<str>, line: usize, record: &Record, now: &RecordedVerdict) {
        self.report.judged(log, line, record, now);
        let same = now.tells_the_same_as(&record.verdict);
        self.total = self.total.saturating_add(1);
        if self.filter.takes(record, Some((now, same))) {
            let now = Said::new(now).json();
            self.add(with(row(line, record), [("same", same.into()), ("now", now), ("reason", Value::Null)]));
        }
    }

    fn not_compared(&mut self, log: &Arc<str>, line: usize, record: Option<&Record>, reason: &NotCompared) {
        self.report.not_compared(log, line, record, reason);
        self.total = self.total.saturating_add(1);
        let reason = reason.to_string();
        let members = [("same", Value::Null), ("now", Value::Null), ("reason", reason.into())];
        match record {
            Some(record) if self.filter.takes(record, None) => self.add(with(row(line, record), members)),
            None if self.filter.takes_all() => self.add(with(json!({ "line": line }), members)),
            _ => {}
        }
    }

    fn append(&mut self, later: Self) {
        self.report.append(later.report);
        self.total = self.total.saturating_add(later.total);
        for row in later.rows {
            let number = self.matching;
            self.matching = self.matching.saturating_add(1);
            if number >= self.window.first && self.rows.len() < self.window.most {
                self.rows.push(row);
            }
        }
    }
}

impl Listing {
    fn add(&mut self, row: Value) {
        self.rows.push(row);
    }
}

impl Filter {
    /// `now` is the verdict of now, and whether it tells the same.
    fn takes(&self, record: &Record, now: Option<(&RecordedVerdict, bool)>) -> bool {
        let then = &record.verdict;
        let names = |rule: &String| names(then, rule) || now.is_some_and(|(now, _)| self::names(now, rule));
        let has = |text: &String| {
            record.request.target.contains(text) || record.id.as_ref().is_some_and(|id| id.contains(text))
        };
        self.operation.as_ref().is_none_or(|operation| record.operation.as_ref() == Some(operation))
            && self.verdict.is_none_or(|verdict| (verdict == Verdict::Allow) == then.allowed)
            && self.rule.as_ref().is_none_or(names)
            && self.text.as_ref().is_none_or(has)
            && (!self.disagreeing || now.is_some_and(|(_, same)| !same))
    }

    fn takes_all(&self) -> bool {
        let Self { operation, verdict, rule, text, disagreeing } = self;
        operation.is_none() && verdict.is_none() && rule.is_none() && text.is_none() && !disagreeing
    }
}

/// Whether a verdict names a rule, be it as a finding.
fn names(verdict: &RecordedVerdict, rule: &str) -> bool {
    let findings = verdict.findings.iter().map(|finding| &finding.violation);
    verdict.violations.iter().chain(findings).any(|violation| violation.rule == rule)
        || verdict.rule.as_deref() == Some(rule)
}

fn row(line: usize, record: &Record) -> Value {
    json!({
        "line": line,
        "time": record.time,
        "id": record.id,
        "operation": record.operation,
        "method": record.request.method,
        "target": record.request.target,
        "then": Said::new(&record.verdict).json(),
    })
}

/// A line of a log.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    log: Named,
    line: usize,
}

/// A recorded request as the page asks it.
pub(super) fn record(desk: &Desk, asked: Line) -> Result<Answer, Fault> {
    let mut found: Option<Result<Record, Unreadable>> = None;
    let each = |line: usize, text: &[u8]| {
        if line == asked.line {
            found = Some(recorded::record(text));
        }
    };
    match asked.log.log(desk)? {
        Log::File(path) => recorded::lines(path, each),
        Log::Text { name, bytes } => recorded::lines_of(bytes, Path::new(name), each),
    }
    .map_err(unreadable)?;
    let missing = |why: String| Fault::NotFound(format!("line {}: {why}", asked.line));
    let record = found
        .ok_or_else(|| missing("the log has no such line".to_owned()))?
        .map_err(|error| missing(error.to_string()))?;
    let names = json!({ "name": record.id, "line": asked.line, "operation": record.operation });
    Ok(answer::json(&Scene::of_record(&record)?.json(names)))
}
