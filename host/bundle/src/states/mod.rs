//! Which operation a policy lets through in which state: the picture that the state machines
//! of ETSI draw, taken from the rules.
//!
//! A state is a member of a fact whose schema lists its values, such as `operationState` of a
//! VnfLcmOpOcc. For each operation with a rule that reads this member, the conditions of these
//! rules are looked at with the member set and everything else open ([`truth`]). The picture
//! says "yes" or "no" only where that decides: what also depends on the request, on other
//! facts, on the caller or on the time is left open, with the rules that decide it. Rules that
//! do not look at the state are not asked; they may refuse a request in any state.

mod truth;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use solgate_engine::cel_env::{ExprInfo, Parsed, parse_expression};
use solgate_engine::ir::{Bundle, FactDef, Operation, Require, Rule, RuleKind, Severity, SeveritySpec};

use crate::openapi::SCHEMAS;
use truth::Known;

/// Deepest member that is looked for.
const MAX_DEPTH: usize = 4;

/// A member of a fact that says in which state something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct States {
    pub fact: String,
    /// What the VNFM or NFVO is asked for the fact, below the API root.
    pub path: String,
    /// The names on the way to the member, with dots between them.
    pub member: String,
    /// In the order of the schema.
    pub states: Vec<String>,
    /// Those with a rule that looks at the member, in the order of the bundle.
    pub operations: Vec<OperationStates>,
}

/// An operation, and the states that let it through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperationStates {
    pub operation: String,
    pub method: String,
    /// Below the API root.
    pub path: String,
    /// The rules that look at the state and may refuse.
    pub rules: Vec<String>,
    /// By state.
    pub states: BTreeMap<String, Permit>,
}

/// Whether a state lets an operation through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Permit {
    /// `None`: other things decide as well.
    pub allowed: Option<bool>,
    /// The rules that refuse it in this state, whatever else is so.
    pub refused: Vec<String>,
    /// The rules that refuse it or not by other things than the state.
    pub depends: Vec<String>,
}

/// The states of the facts of a bundle. `options` are values beside the defaults.
#[must_use]
pub fn states(bundle: &Bundle, options: &BTreeMap<String, Value>) -> Vec<States> {
    let options = values(bundle, options);
    let rules: Vec<Looking<'_>> = bundle.rules.iter().filter_map(|rule| Looking::of(rule, &options)).collect();
    let facts = bundle.facts.iter().filter(|fact| !fact.list);
    let members = facts.flat_map(|fact| members(fact, bundle).into_iter().map(move |found| (fact, found)));
    let pictures = members.map(|(fact, (member, states))| {
        let mut path = vec![fact.name.clone()];
        path.extend(member.iter().cloned());
        let looking: Vec<&Looking<'_>> = rules.iter().filter(|rule| rule.reads(&path)).collect();
        let of_operation = |operation| operation_states(operation, &looking, &path, &states, &options);
        States {
            fact: fact.name.clone(),
            path: fact.path.clone(),
            member: member.join("."),
            operations: bundle.resources().filter_map(of_operation).collect(),
            states,
        }
    });
    pictures.filter(|picture| !picture.operations.is_empty()).collect()
}

