//! Checks request bodies against their JSON Schema. Faults are reported under the rules
//! that the schema names in `x-rule`.

mod annotation;
mod instance;
mod names;
mod numbers;
mod path;
mod places;
mod releases;
mod secrets;
mod trace;
mod versions;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::{Draft, PatternOptions, ValidationError, Validator, error::ValidationErrorKind};
use serde_json::{Map, Value, json};
use solgate_contract::version::ApiVersion;

use crate::{
    catalogue::rule,
    error::InitError,
    http_uri::is_http_uri,
    ir::Operation,
    json::{Allowance, LargeNumber, Node, push_segment},
};
use annotation::{Names, rule_of, rule_of_missing};
use instance::{Tape, branches, is_beyond};
use places::Places;
use trace::{Trace, occurrences, trace};
use versions::{ages, ages_missing, is_of_list};

pub(crate) use annotation::check as check_annotations;
pub(crate) use names::NameInAnotherCase;
pub(crate) use numbers::PlacedNumber;
pub(crate) use secrets::secrets;

/// Formats that schemas may name and whose values are checked.
pub const FORMATS: &[&str] = &[
    "http-uri",
    "uri",
    "uri-reference",
    "ipv4",
    "ipv6",
    "hostname",
    "email",
    "date",
    "time",
    "date-time",
    "duration",
    "uuid",
    "json-pointer",
    "regex",
    "password",
];

/// Errors of the validator that are looked at for every fault that is reported: where
/// there are alternatives, one fault takes the errors of all of them.
const ERRORS_PER_FAULT: usize = 4;
/// And at least so many.
const ERRORS: usize = 1024;

/// The schemas of one operation's body, by the version of the API.
pub(crate) struct BodySchemas {
    /// Before the first of the others.
    first: BodySchema,
    /// From a version on, in their order. Most bodies are the same in all versions.
    later: Vec<(ApiVersion, BodySchema)>,
}

/// The compiled schema of one operation's body in some versions of the API.
pub(crate) struct BodySchema {
    /// A document of a reference to the schema and of those that it reaches.
    root: Value,
    validator: Validator<Tape>,
    /// The schema asks for an object at the top.
    pub wants_object: bool,
    names: Names,
    places: Places,
}

/// One fault of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaFault {
    /// Index in the engine's rule table.
    pub rule: usize,
    pub pointer: String,
    pub detail: String,
    /// What is missed is a list that later versions of the API add to.
    pub ages: bool,
    /// The version that first had what is missed, if not all versions have it.
    pub since: Option<ApiVersion>,
}

/// Whether a value has the form that a schema describes. The schema is compiled for it:
/// for what is asked for once in a while.
pub(crate) fn fits(schema: &Value, value: Node<'_>) -> bool {
    let validator = jsonschema::options_for::<Tape>()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(PatternOptions::regex())
        .build(schema);
    validator.is_ok_and(|validator| validator.is_valid(value))
}

impl BodySchemas {
    pub(crate) fn compile(
        name: &str,
        operation: &Operation,
        schemas: &BTreeMap<String, Value>,
        rules: &BTreeMap<String, usize>,
    ) -> Result<Self, InitError> {
        let fault =
            |reason: String| InitError::Schema { schema: name.to_owned(), operation: operation.id.clone(), reason };
        let mut reached = BTreeSet::new();
        reach(name, schemas, &mut reached)
            .map_err(|missing| fault(format!("it refers to the schema {missing}, which does not exist")))?;
        let components: Map<String, Value> = reached
            .iter()
            .filter_map(|name| schemas.get(*name).map(|schema| ((*name).to_owned(), schema.clone())))
            .collect();
        let root = json!({"$ref": format!("#/components/schemas/{name}"), "components": {"schemas": components}});
        let mut changes = BTreeSet::new();
        releases::changes(&root, &mut changes);
        let compile = |root: Value| {
            let names = Names::new(rules, &operation.rule_map, &operation.id)?;
            BodySchema::compile(root, names).map_err(fault)
        };
        let later = changes.into_iter().map(|version| Ok((version, compile(releases::in_version(&root, version))?)));
        let later = later.collect::<Result<Vec<_>, InitError>>()?;
        let first = if later.is_empty() { root } else { releases::in_version(&root, ApiVersion::FIRST) };
        Ok(Self { first: compile(first)?, later })
    }

