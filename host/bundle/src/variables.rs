//! The names that every expression knows, and those that it could know.

/// Names with a meaning of their own, which a fact cannot take.
pub(crate) const VARIABLES: [&str; 15] = [
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

/// Members of `caller`.
pub(crate) const CALLER: [&str; 6] = ["subject", "tenant", "roles", "scopes", "certificateNames", "sourceAddress"];

/// Whether an expression means something by this name without any definition.
pub(crate) fn is_known_variable(name: &str) -> bool {
    VARIABLES.contains(&name) || solgate_engine::cel_env::is_namespace(name)
}

/// `[A-Za-z_][A-Za-z0-9_]*`: what an expression can name.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
