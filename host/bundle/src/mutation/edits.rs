//! Small changes of an expression, each of which a case should notice: a bound one off, a
//! comparison with or without its edge, a condition dropped or negated, an entry left out of
//! a list. That `&&` becomes `||` shows in the same cases as a condition that is dropped.

use std::collections::BTreeSet;

use solgate_engine::cel_env::parse_expression;

use crate::tokens::{Kind, Token, tokens};

/// What is done to an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The member of the rule: `require`, `when`, `forEach` or `variables.NAME`.
    pub member: String,
    /// What is done, in words.
    pub what: &'static str,
    /// The changed lines of the expression as they stand, white space as one space.
    pub before: String,
    pub after: String,
    /// The whole expression afterwards.
    pub(super) text: String,
}

/// A stretch of the expression, in bytes, and what takes its place.
struct Change {
    what: &'static str,
    start: usize,
    end: usize,
    by: String,
}

/// All changes of an expression that are expressions again.
pub(super) fn edits(member: &str, expression: &str) -> Vec<Edit> {
    let tokens = tokens(expression);
    let mut changes = Vec::new();
    for at in 0..tokens.len() {
        bounds(&tokens, at, expression, &mut changes);
        comparisons(&tokens, at, &mut changes);
        conditions(&tokens, at, &mut changes);
        entries(&tokens, at, &mut changes);
    }
    let mut known = BTreeSet::new();
    known.insert(expression.to_owned());
    let mut edits = Vec::new();
    for Change { what, start, end, by } in changes {
        let (Some(before), Some(after)) = (expression.get(..start), expression.get(end..)) else { continue };
        let text = format!("{before}{by}{after}");
        if !known.insert(text.clone()) || parse_expression(&text).is_err() {
            continue;
        }
        // The lines that the change touches.
        let first = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        let last = after.find('\n').map_or(expression.len(), |at| end.saturating_add(at));
        let shown = |text: Option<&str>| text.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
        let grown = last.saturating_add(text.len()).saturating_sub(expression.len());
        edits.push(Edit {
            member: member.to_owned(),
            what,
            before: shown(expression.get(first..last)),
            after: shown(text.get(first..grown)),
            text,
        });
    }
    edits
}

