//! What schemas say about the kinds of values and their parts.

use solgate_document::suggest::nearest;
use solgate_document::yaml::{Key, Node, Value};

use super::kinds::Kinds;
use crate::openapi::{Api, followed, may_be_gone, requires, together};

/// Schemas of which one holds, each with those that hold beside it.
#[derive(Debug, Clone)]
pub(crate) struct Described<'n> {
    root: &'n Node,
    /// Of no schemas nothing is known.
    alternatives: Vec<Vec<&'n Node>>,
}

/// What a schema says about a member.
pub(crate) enum Member<'n> {
    Described(Described<'n>),
    /// Nothing is said of it.
    Open,
}

/// Most alternatives that are told apart.
const MOST: usize = 32;

impl PartialEq for Described<'_> {
    fn eq(&self, other: &Self) -> bool {
        let mut both = self.alternatives.iter().zip(&other.alternatives);
        self.alternatives.len() == other.alternatives.len() && both.all(|(one, other)| same(one, other))
    }
}

/// Whether they are the same places in the file.
fn same(one: &[&Node], other: &[&Node]) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(a, b)| std::ptr::eq(*a, *b))
}

impl<'n> Described<'n> {
    /// `None` for more than can be looked at.
    pub fn new(api: &Api<'n>, schemas: impl IntoIterator<Item = &'n Node>) -> Option<Self> {
        Self::of(api.root, schemas.into_iter().map(|schema| vec![schema]))
    }

    /// A schema that is a document of its own.
    pub fn alone(schema: &'n Node) -> Option<Self> {
        Self::of(schema, [vec![schema]])
    }

    fn of(root: &'n Node, all: impl IntoIterator<Item = Vec<&'n Node>>) -> Option<Self> {
        let mut alternatives: Vec<Vec<&'n Node>> = Vec::new();
        let mut open: Vec<Vec<&'n Node>> = all.into_iter().collect();
        while let Some(schemas) = open.pop() {
            if alternatives.len().saturating_add(open.len()) > MOST {
                return None;
            }
            let together = together(root, schemas);
            // Each choice is made once.
            let is_made = |choices: &[Node]| {
                choices.iter().any(|choice| together.iter().any(|known| std::ptr::eq(followed(root, choice), *known)))
            };
            let choices = together.iter().flat_map(|schema| ["oneOf", "anyOf"].map(|name| schema.get(name)));
            let mut choices = choices.flatten().filter_map(Node::as_list);
            match choices.find(|choices| !choices.is_empty() && !is_made(choices)) {
                Some(choices) => open.extend(choices.iter().map(|choice| {
                    let mut more = together.clone();
                    more.push(followed(root, choice));
                    more
                })),
                None if alternatives.iter().any(|known| same(known, &together)) => {}
                None => alternatives.push(together),
            }
        }
        Some(Self { root, alternatives })
    }

    pub fn kinds(&self) -> Kinds {
        let kinds = self.alternatives.iter().map(|schemas| kinds_of_all(schemas));
        let all = kinds.fold(Kinds::NONE, |all, kinds| all | kinds);
        // Schemas that no value can satisfy say nothing about the values that there are.
        if all.is_none() { Kinds::JSON } else { all }
    }

    pub fn texts(&self) -> Option<Vec<String>> {
        let mut all = Vec::new();
        for schemas in &self.alternatives {
            let mut lists = schemas.iter().filter_map(|schema| texts_of(schema));
            let first = lists.next()?;
            all.extend(lists.fold(first, |mut kept, list| {
                kept.retain(|text| list.contains(text));
                kept
            }));
        }
        all.sort();
        all.dedup();
        Some(all)
    }

    /// Whether one of the schemas that hold together is so, whichever alternative holds.
    pub fn all(&self, mut is_so: impl FnMut(&'n Node) -> bool) -> bool {
        !self.alternatives.is_empty()
            && self.alternatives.iter().all(|schemas| schemas.iter().any(|schema| is_so(schema)))
    }

    /// What these allow, and what others of the same file do.
    pub fn or(mut self, other: Self) -> Option<Self> {
        let is_same = std::ptr::eq(self.root, other.root);
        self.alternatives.extend(other.alternatives);
        (is_same && self.alternatives.len() <= MOST).then_some(self)
    }

    /// Any item of a list, or value of an object that is a map.
    pub fn item(&self) -> Member<'n> {
        let mut found = Vec::new();
        for schemas in self.alternatives.iter().filter(|schemas| kinds_of_all(schemas).meets(Kinds::LIST | Kinds::MAP))
        {
            if schemas.iter().any(|schema| schema.get("properties").is_some()) {
                return Member::Open;
            }
            let items: Vec<&'n Node> = schemas
                .iter()
                .filter_map(|schema| schema.get("items"))
                .filter(|schema| schema.as_map().is_some() && !may_be_gone(schema))
                .collect();
            if items.is_empty() { found.extend(more(schemas)) } else { found.push(items) }
        }
        if found.is_empty() { Member::Open } else { self.described(found) }
    }

