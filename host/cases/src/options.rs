//! Values of options, written in YAML.

use serde_json::Value as Json;
use solgate_contract::manifest::OptionKind;
use solgate_document::diagnostic::Report;
use solgate_document::yaml::{Node, Value};
use solgate_document::{reader, suggest};

/// A value written in YAML for an option of that kind.
pub fn value(node: &Node, kind: OptionKind, allowed: &[Json], name: &str, report: &mut Report) -> Option<Json> {
    let fits = match (&node.value, kind) {
        (Value::Bool(_), OptionKind::Boolean) | (Value::String, OptionKind::String) => true,
        (Value::Number(number), OptionKind::Integer) => number.is_i64(),
        (Value::List(items), OptionKind::Strings) => items.iter().all(|item| item.as_str().is_some()),
        _ => false,
    };
    if !fits {
        report.mistake(node.at, format!("`{name}` is {}, but here is {}", described(kind), reader::shown(node)));
        return None;
    }
    let json = node.to_json();
    if !is_allowed(&json, allowed) {
        report.mistake(node.at, format!("`{name}` is one of {}, but here is {}", list(allowed), reader::shown(node)));
        return None;
    }
    Some(json)
}

/// Whether an option that knows only some values may have this one; `allowed` is
/// empty if it knows all.
#[must_use]
pub fn is_allowed(value: &Json, allowed: &[Json]) -> bool {
    allowed.is_empty()
        || match value {
            Json::Array(items) => items.iter().all(|item| allowed.contains(item)),
            value => allowed.contains(value),
        }
}

/// What values of a kind are, for a message: "`x` is {}".
#[must_use]
pub fn described(kind: OptionKind) -> &'static str {
    match kind {
        OptionKind::Boolean => "true or false",
        OptionKind::Integer => "an integer",
        OptionKind::String => "text",
        OptionKind::Strings => "a list of texts",
    }
}

/// Values in backticks, texts without quotes.
#[must_use]
pub fn list(values: &[Json]) -> String {
    suggest::list(
        &values
            .iter()
            .map(|value| match value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            })
            .collect::<Vec<_>>(),
    )
}