/// A whole number beside a comparison, one more and one less.
fn bounds(tokens: &[Token<'_>], at: usize, expression: &str, changes: &mut Vec<Change>) {
    let Some(token) = tokens.get(at).filter(|token| token.kind == Kind::Number) else { return };
    let Ok(number) = token.text.parse::<i64>() else { return };
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let sign = before.filter(|before| before.text == "-");
    let left = if sign.is_some() { at.checked_sub(2).and_then(|at| tokens.get(at)) } else { before };
    let right = at.checked_add(1).and_then(|at| tokens.get(at));
    if ![left, right].into_iter().flatten().any(|beside| is_comparison(beside.text)) {
        return;
    }
    // A minus between two values is not a sign.
    let (number, start) = match sign {
        Some(sign) if left.is_some_and(|left| is_comparison(left.text)) => (number.saturating_neg(), sign.start),
        _ => (number, token.start),
    };
    if expression.get(start..token.end).is_none() {
        return;
    }
    for (what, changed) in [("bound one more", number.checked_add(1)), ("bound one less", number.checked_sub(1))] {
        if let Some(changed) = changed {
            changes.push(Change { what, start, end: token.end, by: changed.to_string() });
        }
    }
}

fn is_comparison(text: &str) -> bool {
    matches!(text, "<" | "<=" | ">" | ">=" | "==" | "!=")
}

/// A comparison with its edge or without, or the opposite of an equality; not beside a
/// number, whose changes show the same.
fn comparisons(tokens: &[Token<'_>], at: usize, changes: &mut Vec<Change>) {
    let Some(token) = tokens.get(at) else { return };
    let (what, by) = match token.text {
        "<" => ("edge taken in", "<="),
        "<=" => ("edge left out", "<"),
        ">" => ("edge taken in", ">="),
        ">=" => ("edge left out", ">"),
        "==" => ("equality negated", "!="),
        "!=" => ("equality negated", "=="),
        "!" => ("negation dropped", ""),
        _ => return,
    };
    let beside = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map_or("", |beside| beside.text);
    let is_number = |text: &str| text.parse::<i64>().is_ok();
    let is_bound = match beside(at.checked_add(1)) {
        "-" => is_number(beside(at.checked_add(2))),
        right => is_number(right) || is_number(beside(at.checked_sub(1))),
    };
    if is_bound && !matches!(token.text, "==" | "!=" | "!") {
        return;
    }
    changes.push(Change { what, start: token.start, end: token.end, by: by.to_owned() });
}

/// A side of `&&` or `||` dropped.
fn conditions(tokens: &[Token<'_>], at: usize, changes: &mut Vec<Change>) {
    let Some(token) = tokens.get(at).filter(|token| matches!(token.text, "&&" | "||")) else { return };
    let ends = |other: &Token<'_>| {
        other.group == token.group
            && (matches!(other.text, "||" | "?" | ":" | ",") || token.text == "&&" && other.text == "&&")
            // The bracket around it all.
            || Some(other.id) == token.group
    };
    let before = tokens.get(..at).unwrap_or_default();
    let from = before.iter().rposition(&ends).map_or(0, |at| at.saturating_add(1));
    let left = tokens.get(from).map_or(token.start, |first| first.start);
    let is_first = from == 0 || tokens.get(from.saturating_sub(1)).is_none_or(|edge| edge.text != token.text);
    let behind = tokens.get(at.saturating_add(1)..).unwrap_or_default();
    let closes = |other: &Token<'_>| other.kind == Kind::Close && Some(other.id) == token.group;
    let to = behind.iter().position(|other| ends(other) || closes(other)).unwrap_or(behind.len());
    let right = to.checked_sub(1).and_then(|last| behind.get(last)).map_or(token.end, |last| last.end);
    let before = at.checked_sub(1).and_then(|at| tokens.get(at)).map_or(token.start, |last| last.end);
    let behind = behind.first().map_or(token.end, |first| first.start);
    if is_first {
        changes.push(Change { what: "condition dropped", start: left, end: behind, by: String::new() });
    }
    changes.push(Change { what: "condition dropped", start: before, end: right, by: String::new() });
}

/// An entry of a list of literals left out.
fn entries(tokens: &[Token<'_>], at: usize, changes: &mut Vec<Change>) {
    let Some(open) = tokens.get(at).filter(|token| token.text == "[") else { return };
    // Behind a value it is an index.
    let before = at.checked_sub(1).and_then(|at| tokens.get(at));
    let is_index = before.is_some_and(|before| match before.kind {
        Kind::Word => before.text != "in",
        Kind::Number | Kind::Text | Kind::Close => true,
        Kind::Open | Kind::Operator => false,
    });
    if is_index {
        return;
    }
    let within: Vec<&Token<'_>> = tokens
        .iter()
        .skip(at.saturating_add(1))
        .take_while(|token| !(token.kind == Kind::Close && token.id == open.id))
        .collect();
    if !within.iter().all(|token| matches!(token.kind, Kind::Number | Kind::Text) || token.text == ",") {
        return;
    }
    let values: Vec<&&Token<'_>> = within.iter().filter(|token| token.text != ",").collect();
    for (index, value) in values.iter().enumerate() {
        let (start, end) =
            match (values.get(index.saturating_add(1)), index.checked_sub(1).and_then(|at| values.get(at))) {
                (Some(next), _) => (value.start, next.start),
                (None, Some(previous)) => (previous.end, value.end),
                (None, None) => (value.start, value.end),
            };
        changes.push(Change { what: "entry left out", start, end, by: String::new() });
    }
}

#[cfg(test)]
mod tests {
    use super::edits;

    fn made(expression: &str) -> Vec<String> {
        edits("require", expression).into_iter().map(|edit| edit.text).collect()
    }

    #[test]
    fn each_kind_of_change_is_made_where_it_means_something() {
        let table: [(&str, &[&str]); 13] = [
            ("body.n >= 60", &["body.n >= 61", "body.n >= 59"]),
            ("body.n > -1", &["body.n > 0", "body.n > -2"]),
            ("body.n - 1 > body.m", &["body.n - 2 > body.m", "body.n - 0 > body.m"]),
            ("body.a < body.b", &["body.a <= body.b"]),
            ("body.a == body.b", &["body.a != body.b"]),
            ("!has(body.a)", &["has(body.a)"]),
            ("body.a && body.b", &["body.b", "body.a"]),
            ("body.a || body.b && body.c", &["body.b && body.c", "body.a", "body.a || body.c", "body.a || body.b"]),
            (
                "body.a && (body.b || body.c) ? 1 : 2",
                &[
                    "(body.b || body.c) ? 1 : 2",
                    "body.a ? 1 : 2",
                    "body.a && (body.c) ? 1 : 2",
                    "body.a && (body.b) ? 1 : 2",
                ],
            ),
            ("body.a in ['x', 'y']", &["body.a in ['y']", "body.a in ['x']"]),
            ("body.list.all(i, i.a && i.b)", &["body.list.all(i, i.b)", "body.list.all(i, i.a)"]),
            // An index, a text and an optional member are none of them.
            ("body.list[0].?a.orValue('a && b < 3')", &[]),
            ("body.a // && body.b\n", &[]),
        ];
        for (expression, expected) in table {
            let mut found = made(expression);
            let mut expected: Vec<String> = expected.iter().map(|text| (*text).to_owned()).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{expression}");
        }
    }

    #[test]
    fn the_lines_that_change_are_shown() {
        let edit = edits("when", "body.a\n  && body.n <= 5\n  && body.b")
            .into_iter()
            .find(|edit| edit.what == "bound one more");
        let edit = edit.map(|edit| (edit.before, edit.after));
        assert_eq!(edit, Some(("&& body.n <= 5".to_owned(), "&& body.n <= 6".to_owned())));
    }
}
