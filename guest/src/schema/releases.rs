//! `x-since` and `x-until`: what of a schema there is in a version of the API.
//!
//! One validator serves all versions: it asks for what any of them asks for, and takes
//! only what all of them take. What it takes is right in each version. Of a body that it
//! does not take, the faults are left out that are none in the version of the request.

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind as Kind};
use serde_json::{Map, Value};
use solgate_contract::version::{ApiVersion, Releases};

use super::{
    instance::{Tape, is_unseen},
    trace::{Trace, resolve, trace},
};
use crate::json::Node;

const X_SINCE: &str = "x-since";
const X_UNTIL: &str = "x-until";
/// In a schema for all versions: the alternatives that only some have.
const ALTERNATIVES: &str = "x-alternatives";
/// Of such an alternative: the index of its validator.
const INDEX: &str = "x-index";

/// The same schema, without alternatives and values that some versions do not have. The
/// alternatives are noted down where they were, and added to `alternatives`.
pub(super) fn for_all_versions(node: &Value, alternatives: &mut Vec<Value>) -> Value {
    match node {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (key, value) in members {
                match (key.as_str(), value) {
                    ("anyOf", Value::Array(choices)) => {
                        let (limited, free): (Vec<&Value>, Vec<&Value>) =
                            choices.iter().partition(|choice| is_limited(choice));
                        let free: Vec<Value> =
                            free.into_iter().map(|choice| for_all_versions(choice, alternatives)).collect();
                        if !free.is_empty() {
                            kept.insert(key.clone(), Value::Array(free));
                        }
                        let mut noted = Vec::new();
                        for choice in limited {
                            let mut note = choice.clone();
                            if let Value::Object(members) = &mut note {
                                members.insert(INDEX.to_owned(), Value::from(alternatives.len()));
                            }
                            alternatives.push(choice.clone());
                            noted.push(note);
                        }
                        if !noted.is_empty() {
                            kept.insert(ALTERNATIVES.to_owned(), Value::Array(noted));
                        }
                    }
                    ("enum", Value::Array(values)) => {
                        let free = values.iter().filter(|value| of_value(node, value).are_all());
                        kept.insert(key.clone(), Value::Array(free.cloned().collect()));
                    }
                    // The names here are those of members, whatever they are.
                    ("properties" | "patternProperties" | "dependentSchemas" | "$defs", Value::Object(members)) => {
                        let members = members.iter();
                        let members =
                            members.map(|(name, member)| (name.clone(), for_all_versions(member, alternatives)));
                        kept.insert(key.clone(), Value::Object(members.collect()));
                    }
                    ("const" | "default" | "example" | "examples" | "x-rule", value) => {
                        kept.insert(key.clone(), value.clone());
                    }
                    (_, value) => {
                        kept.insert(key.clone(), for_all_versions(value, alternatives));
                    }
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.iter().map(|item| for_all_versions(item, alternatives)).collect(),
        other => other.clone(),
    }
}

/// Whether some version lacks a schema.
pub(super) fn is_limited(schema: &Value) -> bool {
    !of(schema).are_all()
}

/// Whether some version lacks something in a schema.
pub(super) fn has_limits(node: &Value) -> bool {
    match node {
        Value::Object(members) => {
            [X_SINCE, X_UNTIL].iter().any(|name| members.contains_key(*name)) || members.values().any(has_limits)
        }
        Value::Array(items) => items.iter().any(has_limits),
        _ => false,
    }
}

fn of(schema: &Value) -> Releases {
    let version = |name: &str| schema.get(name).and_then(Value::as_str).and_then(ApiVersion::plain);
    Releases { since: version(X_SINCE), until: version(X_UNTIL) }
}

fn of_value(schema: &Value, value: &Value) -> Releases {
    let version = |name: &str| schema.get(name)?.get(value.as_str()?)?.as_str().and_then(ApiVersion::plain);
    Releases { since: version(X_SINCE), until: version(X_UNTIL) }
}

/// The values of an enumeration beyond those of all versions.
pub(super) fn more_values(schema: &Value, version: ApiVersion) -> Vec<Value> {
    let named = [X_SINCE, X_UNTIL].into_iter().filter_map(|name| schema.get(name)?.as_object()).flatten();
    let mut found: Vec<Value> = Vec::new();
    for value in named.map(|(name, _)| Value::from(name.as_str())) {
        if of_value(schema, &value).have(version) && !found.contains(&value) {
            found.push(value);
        }
    }
    found
}

/// The alternatives beyond those of all versions.
pub(super) fn more_alternatives(schema: &Value, version: ApiVersion) -> impl Iterator<Item = &Value> {
    let noted = schema.get(ALTERNATIVES).and_then(Value::as_array).into_iter().flatten();
    noted.filter(move |choice| of(choice).have(version))
}

/// What tells which errors are faults in a version of the API.
pub(super) struct InVersion<'v> {
    pub body: Node<'v>,
    pub root: &'v Value,
    /// Of the alternatives that only some versions have.
    pub alternatives: &'v [Validator<Tape>],
    pub version: ApiVersion,
}

impl InVersion<'_> {
    /// Whether an error is about something that the version does not have, or lacks
    /// something that it has.
    pub fn is_void(&self, error: &ValidationError<'_>) -> bool {
        if is_unseen(error) {
            return false;
        }
        let trace = trace(self.root, error.evaluation_path().as_str());
        if trace.steps.iter().any(|step| !of(step.node).have(self.version)) {
            return true;
        }
        let branch = |branch: &Vec<ValidationError<'static>>| branch.iter().all(|error| self.is_void(error));
        match error.kind() {
            // Where the member is not declared, as in an alternative that asks for it, it is what
            // tells the alternatives apart, and a version without it lacks the alternative.
            Kind::Required { property } => {
                let member = |node: &Value| node.get("properties")?.get(property.as_str()?).map(of);
                let member = trace.last().and_then(|step| member(step.node));
                member.is_some_and(|member| !member.have(self.version))
            }
            Kind::Enum { .. } => {
                let node = trace.last().map(|step| step.node);
                node.is_some_and(|node| {
                    let releases = of_value(node, error.instance());
                    !releases.are_all() && releases.have(self.version)
                })
            }
            Kind::AnyOf { context } => context.iter().any(branch) || self.is_other(error, &trace),
            Kind::OneOfNotValid { context } => context.iter().filter(|errors| branch(errors)).count() == 1,
            _ => false,
        }
    }

    /// Whether an alternative that all versions do not have takes the value.
    fn is_other(&self, error: &ValidationError<'_>, trace: &Trace<'_>) -> bool {
        let (Some(value), Some(step)) = (self.body.at(error.instance_path().as_str()), trace.last()) else {
            return false;
        };
        more_alternatives(step.node, self.version).any(|choice| {
            let index = choice.get(INDEX).and_then(Value::as_u64).and_then(|index| usize::try_from(index).ok());
            let validator = index.and_then(|index| self.alternatives.get(index));
            validator.is_some_and(|validator| validator.is_valid(value))
        })
    }
}

