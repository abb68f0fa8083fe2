//! Checks that everything that a bundle says is in the compiled result.
//!
//! The compiler reports what it does not understand, and otherwise builds the whole
//! bundle. Here the YAML is compared with the result, without looking at how one became
//! the other: what is neither reported nor compiled was lost.

mod policy;
mod rules;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;
use solgate_cases::Case;
use solgate_document::source::{At, FileId, Sources};
use solgate_document::yaml::Node;
use solgate_engine::ir::Bundle;

use crate::layer::Layer;
use crate::policy::Functions;

/// A fault of the compiler, not of the bundle: it would have built something else
/// than what is written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Incomplete {
    #[error(
        "{what} ({file}, line {line}) was lost on the way into the policy, so nothing is built. This is a fault of Solgate, not of the bundle: please report it, with the bundle"
    )]
    Lost {
        /// Such as "`when` of the rule `a.b`".
        what: String,
        /// As in a diagnostic.
        file: String,
        line: usize,
    },
    #[error(
        "the bundle was neither compiled nor found to have a mistake, so nothing is built. This is a fault of Solgate: please report it, with the bundle"
    )]
    Silent,
}

/// What was compiled.
#[derive(Clone, Copy)]
pub(crate) struct Built<'b> {
    pub bundle: &'b Bundle,
    pub cases: &'b [Case],
    /// Whose values stand in the place of calls.
    pub functions: &'b Functions,
}

/// What was lost, and where it is written.
#[derive(Debug)]
struct Loss {
    what: String,
    at: At,
}

type Checked = Result<(), Loss>;

/// Looks for everything that the layers and the files of cases say, of which
/// `cases` are the trees.
pub(crate) fn check(
    layers: &[Layer],
    cases: &[(FileId, Node)],
    found: Built<'_>,
    sources: &Sources,
) -> Result<(), Incomplete> {
    let checked = rules::check(layers, found.bundle, found.functions)
        .and_then(|()| policy::check(layers, found.bundle))
        .and_then(|()| check_cases(cases, found.cases, sources));
    checked.map_err(|loss| Incomplete::Lost {
        what: loss.what,
        file: sources.name(loss.at.file).to_owned(),
        line: sources.span(loss.at).line,
    })
}

fn check_cases(files: &[(FileId, Node)], cases: &[Case], sources: &Sources) -> Checked {
    let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
    for case in cases {
        known.insert((&case.file, &case.name));
        // One that runs below several API roots.
        let suffix = format!(" [{}]", case.target);
        known.extend(case.name.strip_suffix(&suffix).map(|name| (case.file.as_str(), name)));
    }
    for (file, root) in files {
        for item in items(root.get("cases")) {
            let name = item.get("name").map_or("", |name| name.text.trim_end());
            kept(known.contains(&(sources.name(*file), name)), item.at, || format!("the case `{name}`"))?;
        }
    }
    Ok(())
}

fn kept(is_kept: bool, at: At, what: impl FnOnce() -> String) -> Checked {
    if is_kept { Ok(()) } else { Err(Loss { what: what(), at }) }
}

fn items(node: Option<&Node>) -> &[Node] {
    node.and_then(Node::as_list).unwrap_or_default()
}

fn entries(node: Option<&Node>) -> impl Iterator<Item = (&str, &Node)> {
    node.and_then(Node::as_map).unwrap_or_default().iter().map(|(key, node)| (key.name.as_str(), node))
}

/// A list, or the one thing that stands for a list of it.
fn one_or_more(node: &Node) -> &[Node] {
    node.as_list().unwrap_or(std::slice::from_ref(node))
}

/// Whether these are those texts.
fn same<'n, 't>(nodes: &'n [Node], texts: impl IntoIterator<Item = &'t String>) -> bool {
    nodes.iter().map(|node: &'n Node| node.text.trim_end()).eq(texts.into_iter().map(String::as_str))
}

/// Whether a scalar is the name of this value.
fn is_named(node: &Node, value: impl Serialize) -> bool {
    serde_json::to_value(value).is_ok_and(|value| value.as_str() == Some(&node.text))
}
