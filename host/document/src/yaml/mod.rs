//! YAML 1.2 with positions.

mod parse;
mod position;
mod scalar;
mod write;

pub use parse::parse;
pub use position::{Places, locate, locate_line};
pub use write::{block, entries, flow, quoted, scalar, short};

use std::sync::Arc;

use serde_json::Number;

use crate::source::At;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    pub value: Value,
    /// Of a collection: its first line.
    pub at: At,
    /// Of a scalar: its text, before it is taken for a number or a boolean.
    pub text: String,
    pub style: Style,
    /// Of a text that was put together from several places: where each of its characters is
    /// written.
    pub made_of: Option<Arc<[Character]>>,
}

/// Where a character of a text that was put together is written.
#[derive(Debug, Clone, Copy)]
pub struct Character {
    pub at: At,
    /// Of the characters of a stretch, the least deep ones tell where the stretch is written:
    /// the others stand in for a part of it. Of an odd depth are characters that are written
    /// elsewhere, and `at` is what they stand in for.
    pub depth: u16,
}

#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Number(Number),
    String,
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The name of a member of a mapping.
#[derive(Debug, Clone)]
pub struct Key {
    pub name: String,
    pub at: At,
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

impl Node {
    /// What this is, for a message: "expected text, found {}".
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        matches!(self.value, Value::String).then_some(self.text.as_str())
    }

    pub fn as_map(&self) -> Option<&[(Key, Node)]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    pub fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The member of that name, if this is a mapping that has it.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|(_, node)| node)
    }

    pub fn entry(&self, name: &str) -> Option<(&Key, &Node)> {
        self.as_map()?.iter().find(|(key, _)| key.name == name).map(|(key, node)| (key, node))
    }

    pub fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Map(entries) => entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// Puts a member into a mapping, in place of the one of that name.
    pub fn set(&mut self, key: Key, node: Node) {
        if let Value::Map(entries) = &mut self.value {
            match entries.iter_mut().find(|(known, _)| known.name == key.name) {
                Some(entry) => *entry = (key, node),
                None => entries.push((key, node)),
            }
        }
    }

    /// The value that a JSON Pointer without its leading `/`, already split and
    /// unescaped, leads to.
    pub fn follow(&self, steps: impl IntoIterator<Item = impl AsRef<str>>) -> Option<&Node> {
        steps.into_iter().try_fold(self, |node, step| match &node.value {
            Value::Map(_) => node.get(step.as_ref()),
            Value::List(items) => step.as_ref().parse::<usize>().ok().and_then(|i| items.get(i)),
            _ => None,
        })
    }

    /// The same as JSON, members in the order written.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => Json::Number(number.clone()),
            Value::String => Json::String(self.text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(entries) => {
                Json::Object(entries.iter().map(|(key, node)| (key.name.clone(), node.to_json())).collect())
            }
        }
    }
}
