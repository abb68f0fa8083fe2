//! What the files of layers refer to, and where.

use std::collections::BTreeMap;

use solgate_document::source::At;
use solgate_document::yaml::{Node, Value};

use super::edit;
use crate::layer::Layer;

/// The places that name something, by its name.
pub(super) type Places = BTreeMap<String, Vec<At>>;

/// Each by its name, with the places that name it.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// That a body or an answer of an operation leads to.
    pub schemas: Places,
    /// That an operation, or what it leads to, names with `x-rule` or `x-rule-map`.
    pub rules: Places,
    /// That rules and other facts read.
    pub facts: Places,
    /// That rules read, or depend on for their severity.
    pub options: Places,
}

impl Uses {
    pub fn of(layers: &[Layer]) -> Self {
        let mut uses = Self::default();
        let documents: Vec<&Node> = layers.iter().flat_map(edit::documents).collect();
        for paths in documents.iter().filter_map(|document| document.get("paths")) {
            uses.follow(paths, &documents);
        }
        for rule in effective(layers).values() {
            uses.rule(rule);
        }
        for policy in layers.iter().filter_map(|layer| layer.policy.as_ref()) {
            for (_, node) in edit::entries(policy, &["variables"]) {
                uses.expression(node);
            }
            for (_, fact) in edit::entries(policy, &["facts"]) {
                let templates =
                    fact.get("get").into_iter().chain(edit::entries(fact, &["query"]).iter().map(|(_, node)| node));
                for node in templates {
                    let filled = node.text.split('{').skip(1).filter_map(|part| part.split('}').next());
                    for root in filled.filter_map(|name| name.split_once('.')).map(|(root, _)| root) {
                        uses.facts.entry(root.to_owned()).or_default().push(node.at);
                    }
                }
            }
        }
        let roots = layers.iter().rev().find_map(|layer| layer.policy.as_ref()?.get("apiRoots"));
        for root in roots.and_then(Node::as_list).unwrap_or_default() {
            for (key, _) in edit::entries(root, &["options"]) {
                uses.options.entry(key.name.clone()).or_default().push(key.at);
            }
        }
        uses
    }

    /// Goes through a node, and through the components that it refers to, once each.
    fn follow(&mut self, node: &Node, documents: &[&Node]) {
        let mut met: Vec<&str> = Vec::new();
        let mut next = vec![node];
        let mut followed = std::collections::BTreeSet::new();
        while let Some(node) = next.pop() {
            self.node(node, &mut met);
            for reference in met.drain(..) {
                if !followed.insert(reference) {
                    continue;
                }
                let Some((kind, name)) = reference.strip_prefix("#/components/").and_then(|rest| rest.split_once('/'))
                else {
                    continue;
                };
                let found = documents.iter().find_map(|document| document.follow(["components", kind, name]));
                next.extend(found);
            }
        }
    }

    fn node<'n>(&mut self, node: &'n Node, met: &mut Vec<&'n str>) {
        let members = match &node.value {
            Value::Map(members) => members,
            Value::List(items) => return items.iter().for_each(|item| self.node(item, met)),
            _ => return,
        };
        for (key, node) in members {
            match key.name.as_str() {
                "$ref" => {
                    if let Some(name) = node.text.strip_prefix(crate::openapi::SCHEMAS) {
                        self.schemas.entry(name.to_owned()).or_default().push(node.at);
                    }
                    met.push(&node.text);
                }
                "x-rule" | "x-rule-map" => match &node.value {
                    Value::Map(named) => {
                        for (_, node) in named.iter().filter(|(key, _)| key.name != "detail") {
                            self.rules.entry(node.text.clone()).or_default().push(node.at);
                        }
                    }
                    _ => {
                        self.rules.entry(node.text.clone()).or_default().push(node.at);
                    }
                },
                _ => self.node(node, met),
            }
        }
    }

    fn rule(&mut self, rule: &Effective<'_>) {
        for (_, node) in edit::entries(rule.item, &["variables"]) {
            self.expression(node);
        }
        let own = ["when", "forEach", "require"].into_iter().filter_map(|name| rule.item.get(name));
        for node in own.chain(rule.detail) {
            self.expression(node);
        }
        for node in ["exists", "ifMatch"].into_iter().filter_map(|name| rule.item.get(name)) {
            for node in node.as_list().unwrap_or(std::slice::from_ref(node)) {
                self.facts.entry(node.text.clone()).or_default().push(node.at);
            }
        }
        for (key, _) in rule.severity.and_then(Node::as_map).unwrap_or_default() {
            self.options.entry(edit::option(&key.name).to_owned()).or_default().push(key.at);
        }
    }

    /// Names in an expression that nothing stands before are facts, as far as this matters.
    fn expression(&mut self, node: &Node) {
        let text = node.text.as_str();
        let mut quote = None;
        let mut before = None;
        let mut chars = text.char_indices();
        while let Some((start, char)) = chars.next() {
            match (quote, char) {
                (Some(_), '\\') => {
                    chars.next();
                }
                (Some(begun), _) if begun == char => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') => quote = Some(char),
                (None, c) if is_of_name(c) => {
                    if before.is_none_or(|before| !is_of_name(before) && before != '.' && before != '?') {
                        self.name(text.get(start..).unwrap_or_default(), node.at);
                    }
                }
                (None, _) => {}
            }
            before = Some(char);
        }
    }

    /// A text that begins with a name.
    fn name(&mut self, text: &str, at: At) {
        let end = |text: &str| text.find(|c| !is_of_name(c)).unwrap_or(text.len());
        let (name, rest) = text.split_at(end(text));
        if name != "options" {
            self.facts.entry(name.to_owned()).or_default().push(at);
            return;
        }
        if let Some(option) = rest.trim_start().strip_prefix('.') {
            let option = option.trim_start_matches('?');
            let option = option.get(..end(option)).unwrap_or_default();
            self.options.entry(option.to_owned()).or_default().push(at);
        }
    }
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A rule as it is after the overrides of all layers.
struct Effective<'n> {
    item: &'n Node,
    severity: Option<&'n Node>,
    detail: Option<&'n Node>,
}

fn effective(layers: &[Layer]) -> BTreeMap<&str, Effective<'_>> {
    let mut all: BTreeMap<&str, Effective<'_>> = BTreeMap::new();
    for item in layers.iter().flat_map(edit::rules) {
        let severity = item.get("severity");
        let detail = item.get("otherwise").and_then(|otherwise| otherwise.get("detail"));
        if let Some(id) = item.get("id") {
            all.insert(id.text.trim_end(), Effective { item, severity, detail });
        } else if let Some(rule) = item.get("override").and_then(|id| all.get_mut(id.text.trim_end())) {
            rule.severity = severity.or(rule.severity);
            rule.detail = detail.or(rule.detail);
        }
    }
    all
}
