//! What a replay has shown.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use solgate::record::{Record, RecordedVerdict};

use crate::commands::output::print;
use crate::commands::replay::NotCompared;

/// Requests and reasons that are shown one by one; more are counted.
const SHOWN: usize = 20;

/// The outcome for every line of a log.
#[derive(Default)]
pub struct Report {
    /// Judged as then.
    pub same: usize,
    pub differences: Vec<Difference>,
    /// Line number and reason.
    pub not_compared: Vec<(usize, NotCompared)>,
}

/// A request that is judged differently now.
pub struct Difference {
    line: usize,
    id: Option<String>,
    method: String,
    /// Without the query.
    path: String,
    then: Said,
    now: Said,
}

/// A verdict in short: a status, and the rules that speak.
struct Said {
    status: Option<u16>,
    rules: BTreeSet<String>,
    /// Findings that did not deny.
    findings: BTreeSet<String>,
}

impl Said {
    fn new(verdict: &RecordedVerdict) -> Self {
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

    fn json(&self) -> Value {
        json!({"allowed": self.status.is_none(), "status": self.status, "rules": self.rules, "findings": self.findings})
    }
}

impl Report {
    /// Notes a difference.
    pub fn differs(&mut self, line: usize, record: &Record, now: &RecordedVerdict) {
        let target = &record.request.target;
        self.differences.push(Difference {
            line,
            id: record.id.clone(),
            method: record.request.method.clone(),
            path: target.split('?').next().unwrap_or(target).to_owned(),
            then: Said::new(&record.verdict),
            now: Said::new(now),
        });
    }

    /// Lines for people on standard output.
    ///
    /// # Errors
    /// If they cannot be written.
    pub fn print(&self, log: &str) -> anyhow::Result<()> {
        let mut text = String::new();
        for difference in self.differences.iter().take(SHOWN) {
            text.push_str(&format!("{log}:{}: {} {}\n", difference.line, difference.method, difference.path));
            text.push_str(&format!("  then {}\n  now  {}\n", difference.then.text(), difference.now.text()));
        }
        for (line, reason) in self.not_compared.iter().take(SHOWN) {
            text.push_str(&format!("{log}:{line}: not judged again: {reason}\n"));
        }
        let hidden = |count: usize| count.saturating_sub(SHOWN);
        let hidden = hidden(self.differences.len()).saturating_add(hidden(self.not_compared.len()));
        if hidden > 0 {
            text.push_str(&format!("{hidden} more; --format json has them all\n"));
        }
        text.push_str(&format!(
            "{} judged the same, {} differently, {} not judged again\n",
            self.same,
            self.differences.len(),
            self.not_compared.len()
        ));
        print(&text)
    }

    /// One JSON object on standard output.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn print_json(&self, log: &str) -> anyhow::Result<()> {
        let differences = self.differences.iter().map(|difference| {
            json!({
                "line": difference.line,
                "id": difference.id,
                "method": difference.method,
                "path": difference.path,
                "then": difference.then.json(),
                "now": difference.now.json(),
            })
        });
        let not = self.not_compared.iter().map(|(line, reason)| json!({"line": line, "reason": reason.to_string()}));
        let report = json!({
            "log": log,
            "same": self.same,
            "differences": differences.collect::<Vec<_>>(),
            "notJudged": not.collect::<Vec<_>>(),
        });
        print(&format!("{report}\n"))
    }
}
