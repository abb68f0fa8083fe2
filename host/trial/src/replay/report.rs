//! What a replay has shown.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Value, json};
use solgate::record::{Record, RecordedVerdict};

use super::{Findings, NotCompared};

/// Requests and reasons that are shown one by one; more are counted.
const SHOWN: usize = 20;

/// The outcome for every line of the logs.
#[derive(Default)]
pub struct Report {
    /// Judged as then.
    pub same: usize,
    pub differences: Vec<Difference>,
    not_compared: Vec<NotAgain>,
    /// Differences of one kind, and reasons: the same texts are there once.
    kinds: Kinds,
    reasons: HashSet<Arc<str>>,
}

#[derive(Default)]
struct Kinds {
    all: Vec<Arc<Kind>>,
    known: HashMap<Arc<Kind>, usize>,
    counts: Vec<usize>,
}

/// In what verdicts differ.
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    /// Empty if the request is for none.
    operation: String,
    then: Said,
    now: Said,
}

/// A request that is judged differently now.
pub struct Difference {
    log: Arc<str>,
    line: usize,
    id: Option<String>,
    method: String,
    /// Without the query.
    path: String,
    kind: Arc<Kind>,
}

/// A line that was not judged again.
struct NotAgain {
    log: Arc<str>,
    line: usize,
    reason: Arc<str>,
}

/// A verdict in short: a status, and the rules that speak.
#[derive(PartialEq, Eq, Hash)]
pub struct Said {
    status: Option<u16>,
    rules: BTreeSet<String>,
    /// Findings that did not deny.
    findings: BTreeSet<String>,
}

impl Said {
    #[must_use]
    pub fn new(verdict: &RecordedVerdict) -> Self {
        let found = verdict.findings.iter();
        Self {
            status: verdict.status,
            rules: verdict.violations.iter().map(|violation| violation.rule.clone()).collect(),
            findings: found
                .map(|finding| {
                    let severity = serde_json::to_value(finding.severity).unwrap_or_default();
                    format!("{} {}", severity.as_str().unwrap_or_default(), finding.violation.rule)
                })
                .collect(),
        }
    }

    fn text(&self) -> String {
        let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let mut text = match self.status {
            Some(status) => format!("denied {status} {}", list(&self.rules)),
            None => "allowed".to_owned(),
        };
        if !self.findings.is_empty() {
            text.push_str(&format!(" [{}]", list(&self.findings)));
        }
        text
    }

    /// As JSON: `allowed`, `status`, `rules` and `findings`.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({"allowed": self.status.is_none(), "status": self.status, "rules": self.rules, "findings": self.findings})
    }
}

impl Kinds {
    /// The same kind, as it is known here, with `count` more of it.
    fn add(&mut self, kind: Arc<Kind>, count: usize) -> Arc<Kind> {
        let index = *self.known.entry(Arc::clone(&kind)).or_insert_with(|| {
            self.all.push(kind);
            self.counts.push(0);
            self.all.len().saturating_sub(1)
        });
        if let Some(before) = self.counts.get_mut(index) {
            *before = before.saturating_add(count);
        }
        // There is one at each index.
        self.all.get(index).cloned().unwrap_or_else(|| Arc::new(Kind::nothing()))
    }

    /// From the most frequent on.
    fn sorted(&self) -> Vec<(&Kind, usize)> {
        let mut sorted: Vec<_> = self.all.iter().map(|kind| &**kind).zip(self.counts.iter().copied()).collect();
        sorted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        sorted
    }
}

impl Kind {
    fn nothing() -> Self {
        let said = || Said { status: None, rules: BTreeSet::new(), findings: BTreeSet::new() };
        Self { operation: String::new(), then: said(), now: said() }
    }
}

impl Report {
    /// How many requests are judged otherwise than then.
    #[must_use]
    pub fn different(&self) -> usize {
        self.differences.len()
    }

