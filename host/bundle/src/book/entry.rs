//! A rule of the book, as data: what the page says of it, and what a program may show.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use solgate_engine::cel_env::parse_expression;
use solgate_engine::ir::{Bundle, Require, Rule, RuleKind, SeveritySpec, Stage};

use super::places::Places;
use super::{all_rules, engine, knows_all_versions, places};

/// A rule of a bundle, or one of the engine's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub id: String,
    pub title: String,
    /// Why it exists and what to do; empty if nobody says so.
    pub doc: String,
    pub status: u16,
    /// The option `schemaErrorStatus` changes the status.
    pub status_varies: bool,
    pub severity: SeveritySpec,
    /// It compares with a list that later versions of the API extend, and the policy does not
    /// know all versions.
    pub ages: bool,
    /// Ids; none: every operation.
    pub operations: BTreeSet<String>,
    pub kind: Kind,
    pub clause: Option<String>,
    /// It stands as a bundle that is extended has it.
    pub inherited: bool,
    /// Of a schema: JSON Pointers into the body, `*` for any item or member.
    pub pointers: BTreeSet<String>,
    /// Of a schema: header fields.
    pub fields: BTreeSet<String>,
    /// The facts that it looks at.
    pub facts: Vec<Asked>,
    /// Of a condition.
    pub condition: Option<Require>,
    /// The options that its severity or its expressions depend on.
    pub options: BTreeSet<String>,
}

/// What makes a rule fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// The engine itself knows how.
    Engine,
    /// A keyword of a schema.
    Schema,
    /// A fact is known to be absent.
    Exists,
    /// The If-Match field does not hold the current ETag.
    IfMatch,
    /// An expression is false.
    Condition,
}

/// A fact, and what the VNFM or NFVO is asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    pub name: String,
    /// Below the API root, such as `/vnf_instances/{vnfInstanceId}`.
    pub path: String,
}

/// The rules of a bundle and those of the engine of which the bundle says nothing, sorted by
/// id: the rules of the [rule book](super::rule_book).
#[must_use]
pub fn entries(bundle: &Bundle) -> Vec<Entry> {
    let places = places(bundle);
    let ages = !knows_all_versions(bundle);
    let mut entries: Vec<Entry> =
        all_rules(bundle).into_iter().map(|rule| Entry::new(rule, bundle, &places, ages)).collect();
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    entries
}

impl Entry {
    fn new(rule: Rule, bundle: &Bundle, places: &BTreeMap<String, Places>, ages: bool) -> Self {
        let of_schema = places.get(&rule.id).filter(|_| rule.kind == RuleKind::Schema).cloned().unwrap_or_default();
        let read = Read::by(&rule);
        let asked = |name: &String| {
            let fact = bundle.facts.iter().find(|fact| fact.name == *name)?;
            Some(Asked { name: fact.name.clone(), path: fact.path.clone() })
        };
        let operations = match rule.kind {
            RuleKind::Schema if places.contains_key(&rule.id) => of_schema.operations,
            _ => rule.operations.iter().cloned().collect(),
        };
        Self {
            doc: if rule.doc.is_empty() { engine::doc(&rule.id).to_owned() } else { rule.doc.clone() },
            status_varies: rule.status == 400 && is_of_body(&rule),
            ages: rule.ages && ages,
            operations,
            kind: Kind::of(&rule.kind),
            pointers: of_schema.pointers,
            fields: of_schema.fields,
            facts: read.names.iter().filter_map(asked).collect(),
            options: read.options,
            condition: match rule.kind {
                RuleKind::Require(require) => Some(*require),
                _ => None,
            },
            id: rule.id,
            title: rule.title,
            status: rule.status,
            severity: rule.severity,
            clause: rule.clause,
            inherited: rule.inherited,
        }
    }
}

impl Kind {
    fn of(kind: &RuleKind) -> Self {
        match kind {
            RuleKind::Engine => Self::Engine,
            RuleKind::Schema => Self::Schema,
            RuleKind::Exists { .. } => Self::Exists,
            RuleKind::IfMatch { .. } => Self::IfMatch,
            RuleKind::Require(_) => Self::Condition,
        }
    }
}

/// Whether the rule is about a body that could be read: the status of such is an option.
fn is_of_body(rule: &Rule) -> bool {
    match &rule.kind {
        RuleKind::Schema => true,
        RuleKind::Require(require) => require.stage == Stage::Body,
        RuleKind::Engine | RuleKind::Exists { .. } | RuleKind::IfMatch { .. } => false,
    }
}

/// What a rule depends on beside the request.
#[derive(Default)]
struct Read {
    /// Free variables of its expressions, facts among them, in the order in which they come.
    names: Vec<String>,
    options: BTreeSet<String>,
}

impl Read {
    fn by(rule: &Rule) -> Self {
        let mut read = Self::default();
        read.options.extend(rule.severity.by_option.iter().map(|(option, _)| option.clone()));
        match &rule.kind {
            RuleKind::Engine | RuleKind::Schema => {}
            RuleKind::Exists { fact } => read.names.push(fact.clone()),
            RuleKind::IfMatch { facts } => read.names.clone_from(facts),
            RuleKind::Require(require) => {
                let variables = require.variables.iter().map(|(_, expression)| expression);
                let others = [&require.when, &require.for_each, &require.detail].into_iter().flatten();
                variables.chain(others).chain([&require.require]).for_each(|expression| read.expression(expression));
            }
        }
        read
    }

    fn expression(&mut self, source: &str) {
        // The compiler has accepted it.
        let Ok(parsed) = parse_expression(source) else { return };
        for name in &parsed.info().variables {
            if !self.names.contains(name) {
                self.names.push(name.clone());
            }
        }
        for selection in &parsed.info().selections {
            if let [root, option, ..] = selection.path.as_slice()
                && root == "options"
            {
                self.options.insert(option.clone());
            }
        }
    }
}
