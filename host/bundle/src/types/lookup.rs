//! What an expression can read at a place, for whoever is writing it.

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::yaml::{Node, Style, Value as Yaml};

use super::functions::{Signature, signatures};
use super::kinds::Kinds;
use super::roots::Names;
use super::schema::Member;
use super::value::{Parts, Value};
use super::{Effect, Findings, Surroundings, walk};
use crate::variables::is_identifier;

/// A member that a value can have.
#[derive(Debug)]
pub(crate) struct Part {
    pub name: String,
    /// What it is, as messages call it.
    pub is: String,
    /// What openapi.yaml says of it.
    pub doc: Option<String>,
    /// Whether it may be absent, if that is known.
    pub is_required: Option<bool>,
    pub texts: Option<Vec<String>>,
    /// Where openapi.yaml describes it.
    pub at: Option<At>,
}

/// The names of one rule's expressions at a place.
pub(crate) struct Lookup<'a, 'n> {
    names: Names<'a, 'n>,
}

impl<'a, 'n> Lookup<'a, 'n> {
    /// With the variables of the rule that stand before one of that name, and its item.
    pub fn new(rule: Option<&Node>, before: Option<&str>, surroundings: &'a Surroundings<'a, 'n>) -> Self {
        let mut lookup = Self { names: Names::new(surroundings) };
        let variables = rule.and_then(|rule| rule.get("variables")).and_then(Node::as_map).unwrap_or_default();
        for (key, node) in variables.iter().take_while(|(key, _)| before != Some(key.name.as_str())) {
            let value = lookup.value(&node.text);
            lookup.names.variables.push((key.name.clone(), value));
        }
        if let Some(list) = rule.and_then(|rule| rule.get("forEach")) {
            lookup.names.item = Some(lookup.items(&list.text));
        }
        lookup
    }

    /// Adds a variable of a macro that goes through a list.
    pub fn bind(&mut self, name: &str, range: &str) {
        let item = self.items(range);
        self.names.bound.push((name.to_owned(), item));
    }

    fn items(&mut self, source: &str) -> Value<'n> {
        let list = self.value(source);
        if list.kinds.is_within(Kinds::MAP) { Value::of(Kinds::TEXT) } else { list.item() }
    }

    fn value(&mut self, source: &str) -> Value<'n> {
        // `variables` by itself is no expression that the engine takes.
        if is_identifier(source) {
            return self.names.value(source);
        }
        let source = &self.names.policy().functions.expand_text(source);
        let mut report = Report::default();
        let file = report.sources.add("", source.as_str());
        let node = Node {
            value: Yaml::String,
            at: At { file, start: 0, end: source.len() },
            text: source.to_owned(),
            style: Style::Plain,
            made_of: None,
        };
        let effect = Effect::Refusal;
        let mut findings = Findings { report: &mut report, are_mistakes: false, effect, is_quiet: true };
        walk::value(&node, &mut self.names, &mut findings)
    }

    /// What the value of an expression is, as messages call it.
    pub fn is(&mut self, source: &str) -> String {
        self.value(source).kinds.name()
    }

    /// The only texts that the value of an expression can be.
    pub fn texts(&mut self, source: &str) -> Vec<String> {
        self.value(source).held().texts.unwrap_or_default()
    }

    /// The members that the value of an expression can have.
    pub fn parts(&mut self, source: &str) -> Vec<Part> {
        let value = self.value(source).held();
        match &value.parts {
            Parts::Schemas(schemas) => {
                let member = |name: &str| match schemas.member(name) {
                    Member::Described(member) => Value::described(member),
                    Member::Open => Value::ANY,
                };
                let described = schemas.members();
                let parts = described.into_iter().map(|(key, node, is_required)| {
                    let member = member(&key.name);
                    Part {
                        name: key.name.clone(),
                        is: member.kinds.name(),
                        doc: node.get("description").map(|doc| doc.text.trim().to_owned()),
                        is_required: Some(is_required),
                        texts: member.texts,
                        at: Some(key.at),
                    }
                });
                parts.collect()
            }
            Parts::Members(members) => {
                let part = |(name, value): &(String, Value<'_>)| Part {
                    name: name.clone(),
                    is: value.kinds.name(),
                    doc: None,
                    is_required: None,
                    texts: value.texts.clone(),
                    at: None,
                };
                members.iter().map(part).collect()
            }
            Parts::Unknown | Parts::Items(_) | Parts::Held(_) => Vec::new(),
        }
    }

    /// The functions that take the value of an expression as what stands before the dot.
    pub fn methods(&mut self, source: &str) -> Vec<&'static Signature> {
        let kinds = self.value(source).kinds;
        signatures().filter(|known| known.receiver.is_some_and(|receiver| kinds.meets(receiver))).collect()
    }

    /// Whether macros can go through the value of an expression.
    pub fn has_items(&mut self, source: &str) -> bool {
        self.value(source).kinds.meets(Kinds::LIST | Kinds::MAP)
    }
}
