//! Cases as YAML: a list of mappings, whose values are written in the flow style,
//! which is JSON with spaces. So nothing needs to be guessed about quotes.

use serde_json::Value;

use crate::commands::import_cases::case::ImportedCase;

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
    fn what_is_quoted_is_read_back() {
        let text = "\u{0}\u{7f}\u{85}\u{2028}\u{feff}é\u{1f600} \\\"\n\t: # {x}";
        assert!(quoted(text).is_ascii() || !quoted(text).contains(['\u{0}', '\u{7f}', '\u{85}', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
    }
}