    /// Whether no request could be judged again.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.same == 0 && self.differences.is_empty()
    }

    /// How many lines were not judged again, and why, from the most frequent reason on.
    #[must_use]
    pub fn not_judged(&self) -> (usize, Vec<(&str, usize)>) {
        let mut reasons: HashMap<&str, usize> = HashMap::new();
        for line in &self.not_compared {
            let count = reasons.entry(&line.reason).or_default();
            *count = count.saturating_add(1);
        }
        let mut reasons: Vec<(&str, usize)> = reasons.into_iter().collect();
        reasons.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        (self.not_compared.len(), reasons)
    }

    /// Notes a difference.
    fn differs(&mut self, log: &Arc<str>, line: usize, record: &Record, now: &RecordedVerdict) {
        let target = &record.request.target;
        let kind = Kind {
            operation: record.operation.clone().unwrap_or_default(),
            then: Said::new(&record.verdict),
            now: Said::new(now),
        };
        self.differences.push(Difference {
            log: Arc::clone(log),
            line,
            id: record.id.clone(),
            method: record.request.method.clone(),
            path: target.split('?').next().unwrap_or(target).to_owned(),
            kind: self.kinds.add(Arc::new(kind), 1),
        });
    }

    fn reason(&mut self, reason: Arc<str>) -> Arc<str> {
        if let Some(known) = self.reasons.get(&reason) {
            return Arc::clone(known);
        }
        self.reasons.insert(Arc::clone(&reason));
        reason
    }

    /// Lines for people.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for Difference { log, line, method, path, kind, .. } in self.differences.iter().take(SHOWN) {
            text.push_str(&format!("{log}:{line}: {method} {path}\n"));
            text.push_str(&format!("  then {}\n  now  {}\n", kind.then.text(), kind.now.text()));
        }
        for NotAgain { log, line, reason } in self.not_compared.iter().take(SHOWN) {
            text.push_str(&format!("{log}:{line}: not judged again: {reason}\n"));
        }
        let hidden = |count: usize| count.saturating_sub(SHOWN);
        let hidden_differences = hidden(self.differences.len());
        let hidden = hidden_differences.saturating_add(hidden(self.not_compared.len()));
        if hidden > 0 {
            text.push_str(&format!("{hidden} more; --format json has them all\n"));
        }
        if hidden_differences > 0 {
            text.push_str(&self.table());
        }
        text.push_str(&format!(
            "{} judged the same, {} differently, {} not judged again\n",
            self.same,
            self.differences.len(),
            self.not_compared.len()
        ));
        text
    }

    /// The differences by kind.
    fn table(&self) -> String {
        let sorted = self.kinds.sorted();
        let mut text = "\nrequests  operation: then -> now\n".to_owned();
        for (Kind { operation, then, now }, count) in sorted.iter().take(SHOWN) {
            let operation = if operation.is_empty() { "no operation" } else { operation };
            text.push_str(&format!("{count:>8}  {operation}: {} -> {}\n", then.text(), now.text()));
        }
        if let Some(more) = sorted.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            text.push_str(&format!("{more} more kinds; --format json has them all\n"));
        }
        text.push('\n');
        text
    }

    /// One JSON object. What is only there with several logs says which of them it is about.
    #[must_use]
    pub fn json(&self, logs: &[Arc<str>]) -> Value {
        let several = logs.len() > 1;
        let placed = |mut value: Value, log: &Arc<str>| {
            if several && let Some(members) = value.as_object_mut() {
                members.insert("log".to_owned(), json!(&**log));
            }
            value
        };
        let differences = self.differences.iter().map(|difference| {
            let value = json!({
                "line": difference.line,
                "id": difference.id,
                "method": difference.method,
                "path": difference.path,
                "then": difference.kind.then.json(),
                "now": difference.kind.now.json(),
            });
            placed(value, &difference.log)
        });
        let not = self
            .not_compared
            .iter()
            .map(|NotAgain { log, line, reason }| placed(json!({"line": line, "reason": &**reason}), log));
        let named = if several {
            json!(logs.iter().map(|log| &**log).collect::<Vec<_>>())
        } else {
            json!(logs.first().map(|log| &**log))
        };
        json!({
            "log": named,
            "same": self.same,
            "kinds": self.kinds(usize::MAX),
            "differences": differences.collect::<Vec<_>>(),
            "notJudged": not.collect::<Vec<_>>(),
        })
    }

    /// The most frequent kinds of differences, as JSON: `count`, `operation`, `then` and `now`.
    #[must_use]
    pub fn kinds(&self, most: usize) -> Value {
        let kinds = self.kinds.sorted().into_iter().take(most).map(|(Kind { operation, then, now }, count)| {
            json!({"count": count, "operation": operation, "then": then.json(), "now": now.json()})
        });
        kinds.collect()
    }
}

impl Findings for Report {
    fn judged(&mut self, log: &Arc<str>, line: usize, record: &Record, now: &RecordedVerdict) {
        if now.tells_the_same_as(&record.verdict) {
            self.same = self.same.saturating_add(1);
        } else {
            self.differs(log, line, record, now);
        }
    }

    fn not_compared(&mut self, log: &Arc<str>, line: usize, _: Option<&Record>, reason: &NotCompared) {
        let reason = self.reason(reason.to_string().into());
        self.not_compared.push(NotAgain { log: Arc::clone(log), line, reason });
    }

    fn append(&mut self, later: Self) {
        self.same = self.same.saturating_add(later.same);
        for difference in later.differences {
            let kind = self.kinds.add(Arc::clone(&difference.kind), 1);
            self.differences.push(Difference { kind, ..difference });
        }
        for line in later.not_compared {
            let reason = self.reason(line.reason);
            self.not_compared.push(NotAgain { reason, ..line });
        }
    }
}
