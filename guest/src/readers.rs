//! What the readers of bodies, facts and filters make of a text, for the tests that
//! compare them with others (tests/properties). Not part of the interface.

use serde_json::Value;

use crate::{
    filter,
    json::{self, Bounds},
};

/// A request body that is not refused.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    pub value: Value,
    /// Every number in it is one that all readers keep.
    pub is_exact: bool,
}

/// Reads a request body, in which arrays and objects nest at most `depth` deep;
/// `None` if it is refused.
#[must_use]
pub fn body(bytes: &[u8], depth: u32) -> Option<Body> {
    let read = json::parse(bytes, Bounds { depth, members: u32::MAX }).ok()?;
    Some(Body { value: read.document.root().to_value(), is_exact: read.numbers.is_empty() })
}

/// Reads a fact; `None` if it is refused.
#[must_use]
pub fn fact(bytes: &[u8]) -> Option<Value> {
    json::parse_fact(bytes).map(|document| document.root().to_value())
}

/// Whether a decoded filter keeps to the grammar.
#[must_use]
pub fn is_filter(text: &str) -> bool {
    filter::check(text).is_ok()
}
