//! Definitions that nothing reads.

use std::collections::BTreeSet;

use solgate_document::diagnostic::Report;
use solgate_document::yaml::Node;

use super::Written;
use super::follow::Followed;
use crate::expression::{Read, Step};
use crate::openapi::{Api, SCHEMAS};
use crate::options::built_in;
use crate::policy::Policy;

/// Members of `root` that are read; `None` if the name of one is computed.
fn read_members<'r>(root: &str, reads: &'r [Read]) -> Option<BTreeSet<&'r str>> {
    reads
        .iter()
        .filter(|read| read.origin.root == root)
        .map(|read| match read.origin.steps.first() {
            Some(Step::Member(name)) => Some(name.as_str()),
            _ => None,
        })
        .collect()
}

/// Variables of a rule.
pub(super) fn variables(rule: &Written<'_>, followed: &Followed, report: &mut Report) {
    let Some(read) = read_members("variables", &followed.reads) else { return };
    for (key, _) in rule.node.get("variables").and_then(Node::as_map).unwrap_or_default() {
        if !read.contains(key.name.as_str()) {
            report
                .warning(key.at, format!("the rule never reads variables.{}", key.name))
                .hint("remove it, or add the expression that should read it");
        }
    }
}

/// Options of the bundle, those of the engine apart.
pub(super) fn options(policy: &Policy, api: &Api<'_>, rules: &[Written<'_>], reads: &[Read], report: &mut Report) {
    let Some(mut read) = read_members("options", reads) else { return };
    read.extend(rules.iter().flat_map(|rule| &rule.rule.severity.by_option).map(|(name, _)| name.as_str()));
    let dialects = api.operations.iter().filter_map(|op| op.def.dialect.as_deref());
    read.extend(dialects.map(|name| name.split('.').next().unwrap_or(name)));
    let of_engine = built_in();
    for option in &policy.options {
        let is_read = read.contains(option.name.as_str()) || of_engine.iter().any(|known| known.name == option.name);
        if let Some(at) = policy.option_places.get(&option.name).filter(|_| !is_read) {
            report
                .warning(*at, format!("nothing reads the option `{}`", option.name))
                .hint("remove it, or add the rule that should read it");
        }
    }
}

/// Schemas that no part of the API refers to.
pub(super) fn schemas(api: &Api<'_>, report: &mut Report) {
    let Some(named) = api.root.get("components").and_then(|components| components.get("schemas")) else { return };
    let mut reached = BTreeSet::new();
    let mut open: Vec<&Node> = vec![api.root];
    open.extend(&api.spoken);
    while let Some(node) = open.pop() {
        // Entered by reference only.
        if std::ptr::eq(node, named) {
            continue;
        }
        if let Some(name) = node.get("$ref").and_then(|reference| reference.text.strip_prefix(SCHEMAS)) {
            let name = name.split('/').next().unwrap_or(name);
            if reached.insert(name) {
                open.extend(named.get(name));
            }
        }
        open.extend(node.as_list().unwrap_or_default());
        open.extend(node.as_map().unwrap_or_default().iter().map(|(_, node)| node));
    }
    for (key, _) in named.as_map().unwrap_or_default() {
        if !reached.contains(key.name.as_str()) {
            report
                .warning(key.at, format!("nothing refers to the schema `{}`", key.name))
                .hint(format!("remove it, or refer to it: `$ref: '{SCHEMAS}{}'`", key.name));
        }
    }
}
