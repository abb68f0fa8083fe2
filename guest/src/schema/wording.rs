//! Faults of a body in words: what was found where, and what was expected.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;
use solgate_contract::version::ApiVersion;

use super::{
    instance::{is_beyond, is_unseen, shown},
    releases,
    trace::{Trace, occurrences},
};
use crate::{
    json::{Kind as Json, Node},
    text,
};

/// Longest JSON text of a value that is shown.
const SHOWN: usize = 60;
/// Most values of an enumeration that are listed.
const LISTED: usize = 24;

/// What explanations are made from.
pub(super) struct Wording<'w> {
    pub body: Node<'w>,
    pub root: &'w Value,
    /// The way through the schema to the keyword.
    pub trace: &'w Trace<'w>,
    pub secret: &'w dyn Fn() -> bool,
    /// The version of the API by which the body is judged.
    pub version: ApiVersion,
}

impl Wording<'_> {
    /// Explains one fault. `pointer` is that of the value, or of the missing member.
    pub(super) fn explain(&self, error: &ValidationError<'_>, pointer: &str) -> String {
        let Self { root, trace, version, .. } = *self;
        let name = name(pointer);
        let found = || self.found(error);
        let length = || self.body.at(error.instance_path().as_str()).map_or(0, length);
        let is = |expected: String| format!("{name} is {}; expected {expected}.", found());
        match error.kind() {
            Kind::Required { .. } => match expectation(root, pointer, version) {
                Some(expected) => format!("{name} is missing; expected {expected}."),
                None => format!("{name} is missing, but required."),
            },
            Kind::Type { kind } => is(types(kind)),
            Kind::Enum { options } => is(enumeration(options, trace.last().map(|step| step.node), version)),
            Kind::Constant { expected_value } => is(show(expected_value, false)),
            Kind::Minimum { limit } => is(format!("{limit} or more")),
            Kind::Maximum { limit } => is(format!("{limit} or less")),
            Kind::ExclusiveMinimum { limit } => is(format!("more than {limit}")),
            Kind::ExclusiveMaximum { limit } => is(format!("less than {limit}")),
            Kind::MultipleOf { multiple_of } => is(format!("a multiple of {multiple_of}")),
            Kind::MinLength { limit } => is(format!("a string of {limit} or more characters")),
            Kind::MaxLength { limit } => {
                format!("{name} is longer than {limit} characters; shorten it.")
            }
            Kind::Pattern { pattern } => is(format!("a string that matches {}", text::clean(pattern))),
            Kind::Format { format } => is(format_name(format).to_owned()),
            Kind::MinItems { limit } => format!("{name} has {} items; expected {limit} or more.", length()),
            Kind::MaxItems { limit } => format!("{name} has {} items; expected {limit} or fewer.", length()),
            Kind::UniqueItems => format!("{name} has equal items; each may occur once."),
            Kind::MinProperties { limit } => {
                format!("{name} has {} members; expected {limit} or more.", length())
            }
            Kind::MaxProperties { limit } => {
                format!("{name} has {} members; expected {limit} or fewer.", length())
            }
            Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
                let names: Vec<String> = unexpected.iter().take(LISTED).map(|name| text::quote(name)).collect();
                format!("{name} has {}, which it must not have; remove it.", text::all(&names))
            }
            Kind::AdditionalItems { limit } => {
                format!("{name} has {} items; expected {limit} or fewer.", length())
            }
            Kind::UnevaluatedItems { .. } => {
                format!("{name} has items that it must not have; remove them.")
            }
            Kind::Contains => self.contains(&name),
            Kind::PropertyNames { error } => {
                format!("{name} has a member whose name is not allowed: {}", self.explain(error, pointer))
            }
            Kind::Not { .. } => match excluded(trace) {
                Some(members) => format!("{name} must not have {} together.", text::all(&members)),
                None => is("a different kind of value".to_owned()),
            },
            // Of an object without any declared member, all are too many.
            Kind::FalseSchema if trace.keyword.as_deref() == Some("additionalProperties") => {
                let object = self.body.at(error.instance_path().as_str()).map(Node::kind);
                let Some(Json::Object(object)) = object else { return format!("{name} is not valid.") };
                let names: Vec<String> = object.members().take(LISTED).map(|(name, _)| text::quote(name)).collect();
                format!("{name} has {}, which it must not have; remove it.", text::all(&names))
            }
            Kind::FalseSchema => format!("{name} must not be there; remove it."),
            Kind::AnyOf { context } => alternatives(&name, "at least one", trace, "anyOf", version)
                .unwrap_or_else(|| self.none_of(&name, &found(), context)),
            Kind::OneOfNotValid { context } => alternatives(&name, "exactly one", trace, "oneOf", version)
                .unwrap_or_else(|| self.none_of(&name, &found(), context)),
            Kind::OneOfMultipleValid { .. } => alternatives(&name, "exactly one", trace, "oneOf", version)
                .unwrap_or_else(|| format!("{name} matches more than one alternative; expected exactly one.")),
            _ => format!("{name} is not valid."),
        }
    }

    /// How many items of the kind that `contains` asks for there should be.
    fn contains(&self, name: &str) -> String {
        let number = |keyword: &str| self.trace.last().and_then(|step| step.node.get(keyword)).and_then(Value::as_u64);
        match (self.trace.keyword.as_deref(), number("minContains"), number("maxContains")) {
            (Some("minContains"), Some(least), _) => {
                format!("{name} has too few items of a certain kind; expected {least} or more.")
            }
            (Some("maxContains"), Some(_), Some(most)) => {
                format!("{name} has too many items of a certain kind; expected {most} or fewer.")
            }
            // Whether there is none or are too many, nobody says.
            (Some("maxContains"), None, Some(most)) => {
                format!("{name} must have 1 item of a certain kind or more, and {most} at most.")
            }
            _ => format!("{name} must have an item of a certain kind, and has none."),
        }
    }

    /// The value that is wrong.
    fn found(&self, error: &ValidationError<'_>) -> String {
        let seen = if is_unseen(error) { self.body.at(error.instance_path().as_str()).map(shown) } else { None };
        show(seen.as_ref().unwrap_or_else(|| error.instance().as_ref()), (self.secret)())
    }

    fn none_of(&self, name: &str, found: &str, context: &[Vec<ValidationError<'static>>]) -> String {
        let mut reasons: Vec<String> = Vec::new();
        for error in context.iter().filter_map(|branch| branch.iter().find(|error| !is_beyond(error))) {
            let mut pointer = error.instance_path().as_str().to_owned();
            if let Kind::Required { property } = error.kind() {
                crate::json::push_segment(&mut pointer, property.as_str().unwrap_or_default());
            }
            let reason = self.explain(error, &pointer);
            if !reasons.contains(&reason) && reasons.len() < 4 {
                reasons.push(reason);
            }
        }
        format!("{name} is {found} and matches none of the alternatives. {}", reasons.join(" Or: "))
    }
}

