//! What stands at a place of an expression that is being written, by its tokens alone:
//! such an expression does not parse yet.

/// What is being written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// A name that stands for itself: a root, a variable or a function.
    Root(String),
    /// The member of a value, or a function of it: the value's expression, and the name.
    Member { of: String, name: String },
    /// A text in quotes, up to the place.
    Text { of: TextOf, text: String },
    /// A number, or what no name is.
    Other,
}

/// What a text is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum TextOf {
    List,
    Window,
    /// `x['`: of the value by that expression.
    MemberOf(String),
    /// `x == '` or `x in ['a', '`: the expression that it is compared with.
    ComparedWith(String),
    Unknown,
}

/// A variable of a macro around the place, and the expression whose items it goes through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub name: String,
    pub range: String,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub writing: Writing,
    /// The outermost first.
    pub bound: Vec<Bound>,
}

/// Macros with a variable, and what each gives.
pub(super) const MACROS: [(&str, &str); 5] = [
    ("all", "whether a condition holds for every item"),
    ("exists", "whether a condition holds for an item"),
    ("exists_one", "whether a condition holds for exactly one item"),
    ("filter", "the items for which a condition holds"),
    ("map", "a value made of each item"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Number,
    /// With both quotes.
    Text,
    /// Without the last.
    OpenText,
    Sign,
}

#[derive(Debug, Clone, Copy)]
struct Token<'t> {
    kind: Kind,
    text: &'t str,
    start: usize,
    end: usize,
}

/// Reads an expression up to the place.
pub(super) fn place(before: &str) -> Place {
    let tokens = tokens(before);
    let tokens = tokens.as_slice();
    let bound = bound(before, tokens);
    let last = tokens.last().filter(|token| token.end == before.len());
    let writing = match last {
        Some(token) if token.kind == Kind::OpenText => {
            let rest = tokens.split_last().map_or(&[][..], |(_, rest)| rest);
            let quoted = token.text.trim_start_matches(['r', 'R', 'b', 'B']);
            Writing::Text { of: text_of(before, rest), text: quoted.get(1..).unwrap_or_default().to_owned() }
        }
        Some(token) if token.kind == Kind::Name => named(before, tokens.len().saturating_sub(1), tokens, token.text),
        Some(token) if matches!(token.kind, Kind::Number | Kind::Text) => Writing::Other,
        _ => named(before, tokens.len(), tokens, ""),
    };
    Place { writing, bound }
}

/// A name behind the first `count` tokens.
fn named(text: &str, count: usize, tokens: &[Token<'_>], name: &str) -> Writing {
    let before = tokens.get(..count).unwrap_or_default();
    let Some((dot, chain)) = before.split_last() else { return Writing::Root(name.to_owned()) };
    if !matches!(dot.text, "." | ".?") {
        return Writing::Root(name.to_owned());
    }
    match source(text, chain) {
        Some(of) => Writing::Member { of, name: name.to_owned() },
        None => Writing::Other,
    }
}

fn text_of(text: &str, before: &[Token<'_>]) -> TextOf {
    let word =
        |from_end: usize| before.len().checked_sub(from_end).and_then(|at| before.get(at)).map(|token| token.text);
    let up_to = |from_end: usize| before.get(..before.len().saturating_sub(from_end)).unwrap_or_default();
    match (word(2), word(1)) {
        (Some("inList"), Some("(")) => TextOf::List,
        (Some("inWindow"), Some("(")) => TextOf::Window,
        (_, Some("==" | "!=")) => source(text, up_to(1)).map_or(TextOf::Unknown, TextOf::ComparedWith),
        (_, Some("[" | ",")) => {
            // Either `x['`, or an item of a list that something is looked for in.
            let open = before.iter().rposition(|token| matches!(token.text, "[" | "(" | "]" | ")"));
            let Some(open) = open.filter(|open| before.get(*open).is_some_and(|token| token.text == "[")) else {
                return TextOf::Unknown;
            };
            let outside = before.get(..open).unwrap_or_default();
            if let Some((_, rest)) = outside.split_last().filter(|(last, _)| last.text == "in") {
                return source(text, rest).map_or(TextOf::Unknown, TextOf::ComparedWith);
            }
            match source(text, outside) {
                Some(of) if word(1) == Some("[") => TextOf::MemberOf(of),
                _ => TextOf::Unknown,
            }
        }
        _ => TextOf::Unknown,
    }
}

/// The variables of macros that are open at the end.
fn bound(text: &str, tokens: &[Token<'_>]) -> Vec<Bound> {
    let mut open: Vec<Option<Bound>> = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" if token.kind == Kind::Sign => {
                let earlier =
                    |steps: usize| at.checked_sub(steps).and_then(|at| tokens.get(at)).map(|token| token.text);
                let later = |steps: usize| tokens.get(at.saturating_add(steps));
                let is_macro = token.text == "("
                    && earlier(1).is_some_and(|name| MACROS.iter().any(|(known, _)| *known == name))
                    && matches!(earlier(2), Some("." | ".?"));
                let variable = later(1).filter(|token| token.kind == Kind::Name);
                let has_comma = later(2).is_some_and(|token| token.text == ",");
                let range = tokens.get(..at.saturating_sub(2)).and_then(|before| source(text, before));
                open.push(match (variable, range) {
                    (Some(name), Some(range)) if is_macro && has_comma => {
                        Some(Bound { name: name.text.to_owned(), range })
                    }
                    _ => None,
                });
            }
            ")" | "]" | "}" if token.kind == Kind::Sign => {
                open.pop();
            }
            _ => {}
        }
    }
    open.into_iter().flatten().collect()
}

