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
use std::sync::Arc;

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
use releases::InVersion;
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

/// The compiled schema of one operation's body.
pub(crate) struct BodySchema {
    shape: Arc<Shape>,
    names: Names,
}

/// What is compiled of a schema: the same for operations that name its rules differently.
pub(crate) struct Shape {
    /// A document of a reference to the schema and of those that it reaches.
    root: Value,
    validator: Validator<Tape>,
    /// Of the alternatives that only some versions of the API have.
    alternatives: Vec<Validator<Tape>>,
    /// Some versions of the API lack something in it.
    has_limits: bool,
    /// The schema asks for an object at the top.
    wants_object: bool,
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

/// What a body is found to be.
struct Looked {
    faults: Vec<SchemaFault>,
    /// There is more that was not looked at.
    is_cut: bool,
    is_valid: bool,
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

fn build(schema: &Value) -> Result<Validator<Tape>, String> {
    jsonschema::options_for::<Tape>()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        .with_format("http-uri", is_http_uri)
        .with_pattern_options(PatternOptions::regex())
        .build(schema)
        .map_err(|error| format!("{error} (at {})", error.instance_path()))
}

impl Shape {
    fn compile(name: &str, schemas: &BTreeMap<String, Value>) -> Result<Self, String> {
        let mut reached = BTreeSet::new();
        reach(name, schemas, &mut reached)
            .map_err(|missing| format!("it refers to the schema {missing}, which does not exist"))?;
        let mut limited = Vec::new();
        let components: Map<String, Value> = reached
            .iter()
            .filter_map(|name| {
                Some(((*name).to_owned(), releases::for_all_versions(schemas.get(*name)?, &mut limited)))
            })
            .collect();
        let components = json!({"schemas": components});
        let alternatives = limited.iter().map(|choice| build(&json!({"allOf": [choice], "components": components})));
        let alternatives = alternatives.collect::<Result<Vec<_>, String>>()?;
        let root = json!({"$ref": format!("#/components/schemas/{name}"), "components": components});
        let validator = build(&root)?;
        let wants_object = occurrences(&root, "").iter().any(|trace| trace.declares("object"));
        let places = Places::of(&root)
            .map_err(|_| "its alternatives can be combined in too many ways to compile them".to_owned())?;
        let has_limits = releases::has_limits(&root);
        Ok(Self { root, validator, alternatives, has_limits, wants_object, places })
    }
}

impl BodySchema {
    /// `known` is the shape of the schema, if it has been compiled.
    pub(crate) fn compile(
        name: &str,
        operation: &Operation,
        schemas: &BTreeMap<String, Value>,
        rules: &BTreeMap<String, usize>,
        known: Option<Arc<Shape>>,
    ) -> Result<Self, InitError> {
        let fault =
            |reason: String| InitError::Schema { schema: name.to_owned(), operation: operation.id.clone(), reason };
        let names = Names::new(rules, &operation.rule_map, &operation.id)?;
        let shape = match known {
            Some(shape) => shape,
            None => Arc::new(Shape::compile(name, schemas).map_err(fault)?),
        };
        Ok(Self { shape, names })
    }

    /// What another operation with this schema shares.
    pub(crate) fn shape(&self) -> Arc<Shape> {
        Arc::clone(&self.shape)
    }

    /// Whether the schema asks for an object at the top.
    pub(crate) fn wants_object(&self) -> bool {
        self.shape.wants_object
    }

    /// Whether a body is valid in every version of the API. Cheap.
    pub(crate) fn is_valid(&self, body: Node<'_>) -> bool {
        self.shape.validator.is_valid(body)
    }

    /// The faults that a body has in a version of the API: the first that `denies` is true
    /// of, and the first of the others, at most `limit` each, so that no warning hides a
    /// denial. What comes behind them is not looked at, so a body that is wrong throughout
    /// costs no more than one that is wrong in many places. `None`: in this version the
    /// body is valid.
    pub(crate) fn faults(
        &self,
        body: Node<'_>,
        version: ApiVersion,
        limit: usize,
        denies: impl Fn(&SchemaFault) -> bool,
    ) -> Option<Vec<SchemaFault>> {
        let allowance = limit.saturating_mul(ERRORS_PER_FAULT).max(ERRORS);
        let Looked { mut faults, is_cut, is_valid } = self.look(body, version, allowance, limit, &denies);
        if is_valid {
            return None;
        }
        // What is no fault in this version must not hide what is one.
        if is_cut && self.shape.has_limits && !faults.iter().any(&denies) {
            let all = self.look(body, version, Allowance::UNLIMITED, limit, &denies);
            if all.is_valid {
                return None;
            }
            faults = all.faults;
        }
        let (mut denying, mut others) = (limit, limit);
        faults.retain(|fault| {
            let left = if denies(fault) { &mut denying } else { &mut others };
            let keeps = *left > 0;
            *left = left.saturating_sub(1);
            keeps
        });
        Some(faults)
    }

