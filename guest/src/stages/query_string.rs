//! The query of a request target.

use std::borrow::Cow;

use solgate_contract::uri;

use crate::ir::{Operation, QueryKind};

const UNREADABLE: &str = "is not percent-encoded UTF-8";

/// A query, split at `&` and decoded.
#[derive(Debug, Default)]
pub(crate) struct Query<'a> {
    /// Name and value; a flag has an empty value.
    pub pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Parts that cannot be judged, and why, as half a sentence.
    pub broken: Vec<(&'a str, &'static str)>,
}

impl<'a> Query<'a> {
    /// Reads a query. `is_read` says that expressions look into it: what other
    /// readers take for another text cannot be judged then.
    pub(super) fn parse(query: Option<&'a str>, operation: &Operation, is_read: bool) -> Self {
        let mut parsed = Self::default();
        for part in query.into_iter().flat_map(|query| query.split('&')).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let Some(name) = uri::decode(name) else {
                parsed.broken.push((part, UNREADABLE));
                continue;
            };
            // Text that no rule looks into need not be UTF-8.
            let is_free = |name: &str| {
                let mut defined = operation.query.iter();
                defined.any(|parameter| parameter.name == name && parameter.kind == QueryKind::Opaque)
            };
            let value = match uri::decode(value) {
                None if !is_read && uri::has_whole_octets(value) && is_free(&name) => Some(Cow::Borrowed(value)),
                value => value,
            };
            match (value, if is_read { misread(part) } else { None }) {
                (Some(value), None) => parsed.pairs.push((name, value)),
                (_, reason) => parsed.broken.push((part, reason.unwrap_or(UNREADABLE))),
            }
        }
        parsed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs.is_empty() && self.broken.is_empty()
    }
}

/// Why servers read a part of a query in different ways, as half a sentence.
fn misread(part: &str) -> Option<&'static str> {
    // Those that take a query for a form, which are most.
    if part.contains('+') {
        return Some("holds a +, which some readers take for a space; send %2B or %20");
    }
    // WebOb and older ones split at semicolons, too. Filters need them, and what such
    // a reader finds behind one is then no name of a parameter.
    let cut = part.split(';').skip(1).any(|rest| !rest.starts_with('('));
    cut.then_some("holds a semicolon, at which some readers end it; send %3B")
}
