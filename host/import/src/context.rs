//! What the parts of an import share.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};
use solgate_document::diagnostic::Report;
use solgate_document::source::{At, FileId};
use solgate_document::yaml::{Key, Node};

use crate::documents::{Documents, Target};

/// Where named schemas are.
pub(crate) const SCHEMAS: &str = "#/components/schemas/";

/// So many values are not the same by chance.
const MANY: usize = 5;

/// The versions of OpenAPI, as far as their schemas differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Dialect {
    /// Swagger 2.0.
    V2,
    V30,
    /// And what comes after.
    V31,
}

pub(crate) struct Context<'d> {
    pub documents: &'d Documents,
    pub report: Report,
    pub dialect: Dialect,
    pub components: Components<'d>,
    /// Values of enumerations that are spelt as no other word of the files, by place, and
    /// as they were meant.
    pub meant: BTreeMap<At, String>,
}

/// The schemas that are reached, each once.
#[derive(Default)]
pub(crate) struct Components<'d> {
    names: BTreeMap<(FileId, Vec<String>), String>,
    open: Vec<(String, &'d Node)>,
    /// In the order in which they were reached.
    pub done: Map<String, Json>,
    taken: BTreeSet<String>,
    /// Where each stands in the files.
    pub places: BTreeMap<String, At>,
}

impl<'d> Context<'d> {
    /// The name of the schema that a reference leads to, which is converted in its turn.
    pub fn component(&mut self, target: &Target<'d>) -> String {
        let key = (target.file, target.steps.clone());
        if let Some(name) = self.components.names.get(&key) {
            return name.clone();
        }
        let stem = self.documents.stem(target.file);
        let name = self.components.claim(&name_of(&target.steps, &stem), target.node);
        self.components.names.insert(key, name.clone());
        name
    }

    /// The same for a schema that is written in place.
    pub fn component_in_place(&mut self, wanted: &str, node: &'d Node) -> String {
        self.components.claim(wanted, node)
    }

    /// Converts schemas until nothing refers to one that is not there.
    pub fn convert_components(&mut self) {
        while let Some((name, node)) = self.components.open.pop() {
            let schema = self.schema(node);
            self.components.done.insert(name, schema);
        }
    }

    /// Looks at the schemas that no request reaches, for what is wrong with them.
    pub fn look_at_the_rest(&mut self) {
        let documents = self.documents;
        let mut listed: Vec<(Json, &str)> = Vec::new();
        for root in documents.roots() {
            for path in [&["definitions"][..], &["components", "schemas"]] {
                let Some(named) = root.follow(path).and_then(Node::as_map) else { continue };
                for (key, node) in named {
                    self.look_for_copies(key, node, &mut listed);
                    let mut steps: Vec<String> = path.iter().map(|step| (*step).to_owned()).collect();
                    steps.push(key.name.clone());
                    if let Some(node) = root.follow(&steps) {
                        self.component(&Target { file: root.at.file, steps, node });
                    }
                }
            }
        }
        self.convert_components();
    }

    /// Enumerations with another name and the values of one before: perhaps a slip of copying.
    fn look_for_copies(&mut self, key: &'d Key, node: &'d Node, listed: &mut Vec<(Json, &'d str)>) {
        let Some(values) = node.get("enum").filter(|values| values.as_list().is_some_and(|items| items.len() >= MANY))
        else {
            return;
        };
        let values = values.to_json();
        match listed.iter().find(|(known, name)| *known == values && *name != key.name) {
            Some((_, other)) => {
                self.report
                    .warning(key.at, format!("`{}` has the very values of `{other}`", key.name))
                    .hint("kept; look whether one is a copy that was not changed");
            }
            None => listed.push((values, &key.name)),
        }
    }

    pub fn follow(&self) -> impl Fn(&'d Node) -> Option<&'d Node> + use<'d> {
        let documents = self.documents;
        move |reference| documents.follow(reference).map(|target| target.node)
    }
}

impl<'d> Components<'d> {
    /// A schema that stands nowhere in the files as it is.
    pub fn made(&mut self, wanted: &str, at: At, schema: Json) -> String {
        let name = self.name(wanted, at);
        self.done.insert(name.clone(), schema);
        name
    }

    fn claim(&mut self, wanted: &str, node: &'d Node) -> String {
        let name = self.name(wanted, node.at);
        self.open.push((name.clone(), node));
        name
    }

    /// A name that no other schema has.
    fn name(&mut self, wanted: &str, at: At) -> String {
        let wanted = sanitized(wanted);
        let numbered = (2_u32..).map(|number| format!("{wanted}{number}"));
        let mut names = std::iter::once(wanted.clone()).chain(numbered);
        let name = names.find(|name| !self.taken.contains(name)).unwrap_or(wanted);
        self.taken.insert(name.clone());
        self.places.insert(name.clone(), at);
        name
    }
}

/// What a place in a file is called: its last name, and that above where it is one of a
/// few that say nothing.
fn name_of(steps: &[String], stem: &str) -> String {
    const KEYWORDS: [&str; 8] =
        ["components", "definitions", "schemas", "properties", "items", "schema", "content", "$defs"];
    let names: Vec<&str> = steps.iter().map(String::as_str).filter(|step| !KEYWORDS.contains(step)).collect();
    match names.as_slice() {
        [] => stem.to_owned(),
        [name] => (*name).to_owned(),
        [.., above, name] => format!("{above}.{name}"),
    }
}

/// Letters, digits, `.`, `_` and `-`.
fn sanitized(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' }).collect();
    if name.is_empty() { "Schema".to_owned() } else { name }
}
