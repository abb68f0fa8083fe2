//! The names that an expression may use, and what has been read through them.

use std::collections::BTreeSet;

use solgate_document::source::At;

use crate::openapi::{Api, Op};
use crate::policy::Policy;
use crate::variables::{DATA, VARIABLES};

/// What is known about a value before it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Any,
    /// A fact, or an item of a list fact, by its place in the policy.
    Fact(usize),
    /// A list fact, or some of its items.
    Facts(usize),
    /// A place in the body: member names, `[]` for an item.
    Body(Vec<String>),
    Headers,
    Query,
    Path,
    Caller,
    Options,
    Data,
    Variables,
}

/// What the expressions of one rule read.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    /// Names of facts and the first place that reads each.
    pub facts: Vec<(String, At)>,
    pub body: bool,
    pub query: bool,
    /// Names of lists, windows and data.
    pub lists: Vec<String>,
    pub windows: Vec<String>,
    /// Time zones that are no offsets.
    pub zones: Vec<String>,
    pub data: Vec<String>,
}

impl Reads {
    pub fn fact(&mut self, name: &str, at: At) {
        if !self.facts.iter().any(|(known, _)| known == name) {
            self.facts.push((name.to_owned(), at));
        }
    }
}

/// The scope of one rule's expressions.
pub(crate) struct Scope<'a> {
    pub policy: &'a Policy,
    pub api: &'a Api<'a>,
    /// The operations that the rule is for.
    pub operations: Vec<&'a Op<'a>>,
    /// `variables` defined so far.
    pub variables: Vec<(String, Type)>,
    /// The type of `item`, inside of `forEach`.
    pub item: Option<Type>,
    pub reads: Reads,
    /// Variables of comprehensions, innermost last.
    pub bound: Vec<(String, Type)>,
}

impl<'a> Scope<'a> {
    pub fn new(policy: &'a Policy, api: &'a Api<'a>, operations: Vec<&'a Op<'a>>) -> Self {
        Self { policy, api, operations, variables: Vec::new(), item: None, reads: Reads::default(), bound: Vec::new() }
    }

    /// Whether `data` means something.
    pub fn has_data(&self) -> bool {
        !self.policy.data.is_empty()
    }

    /// All names, for a hint.
    pub fn names(&self) -> Vec<&str> {
        let facts = self.policy.facts.iter().map(|fact| fact.def.name.as_str());
        VARIABLES
            .iter()
            .copied()
            .filter(|name| self.item.is_some() || !matches!(*name, "item" | "index"))
            .filter(|name| !self.variables.is_empty() || *name != "variables")
            .chain(facts)
            .chain(self.has_data().then_some(DATA))
            .chain(self.bound.iter().map(|(name, _)| name.as_str()))
            .collect()
    }

    /// Variables that every operation's path has, and those of API roots.
    pub fn path_variables(&self) -> BTreeSet<&str> {
        let mut operations = self.operations.iter();
        let mut common: BTreeSet<&str> = match operations.next() {
            Some(op) => op.path_variables.iter().map(String::as_str).collect(),
            None => BTreeSet::new(),
        };
        for op in operations {
            common.retain(|name| op.path_variables.iter().any(|known| known == name));
        }
        common.extend(self.policy.root_variables.iter().map(|variable| variable.name.as_str()));
        common
    }
}
