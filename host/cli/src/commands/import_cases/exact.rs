//! Bodies that YAML can hold without losing anything.

use serde_json::Value;

/// Longest name of a member that YAML takes without further ado (7.4.2 of YAML
/// 1.2 says 1024 characters), and deepest nesting that people read.
const NAME: usize = 512;
const DEPTH: usize = 32;

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
}
