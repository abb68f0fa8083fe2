//! Which rule a fault of a request body belongs to.

use std::collections::{BTreeMap, HashSet};

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Node, Value};

use super::keywords::{Below, Role, below, is_false, role};
use super::{Api, Op, reference};

/// Every keyword of a body that can fail belongs to a rule, and every rule that
/// a schema names is declared (or mapped to one in all operations that use the
/// schema). `is_declared` knows the rules of the bundle and of the engine.
pub(crate) fn check_mapping(api: &Api<'_>, is_declared: &dyn Fn(&str) -> bool, rule_ids: &[&str], report: &mut Report) {
    // For each place that names a rule: whether all operations that get there
    // map the rule to another.
    let mut always_mapped: BTreeMap<At, bool> = BTreeMap::new();
    let mut of_types: BTreeMap<&str, (&Node, BTreeMap<At, String>)> = BTreeMap::new();
    for op in &api.operations {
        let (Some(schema), Some(body)) = (op.schema, &op.def.body) else { continue };
        let (_, unmapped) = of_types.entry(&body.schema).or_insert_with(|| (schema, BTreeMap::new()));
        let mut walk = Walk { api, seen: HashSet::new(), named: BTreeMap::new(), unmapped };
        walk.schema(schema, false, true);
        let named = walk.named;
        check_rule_map(op, &named, is_declared, rule_ids, report);
        for (at, id) in named {
            let is_mapped = op.def.rule_map.contains_key(id);
            always_mapped.entry(at).and_modify(|all| *all &= is_mapped).or_insert(is_mapped);
        }
    }
    report_unmapped(of_types, report);
    for rule in &api.schema_rules {
        if !is_declared(&rule.id) && always_mapped.get(&rule.at) != Some(&true) {
            undeclared(&rule.id, rule.at, rule_ids, report);
        }
    }
    for rule in &api.rule_uses {
        if !is_declared(&rule.id) {
            undeclared(&rule.id, rule.at, rule_ids, report);
        }
    }
}

/// Faults without a rule, by request type: one line at a type mends all that are below it.
fn report_unmapped(of_types: BTreeMap<&str, (&Node, BTreeMap<At, String>)>, report: &mut Report) {
    let mut single: BTreeMap<At, String> = BTreeMap::new();
    for (name, (schema, unmapped)) in of_types {
        let Some((first, keyword)) = unmapped.first_key_value().filter(|_| unmapped.len() > 1) else {
            single.extend(unmapped);
            continue;
        };
        let id = rule_id(name);
        report
            .mistake(schema.at, format!("{} faults of `{name}` belong to no rule", unmapped.len()))
            .hint(format!(
                "one line here is a rule for all of them: `x-rule: {id}`; declare it: \
                 `- {{ id: {id}, otherwise: {{ title: The body does not match {name} }} }}`"
            ))
            .related(*first, format!("the first: `{keyword}`"));
    }
    for (at, keyword) in single {
        report
            .mistake(at, format!("a fault of `{keyword}` belongs to no rule"))
            .hint("put `x-rule: ID` here or on a schema above, and declare the rule");
    }
}

/// An id for the rule of a request type: `create-vnf-request` for `CreateVnfRequest`.
fn rule_id(name: &str) -> String {
    let mut id = String::new();
    let mut before = '-';
    for c in name.chars() {
        let begins = c.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit());
        if (begins || !c.is_ascii_alphanumeric()) && !id.ends_with('-') {
            id.push('-');
        }
        id.extend(c.is_ascii_alphanumeric().then_some(c.to_ascii_lowercase()));
        before = c;
    }
    id.trim_matches('-').to_owned()
}

fn undeclared(id: &str, at: At, rule_ids: &[&str], report: &mut Report) {
    report
        .mistake(at, format!("no rule `{id}` is declared"))
        .maybe_hint(did_you_mean(id, rule_ids.iter().copied()))
        .hint_if_none("declare it in a file below rules/, with `id` and `otherwise`");
}

