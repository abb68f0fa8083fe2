//! The names that every expression knows, and those that it could know.

use std::collections::BTreeSet;

/// Names with a meaning of their own, which a fact cannot take.
pub const VARIABLES: [&str; 15] = [
    "body",
    "bodyBytes",
    "headers",
    "query",
    "path",
    "method",
    "operation",
    "apiRoot",
    "caller",
    "receivedAt",
    "now",
    "options",
    "variables",
    "item",
    "index",
];

/// The name of a bundle's data. In a bundle without any, a fact may have it.
pub(crate) const DATA: &str = "data";

/// Members of `caller`.
pub(crate) const CALLER: [&str; 6] = ["subject", "tenant", "roles", "scopes", "certificateNames", "sourceAddress"];

/// The variables of a rule, or of the bundle, that an expression reads.
pub(crate) fn read_by(source: &str) -> BTreeSet<String> {
    // Most read none, and parsing takes its time.
    if !source.contains("variables") {
        return BTreeSet::new();
    }
    let parsed = solgate_engine::cel_env::parse_expression(source);
    let selections = parsed.map(|parsed| parsed.info().selections.clone()).unwrap_or_default();
    let names = selections.into_iter().map(|selection| selection.path);
    names
        .filter(|path| path.first().is_some_and(|root| root == "variables"))
        .filter_map(|path| path.into_iter().nth(1))
        .collect()
}

/// Whether an expression means something by this name without any definition.
pub(crate) fn is_known_variable(name: &str) -> bool {
    VARIABLES.contains(&name) || solgate_engine::cel_env::is_namespace(name)
}

/// Words that CEL keeps for itself, which cannot be names.
const RESERVED: [&str; 17] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// Whether CEL keeps a word for itself without giving it a meaning.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Whether an expression cannot have this name for a value.
pub(crate) fn is_word_of_cel(name: &str) -> bool {
    is_reserved(name) || ["true", "false", "null", "in"].contains(&name)
}

/// `[A-Za-z_][A-Za-z0-9_]*`: what an expression can name.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
