//! Member names that are declared ones in another case: unknown to the schema, and
//! to some readers the declared member.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::trace::occurrences;
use crate::json::{Kind, Node, alike, folded, push_segment};

/// A member whose name only differs in case from one that is declared for its object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameInAnotherCase {
    pub pointer: String,
    pub name: String,
    pub declared: String,
}

/// The names that a schema declares anywhere. Nearly all names of a body are among
/// them, and need no second look.
pub(super) struct Declared {
    /// Sorted; without those that differ from one another in case only.
    exact: Vec<String>,
    folded: BTreeSet<String>,
}

impl Declared {
    pub(super) fn of(schema: &Value) -> Self {
        let mut names = BTreeSet::new();
        collect(schema, &mut names);
        let mut by_fold: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for name in names {
            by_fold.entry(folded(name).collect()).or_default().push(name);
        }
        let single = by_fold.values().filter_map(|names| match names.as_slice() {
            [name] => Some((*name).to_owned()),
            _ => None,
        });
        let mut exact: Vec<String> = single.collect();
        exact.sort_unstable();
        Self { exact, folded: by_fold.into_keys().collect() }
    }

    /// Whether a name may be a declared one in another case.
    fn is_suspect(&self, name: &str) -> bool {
        self.exact.binary_search_by(|known| known.as_str().cmp(name)).is_err()
            && self.folded.contains(&folded(name).collect::<String>())
    }
}

fn collect<'s>(schema: &'s Value, names: &mut BTreeSet<&'s str>) {
    match schema {
        Value::Object(keywords) => {
            if let Some(Value::Object(properties)) = keywords.get("properties") {
                names.extend(properties.keys().map(String::as_str));
            }
            keywords.values().for_each(|value| collect(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        _ => {}
    }
}

/// The members of a body whose names are declared for their object in another case,
/// at most `limit`.
pub(super) fn in_another_case(
    declared: &Declared,
    schema: &Value,
    body: Node<'_>,
    limit: usize,
) -> Vec<NameInAnotherCase> {
    let mut search = Search { declared, schema, path: Vec::new(), limit, found: Vec::new() };
    search.visit(body);
    search.found
}

enum Step<'d> {
    Name(&'d str),
    Index(usize),
}

struct Search<'s, 'd> {
    declared: &'s Declared,
    schema: &'s Value,
    /// What is being looked at.
    path: Vec<Step<'d>>,
    limit: usize,
    found: Vec<NameInAnotherCase>,
}

impl<'d> Search<'_, 'd> {
    /// As deep as the body is, which the parser limits.
    fn visit(&mut self, node: Node<'d>) {
        match node.kind() {
            Kind::Array(array) => {
                for (index, item) in array.items().enumerate() {
                    self.path.push(Step::Index(index));
                    self.visit(item);
                    self.path.pop();
                }
            }
            Kind::Object(object) => {
                let suspects: Vec<&str> =
                    object.members().map(|(name, _)| name).filter(|name| self.declared.is_suspect(name)).collect();
                if !suspects.is_empty() {
                    self.compare(&suspects);
                }
                for (name, value) in object.members() {
                    self.path.push(Step::Name(name));
                    self.visit(value);
                    self.path.pop();
                }
            }
            _ => {}
        }
    }

    /// Compares names with those that are declared for the object in hand.
    fn compare(&mut self, suspects: &[&str]) {
        let pointer = self.pointer();
        let traces = occurrences(self.schema, &pointer);
        let properties = traces.iter().filter_map(|trace| trace.last()?.node.get("properties")?.as_object());
        let names: Vec<&str> = properties.flat_map(|properties| properties.keys().map(String::as_str)).collect();
        for suspect in suspects {
            if self.found.len() >= self.limit {
                return;
            }
            if !names.contains(suspect)
                && let Some(declared) = names.iter().find(|name| alike(name, suspect))
            {
                let mut pointer = pointer.clone();
                push_segment(&mut pointer, suspect);
                let (name, declared) = ((*suspect).to_owned(), (*declared).to_owned());
                self.found.push(NameInAnotherCase { pointer, name, declared });
            }
        }
    }

    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.path {
            match step {
                Step::Name(name) => push_segment(&mut pointer, name),
                Step::Index(index) => push_segment(&mut pointer, &index.to_string()),
            }
        }
        pointer
    }
}
