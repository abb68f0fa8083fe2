//! Text that came from outside, made fit for an answer.

use std::fmt::Write as _;

/// Characters of a foreign value that are shown.
const SHOWN: usize = 60;
/// Characters of a whole detail.
const DETAIL: usize = 600;

/// A foreign value in quotes: shortened, control characters escaped.
pub(crate) fn quote(value: &str) -> String {
    let mut out = String::with_capacity(value.len().min(SHOWN).saturating_add(2));
    out.push('\'');
    for (index, char) in value.chars().enumerate() {
        if index == SHOWN {
            out.push('…');
            break;
        }
        if is_unfit(char) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(char));
        } else {
            out.push(char);
        }
    }
    out.push('\'');
    out
}

/// A detail that an expression made: no control characters, bounded length.
pub(crate) fn clean(detail: &str) -> String {
    let mut out = String::with_capacity(detail.len().min(DETAIL));
    for (index, char) in detail.chars().enumerate() {
        if index == DETAIL {
            out.push('…');
            break;
        }
        out.push(if is_unfit(char) { ' ' } else { char });
    }
    out
}

/// Whether [`clean`] would leave a text as it is.
pub(crate) fn is_fit(text: &str) -> bool {
    text.len() <= DETAIL && !text.chars().any(is_unfit)
}

/// Words as an enumeration: `a, b or c`.
pub(crate) fn either<T: AsRef<str>>(words: &[T]) -> String {
    join(words, " or ")
}

/// Words as an enumeration: `a, b and c`.
pub(crate) fn all<T: AsRef<str>>(words: &[T]) -> String {
    join(words, " and ")
}

fn join<T: AsRef<str>>(words: &[T], last: &str) -> String {
    let mut out = String::new();
    for (index, word) in words.iter().enumerate() {
        if index > 0 {
            out.push_str(if index.saturating_add(1) == words.len() { last } else { ", " });
        }
        out.push_str(word.as_ref());
    }
    out
}

/// Control characters, and those that change the direction of what follows.
fn is_unfit(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_values_are_shortened_and_escaped() {
        assert_eq!(quote("GRACEFUL"), "'GRACEFUL'");
        assert_eq!(quote("a\r\nb\u{202e}"), "'a\\u{d}\\u{a}b\\u{202e}'");
        assert_eq!(quote(&"é".repeat(61)), format!("'{}…'", "é".repeat(60)));
    }

    #[test]
    fn details_have_no_control_characters() {
        assert_eq!(clean("a\u{0}b\tc"), "a b c");
        assert_eq!(clean(&"x".repeat(700)).chars().count(), 601);
    }

    #[test]
    fn enumerations_read_well() {
        assert_eq!(either(&["a"]), "a");
        assert_eq!(either(&["a", "b", "c"]), "a, b or c");
        assert_eq!(all::<&str>(&[]), "");
    }
}