    fn described(&self, alternatives: Vec<Vec<&'n Node>>) -> Member<'n> {
        Self::of(self.root, alternatives).map_or(Member::Open, Member::Described)
    }

    /// The members that are named, in the order in which they are, each once with where it
    /// is described first, and whether all alternatives require it.
    pub fn members(&self) -> Vec<(&'n Key, &'n Node, bool)> {
        let mut found: Vec<(&'n Key, &'n Node, bool)> = Vec::new();
        for schema in self.alternatives.iter().flatten() {
            for (key, node) in schema.get("properties").and_then(Node::as_map).unwrap_or_default() {
                if found.iter().all(|(known, ..)| known.name != key.name) {
                    found.push((key, followed(self.root, node), self.requires(&key.name)));
                }
            }
        }
        found
    }

    fn requires(&self, name: &str) -> bool {
        self.alternatives.iter().all(|schemas| schemas.iter().any(|schema| requires(schema, name)))
    }

    pub fn member(&self, name: &str) -> Member<'n> {
        let mut found = Vec::new();
        for schemas in &self.alternatives {
            let properties = || schemas.iter().filter_map(|schema| schema.get("properties"));
            let here: Vec<&'n Node> = properties().filter_map(|properties| properties.get(name)).collect();
            // Where a version does not have the member, its value may be anything.
            if here.iter().any(|member| may_be_gone(member)) {
                return Member::Open;
            }
            if !here.is_empty() {
                found.push(here);
                continue;
            }
            let is_open = |schema: &&Node| {
                schema.get("additionalProperties").is_some_and(|more| more.as_map().is_some())
                    || schema.get("patternProperties").is_some()
            };
            // A member that one operation names, and another does not, is what it is for the one.
            if properties().next().is_none() || schemas.iter().any(is_open) {
                found.extend(more(schemas));
            }
        }
        if found.is_empty() {
            let known: Vec<&str> = self.members().into_iter().map(|(key, ..)| key.name.as_str()).collect();
            // What is nearly the name of another is another mistake.
            if nearest(name, &known).is_none() {
                found.extend(self.alternatives.iter().flat_map(|schemas| more(schemas)));
            }
        }
        if found.is_empty() { Member::Open } else { self.described(found) }
    }
}

/// What the members can be that are not named; no schemas, if they can be anything.
fn more<'n>(schemas: &[&'n Node]) -> Vec<Vec<&'n Node>> {
    let patterns = schemas.iter().filter_map(|schema| schema.get("patternProperties")).filter_map(Node::as_map);
    let mut all: Vec<Vec<&'n Node>> = patterns.flatten().map(|(_, schema)| vec![schema]).collect();
    let others: Vec<&'n Node> = schemas.iter().filter_map(|schema| schema.get("additionalProperties")).collect();
    if !others.iter().any(|schema| matches!(schema.value, Value::Bool(false))) {
        all.push(others.into_iter().filter(|schema| schema.as_map().is_some() && !may_be_gone(schema)).collect());
    }
    all
}

fn kinds_of_all(schemas: &[&Node]) -> Kinds {
    schemas.iter().fold(Kinds::JSON, |kinds, schema| kinds & kinds_of(schema))
}

fn kinds_of(schema: &Node) -> Kinds {
    let named = |name: &Node| match name.text.as_str() {
        "string" => Kinds::TEXT,
        "integer" | "number" => Kinds::NUMBER,
        "boolean" => Kinds::BOOL,
        "array" => Kinds::LIST,
        "object" => Kinds::MAP,
        "null" => Kinds::NULL,
        _ => Kinds::JSON,
    };
    let is_nullable = matches!(schema.get("nullable").map(|node| &node.value), Some(Value::Bool(true)));
    let by_type = match schema.get("type") {
        Some(node) => match node.as_list() {
            Some(names) => names.iter().fold(Kinds::NONE, |kinds, name| kinds | named(name)),
            None => named(node),
        },
        None => Kinds::JSON,
    };
    let by_type = if is_nullable { by_type | Kinds::NULL } else { by_type };
    let values = schema.get("enum").and_then(Node::as_list).or_else(|| schema.get("const").map(std::slice::from_ref));
    match values {
        Some(values) => by_type & values.iter().fold(Kinds::NONE, |kinds, value| kinds | kind_of(value)),
        None => by_type,
    }
}

fn kind_of(node: &Node) -> Kinds {
    match node.value {
        Value::Null => Kinds::NULL,
        Value::Bool(_) => Kinds::BOOL,
        Value::Number(_) => Kinds::NUMBER,
        Value::String => Kinds::TEXT,
        Value::List(_) => Kinds::LIST,
        Value::Map(_) => Kinds::MAP,
    }
}

/// The texts that a schema allows, if it names them.
fn texts_of(schema: &Node) -> Option<Vec<String>> {
    let values = schema.get("enum").and_then(Node::as_list).or_else(|| schema.get("const").map(std::slice::from_ref));
    Some(values?.iter().filter_map(Node::as_str).map(str::to_owned).collect())
}
