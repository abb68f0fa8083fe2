//! The members that schemas of one object describe, and those that they only require.

use std::collections::BTreeSet;

use solgate_document::yaml::{Node, Value};

use super::{Follow, MAX_DEPTH, branches};

/// The members of an object that its schemas describe.
#[derive(Debug, Clone, Default)]
pub struct Members<'n> {
    pub names: BTreeSet<&'n str>,
    /// Some schema describes members of any name, so that more may be expected.
    pub are_open: bool,
}

impl<'n> Members<'n> {
    /// What a schema and those around it, which are about the same object, describe.
    #[must_use]
    pub fn of(schema: &'n Node, around: Option<&Self>, follow: Follow<'_, 'n>) -> Self {
        let mut found = around.cloned().unwrap_or_default();
        let mut seen = Vec::new();
        found.add(schema, follow, 0, &mut seen);
        found
    }

    fn add(&mut self, schema: &'n Node, follow: Follow<'_, 'n>, depth: usize, seen: &mut Vec<&'n Node>) {
        if depth > MAX_DEPTH || seen.iter().any(|known| std::ptr::eq(*known, schema)) {
            return;
        }
        seen.push(schema);
        let properties = schema.get("properties").and_then(Node::as_map).unwrap_or_default();
        self.names.extend(properties.iter().map(|(key, _)| key.name.as_str()));
        self.are_open |= schema.get("patternProperties").is_some()
            || ["additionalProperties", "unevaluatedProperties"].iter().any(|keyword| {
                schema.get(keyword).is_some_and(|more| matches!(more.value, Value::Map(_) | Value::Bool(true)))
            });
        // A reference that leads nowhere may have led to any of them.
        let reference = schema.get("$ref");
        let target = reference.and_then(follow);
        self.are_open |= reference.is_some() && target.is_none();
        let lists = ["allOf", "anyOf", "oneOf"].into_iter().flat_map(|keyword| branches(schema, keyword));
        let single = ["if", "then", "else"].into_iter().filter_map(|keyword| schema.get(keyword));
        let dependent = schema.get("dependentSchemas").and_then(Node::as_map).unwrap_or_default();
        let others = target.into_iter().chain(lists).chain(single).chain(dependent.iter().map(|(_, node)| node));
        for other in others.collect::<Vec<_>>() {
            self.add(other, follow, depth.saturating_add(1), seen);
        }
    }

    /// Whether a member of this name is known here, or could be.
    #[must_use]
    pub fn may_have(&self, name: &str) -> bool {
        self.are_open || self.names.is_empty() || self.names.contains(name)
    }
}

/// The entries of `required` that name a member which no schema of the object describes.
#[must_use]
pub fn undeclared<'n>(schema: &'n Node, members: &Members<'n>) -> Vec<&'n Node> {
    let names = schema.get("required").and_then(Node::as_list).unwrap_or_default();
    names.iter().filter(|name| name.as_str().is_some_and(|name| !members.may_have(name))).collect()
}

/// Of `anyOf` or `oneOf`, the number of branches, and of those that require a member which
/// no schema of the object describes.
#[must_use]
pub fn dead_branches<'n>(
    schema: &'n Node,
    keyword: &str,
    members: &Members<'n>,
    follow: Follow<'_, 'n>,
) -> (usize, usize) {
    let branches = branches(schema, keyword);
    let is_dead = |branch: &&'n Node| {
        let target = branch.get("$ref").and_then(follow);
        [Some(*branch), target].into_iter().flatten().any(|schema| !undeclared(schema, members).is_empty())
    };
    (branches.len(), branches.iter().filter(is_dead).count())
}