fn check_rule_map(
    op: &Op<'_>,
    named: &BTreeMap<At, &str>,
    is_declared: &dyn Fn(&str) -> bool,
    rule_ids: &[&str],
    report: &mut Report,
) {
    let entries = op.rule_map.and_then(Node::as_map).unwrap_or_default();
    for (key, node) in entries {
        if !named.values().any(|id| *id == key.name) {
            report
                .mistake(key.at, format!("no schema of this body names the rule `{}`", key.name))
                .maybe_hint(did_you_mean(&key.name, named.values().copied()));
        }
        if node.as_str().is_some() && !is_declared(&node.text) {
            undeclared(&node.text, node.at, rule_ids, report);
        }
    }
}

struct Walk<'a, 'n> {
    api: &'a Api<'n>,
    /// Schemas already walked, with and without a rule from above.
    seen: HashSet<(At, bool)>,
    /// Rules named on the way.
    named: BTreeMap<At, &'a str>,
    unmapped: &'a mut BTreeMap<At, String>,
}

impl<'a> Walk<'a, '_> {
    fn schema(&mut self, schema: &'a Node, inherited: bool, is_root: bool) {
        if !self.seen.insert((schema.at, inherited)) {
            return;
        }
        let annotation = schema.get("x-rule");
        let mut has_rule = inherited;
        if let Some(annotation) = annotation {
            match &annotation.value {
                Value::Map(members) => {
                    for (key, node) in members.iter().filter(|(key, _)| key.name != "detail") {
                        self.named.insert(node.at, &node.text);
                        has_rule |= key.name == "id";
                    }
                }
                _ => {
                    self.named.insert(annotation.at, &annotation.text);
                    has_rule = true;
                }
            }
        }
        for (key, node) in schema.as_map().unwrap_or_default() {
            let name = key.name.as_str();
            let by_keyword = annotation.is_some_and(|a| a.get(name).is_some());
            // Anything but an object never gets as far as the schema.
            let of_engine = is_root && name == "type" && node.text == "object";
            if has_rule || of_engine || role(name) != Some(Role::Assertion) {
                continue;
            }
            if name == "required" {
                self.required(schema, node);
            } else if !by_keyword {
                self.unmapped.insert(key.at, name.to_owned());
            }
        }
        for Below { keyword, schema } in below(schema) {
            match keyword.name.as_str() {
                // Faults below these are faults of the keyword itself, or none.
                "not" | "if" | "propertyNames" | "contains" | "$defs" => {}
                "anyOf" | "oneOf" if !has_rule => {}
                name => {
                    if is_false(schema) && !has_rule {
                        self.unmapped.insert(keyword.at, name.to_owned());
                    }
                    self.schema(schema, has_rule, false);
                }
            }
        }
        if let Some(target) = schema.get("$ref").and_then(|r| reference::follow(self.api.root, r)) {
            self.schema(target, has_rule, is_root);
        }
    }

    /// A missing member belongs to the rule that its own schema names.
    fn required(&mut self, schema: &'a Node, names: &'a Node) {
        for name in names.as_list().unwrap_or_default() {
            let member = schema.get("properties").and_then(|properties| properties.get(&name.text));
            if !self.names_missing(member) {
                self.unmapped.insert(name.at, format!("required: {}", name.text));
            }
        }
    }

    /// Whether the schema of a member, or one that it refers to, has an `x-rule`
    /// that holds for the member's absence.
    fn names_missing(&self, mut member: Option<&'a Node>) -> bool {
        for _ in 0..8 {
            let Some(schema) = member else { return false };
            if let Some(rule) = schema.get("x-rule")
                && (rule.as_str().is_some() || rule.get("required").is_some() || rule.get("id").is_some())
            {
                return true;
            }
            member = schema.get("$ref").and_then(|r| reference::follow(self.api.root, r));
        }
        false
    }
}
