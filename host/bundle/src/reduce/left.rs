//! What still needs something that is gone, and what only it needed.

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::suggest::list;
use solgate_document::yaml::{Node, Value};

use super::edit;
use super::uses::{Places, Uses};
use crate::layer::Layer;
use crate::rules;

/// What a layer has taken out of its bases, by kind and name, and where it says so.
#[derive(Default)]
pub(super) struct Gone {
    dropped: BTreeMap<(&'static str, String), At>,
    /// Where the first of them is said to be dropped or replaced.
    first: Option<At>,
}

impl Gone {
    pub fn drop(&mut self, kind: &'static str, name: &str, at: At) {
        self.dropped.insert((kind, name.to_owned()), at);
        self.first = self.first.or(Some(at));
    }

    /// Something else has its name now.
    pub fn replace(&mut self, at: At) {
        self.first = self.first.or(Some(at));
    }

    /// Where `drop` stands, if there is one: there it can say more.
    pub fn begin(&mut self, at: At) {
        self.first = self.first.map(|_| at);
    }

    pub fn has(&self, kind: &'static str, name: &str) -> bool {
        self.dropped.contains_key(&(kind, name.to_owned()))
    }

    fn of(&self, kind: &'static str) -> impl Iterator<Item = (&str, At)> {
        self.dropped.iter().filter(move |((of, _), _)| *of == kind).map(|((_, name), at)| (name.as_str(), *at))
    }
}

/// Looks at the layers after the last of them has taken `gone` out of the others, which
/// used `before` until then.
pub(super) fn check(layers: &mut [Layer], before: &Uses, gone: &Gone, report: &mut Report) {
    let Some(first) = gone.first else { return };
    let mut idle = without_operations(layers, gone);
    let after = Uses::of(layers);
    needed(&after, layers, gone, report);
    let no_more = |before: &Places, after: &Places, is_there: &dyn Fn(&str) -> bool| {
        let names = before.keys().filter(|name| !after.contains_key(*name) && is_there(name));
        names.cloned().collect::<Vec<String>>()
    };
    let is_there = |kind, name: &str| layers.iter().any(|layer| edit::names(layer, kind).any(|known| known == name));
    let schemas = no_more(&before.schemas, &after.schemas, &|name| is_there("schemas", name));
    // What is left with an operation is named by a schema that nothing leads to any more.
    idle.extend(no_more(&before.rules, &after.rules, &|id| {
        let mut all = layers.iter().flat_map(edit::rules);
        let is_it = |item: &Node| item.get("id").is_some_and(|node| node.text.trim_end() == id);
        !rules::is_of_engine(id) && all.any(|item| is_it(item) && !has_condition(item))
    }));
    let facts = no_more(&before.facts, &after.facts, &|name| is_there("facts", name));
    for (kind, names, message) in [
        ("schemas", schemas, "nothing refers to"),
        ("rules", idle, "no request can break"),
        ("facts", facts, "no rule reads"),
    ] {
        if !names.is_empty() {
            let (one, it) = if names.len() == 1 { (kind.trim_end_matches('s'), "it") } else { (kind, "them") };
            report
                .mistake(first, format!("{message} the inherited {one} {} any more", list(&names)))
                .hint(format!("drop {it} as well: `{kind}: [{}]`", names.join(", ")));
        }
    }
}

/// What somebody still needs.
fn needed(after: &Uses, layers: &[Layer], gone: &Gone, report: &mut Report) {
    let kinds = [
        (
            "schemas",
            &after.schemas,
            "something refers to the schema",
            "drop that, or put another schema in its place with `x-override: true`",
        ),
        (
            "rules",
            &after.rules,
            "a schema names the rule",
            "drop the schema, or put another in its place; `severity: off` switches a rule off",
        ),
        ("facts", &after.facts, "a rule reads the fact", "drop the rule, or put another in its place with `replace`"),
        (
            "options",
            &after.options,
            "something depends on the option",
            "drop the rule, override its severity, or put another in its place with `replace`; give `apiRoots` anew",
        ),
    ];
    for (kind, uses, message, hint) in kinds {
        // What has the name of something that is dropped is there after all.
        let is_there = |name: &str| layers.iter().any(|layer| edit::names(layer, kind).any(|known| known == name));
        for (name, at) in gone.of(kind).filter(|(name, _)| !is_there(name)) {
            for place in uses.get(name).into_iter().flatten() {
                report.mistake(at, format!("{message} `{name}`")).hint(hint).related(*place, "here");
            }
        }
    }
}

/// Takes dropped operations out of the rules of the bases; the ids of rules that are for no
/// other.
fn without_operations(layers: &mut [Layer], gone: &Gone) -> Vec<String> {
    let mut idle = Vec::new();
    let Some((_, bases)) = layers.split_last_mut() else { return idle };
    for file in bases.iter_mut().flat_map(|base| &mut base.rules) {
        let Value::List(items) = &mut file.value else { continue };
        items.retain_mut(|item| {
            let id = item.get("id").map(|node| node.text.trim_end().to_owned());
            let Some(Value::List(names)) = item.get_mut("operations").map(|node| &mut node.value) else { return true };
            let before = names.len();
            names.retain(|name| !gone.has("operations", name.text.trim_end()));
            let is_idle = names.is_empty() && before > 0;
            idle.extend(id.filter(|_| is_idle));
            !is_idle
        });
    }
    idle
}

/// Whether a rule fails by itself, and not because a schema names it.
fn has_condition(rule: &Node) -> bool {
    ["require", "exists", "ifMatch"].into_iter().any(|name| rule.get(name).is_some())
}
