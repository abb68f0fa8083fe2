//! Rules, and what overrides make of them.

use std::collections::BTreeMap;

use solgate_document::yaml::{Node, Value};
use solgate_engine::ir::{Bundle, Require, Rule, RuleKind, SeveritySpec};

use super::{Checked, Loss, entries, is_named, items, kept, one_or_more, same};
use crate::layer::Layer;
use crate::policy::Functions;

/// A rule as it is written, and all that is written over it.
struct Said<'n> {
    id: &'n str,
    rule: &'n Node,
    overrides: Vec<&'n Node>,
}

impl<'n> Said<'n> {
    /// What the last says who says it.
    fn member(&self, name: &str) -> Option<&'n Node> {
        self.overrides.iter().rev().find_map(|layer| layer.get(name)).or_else(|| self.rule.get(name))
    }

    fn otherwise(&self, name: &str) -> Option<&'n Node> {
        let of = |layer: &&'n Node| layer.get("otherwise").and_then(|node| node.get(name));
        self.overrides.iter().rev().find_map(of).or_else(|| of(&self.rule))
    }

    fn kept(&self, name: &str, node: Option<&Node>, is_kept: bool) -> Checked {
        kept(is_kept, node.unwrap_or(self.rule).at, || format!("`{name}` of the rule `{}`", self.id))
    }
}

pub(super) fn check(layers: &[Layer], bundle: &Bundle, functions: &Functions) -> Checked {
    let compiled: BTreeMap<&str, &Rule> = bundle.rules.iter().map(|rule| (rule.id.as_str(), rule)).collect();
    let said = collect(layers)?;
    for said in said.values() {
        let Some(rule) = compiled.get(said.id) else {
            return Err(Loss { what: format!("the rule `{}`", said.id), at: said.rule.at });
        };
        check_rule(said, rule, functions)?;
    }
    Ok(())
}

fn collect(layers: &[Layer]) -> Result<BTreeMap<&str, Said<'_>>, Loss> {
    let mut all: BTreeMap<&str, Said<'_>> = BTreeMap::new();
    for item in layers.iter().flat_map(|layer| &layer.rules).flat_map(|file| items(Some(file))) {
        match (item.get("id"), item.get("override")) {
            (Some(id), _) => {
                let id = id.text.trim_end();
                all.insert(id, Said { id, rule: item, overrides: Vec::new() });
            }
            (None, over) => {
                let id = over.map_or("", |node| node.text.trim_end());
                match all.get_mut(id) {
                    Some(said) => said.overrides.push(item),
                    None => return Err(Loss { what: format!("the override of `{id}`"), at: item.at }),
                }
            }
        }
    }
    Ok(all)
}

fn check_rule(said: &Said<'_>, rule: &Rule, functions: &Functions) -> Checked {
    let require = match &rule.kind {
        RuleKind::Require(require) => Some(&**require),
        _ => None,
    };
    check_require(said, require, functions)?;
    if let Some(node) = said.rule.get("exists") {
        let is_kept = matches!(&rule.kind, RuleKind::Exists { fact } if *fact == node.text.trim_end());
        said.kept("exists", Some(node), is_kept)?;
    }
    if let Some(node) = said.rule.get("ifMatch") {
        let is_kept = matches!(&rule.kind, RuleKind::IfMatch { facts } if same(one_or_more(node), facts));
        said.kept("ifMatch", Some(node), is_kept)?;
    }
    let operations = said.rule.get("operations");
    said.kept("operations", operations, same(items(operations), &rule.operations))?;
    if let Some(node) = said.otherwise("title") {
        said.kept("title", Some(node), rule.title == node.text.trim_end())?;
    }
    if let Some(node) = said.otherwise("status") {
        said.kept("status", Some(node), node.to_json() == rule.status)?;
    }
    if let Some(node) = said.member("severity") {
        said.kept("severity", Some(node), is_severity(node, &rule.severity))?;
    }
    let ages = said.rule.get("ages");
    said.kept("ages", ages, ages.is_none_or(|node| node.to_json() == rule.ages))?;
    let clause = said.member("clause");
    said.kept("clause", clause, clause.map(|node| node.text.trim_end()) == rule.clause.as_deref())?;
    let doc = said.member("doc");
    said.kept("doc", doc, doc.map_or("", |node| node.text.trim()) == rule.doc)
}

/// The expressions of a rule, and what goes with them.
fn check_require(said: &Said<'_>, compiled: Option<&Require>, functions: &Functions) -> Checked {
    let member = |name| said.rule.get(name);
    let texts = [
        ("require", member("require"), compiled.map(|require| require.require.as_str())),
        ("when", member("when"), compiled.and_then(|require| require.when.as_deref())),
        ("forEach", member("forEach"), compiled.and_then(|require| require.for_each.as_deref())),
        ("pointer", member("pointer"), compiled.and_then(|require| require.pointer.as_deref())),
        ("detail", said.otherwise("detail"), compiled.and_then(|require| require.detail.as_deref())),
    ];
    for (name, node, text) in texts {
        let is_kept = match (node, text) {
            (Some(node), Some(text)) => is_expression(&node.text, text, functions),
            (node, text) => node.is_none() && text.is_none(),
        };
        said.kept(name, node, is_kept)?;
    }
    let names = [
        ("header", compiled.and_then(|require| require.header.as_deref())),
        ("parameter", compiled.and_then(|require| require.parameter.as_deref())),
    ];
    for (name, text) in names {
        let node = member(name);
        said.kept(name, node, node.map(|node| node.text.trim_end()) == text)?;
    }
    let variables = member("variables");
    let compiled_variables = compiled.map(|require| require.variables.as_slice()).unwrap_or_default();
    // Before them are those of the bundle that it reads.
    let shared = compiled_variables.len().saturating_sub(entries(variables).count());
    let own = compiled_variables.iter().skip(shared);
    let are_kept = entries(variables).count() == own.len()
        && entries(variables)
            .zip(own)
            .all(|((name, node), (known, text))| name == known && is_expression(&node.text, text, functions));
    said.kept("variables", variables, are_kept)?;
    if let Some(node) = member("onError") {
        said.kept("onError", Some(node), compiled.is_some_and(|require| is_named(node, require.on_error)))?;
    }
    if let Some(node) = member("stage") {
        said.kept("stage", Some(node), compiled.is_some_and(|require| is_named(node, require.stage)))?;
    }
    Ok(())
}

/// Whether an expression is compiled to this one: what is not a call of a function of the
/// bundle is there in its order, and no call is left.
fn is_expression(written: &str, compiled: &str, functions: &Functions) -> bool {
    if written == compiled {
        return !functions.are_called_in(compiled);
    }
    let parts = functions.between_calls(written);
    let mut rest = Some(compiled);
    let are_kept = parts.iter().all(|part| {
        rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
        rest.is_some()
    });
    parts.len() > 1 && are_kept && !functions.are_called_in(compiled)
}

fn is_severity(node: &Node, spec: &SeveritySpec) -> bool {
    if !matches!(node.value, Value::Map(_)) {
        return is_named(node, spec.default) && spec.by_option.is_empty();
    }
    let mut by_option = spec.by_option.iter();
    let are_kept = entries(Some(node)).all(|(name, node)| match name {
        "default" => is_named(node, spec.default),
        name => by_option.next().is_some_and(|(option, severity)| option == name && is_named(node, *severity)),
    });
    are_kept && by_option.next().is_none()
}
