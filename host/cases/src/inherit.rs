//! What a case inherits from its base, and what it changes.

use std::collections::{BTreeMap, BTreeSet};

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Key, Node, Value};

use crate::pointer;

/// Members that a case adds to those of its base instead of replacing them.
const MERGED: [&str; 4] = ["headers", "facts", "options", "severity"];
/// Members of which the nearest to the case counts.
const ALTERNATIVES: [&[&str]; 2] = [&["path", "target"], &["body", "text", "base64"]];
/// Members that say how a case comes about, not what it is.
const MAKING: [&str; 4] = ["name", "base", "set", "unset"];
/// Most bases that stand on one another.
const MOST_BASES: usize = 8;

/// The bases of a file, and which of them cases use.
pub(crate) struct Bases<'n> {
    by_name: BTreeMap<&'n str, (&'n Key, &'n Node)>,
    used: BTreeSet<&'n str>,
}

impl<'n> Bases<'n> {
    pub fn new(all: &'n [(Key, Node)]) -> Self {
        let by_name = all.iter().map(|(key, node)| (key.name.as_str(), (key, node))).collect();
        Self { by_name, used: BTreeSet::new() }
    }

    /// A case, or base, with everything that it inherits. What is wrong has been
    /// reported; `None` if a base is missing.
    pub fn merge(&mut self, written: &'n Node, report: &mut Report) -> Option<Node> {
        let chain = self.chain(written, report)?;
        let mut merged = Node {
            value: Value::Map(Vec::new()),
            at: written.at,
            text: String::new(),
            style: written.style,
            made_of: None,
        };
        for layer in chain.iter().rev() {
            add(&mut merged, layer);
            change(&mut merged, layer, report);
        }
        Some(merged)
    }

    /// The case, its base, the base of that, and so on.
    fn chain(&mut self, written: &'n Node, report: &mut Report) -> Option<Vec<&'n Node>> {
        let mut chain = vec![written];
        let mut names: Vec<&str> = Vec::new();
        let mut node = written;
        while let Some(base) = node.get("base") {
            let name = reader::line(base, "`base`", report)?;
            let Some((key, found)) = self.by_name.get(name).copied() else {
                report
                    .mistake(base.at, format!("this file has no base `{name}`"))
                    .maybe_hint(did_you_mean(name, self.by_name.keys().copied()))
                    .hint_if_none("write it under `bases:` of the same file");
                return None;
            };
            if names.contains(&name) {
                report.mistake(base.at, format!("the base `{name}` leads back to itself"));
                return None;
            }
            if names.len() >= MOST_BASES {
                report.mistake(base.at, format!("more than {MOST_BASES} bases stand on one another"));
                return None;
            }
            self.used.insert(&key.name);
            names.push(name);
            chain.push(found);
            node = found;
        }
        Some(chain)
    }

    /// Looks at the bases that no case leads to.
    pub fn check_unused(mut self, report: &mut Report) {
        let used = std::mem::take(&mut self.used);
        let all: Vec<_> = self.by_name.values().copied().collect();
        for (key, node) in all {
            if !used.contains(key.name.as_str()) {
                self.chain(node, report);
                report
                    .warning(key.at, format!("no case uses the base `{}`", key.name))
                    .hint("remove it, or add the case that should use it");
            }
        }
    }
}

/// Lays the members of a layer over what is there.
fn add(merged: &mut Node, layer: &Node) {
    let Value::Map(entries) = &mut merged.value else { return };
    for group in ALTERNATIVES {
        if group.iter().any(|member| layer.get(member).is_some()) {
            entries.retain(|(key, _)| !group.contains(&key.name.as_str()));
        }
    }
    // A target is whole: it needs no root that was meant for a path.
    if layer.get("target").is_some() {
        entries.retain(|(key, _)| key.name != "apiRoot");
    }
    for (key, node) in layer.as_map().unwrap_or_default() {
        let name = key.name.as_str();
        if MAKING.contains(&name) {
            continue;
        }
        match entries.iter_mut().find(|(known, _)| known.name == name) {
            None => entries.push((key.clone(), node.clone())),
            Some((known_key, known)) => match (&mut known.value, &node.value) {
                (Value::Map(inherited), Value::Map(own)) if MERGED.contains(&name) => {
                    let same = |a: &str, b: &str| a == b || (name == "headers" && a.eq_ignore_ascii_case(b));
                    inherited.retain(|(old, _)| !own.iter().any(|(new, _)| same(&old.name, &new.name)));
                    inherited.extend(own.iter().cloned());
                }
                _ => (*known_key, *known) = (key.clone(), node.clone()),
            },
        }
    }
}

/// Applies `set` and `unset` of a layer.
fn change(merged: &mut Node, layer: &Node, report: &mut Report) {
    let set = layer.get("set").and_then(|node| reader::map(node, "`set`", report));
    for (key, value) in set.unwrap_or_default() {
        let place = pointer::steps(&key.name).and_then(|steps| pointer::place(merged, &steps, key.at));
        match place {
            Ok(place) => *place = value.clone(),
            Err(reason) => {
                report
                    .mistake(key.at, reason)
                    .hint("write the way from the case to the value, like /body/terminationType");
            }
        }
    }
    let unset = layer.get("unset").and_then(|node| reader::list(node, "`unset`", report));
    for item in unset.unwrap_or_default() {
        let Some(text) = reader::text(item, "an item of `unset`", report) else { continue };
        match pointer::steps(text) {
            Ok(steps) if pointer::remove(merged, &steps) => {}
            Ok(_) => {
                report
                    .mistake(item.at, format!("there is nothing at `{text}` to remove"))
                    .hint("the pointer leads through the case as it is after `base` and `set`");
            }
            Err(reason) => {
                report.mistake(item.at, reason);
            }
        }
    }
}
