//! Differences as lines of a case: what is written there, and what would have to
//! be written for the case to pass.

use std::collections::BTreeSet;

use solgate_cases::{Difference, Places, Verdict};
use solgate_engine::verdict::Location;

/// The two sides of a difference; a side may be empty.
pub struct Sides {
    pub expected: Vec<String>,
    pub found: Vec<String>,
}

/// Both sides in the notation of `expect`.
pub fn sides(difference: &Difference) -> Sides {
    match difference {
        Difference::Verdict { expected, found } => {
            Sides { expected: vec![verdict(*expected)], found: vec![verdict(*found)] }
        }
        Difference::Names { of, expected, found } => {
            Sides { expected: vec![list(of.member(), expected)], found: vec![list(of.member(), found)] }
        }
        Difference::Places { of, expected, found } => {
            Sides { expected: vec![place(*of, expected)], found: places(found) }
        }
        Difference::NotMentioned(text) => Sides { expected: vec![list("mentions", [text])], found: Vec::new() },
        Difference::NotOmitted(text) => Sides { expected: vec![list("omits", [text])], found: Vec::new() },
        Difference::Field { name, expected, found } => Sides {
            expected: vec![field(name, expected)],
            found: vec![found.as_ref().map_or_else(|| "fields: {}".to_owned(), |found| field(name, found))],
        },
    }
}

fn verdict(verdict: Verdict) -> String {
    match verdict {
        Verdict::Allow => "allow: true".to_owned(),
        Verdict::Deny(status) => format!("status: {status}"),
    }
}

fn list<'a>(member: &str, items: impl IntoIterator<Item = &'a String>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| scalar(item)).collect();
    format!("{member}: [{}]", items.join(", "))
}

fn place(of: Places, expected: &[String]) -> String {
    match (of, expected) {
        (Places::Header | Places::Parameter, [only]) => format!("{}: {}", of.member(), scalar(only)),
        _ => list(of.member(), expected),
    }
}

/// What the violations name, each kind of place on a line.
fn places(found: &[Location]) -> Vec<String> {
    let (mut pointers, mut headers, mut parameters) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for location in found {
        match location {
            Location::Request => {}
            Location::Body(pointer) => drop(pointers.insert(pointer)),
            Location::Header(name) => drop(headers.insert(name)),
            Location::Query(name) | Location::Path(name) => drop(parameters.insert(name)),
        }
    }
    let mut lines = Vec::new();
    if !pointers.is_empty() {
        lines.push(list("pointers", pointers));
    }
    lines.extend(headers.into_iter().map(|name| format!("header: {}", scalar(name))));
    lines.extend(parameters.into_iter().map(|name| format!("parameter: {}", scalar(name))));
    lines
}

fn field(name: &str, value: &str) -> String {
    format!("fields: {{ {}: {} }}", scalar(name), scalar(value))
}

/// A text as YAML has it within brackets: in quotes, unless it surely needs none.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/'))
        && text.parse::<f64>().is_err()
        && !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null")
        && !text.starts_with("0x")
        && !text.starts_with("0o");
    // A text of JSON is one of YAML.
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

/// Text of a case or of a policy, which cannot steer the terminal.
pub fn shown(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn only_texts_that_yaml_reads_as_such_go_without_quotes() {
        for (text, written) in [
            ("terminate.type.enum", "terminate.type.enum"),
            ("/vnf_instances/0", "/vnf_instances/0"),
            ("2.0.0", "2.0.0"),
            ("", "\"\""),
            ("409", "\"409\""),
            ("1.5", "\"1.5\""),
            ("0x1f", "\"0x1f\""),
            ("True", "\"True\""),
            ("GET, POST", "\"GET, POST\""),
            ("say \"x\"", "\"say \\\"x\\\"\""),
            ("-", "\"-\""),
        ] {
            assert_eq!(scalar(text), written);
        }
    }
}
