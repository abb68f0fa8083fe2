//! Values of options, written in YAML.

use serde_json::Value as Json;
use solgate_contract::manifest::{ItemKind, MAP_ENTRIES, MAP_NAME, OptionKind};
use solgate_document::diagnostic::Report;
use solgate_document::yaml::{Key, Node, Value};
use solgate_document::{reader, suggest};

/// A value written in YAML for an option of that kind.
pub fn value(node: &Node, kind: OptionKind, allowed: &[Json], name: &str, report: &mut Report) -> Option<Json> {
    if let (OptionKind::Map(of), Value::Map(entries)) = (kind, &node.value) {
        return map(node, entries, of, name, report);
    }
    let fits = match (&node.value, kind) {
        (Value::Bool(_), OptionKind::Boolean) | (Value::String, OptionKind::String) => true,
        (Value::Number(number), OptionKind::Integer) => number.is_i64(),
        (Value::List(items), OptionKind::Strings) => items.iter().all(|item| item.as_str().is_some()),
        _ => false,
    };
    if !fits {
        report.mistake(node.at, format!("`{name}` is {}, but here is {}", kind.described(), reader::shown(node)));
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

fn map(node: &Node, entries: &[(Key, Node)], of: ItemKind, name: &str, report: &mut Report) -> Option<Json> {
    if entries.len() > MAP_ENTRIES {
        report
            .mistake(node.at, format!("`{name}` has {} entries; at most {MAP_ENTRIES} are allowed", entries.len()))
            .hint("options go with every request: put a larger table into a data file of the bundle");
        return None;
    }
    let mut is_sound = true;
    for (key, node) in entries {
        if !of.fits(&node.to_json()) {
            let (key, is) = (&key.name, reader::shown(node));
            report.mistake(node.at, format!("`{key}` of `{name}` is {}, but here is {is}", of.described()));
            is_sound = false;
        }
        if key.name.len() > MAP_NAME {
            report.mistake(key.at, format!("a name in `{name}` is longer than {MAP_NAME} bytes"));
            is_sound = false;
        }
    }
    is_sound.then(|| node.to_json())
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
