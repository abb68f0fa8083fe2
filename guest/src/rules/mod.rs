//! The rules of a bundle, compiled and sorted by operation and stage.

mod compile;
mod given;

use std::collections::{BTreeMap, BTreeSet};

use solgate_contract::router::template_variables;

use crate::{
    catalogue::ENGINE_RULES,
    cel_env::{Direct, Program},
    error::InitError,
    ir::{Bundle, FactDef, OnError, SeveritySpec, Stage},
    settings::RuleEntry,
};
pub(crate) use compile::RuleCompiler;
pub(crate) use given::{Dependent, Given, Source};

/// A rule in CEL, compiled.
pub(crate) struct Expression {
    /// Index in the rule table.
    pub rule: usize,
    pub stage: Stage,
    pub when: Option<Program>,
    /// `when` reads variables, so that they are evaluated first.
    pub variables_first: bool,
    /// Qualified names, such as `variables.blocking`.
    pub variables: Vec<(String, Program)>,
    pub for_each: Option<Program>,
    pub require: Program,
    pub pointer: Option<String>,
    pub header: Option<String>,
    pub parameter: Option<String>,
    pub detail: Option<Program>,
    /// The quick way, if the rule is plain enough for it.
    pub direct: Option<Direct>,
    pub on_error: OnError,
    /// Facts, by index in the bundle, that the guard reads.
    pub guard_facts: Vec<usize>,
    /// The other facts that the rule reads, and those of the guard: without them it
    /// cannot be judged.
    pub facts: Vec<usize>,
    /// Facts that are asked for when the evaluation gets to them.
    pub on_demand: Vec<usize>,
    pub reads_body: bool,
}

/// A rule about one fact.
#[derive(Clone)]
pub(crate) struct FactRule {
    pub rule: usize,
    pub fact: usize,
}

/// What is to be checked for one operation.
#[derive(Clone, Default)]
pub(crate) struct OperationRules {
    /// Indices of [`Expression`]s by stage, in the order of the bundle.
    access: Vec<usize>,
    head: Vec<usize>,
    query: Vec<usize>,
    body: Vec<usize>,
    existence: Vec<usize>,
    state: Vec<usize>,
    pub exists: Vec<FactRule>,
    pub if_match: Vec<FactRule>,
    /// Some expression reads the query.
    pub reads_query: bool,
    /// Some rule needs a fact that needs another: there is no round left for facts that are
    /// asked for on demand.
    pub asks_at_once: bool,
}

impl OperationRules {
    pub(crate) fn at(&self, stage: Stage) -> &[usize] {
        match stage {
            Stage::Access => &self.access,
            Stage::Head => &self.head,
            Stage::Query => &self.query,
            Stage::Body => &self.body,
            Stage::Existence => &self.existence,
            Stage::State => &self.state,
        }
    }

    fn at_mut(&mut self, stage: Stage) -> &mut Vec<usize> {
        match stage {
            Stage::Access => &mut self.access,
            Stage::Head => &mut self.head,
            Stage::Query => &mut self.query,
            Stage::Body => &mut self.body,
            Stage::Existence => &mut self.existence,
            Stage::State => &mut self.state,
        }
    }

    /// Whether anything may have to be fetched from the VNFM.
    pub(crate) fn needs_facts(&self) -> bool {
        !(self.state.is_empty() && self.existence.is_empty() && self.exists.is_empty() && self.if_match.is_empty())
    }
}

/// The rule table: the engine's own rules first, as the bundle declares them,
/// then the bundle's.
pub(crate) fn table(bundle: &Bundle) -> Result<(Vec<RuleEntry>, BTreeMap<String, usize>), InitError> {
    let mut entries: Vec<RuleEntry> = ENGINE_RULES
        .iter()
        .map(|rule| RuleEntry {
            id: rule.id.to_owned(),
            title: rule.title.to_owned(),
            status: rule.status,
            clause: None,
            severity: SeveritySpec { default: rule.severity, by_option: Vec::new() },
            ages: rule.ages,
        })
        .collect();
    let mut index: BTreeMap<String, usize> =
        entries.iter().enumerate().map(|(at, entry)| (entry.id.clone(), at)).collect();
    let mut declared = BTreeSet::new();
    for rule in &bundle.rules {
        if !declared.insert(rule.id.as_str()) {
            return Err(InitError::Duplicate { kind: "rule", name: rule.id.clone() });
        }
        let entry = RuleEntry {
            id: rule.id.clone(),
            title: rule.title.clone(),
            status: rule.status,
            clause: rule.clause.clone(),
            severity: rule.severity.clone(),
            ages: rule.ages,
        };
        match index.get(&rule.id).and_then(|at| entries.get_mut(*at)) {
            // The status of what the engine decides is not the author's choice, nor
            // what it holds a request to.
            Some(known) => *known = RuleEntry { status: known.status, ages: known.ages, ..entry },
            None => {
                index.insert(rule.id.clone(), entries.len());
                entries.push(entry);
            }
        }
    }
    Ok((entries, index))
}

/// Variables of a fact's template, in its path and in the values of its query.
pub(crate) fn fact_variables(fact: &FactDef) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let templates =
        std::iter::once(fact.path.as_str()).chain(fact.query.iter().filter_map(|(_, value)| value.as_deref()));
    for name in templates.flat_map(template_variables) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
