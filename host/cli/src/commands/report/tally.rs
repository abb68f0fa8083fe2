//! Counts requests by what would have become of them.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::BuildHasher;

use super::line::{Asked, Comparison, Decision, Line, Outcome};

/// What all lines together say.
#[derive(Default)]
pub struct Tally {
    pub requests: u64,
    /// They were refused.
    pub denied: u64,
    /// Times of the first and the last one.
    pub span: Option<(String, String)>,
    /// Requests that passed in monitor mode, and would have been denied in enforce mode.
    pub monitor: Group,
    pub shadow: Shadow,
    seen: HashSet<u64>,
    hasher: RandomState,
}

/// What a shadow would have done.
#[derive(Default)]
pub struct Shadow {
    /// Name and digest of each policy that was tried.
    pub policies: BTreeSet<(String, String)>,
    /// Requests that passed, and that it would have denied.
    pub denies: Group,
    /// Requests that were denied, and that it would have let pass.
    pub allows: Group,
    /// Requests on which it differed in something else.
    pub otherwise: u64,
    pub failed: u64,
    pub undecided: u64,
}

/// Requests of one fate.
#[derive(Default)]
pub struct Group {
    pub requests: u64,
    pub by_rule: BTreeMap<String, u64>,
    pub by_caller: BTreeMap<String, u64>,
    pub by_operation: BTreeMap<String, u64>,
    pub rows: BTreeMap<Key, Row>,
}

/// What requests of one row have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub rule: String,
    pub operation: String,
    pub caller: String,
}

pub struct Row {
    pub requests: u64,
    /// The request id of the first one, by which it is found in lines and records.
    pub example: String,
    /// Times of the first and the last one.
    pub first: String,
    pub last: String,
}

impl Tally {
    pub fn add(&mut self, line: Line) {
        match line {
            Line::Decision(asked, decision) => self.decision(&asked, &decision),
            Line::Shadow(asked, comparison) => self.shadow.add(&asked, comparison),
        }
    }

    /// No line has said anything.
    pub fn is_empty(&self) -> bool {
        self.requests == 0 && self.shadow.policies.is_empty()
    }

    pub fn would_deny(&self) -> bool {
        self.monitor.requests > 0 || self.shadow.denies.requests > 0
    }

    fn decision(&mut self, asked: &Asked, decision: &Decision) {
        // Its line and its record are about one request.
        if asked.id.as_ref().is_some_and(|id| !self.seen.insert(self.hasher.hash_one(id))) {
            return;
        }
        count(&mut self.requests);
        let time = &asked.time;
        match &mut self.span {
            Some((first, last)) => {
                if time < first {
                    first.clone_from(time);
                }
                if time > last {
                    last.clone_from(time);
                }
            }
            None => self.span = Some((time.clone(), time.clone())),
        }
        if decision.denied {
            count(&mut self.denied);
        } else if !decision.would_deny.is_empty() {
            self.monitor.add(asked, &decision.would_deny);
        }
    }
}

impl Shadow {
    fn add(&mut self, asked: &Asked, comparison: Comparison) {
        self.policies.extend(comparison.policies.into_iter().map(|policy| (policy.name, policy.digest)));
        match comparison.outcome {
            Outcome::Denies(rules) => self.denies.add(asked, &rules),
            Outcome::Allows(rules) => self.allows.add(asked, &rules),
            Outcome::Otherwise => count(&mut self.otherwise),
            Outcome::Failed => count(&mut self.failed),
            Outcome::Undecided => count(&mut self.undecided),
        }
    }
}

impl Group {
    fn add(&mut self, asked: &Asked, rules: &[String]) {
        count(&mut self.requests);
        let operation = asked.operation.as_deref().unwrap_or("unknown");
        count(self.by_caller.entry(asked.caller.clone()).or_default());
        count(self.by_operation.entry(operation.to_owned()).or_default());
        // A rule may be broken in several places of one request.
        for rule in rules.iter().collect::<BTreeSet<_>>() {
            count(self.by_rule.entry(rule.clone()).or_default());
            let key = Key { rule: rule.clone(), operation: operation.to_owned(), caller: asked.caller.clone() };
            let row = self.rows.entry(key).or_insert_with(|| Row {
                requests: 0,
                example: asked.id.clone().unwrap_or_default(),
                first: asked.time.clone(),
                last: asked.time.clone(),
            });
            count(&mut row.requests);
            if asked.time < row.first {
                row.first.clone_from(&asked.time);
                row.example = asked.id.clone().unwrap_or_default();
            }
            if asked.time > row.last {
                row.last.clone_from(&asked.time);
            }
        }
    }

    /// The rows, those of most requests first.
    pub fn most(&self) -> Vec<(&Key, &Row)> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.requests));
        rows
    }
}

/// The names that count most first.
pub fn most(counts: &BTreeMap<String, u64>) -> Vec<(&str, u64)> {
    let mut counts: Vec<_> = counts.iter().map(|(name, count)| (name.as_str(), *count)).collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn count(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
