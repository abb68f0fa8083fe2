//! Cases as YAML: a list of mappings, whose values are written in the flow style,
//! which is JSON with spaces. So nothing needs to be guessed about quotes.

use serde_json::Value;

use crate::commands::import_cases::case::ImportedCase;

/// Longest name of a member that YAML takes without further ado (7.4.2 of YAML
/// 1.2 says 1024 characters), and deepest nesting that people read.
const NAME: usize = 512;
const DEPTH: usize = 32;

/// A file of cases.
pub fn document(log: &str, cases: &[ImportedCase]) -> String {
    let log: String = log.chars().filter(|c| !c.is_control()).collect();
    let mut out = format!("# Decisions recorded in {log}, by solgate import-cases.\ncases:\n");
    for (index, case) in cases.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if !case.redacted.is_empty() {
            let places: Vec<String> = case.redacted.iter().map(|place| quoted(place)).collect();
            out.push_str(&format!("  # Not as it was sent: {}\n", places.join(", ")));
        }
        out.push_str(&format!("  - name: {}\n", quoted(&case.name)));
        for (name, value) in &case.members {
            out.push_str(&format!("    {name}: {}\n", flow(value)));
        }
    }
    out
}

/// The value of a JSON text, if a case can give exactly this text back as `body`,
/// which is written without white space.
pub fn exact_json(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    let written = serde_json::to_string(&value).ok()?;
    (written == without_space(text) && is_plain(&value, DEPTH)).then_some(value)
}

/// Without the white space between the tokens of a JSON text.
fn without_space(text: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    text.chars()
        .filter(|&c| {
            let keep = quoted || !c.is_ascii_whitespace();
            if c == '"' && !escaped {
                quoted = !quoted;
            }
            escaped = quoted && c == '\\' && !escaped;
            keep
        })
        .collect()
}

/// Whether YAML reads the value as JSON does.
fn is_plain(value: &Value, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    match value {
        Value::Number(number) => number.is_i64(),
        Value::Array(items) => items.iter().all(|item| is_plain(item, depth)),
        Value::Object(members) => members.iter().all(|(name, item)| name.len() <= NAME && is_plain(item, depth)),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", quoted(name), flow(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Between double quotes; what is not printable is escaped (5.1 of YAML 1.2).
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Line and paragraph separators, the byte order mark, non-characters.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_taken_apart_only_if_nothing_is_lost() {
        for text in ["{\"a\" : [1, \"b \\\" c\", null]}", "[]", "\"é\""] {
            assert_eq!(exact_json(text).unwrap().to_string(), without_space(text), "{text}");
        }
        for text in ["{\"a\":1,\"a\":2}", "[1.0]", "\"\\u0041\"", "{", "18446744073709551615", "\"a\\/b\""] {
            assert_eq!(exact_json(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_back() {
        let text = "\u{0}\u{7f}\u{85}\u{2028}\u{feff}é\u{1f600} \\\"\n\t: # {x}";
        assert!(quoted(text).is_ascii() || !quoted(text).contains(['\u{0}', '\u{7f}', '\u{85}', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
    }
}
