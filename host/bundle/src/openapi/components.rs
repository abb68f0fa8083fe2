//! What paths and schemas refer to.

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::yaml::{Key, Node};

use super::extensions;

/// A kind of components.
pub(super) struct Kind {
    /// The member of `components`.
    pub name: &'static str,
    /// One of them, for messages.
    pub one: &'static str,
}

const KINDS: [Kind; 10] = [
    Kind { name: "schemas", one: "schema" },
    Kind { name: "parameters", one: "parameter" },
    Kind { name: "requestBodies", one: "request body" },
    Kind { name: "responses", one: "response" },
    Kind { name: "headers", one: "header" },
    Kind { name: "examples", one: "example" },
    Kind { name: "links", one: "link" },
    Kind { name: "callbacks", one: "callback" },
    Kind { name: "pathItems", one: "path" },
    Kind { name: "securitySchemes", one: "security scheme" },
];

/// The components of each kind that is there, by name.
pub(super) fn read<'n>(node: &'n Node, report: &mut Report) -> Vec<(&'static Kind, &'n [(Key, Node)])> {
    let Some(mut members) = Members::open(node, "`components`", report) else { return Vec::new() };
    let mut found = Vec::new();
    for kind in &KINDS {
        if let Some(node) = members.get(kind.name)
            && let Some(entries) = reader::map(node, &format!("`components.{}`", kind.name), report)
        {
            found.push((kind, entries));
        }
    }
    extensions::finish(members, &[], report);
    found
}