/// The source of the value that the tokens end with: a chain of members, indices and
/// calls.
fn source(text: &str, tokens: &[Token<'_>]) -> Option<String> {
    let mut at = tokens.len();
    loop {
        let last = tokens.get(at.checked_sub(1)?)?;
        match (last.kind, last.text) {
            (Kind::Name | Kind::Text, word) if word != "in" => at = at.checked_sub(1)?,
            (Kind::Sign, close @ (")" | "]" | "}")) => {
                at = opening(tokens, at)?;
                let before = at.checked_sub(1).and_then(|before| tokens.get(before));
                let continues = match close {
                    ")" => before.is_some_and(|token| token.kind == Kind::Name && token.text != "in"),
                    "]" => before.is_some_and(|token| {
                        (token.kind == Kind::Name && token.text != "in") || matches!(token.text, ")" | "]")
                    }),
                    _ => false,
                };
                match continues {
                    // What is called, or what has the index, is next.
                    true if close == "]" => continue,
                    true => at = at.checked_sub(1)?,
                    false => {}
                }
            }
            _ => return None,
        }
        match at.checked_sub(1).and_then(|before| tokens.get(before)).map(|token| token.text) {
            Some("." | ".?") => at = at.checked_sub(1)?,
            _ => break,
        }
    }
    let (first, last) = (tokens.get(at)?, tokens.last()?);
    text.get(first.start..last.end).map(str::to_owned)
}

/// Where the bracket stands that the one before `end` closes.
fn opening(tokens: &[Token<'_>], end: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.get(..end)?.iter().enumerate().rev().filter(|(_, token)| token.kind == Kind::Sign) {
        match token.text {
            ")" | "]" | "}" => depth = depth.saturating_add(1),
            "(" | "[" | "{" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut at = 0_usize;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, length) = next(rest);
        let end = at.saturating_add(length.max(1));
        if let (Some(kind), Some(token)) = (kind, text.get(at..end)) {
            found.push(Token { kind, text: token, start: at, end });
        }
        at = text.ceil_char_boundary(end);
    }
    found
}

/// The kind of the first token, if it is one, and its length.
fn next(rest: &str) -> (Option<Kind>, usize) {
    let first = rest.chars().next().unwrap_or(' ');
    let run = |matches: fn(char) -> bool| rest.find(|c: char| !matches(c)).unwrap_or(rest.len());
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if first.is_whitespace() {
        return (None, run(char::is_whitespace));
    }
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    let quoted = rest.trim_start_matches(['r', 'R', 'b', 'B']);
    let prefix = rest.len().saturating_sub(quoted.len());
    if prefix <= 2 && quoted.starts_with(['\'', '"']) {
        let is_raw = rest.get(..prefix).is_some_and(|prefix| prefix.contains(['r', 'R']));
        return text(quoted, is_raw, prefix);
    }
    if first.is_ascii_alphabetic() || first == '_' {
        return (Some(Kind::Name), run(is_of_name));
    }
    if first.is_ascii_digit() {
        return (Some(Kind::Number), run(|c| c.is_ascii_alphanumeric() || c == '.'));
    }
    let two = [".?", "==", "!=", "<=", ">=", "&&", "||"].iter().any(|sign| rest.starts_with(sign));
    (Some(Kind::Sign), if two { 2 } else { first.len_utf8() })
}

/// A text in quotes, perhaps in three of them.
fn text(quoted: &str, is_raw: bool, prefix: usize) -> (Option<Kind>, usize) {
    let quote = quoted.get(..1).unwrap_or("'");
    let triple = quote.repeat(3);
    let quote = if quoted.starts_with(&triple) { triple.as_str() } else { quote };
    let mut at = quote.len();
    while let Some(rest) = quoted.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return (Some(Kind::Text), prefix.saturating_add(at).saturating_add(quote.len()));
        }
        let skipped = if !is_raw && rest.starts_with('\\') { 2 } else { 1 };
        at = at.saturating_add(rest.chars().take(skipped).map(char::len_utf8).sum::<usize>());
    }
    (Some(Kind::OpenText), prefix.saturating_add(quoted.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(of: &str, name: &str) -> Writing {
        Writing::Member { of: of.to_owned(), name: name.to_owned() }
    }

    fn quoted(of: TextOf, text: &str) -> Writing {
        Writing::Text { of, text: text.to_owned() }
    }

    #[test]
    fn a_place_is_told_by_what_is_before() {
        let compared = |of: &str| TextOf::ComparedWith(of.to_owned());
        for (before, expected) in [
            ("", Writing::Root(String::new())),
            ("bo", Writing::Root("bo".into())),
            ("a && !bo", Writing::Root("bo".into())),
            ("has(body.", member("body", "")),
            ("body.?a.b", member("body.?a", "b")),
            ("x == body.a[0].b['c'].d", member("body.a[0].b['c']", "d")),
            ("(a + b).si", member("(a + b)", "si")),
            ("f(x, g(y)).z.filter(i, i.a).si", member("f(x, g(y)).z.filter(i, i.a)", "si")),
            ("'a'.up", member("'a'", "up")),
            ("[1, 2].su", member("[1, 2]", "su")),
            ("x in [a].b", member("[a]", "b")),
            ("inList('call", quoted(TextOf::List, "call")),
            ("a || inWindow(\"", quoted(TextOf::Window, "")),
            ("headers['x-", quoted(TextOf::MemberOf("headers".into()), "x-")),
            ("operation == 'ter", quoted(compared("operation"), "ter")),
            ("body.a.b != \"", quoted(compared("body.a.b"), "")),
            ("operation in ['a', 'b", quoted(compared("operation"), "b")),
            ("f('a', 'b", quoted(TextOf::Unknown, "b")),
            ("r'\\d", quoted(TextOf::Unknown, "\\d")),
            ("'it\\'s", quoted(TextOf::Unknown, "it\\'s")),
            ("1.", Writing::Other),
            ("a == 'b'", Writing::Other),
            ("a.b ", Writing::Root(String::new())),
        ] {
            assert_eq!(place(before).writing, expected, "{before}");
        }
    }

    #[test]
    fn variables_of_macros_are_known_within_them() {
        let found = place("a.exists(x, x.b.all(y, y.c == f(1) && [2].map(z, z)[0] == y.");
        let bound: Vec<_> = found.bound.iter().map(|bound| (bound.name.as_str(), bound.range.as_str())).collect();
        assert_eq!(bound, [("x", "a"), ("y", "x.b")]);
        assert_eq!(found.writing, member("y", ""));
    }
}
