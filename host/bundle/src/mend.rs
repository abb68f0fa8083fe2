//! Mends an expression that reads a member that may be absent, in the text of its file:
//! `caller.tenant` becomes `caller.?tenant.orValue('')`. Everything else stays as it is.

use std::ops::Range;

use solgate_document::yaml::Style;

/// The text with `?` before the member at `member` and `.orValue(...)` behind the chain that
/// it is in; `None` if that cannot be told from the text.
pub(crate) fn with_value(text: &str, member: Range<usize>, value: &str, style: Style) -> Option<String> {
    // Within the quotes of a YAML scalar its own kind of quotes would have to be escaped.
    let value = if style == Style::SingleQuoted { value.replace('\'', "\"") } else { value.to_owned() };
    let before = text.get(..member.start)?;
    let is_index = before.ends_with('[') && text.get(member.start..)?.starts_with(['\'', '"']);
    if !is_index && !before.ends_with('.') {
        return None;
    }
    let mut end = if is_index { closed(text, member.start)? } else { member.end };
    let mut takes_optional = false;
    while let Some(rest) = text.get(end..) {
        // A chain may go on in the next line.
        let next = rest.trim_start();
        let at = end.saturating_add(rest.len().saturating_sub(next.len()));
        if let Some(name) = next.strip_prefix('.') {
            let name = name.strip_prefix('?').unwrap_or(name);
            let length = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
            let (name, behind) = name.split_at_checked(length)?;
            if behind.trim_start().starts_with('(') {
                takes_optional = matches!(name, "orValue" | "or" | "hasValue" | "value");
                break;
            }
            end = text.len().saturating_sub(behind.len());
        } else if rest.starts_with('[') {
            end = closed(text, at.saturating_add(1))?;
        } else {
            break;
        }
    }
    let (start, behind) = (member.start, text.get(end..)?);
    let chain = text.get(start..end)?;
    let value = if takes_optional { String::new() } else { format!(".orValue({value})") };
    Some(format!("{before}?{chain}{value}{behind}"))
}

/// Where the bracket is closed whose content begins here, behind it.
fn closed(text: &str, from: usize) -> Option<usize> {
    let mut open = 1_usize;
    let mut quote = None;
    for (at, char) in text.get(from..)?.char_indices() {
        match (quote, char) {
            (Some(begun), _) if begun == char => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(char),
            (None, '[') => open = open.saturating_add(1),
            (None, ']') => open = open.saturating_sub(1),
            (None, '\n') => return None,
            (None, _) => {}
        }
        if open == 0 {
            return Some(from.saturating_add(at).saturating_add(1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

    use solgate_document::yaml::Style;

    use super::with_value;

    #[test]
    fn only_the_chain_is_changed() {
        for (before, member, value, after) in [
            ("caller.tenant == 'a'", "tenant", "''", Some("caller.?tenant.orValue('') == 'a'")),
            ("body.a.b.c > 3", "b", "0", Some("body.a.?b.c.orValue(0) > 3")),
            ("headers['x-a'] == 'b'", "'x-a'", "''", Some("headers[?'x-a'].orValue('') == 'b'")),
            ("v.name.startsWith('x')", "name", "''", Some("v.?name.orValue('').startsWith('x')")),
            ("size(body.list)", "list", "[]", Some("size(body.?list.orValue([]))")),
            ("body.list[0].id == 'a'", "list", "''", Some("body.?list[0].id.orValue('') == 'a'")),
            ("body.a\n    .b == 1", "a", "0", Some("body.?a\n    .b.orValue(0) == 1")),
            ("body.a.orValue(1)", "a", "0", Some("body.?a.orValue(1)")),
            ("tenant == 'a'", "tenant", "''", None),
        ] {
            let dotted = before.find(&format!(".{member}")).map(|dot| dot + 1);
            let start = dotted.or_else(|| before.find(member)).unwrap();
            let made = with_value(before, start..start + member.len(), value, Style::Plain);
            assert_eq!(made.as_deref(), after, "{before}");
        }
        let quoted = with_value("'caller.tenant == \"a\"'", 8..14, "''", Style::SingleQuoted);
        assert_eq!(quoted.as_deref(), Some("'caller.?tenant.orValue(\"\") == \"a\"'"));
    }
}
