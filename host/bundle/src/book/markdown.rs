//! Text that Markdown does not take for markup.

/// Plain text; what stands between backticks stays code.
pub(super) fn plain(text: &str) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    let text = text.join(" ");
    let has_code = text.matches('`').count().is_multiple_of(2);
    let mut in_code = false;
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '`' && has_code {
            in_code = !in_code;
        }
        // GitHub takes an underscore within a word for what it is.
        let in_word = c == '_' && before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        let is_markup = matches!(c, '\\' | '*' | '_' | '<' | '[' | ']') || (c == '`' && !has_code);
        // Bars divide the cells of a table, in code as well.
        if (is_markup && !in_code && !in_word) || c == '|' {
            out.push('\\');
        }
        out.push(c);
        before = c;
    }
    out
}

/// A name or value in a code span.
pub(super) fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}

/// The anchor that GitHub gives a heading.
pub(super) fn anchor(heading: &str) -> String {
    heading
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ' '))
        .map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_a_text_stays_text() {
        for (text, expected) in [
            ("one\n  two", "one two"),
            ("add `*/*` or */*", "add `*/*` or \\*/\\*"),
            ("exclude_fields and _links", "exclude_fields and \\_links"),
            ("a|b `c|d`", "a\\|b `c\\|d`"),
            ("<b> [x] ` \\", "\\<b> \\[x\\] \\` \\\\"),
        ] {
            assert_eq!(plain(text), expected);
        }
    }
}