fn operation_states(
    operation: &Operation,
    rules: &[&Looking<'_>],
    path: &[String],
    states: &[String],
    options: &BTreeMap<String, Value>,
) -> Option<OperationStates> {
    let is_for = |rule: &&&Looking<'_>| rule.rule.operations.is_empty() || rule.rule.operations.contains(&operation.id);
    let rules: Vec<&&Looking<'_>> = rules.iter().filter(is_for).collect();
    let permit = |state: &String| {
        let known = Known { operation, options, path, state };
        let mut permit = Permit::default();
        for rule in &rules {
            match rule.holds(&known) {
                Some(true) => {}
                Some(false) if rule.is_sure => permit.refused.push(rule.rule.id.clone()),
                _ => permit.depends.push(rule.rule.id.clone()),
            }
        }
        permit.allowed = match (permit.refused.as_slice(), permit.depends.as_slice()) {
            ([], []) => Some(true),
            ([], _) => None,
            _ => Some(false),
        };
        (state.clone(), permit)
    };
    (!rules.is_empty()).then(|| OperationStates {
        operation: operation.id.clone(),
        method: operation.method.clone(),
        path: operation.path.clone(),
        rules: rules.iter().map(|rule| rule.rule.id.clone()).collect(),
        states: states.iter().map(permit).collect(),
    })
}

/// What each option is; those that depend on the API root are not there.
fn values(bundle: &Bundle, given: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let varies = |name: &String, set: bool| !set && bundle.api_roots.iter().any(|root| root.options.contains_key(name));
    let defaults = bundle.options.iter().filter(|option| !varies(&option.name, option.set));
    let defaults = defaults.map(|option| (option.name.clone(), option.default.clone()));
    defaults.chain(given.iter().map(|(name, value)| (name.clone(), value.clone()))).collect()
}

/// A rule with a condition that may refuse a request.
struct Looking<'r> {
    rule: &'r Rule,
    require: &'r Require,
    condition: Parsed,
    when: Option<Parsed>,
    variables: Vec<(&'r str, Parsed)>,
    /// Its severity is `deny`, whatever the API root.
    is_sure: bool,
}

impl<'r> Looking<'r> {
    fn of(rule: &'r Rule, options: &BTreeMap<String, Value>) -> Option<Self> {
        let RuleKind::Require(require) = &rule.kind else { return None };
        let is_sure = match severity(&rule.severity, options) {
            Some(Severity::Deny) => true,
            // By an option that depends on the API root.
            None => false,
            Some(_) => return None,
        };
        let parsed = |source: &String| parse_expression(source).ok();
        let variables = require.variables.iter().map(|(name, source)| Some((name.as_str(), parsed(source)?)));
        Some(Self {
            rule,
            require,
            condition: parsed(&require.require)?,
            when: match &require.when {
                Some(when) => Some(parsed(when)?),
                None => None,
            },
            variables: variables.collect::<Option<_>>()?,
            is_sure,
        })
    }

    /// Whether an expression of the rule reads this member.
    fn reads(&self, path: &[String]) -> bool {
        let reads = |info: &ExprInfo| info.selections.iter().any(|selection| selection.path == path);
        let variables = self.variables.iter().map(|(_, parsed)| parsed);
        variables.chain(&self.when).chain([&self.condition]).any(|parsed| reads(parsed.info()))
    }

    /// Whether the rule lets the operation pass; `None` if other things decide.
    fn holds(&self, known: &Known<'_>) -> Option<bool> {
        let mut scope = known.scope();
        for (name, parsed) in &self.variables {
            scope.define(name, parsed.tree());
        }
        let applies = match &self.when {
            Some(when) => scope.truth(when.tree()),
            None => Some(true),
        };
        let condition = match self.require.for_each {
            // Of which items, nobody knows.
            Some(_) => None,
            None => scope.truth(self.condition.tree()),
        };
        match (applies, condition) {
            (Some(false), _) | (_, Some(true)) => Some(true),
            (Some(true), condition) => condition,
            (None, _) => None,
        }
    }
}

/// The severity by options that are known; `None` if one that is not decides.
fn severity(spec: &SeveritySpec, options: &BTreeMap<String, Value>) -> Option<Severity> {
    for (option, severity) in &spec.by_option {
        match options.get(option) {
            Some(Value::Bool(true)) => return Some(*severity),
            Some(_) => {}
            None => return None,
        }
    }
    Some(spec.default)
}

/// The members of a fact whose schema lists texts, each with these.
fn members(fact: &FactDef, bundle: &Bundle) -> Vec<(Vec<String>, Vec<String>)> {
    let mut found = Vec::new();
    if let Some(schema) = bundle.answers.get(&fact.name) {
        collect(schema, schema, &mut Vec::new(), &mut found);
    }
    found
}

fn collect(schema: &Value, root: &Value, path: &mut Vec<String>, found: &mut Vec<(Vec<String>, Vec<String>)>) {
    let schema = followed(schema, root);
    let texts = |values: &Vec<Value>| values.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>();
    if let Some(states) = schema.get("enum").and_then(Value::as_array).map(texts)
        && states.len() > 1
        && !path.is_empty()
    {
        found.push((path.clone(), states));
    }
    if path.len() >= MAX_DEPTH {
        return;
    }
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        path.push(name.clone());
        collect(member, root, path, found);
        path.pop();
    }
}

/// The schema that a `$ref` leads to.
fn followed<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        let name = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix(SCHEMAS));
        let Some(target) = name.and_then(|name| root.get("components")?.get("schemas")?.get(name)) else { break };
        schema = target;
    }
    schema
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;
