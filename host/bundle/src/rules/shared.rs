//! Puts into each rule the variables of the bundle that it reads.

use std::collections::BTreeSet;

use solgate_document::diagnostic::Report;
use solgate_document::yaml::{Key, Node, Style, Value};

use super::Written;
use crate::expression;
use crate::policy::{Policy, Shared};
use crate::variables::read_by;

/// The rules become what they would be if each had these variables of its own, before its
/// others.
pub(crate) fn spread(rules: &mut [Written], policy: &Policy, report: &mut Report) {
    if policy.shared.is_empty() {
        return;
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    for rule in rules {
        let is_inherited = rule.is_inherited();
        let own = rule.node().get("variables").and_then(Node::as_map).unwrap_or_default();
        let mut taken: Vec<&Shared> = Vec::new();
        for name in reads(rule.node()) {
            match own.iter().find(|(key, _)| key.name == name) {
                Some((key, _)) => {
                    if let Some(shared) = policy.shared(&name).filter(|_| !is_inherited) {
                        report
                            .mistake(key.at, format!("the bundle has a variable `{name}`"))
                            .hint("give this one another name")
                            .related(shared.at, "here");
                    }
                }
                None => take(&name, policy, &mut taken),
            }
        }
        used.extend(taken.iter().map(|shared| shared.name.as_str()));
        let entries: Vec<(Key, Node)> = taken
            .into_iter()
            .map(|shared| (Key { name: shared.name.clone(), at: shared.at }, shared.node.clone()))
            .collect();
        if !entries.is_empty() {
            rule.define(entries);
        }
    }
    for shared in policy.shared.iter().filter(|shared| !used.contains(shared.name.as_str())) {
        // Nobody else looks at what no rule reads.
        if let Err(error) = expression::parse(&shared.node) {
            expression::refuse(&shared.node, &error, &policy.functions, report);
        } else if !report.has_mistakes() {
            report
                .warning(shared.at, format!("no rule reads the variable `{}`", shared.name))
                .hint("remove it, or add the rule that should read it");
        }
    }
}

/// A variable, and before it those that it reads.
fn take<'p>(name: &str, policy: &'p Policy, taken: &mut Vec<&'p Shared>) {
    let Some(shared) = policy.shared(name).filter(|shared| !taken.iter().any(|known| known.name == shared.name)) else {
        return;
    };
    for other in &shared.reads {
        take(other, policy, taken);
    }
    taken.push(shared);
}

/// The variables that the expressions of a rule read.
fn reads(rule: &Node) -> BTreeSet<String> {
    let own = rule.get("variables").and_then(Node::as_map).unwrap_or_default().iter().map(|(_, node)| node);
    let others = ["when", "forEach", "require"].into_iter().filter_map(|name| rule.get(name));
    let detail = rule.get("otherwise").and_then(|otherwise| otherwise.get("detail"));
    own.chain(others).chain(detail).flat_map(|node| read_by(&node.text)).collect()
}

impl Written {
    /// Puts variables before those of the rule.
    fn define(&mut self, mut entries: Vec<(Key, Node)>) {
        let at = self.at();
        let Value::Map(members) = &mut self.node_mut().value else { return };
        let key = match members.iter().position(|(key, _)| key.name == "variables") {
            Some(index) => {
                let (key, node) = members.remove(index);
                if let Value::Map(own) = node.value {
                    entries.extend(own);
                }
                key
            }
            None => Key { name: "variables".to_owned(), at },
        };
        members.push((
            key,
            Node { value: Value::Map(entries), at, text: String::new(), style: Style::Plain, made_of: None },
        ));
    }
}
