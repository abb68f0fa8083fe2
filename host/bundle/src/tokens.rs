//! An expression's tokens, as far as changes of its text need them.

/// A token, and the bracket that it is in.
#[derive(Debug, Clone)]
pub(crate) struct Token<'e> {
    pub kind: Kind,
    pub text: &'e str,
    /// In bytes.
    pub start: usize,
    pub end: usize,
    /// Of a bracket: one number for the opening one and the closing one.
    pub id: usize,
    /// The bracket around it, if there is one.
    pub group: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Number,
    Text,
    Open,
    Close,
    /// Operators, commas and dots.
    Operator,
}

/// Whether an expression goes on in the next line: a bracket is open, or an operator waits for
/// what follows.
#[must_use]
pub fn is_unfinished(expression: &str) -> bool {
    let tokens = tokens(expression);
    let is_open = |open: &Token<'_>| !tokens.iter().any(|token| token.kind == Kind::Close && token.id == open.id);
    let ends =
        |token: &Token<'_>| token.kind == Kind::Operator && !matches!(token.text, "'" | "\"") || token.text == "in";
    tokens.iter().any(|token| token.kind == Kind::Open && is_open(token)) || tokens.last().is_some_and(ends)
}

/// Splits an expression that is known to be one.
pub(crate) fn tokens(expression: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut at = 0;
    while let Some(rest) = expression.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = next(rest, tokens.last());
        let end = at.saturating_add(length.max(1));
        if let (Some(kind), Some(text)) = (kind, expression.get(at..end)) {
            let number = tokens.len().saturating_add(1);
            let id = match kind {
                Kind::Close => open.pop().unwrap_or_default(),
                _ => number,
            };
            tokens.push(Token { kind, text, start: at, end, id, group: open.last().copied() });
            if kind == Kind::Open {
                open.push(number);
            }
        }
        at = end;
        while !expression.is_char_boundary(at) {
            at = at.saturating_add(1);
        }
    }
    tokens
}

/// The kind of the first token and its length in bytes; white space and comments are none.
fn next(rest: &str, last: Option<&Token<'_>>) -> (Option<Kind>, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if let Some(length) = text(rest) {
        return (Some(Kind::Text), length);
    }
    if first.is_ascii_digit() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '.';
        return (Some(Kind::Number), rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
    }
    if first.is_alphabetic() || first == '_' {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        return (Some(Kind::Word), rest.find(|c| !is_part(c)).unwrap_or(rest.len()));
    }
    match first {
        '(' | '[' | '{' => return (Some(Kind::Open), 1),
        ')' | ']' | '}' => return (Some(Kind::Close), 1),
        _ => {}
    }
    // Of optional members and entries, not of a choice.
    if first == '?' && last.is_some_and(|last| last.kind == Kind::Open || matches!(last.text, "." | ",")) {
        return (None, 1);
    }
    let known = ["&&", "||", "==", "!=", "<=", ">="].into_iter().find(|known| rest.starts_with(known));
    (Some(Kind::Operator), known.map_or(first.len_utf8(), str::len))
}

/// The length of a text with its quotes and what is before them.
fn text(rest: &str) -> Option<usize> {
    let quoted = rest.trim_start_matches(['r', 'R', 'b', 'B']);
    let before = rest.len().saturating_sub(quoted.len());
    let quote = quoted.chars().next().filter(|c| matches!(c, '\'' | '"') && before <= 2)?;
    let is_raw = rest.get(..before)?.contains(['r', 'R']);
    let threefold: String = [quote; 3].iter().collect();
    let end: &str = if quoted.starts_with(&threefold) { &threefold } else { quoted.get(..1)? };
    let mut at = end.len();
    while let Some(left) = quoted.get(at..) {
        if left.starts_with(end) {
            return Some(before.saturating_add(at).saturating_add(end.len()));
        }
        let mut chars = left.chars();
        let first = chars.next()?;
        let second = if first == '\\' && !is_raw { chars.next().map_or(0, char::len_utf8) } else { 0 };
        at = at.saturating_add(first.len_utf8()).saturating_add(second);
    }
    None
}
