//! Patterns whose texts are numbers.

use regex_syntax::hir::{Hir, HirKind, Look};

/// Whether every text in which the pattern is found is an integer, as `int` reads it, or, if
/// `decimal`, a number, as `double` does.
pub(super) fn is_of_numbers(pattern: &str, decimal: bool) -> bool {
    let Ok(hir) = regex_syntax::parse(pattern) else { return false };
    let properties = hir.properties();
    let is_anchored =
        properties.look_set_prefix().contains(Look::Start) && properties.look_set_suffix().contains(Look::End);
    is_anchored && is_number(&hir, decimal)
}

fn is_number(hir: &Hir, decimal: bool) -> bool {
    match hir.kind() {
        HirKind::Capture(capture) => is_number(&capture.sub, decimal),
        HirKind::Alternation(all) => all.iter().all(|one| is_number(one, decimal)),
        HirKind::Concat(parts) => {
            let mut parts: Vec<&Hir> = parts.iter().filter(|part| !matches!(part.kind(), HirKind::Look(_))).collect();
            if parts.first().is_some_and(|first| is_sign(first)) {
                parts.remove(0);
            }
            if decimal && parts.last().is_some_and(|last| is_fraction(last)) {
                parts.pop();
            }
            // The expression may be one group.
            if let [only] = parts.as_slice()
                && !is_digits(only)
            {
                return is_number(only, decimal);
            }
            parts.iter().all(|part| is_digits(part))
                && parts.iter().any(|part| part.properties().minimum_len().is_some_and(|length| length > 0))
        }
        _ => is_digits(hir) && hir.properties().minimum_len().is_some_and(|length| length > 0),
    }
}

/// `-`, `[+-]`, or the same with `?`.
fn is_sign(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => repetition.max == Some(1) && is_sign(&repetition.sub),
        HirKind::Literal(literal) => matches!(literal.0.as_ref(), b"-" | b"+"),
        HirKind::Class(class) => {
            class.literal().is_some_and(|text| matches!(text.as_slice(), b"-" | b"+"))
                || matches!(class, regex_syntax::hir::Class::Unicode(class)
                if class.iter().all(|range| range.start() == range.end() && matches!(range.start(), '-' | '+')))
        }
        _ => false,
    }
}

/// `\.[0-9]+`, which may be left out.
fn is_fraction(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Repetition(repetition) => repetition.max == Some(1) && is_fraction(&repetition.sub),
        HirKind::Capture(capture) => is_fraction(&capture.sub),
        HirKind::Concat(parts) => match parts.as_slice() {
            [point, digits @ ..] => {
                // `[.]` is a literal, too.
                matches!(point.kind(), HirKind::Literal(literal) if literal.0.as_ref() == b".")
                    && digits.iter().all(is_digits)
            }
            [] => false,
        },
        _ => false,
    }
}

/// Nothing but the digits 0 to 9; `\d` has others.
fn is_digits(hir: &Hir) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(u8::is_ascii_digit),
        HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
            class.iter().all(|range| range.start().is_ascii_digit() && range.end().is_ascii_digit())
        }
        HirKind::Class(regex_syntax::hir::Class::Bytes(_)) => false,
        HirKind::Repetition(repetition) => is_digits(&repetition.sub),
        HirKind::Capture(capture) => is_digits(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_digits),
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_numbers;

    #[test]
    fn texts_of_a_pattern_are_numbers_only_if_nothing_else_is_found() {
        for pattern in
            ["^[0-9]+$", r"^-?[0-9]{1,3}$", "^(0|[1-9][0-9]*)$", "^0$|^[1-9][0-9]*$", r"\A[+-]?[0-9]+\z", "^1[0-5]$"]
        {
            assert!(is_of_numbers(pattern, false) && is_of_numbers(pattern, true), "{pattern}");
        }
        for pattern in
            ["[0-9]+", "^[0-9]*$", r"^\d+$", "(?m)^[0-9]+$", "^[0-9]+", "^[0-9a-f]+$", "^-$", "^0|1$", "(", "^--?1$"]
        {
            assert!(!is_of_numbers(pattern, false), "{pattern}");
        }
        assert!(is_of_numbers(r"^[0-9]+(\.[0-9]+)?$", true) && !is_of_numbers(r"^[0-9]+(\.[0-9]+)?$", false));
    }
}