    /// The schema in a version of the API, which is asked for if that matters.
    #[inline]
    pub(crate) fn at(&self, version: impl FnOnce() -> ApiVersion) -> &BodySchema {
        if self.later.is_empty() { &self.first } else { self.from(version()) }
    }

    fn from(&self, version: ApiVersion) -> &BodySchema {
        let later = self.later.iter().rev().find(|(first, _)| *first <= version);
        later.map_or(&self.first, |(_, schema)| schema)
    }
}

impl BodySchema {
    fn compile(root: Value, names: Names) -> Result<Self, String> {
        let validator = jsonschema::options_for::<Tape>()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .with_format("http-uri", is_http_uri)
            .with_pattern_options(PatternOptions::regex())
            .build(&root)
            .map_err(|error| format!("{error} (at {})", error.instance_path()))?;
        let wants_object = occurrences(&root, "").iter().any(|trace| trace.declares("object"));
        let places = Places::of(&root)
            .map_err(|_| "its alternatives can be combined in too many ways to compile them".to_owned())?;
        Ok(Self { root, validator, wants_object, names, places })
    }

    /// Whether a body is valid. Cheap.
    pub(crate) fn is_valid(&self, body: Node<'_>) -> bool {
        self.validator.is_valid(body)
    }

    /// The faults of a body that is not valid: the first that `denies` is true of, and the
    /// first of the others, at most `limit` each, so that no warning hides a denial. What
    /// comes behind them is not looked at, so a body that is wrong throughout costs no
    /// more than one that is wrong in many places.
    pub(crate) fn faults(
        &self,
        body: Node<'_>,
        limit: usize,
        denies: impl Fn(&SchemaFault) -> bool,
    ) -> Vec<SchemaFault> {
        let mut faults = Vec::new();
        body.allowance().set(limit.saturating_mul(ERRORS_PER_FAULT).max(ERRORS));
        let errors = self.validator.iter_errors(body);
        body.allowance().set(Allowance::UNLIMITED);
        for error in errors {
            self.explain(body, &error, &mut faults);
            if faults.iter().filter(|fault| denies(fault)).count() >= limit {
                break;
            }
        }
        let (mut denying, mut others) = (limit, limit);
        faults.retain(|fault| {
            let left = if denies(fault) { &mut denying } else { &mut others };
            let keeps = *left > 0;
            *left = left.saturating_sub(1);
            keeps
        });
        faults
    }

    /// Members whose names the schema declares for their object in another case, at
    /// most `limit`.
    pub(crate) fn names_in_another_case(&self, body: Node<'_>, limit: usize) -> Vec<NameInAnotherCase> {
        names::in_another_case(&self.places, body, limit)
    }