/// A member by its name, with its pointer where that says more.
fn name(pointer: &str) -> String {
    let mut segments = pointer.rsplit('/');
    let Some(last) = segments.next().filter(|_| !pointer.is_empty()) else {
        return "The request body".to_owned();
    };
    let shown = |segment: &str| text::clean(&segment.replace("~1", "/").replace("~0", "~"));
    let mut suffix = String::new();
    let mut name = last;
    while name.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty() {
        suffix = format!("[{name}]{suffix}");
        match segments.next() {
            Some("") | None => break,
            Some(outer) => name = outer,
        }
    }
    let name = format!("{}{suffix}", shown(name));
    let top_level = pointer.matches('/').count() == 1;
    if top_level { name } else { format!("{name} (at {})", text::clean(pointer)) }
}

/// A value in short; the content of arrays and objects is never shown.
fn show(value: &Value, secret: bool) -> String {
    match value {
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::Null => "null".to_owned(),
        _ if secret => "a value that is not shown here".to_owned(),
        value => {
            let json = text::clean(&value.to_string());
            let kind = match value {
                Value::String(_) => "the string ",
                Value::Bool(_) => "the boolean ",
                _ => "",
            };
            if json.chars().count() > SHOWN {
                format!("{kind}{}…", json.chars().take(SHOWN).collect::<String>())
            } else {
                format!("{kind}{json}")
            }
        }
    }
}

fn types(kind: &TypeKind) -> String {
    let names: Vec<String> = match kind {
        TypeKind::Single(kind) => vec![with_article(kind.as_str())],
        TypeKind::Multiple(kinds) => kinds.iter().map(|kind| with_article(kind.as_str())).collect(),
    };
    text::either(&names)
}

fn with_article(kind: &str) -> String {
    match kind {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {kind}"),
        _ => format!("a {kind}"),
    }
}

fn enumeration(options: &Value, node: Option<&Value>, version: ApiVersion) -> String {
    let more = node.map(|node| releases::more_values(node, version)).unwrap_or_default();
    let options: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .chain(&more)
        .take(LISTED)
        .map(|option| option.as_str().map_or_else(|| text::clean(&option.to_string()), text::clean))
        .collect();
    text::either(&options)
}

fn format_name(format: &str) -> &str {
    match format {
        "http-uri" => "an absolute http or https URI with a host",
        "uri" => "a URI",
        "ipv4" => "an IPv4 address",
        "ipv6" => "an IPv6 address",
        "date-time" => "a date and time as in RFC 3339",
        other => other,
    }
}

fn length(node: Node<'_>) -> usize {
    match node.kind() {
        Json::Array(array) => array.len(),
        Json::Object(object) => object.len(),
        _ => 0,
    }
}

/// What the schema wants at a pointer.
fn expectation(root: &Value, pointer: &str, version: ApiVersion) -> Option<String> {
    occurrences(root, pointer).iter().find_map(|trace| {
        let node = trace.last()?.node;
        if let Some(options) = node.get("enum") {
            return Some(enumeration(options, Some(node), version));
        }
        let kind = node.get("type")?.as_str()?;
        Some(with_article(kind))
    })
}

/// The members that alternatives differ in, if they are all told apart by
/// members that they require.
fn alternatives(name: &str, how_many: &str, trace: &Trace<'_>, keyword: &str, version: ApiVersion) -> Option<String> {
    let node = trace.last()?.node;
    let branches = node.get(keyword)?.as_array()?.iter().chain(releases::more_alternatives(node, version));
    let mut members = Vec::new();
    for branch in branches {
        let required = branch.get("required")?.as_array()?;
        let names: Vec<&str> = required.iter().filter_map(Value::as_str).collect();
        members.push(text::all(&names));
    }
    Some(format!("{name} needs {how_many} of {}.", text::either(&members)))
}

/// The members of `not: {required: [...]}`.
fn excluded<'s>(trace: &Trace<'s>) -> Option<Vec<&'s str>> {
    let required = trace.last()?.node.get("not")?.get("required")?.as_array()?;
    Some(required.iter().filter_map(Value::as_str).collect())
}
