//! Variables that the rules of a bundle share.

use std::collections::BTreeSet;

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::source::At;
use solgate_document::yaml::Node;

use crate::variables::{is_identifier, read_by};

/// A variable that every rule may read, and that becomes part of those that do.
#[derive(Debug)]
pub(crate) struct Shared {
    pub name: String,
    pub at: At,
    /// The expression.
    pub node: Node,
    /// The variables that it reads itself.
    pub reads: BTreeSet<String>,
}

/// Reads `variables` and adds them to the inherited ones.
pub(super) fn read(node: Option<&Node>, mut all: Vec<Shared>, report: &mut Report) -> Vec<Shared> {
    let entries = node.and_then(|node| reader::map(node, "`variables`", report));
    for (key, node) in entries.unwrap_or_default() {
        if !is_identifier(&key.name) {
            report
                .mistake(key.at, format!("`{}` cannot be the name of a variable", key.name))
                .hint("letters, digits and `_`, so that expressions can read variables.NAME");
            continue;
        }
        if let Some(known) = all.iter().find(|shared| shared.name == key.name) {
            report
                .mistake(key.at, format!("the bundle that is extended has a variable `{}`", key.name))
                .hint("give it another name")
                .related(known.at, "there");
            continue;
        }
        all.push(Shared { name: key.name.clone(), at: key.at, node: node.clone(), reads: BTreeSet::new() });
    }
    all
}

/// Follows what the variables read, when the values of functions are in the place of calls.
pub(crate) fn connect(all: &mut [Shared], report: &mut Report) {
    for shared in all.iter_mut() {
        shared.reads = read_by(&shared.node.text);
    }
    let mut circular: BTreeSet<String> = BTreeSet::new();
    for shared in all.iter() {
        if let Some(circle) = circle(shared, all) {
            report
                .mistake(shared.at, format!("the variable `{}` needs itself: {}", shared.name, circle.join(" reads ")))
                .hint("a variable is made of others, and those not of it");
            circular.insert(shared.name.clone());
        }
    }
    // Whoever follows them shall come to an end.
    for shared in all.iter_mut().filter(|shared| circular.contains(&shared.name)) {
        shared.reads.clear();
    }
}

/// The way from a variable back to it.
fn circle<'s>(from: &'s Shared, all: &'s [Shared]) -> Option<Vec<&'s str>> {
    let mut ways: Vec<Vec<&str>> = vec![vec![&from.name]];
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(way) = ways.pop() {
        let last = way.last().and_then(|name| all.iter().find(|shared| shared.name == **name));
        for name in last.into_iter().flat_map(|shared| &shared.reads) {
            let mut next = way.clone();
            next.push(name);
            if *name == from.name {
                return Some(next);
            }
            if seen.insert(name) {
                ways.push(next);
            }
        }
    }
    None
}