    /// What the schema says about numbers of which not every reader keeps the value: of
    /// those that matter and of the others, at most `limit` each.
    pub(crate) fn placed_numbers<'t>(
        &self,
        body: Node<'_>,
        numbers: &[LargeNumber<'t>],
        limit: usize,
    ) -> Vec<PlacedNumber<'t>> {
        numbers::placed(&self.places, body, numbers, limit)
    }

    /// The rules that the schema names, for the trace.
    pub(crate) fn rules(&self) -> Vec<usize> {
        annotation::rules(&self.root, &self.names)
    }

    /// The rule that governs the type of the member at `pointer`, if the schema
    /// says that it is an integer.
    pub(crate) fn integer_rule(&self, pointer: &str) -> Option<usize> {
        let traces = occurrences(&self.root, pointer);
        let trace = traces.iter().find(|trace| trace.declares("integer"))?;
        Some(rule_of(trace, "type", &self.names).map_or(rule::BODY_SCHEMA, |found| found.rule))
    }

    fn explain(&self, body: Node<'_>, error: &ValidationError<'_>, faults: &mut Vec<SchemaFault>) {
        if is_beyond(error) {
            return;
        }
        let mut pointer = error.instance_path().as_str().to_owned();
        if let Some(branch) = intended_branch(error) {
            for error in branch {
                self.explain(body, error, faults);
            }
            return;
        }
        let trace = trace(&self.root, error.evaluation_path().as_str());
        let keyword = trace.keyword.as_deref().unwrap_or_else(|| error.kind().keyword());
        let missing = match error.kind() {
            ValidationErrorKind::Required { property } => property.as_str(),
            _ => None,
        };
        let found = match missing {
            Some(property) => rule_of_missing(&self.root, &trace, property, &self.names),
            None => rule_of(&trace, keyword, &self.names),
        };
        if let Some(property) = missing {
            push_segment(&mut pointer, property);
        }
        let detail = match found.as_ref().and_then(|found| found.detail) {
            Some(detail) => detail.to_owned(),
            None => {
                let secret = || self.is_secret(&pointer);
                wording::Wording { body, root: &self.root, trace: &trace, secret: &secret }.explain(error, &pointer)
            }
        };
        let ages = match missing {
            Some(property) => ages_missing(&self.root, &trace, property),
            None => ages(&trace, keyword) && is_of_list(error),
        };
        let since = match missing {
            Some(property) => releases::since_missing(&self.root, &trace, property),
            None => releases::since(&trace),
        };
        let fault =
            SchemaFault { ages, since, rule: found.map_or(rule::BODY_SCHEMA, |found| found.rule), pointer, detail };
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    /// Whether a value may not be shown: it, or something around it, is
    /// write-only or a password anywhere in the schema.
    fn is_secret(&self, pointer: &str) -> bool {
        occurrences(&self.root, pointer).iter().any(Trace::is_secret)
    }
}

/// The errors of the one alternative that was meant: that which does not fail
/// for the type of the value as a whole.
fn intended_branch<'e>(error: &'e ValidationError<'_>) -> Option<&'e [ValidationError<'static>]> {
    let context = branches(error).filter(|context| context.len() > 1)?;
    if matches!(error.kind(), ValidationErrorKind::OneOfMultipleValid { .. }) {
        return None;
    }
    let at = error.instance_path().as_str();
    let mut meant = context.iter().filter(|branch| {
        !branch.iter().any(|error| {
            error.instance_path().as_str() == at
                && matches!(error.kind(), ValidationErrorKind::Type { .. } | ValidationErrorKind::Constant { .. })
        })
    });
    match (meant.next(), meant.next()) {
        (Some(only), None) if !only.iter().all(is_beyond) => Some(only),
        _ => None,
    }
}

/// Collects a schema and those that it refers to; gives the name of a missing one.
fn reach<'s>(
    name: &'s str,
    schemas: &'s BTreeMap<String, Value>,
    reached: &mut BTreeSet<&'s str>,
) -> Result<(), String> {
    let mut open = vec![name];
    while let Some(name) = open.pop() {
        if !reached.insert(name) {
            continue;
        }
        let schema = schemas.get(name).ok_or_else(|| name.to_owned())?;
        references(schema, &mut open);
    }
    Ok(())
}

fn references<'s>(node: &'s Value, found: &mut Vec<&'s str>) {
    match node {
        Value::Object(members) => {
            for (key, value) in members {
                match value.as_str() {
                    Some(target) if key == "$ref" => {
                        found.extend(
                            target.strip_prefix("#/components/schemas/").and_then(|rest| rest.split('/').next()),
                        );
                    }
                    _ => references(value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