    fn look(
        &self,
        body: Node<'_>,
        version: ApiVersion,
        allowance: usize,
        limit: usize,
        denies: &impl Fn(&SchemaFault) -> bool,
    ) -> Looked {
        let mut looked = Looked { faults: Vec::new(), is_cut: false, is_valid: false };
        let mut are_void = self.shape.has_limits;
        body.allowance().set(allowance);
        let errors = self.shape.validator.iter_errors(body);
        looked.is_cut = body.allowance().is_spent();
        body.allowance().set(Allowance::UNLIMITED);
        for error in errors {
            if self.is_void(body, version, &error) {
                looked.is_valid = are_void;
                continue;
            }
            (are_void, looked.is_valid) = (false, false);
            self.explain(body, version, &error, &mut looked.faults);
            if looked.faults.iter().filter(|fault| denies(fault)).count() >= limit {
                break;
            }
        }
        looked.is_valid &= !looked.is_cut;
        looked
    }

    fn is_void(&self, body: Node<'_>, version: ApiVersion, error: &ValidationError<'_>) -> bool {
        let Shape { root, alternatives, .. } = &*self.shape;
        self.shape.has_limits && InVersion { body, root, alternatives, version }.is_void(error)
    }

    /// Members whose names the schema declares for their object in another case, at
    /// most `limit`.
    pub(crate) fn names_in_another_case(&self, body: Node<'_>, limit: usize) -> Vec<NameInAnotherCase> {
        names::in_another_case(&self.shape.places, body, limit)
    }

    /// What the schema says about numbers of which not every reader keeps the value: of
    /// those that matter and of the others, at most `limit` each.
    pub(crate) fn placed_numbers<'t>(
        &self,
        body: Node<'_>,
        numbers: &[LargeNumber<'t>],
        limit: usize,
    ) -> Vec<PlacedNumber<'t>> {
        numbers::placed(&self.shape.places, body, numbers, limit)
    }

    /// The rules that the schema names, for the trace.
    pub(crate) fn rules(&self) -> Vec<usize> {
        annotation::rules(&self.shape.root, &self.names)
    }

    /// The rule that governs the type of the member at `pointer`, if the schema
    /// says that it is an integer.
    pub(crate) fn integer_rule(&self, pointer: &str) -> Option<usize> {
        let traces = occurrences(&self.shape.root, pointer);
        let trace = traces.iter().find(|trace| trace.declares("integer"))?;
        Some(rule_of(trace, "type", &self.names).map_or(rule::BODY_SCHEMA, |found| found.rule))
    }

    fn explain(&self, body: Node<'_>, version: ApiVersion, error: &ValidationError<'_>, faults: &mut Vec<SchemaFault>) {
        if is_beyond(error) {
            return;
        }
        let mut pointer = error.instance_path().as_str().to_owned();
        if let Some(branch) = intended_branch(error) {
            for error in branch.iter().filter(|error| !self.is_void(body, version, error)) {
                self.explain(body, version, error, faults);
            }
            return;
        }
        let root = &self.shape.root;
        let trace = trace(root, error.evaluation_path().as_str());
        let keyword = trace.keyword.as_deref().unwrap_or_else(|| error.kind().keyword());
        let missing = match error.kind() {
            ValidationErrorKind::Required { property } => property.as_str(),
            _ => None,
        };
        let found = match missing {
            Some(property) => rule_of_missing(root, &trace, property, &self.names),
            None => rule_of(&trace, keyword, &self.names),
        };
        if let Some(property) = missing {
            push_segment(&mut pointer, property);
        }
        let detail = match found.as_ref().and_then(|found| found.detail) {
            Some(detail) => detail.to_owned(),
            None => {
                let secret = || self.is_secret(&pointer);
                wording::Wording { body, root, trace: &trace, secret: &secret, version }.explain(error, &pointer)
            }
        };
        let ages = match missing {
            Some(property) => ages_missing(root, &trace, property),
            None => ages(&trace, keyword) && is_of_list(error),
        };
        let since = match missing {
            Some(property) => releases::since_missing(root, &trace, property),
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
        occurrences(&self.shape.root, pointer).iter().any(Trace::is_secret)
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
