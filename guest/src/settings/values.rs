//! The values of options: those below an API root, and over them those of a context.

use std::sync::OnceLock;

use serde_json::{Map, Value};

use crate::json::{Document, Kind, Node};

/// Option values by name.
#[derive(Debug, Clone)]
pub(crate) struct OptionValues {
    defaults: Document<'static>,
    /// What a context sets: each name once, and no other than those of `defaults`.
    set: Vec<(String, Value)>,
    /// Both in one, for expressions. Most requests are judged by rules that read no option.
    merged: OnceLock<Document<'static>>,
}

impl OptionValues {
    pub(super) fn new(defaults: Map<String, Value>) -> Self {
        Self { defaults: Document::from(&Value::Object(defaults)), set: Vec::new(), merged: OnceLock::new() }
    }

    /// The same with other values of some options; names that are no option are left out.
    /// Of two values of one option the later holds.
    pub(super) fn overlaid<'s>(&self, settings: impl Iterator<Item = (&'s str, &'s Value)>) -> Self {
        let mut set: Vec<(String, Value)> = Vec::new();
        for (name, value) in settings.filter(|(name, _)| self.default(name).is_some()) {
            match set.iter_mut().find(|(known, _)| known == name) {
                Some((_, known)) => *known = value.clone(),
                None => set.push((name.to_owned(), value.clone())),
            }
        }
        Self { defaults: self.defaults.clone(), set, merged: OnceLock::new() }
    }

    /// An object with all of them, as expressions see it.
    pub(crate) fn root(&self) -> Node<'_> {
        if self.set.is_empty() {
            return self.defaults.root();
        }
        let merged = || {
            let mut options = match self.defaults.root().to_value() {
                Value::Object(options) => options,
                _ => Map::new(),
            };
            for (name, value) in &self.set {
                options.insert(name.clone(), value.clone());
            }
            Document::from(&Value::Object(options))
        };
        self.merged.get_or_init(merged).root()
    }

    /// Whether the context sets an option.
    pub(super) fn sets(&self, name: &str) -> bool {
        self.set(name).is_some()
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        match self.set(name) {
            Some(value) => *value == Value::Bool(true),
            None => matches!(self.default(name).map(Node::kind), Some(Kind::Bool(true))),
        }
    }

    pub(super) fn is_text(&self, name: &str, expected: &str) -> bool {
        let value = match self.set(name) {
            Some(value) => value.as_str(),
            None => self.default(name).and_then(Node::as_str),
        };
        value == Some(expected)
    }

    pub(super) fn is_integer(&self, name: &str, expected: u64) -> bool {
        let value = match self.set(name) {
            Some(value) => value.as_u64(),
            None => match self.default(name).map(Node::kind) {
                Some(Kind::Number(number)) => number.as_u64(),
                _ => None,
            },
        };
        value == Some(expected)
    }

    /// The texts of a list.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.set(name) {
            Some(value) => {
                let items = value.as_array().into_iter().flatten();
                items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            None => match self.default(name).map(Node::kind) {
                Some(Kind::Array(items)) => items.items().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
                _ => Vec::new(),
            },
        }
    }

    fn set(&self, name: &str) -> Option<&Value> {
        self.set.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    fn default(&self, name: &str) -> Option<Node<'_>> {
        match self.defaults.root().kind() {
            Kind::Object(options) => options.get(name),
            _ => None,
        }
    }
}
