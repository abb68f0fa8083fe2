//! Writes values as YAML that reads back as the same values.

use serde_json::Value as Json;

use super::Value;
use super::scalar::resolve;

/// Lines are kept within so many characters where a value can be broken.
const WIDTH: usize = 116;

/// A value on one line, in the flow style: JSON with spaces, every text and name in quotes.
#[must_use]
pub fn flow(value: &Json) -> String {
    written(value, &quoted)
}

/// The same with quotes only where they are needed.
#[must_use]
pub fn short(value: &Json) -> String {
    written(value, &scalar)
}

fn written(value: &Json, text: &dyn Fn(&str) -> String) -> String {
    match value {
        Json::String(value) => text(value),
        Json::Array(items) => {
            format!("[{}]", items.iter().map(|item| written(item, text)).collect::<Vec<_>>().join(", "))
        }
        Json::Object(members) if members.is_empty() => "{}".to_owned(),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", text(name), written(value, text)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
        scalar => scalar.to_string(),
    }
}

/// Text between double quotes; what is not printable is escaped (5.1 of YAML 1.2).
#[must_use]
pub fn quoted(text: &str) -> String {
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

/// Text without quotes where it is text without them, in any style and place.
#[must_use]
pub fn scalar(text: &str) -> String {
    let is_version = text.matches('.').count() > 1 && text.chars().all(|c| c.is_ascii_digit() || c == '.');
    let begins = is_version || text.starts_with(|c: char| c.is_ascii_alphabetic() || "/_$".contains(c));
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _-./*+()='$".contains(c);
    let ends = !text.ends_with(' ');
    let is_text = matches!(resolve(text), Some(Value::String));
    // Other readers of YAML take these for booleans.
    let is_word = matches!(text.to_ascii_lowercase().as_str(), "yes" | "no" | "on" | "off" | "y" | "n");
    if begins && ends && is_text && !is_word && text.chars().all(is_plain) { text.to_owned() } else { quoted(text) }
}

/// A value in the block style, where it does not fit on a line, `indent` blanks deep.
/// Begins behind a `NAME:` or `-` and ends with a line break.
pub fn block(value: &Json, indent: usize, out: &mut String) {
    let line = short(value);
    let used = out.len().saturating_sub(out.rfind('\n').map_or(0, |at| at.saturating_add(1)));
    let fits = used.saturating_add(line.chars().count()) < WIDTH;
    let is_broken = !(fits && is_flat(value, 2));
    match value {
        Json::Object(members) if is_broken && !members.is_empty() => {
            out.push('\n');
            entries(members, indent, out);
        }
        Json::Array(items) if is_broken && !items.is_empty() => {
            out.push('\n');
            for item in items {
                item_of_list(item, indent, out);
            }
        }
        Json::String(text) if !fits && can_be_folded(text) => folded(text, indent, out),
        _ => {
            out.push(' ');
            out.push_str(&line);
            out.push('\n');
        }
    }
}

fn item_of_list(item: &Json, indent: usize, out: &mut String) {
    out.push_str(&" ".repeat(indent));
    out.push('-');
    let deeper = indent.saturating_add(2);
    let mut written = String::new();
    block(item, deeper, &mut written);
    // The first member of a mapping stands behind the dash.
    match written.strip_prefix('\n').and_then(|rest| rest.strip_prefix(&" ".repeat(deeper))) {
        Some(rest) => {
            out.push(' ');
            out.push_str(rest);
        }
        None => out.push_str(&written),
    }
}

/// The members of a mapping, each on lines of its own.
pub fn entries(members: &serde_json::Map<String, Json>, indent: usize, out: &mut String) {
    for (name, value) in members {
        out.push_str(&" ".repeat(indent));
        out.push_str(&scalar(name));
        out.push(':');
        block(value, indent.saturating_add(2), out);
    }
}

/// Whether collections are nested no deeper than this.
fn is_flat(value: &Json, depth: usize) -> bool {
    match value {
        Json::Array(items) => depth > 0 && items.iter().all(|item| is_flat(item, depth.saturating_sub(1))),
        Json::Object(members) => depth > 0 && members.values().all(|value| is_flat(value, depth.saturating_sub(1))),
        _ => true,
    }
}

/// Folding keeps single blanks between printable words, and nothing else.
fn can_be_folded(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
        && !text
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'))
}

fn folded(text: &str, indent: usize, out: &mut String) {
    out.push_str(" >-\n");
    let mut width = 0_usize;
    for word in text.split(' ') {
        let longer = width.saturating_add(word.chars().count()).saturating_add(1);
        if width > 0 && indent.saturating_add(longer) > WIDTH {
            out.push('\n');
            width = 0;
        }
        if width == 0 {
            out.push_str(&" ".repeat(indent));
        } else {
            out.push(' ');
        }
        out.push_str(word);
        width = width.saturating_add(word.chars().count()).saturating_add(1);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::diagnostic::Report;
    use crate::yaml::parse;

    #[test]
    fn what_is_quoted_is_read_back() {
        let text = "\u{0}\u{7f}\u{85}\u{2028}\u{feff}é\u{1f600} \\\"\n\t: # {x}";
        assert!(quoted(text).is_ascii() || !quoted(text).contains(['\u{0}', '\u{7f}', '\u{85}', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&quoted(text)).unwrap(), text);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let long = "a word: and # another 'one' ".repeat(9);
        let value = serde_json::json!({
            "texts": ["plain", "no", "null", "1.0", "0x1", " blank", "", "a: b", "{x}", "$ref", "2.3.0", "1.2", "/p/{id}", "é", "don't", "-", long.trim(), long],
            "on": {"deep": {"er": [{"a": 1, "b": [[], {}, [1, [2]]]}, [{"x": {"y": {"z": null}}}]]}},
            "2.0": true, "a b": -1.5, "": {}
        });
        let mut text = String::new();
        entries(value.as_object().unwrap(), 0, &mut text);
        for text in [text, short(&value), flow(&value)] {
            let mut report = Report::default();
            let file = report.sources.add("f", text.as_str());
            assert_eq!(parse(file, &mut report).map(|node| node.to_json()), Some(value.clone()), "{text}");
        }
    }
}