/// The version that first had what a fault is about, if `x-since` names one.
pub(super) fn since(trace: &Trace<'_>) -> Option<ApiVersion> {
    trace.steps.iter().filter_map(|step| of(step.node).since).max()
}

/// The same of a member that is missing.
pub(super) fn since_missing(root: &Value, trace: &Trace<'_>, property: &str) -> Option<ApiVersion> {
    let own = trace.innermost().filter_map(|step| {
        let member = step.node.get("properties")?.get(property)?;
        let referred = member.get("$ref").and_then(Value::as_str).and_then(|target| resolve(root, target));
        of(member).since.max(referred.and_then(|member| of(member).since))
    });
    own.max().max(since(trace))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_member_may_be_named_like_a_keyword() {
        let later = json!({ "const": "b", "x-since": "2.1.0" });
        let schema = json!({
            "properties": {
                "default": { "enum": ["a", "b"], "x-since": { "b": "2.1.0" } },
                "anyOf": { "anyOf": [{ "const": "a" }, later] },
                "x-rule": { "anyOf": [{ "const": "a" }, later] },
            },
            "default": { "enum": ["a", "b"], "x-since": { "b": "2.1.0" } },
        });
        let mut alternatives = Vec::new();
        let for_all = for_all_versions(&schema, &mut alternatives);
        let noted = |index: usize| json!([{ "const": "b", "x-since": "2.1.0", "x-index": index }]);
        let expected = json!({
            "properties": {
                "default": { "enum": ["a"], "x-since": { "b": "2.1.0" } },
                "anyOf": { "anyOf": [{ "const": "a" }], "x-alternatives": noted(0) },
                "x-rule": { "anyOf": [{ "const": "a" }], "x-alternatives": noted(1) },
            },
            "default": { "enum": ["a", "b"], "x-since": { "b": "2.1.0" } },
        });
        assert_eq!(for_all, expected);
        assert_eq!(alternatives, [later.clone(), later]);
    }
}
