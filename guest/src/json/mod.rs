//! Strict JSON (RFC 8259), read so that no two parsers can disagree about it.
//!
//! The parser refuses duplicate member names, also when written with escapes, lone
//! surrogates, a byte order mark, and everything that RFC 8259 does not know. Names
//! that differ in case are two names (RFC 8259, 8.3). Numbers whose value not every
//! reader keeps are reported without ending the reading. `serde_json` cannot tell these
//! apart, so this parser exists.
//!
//! Facts do not come from the caller, and are read as `serde_json` reads them.

mod absent;
mod allowance;
mod case;
mod document;
mod duplicates;
mod names;
mod node;
mod numbers;
mod parser;
mod replaced;
mod strings;

use parser::{Parser, Reading};

pub(crate) use allowance::Allowance;
pub(crate) use case::alike;
pub(crate) use document::Document;
pub(crate) use node::{Array, Items, Kind, Members, Node, Object};

/// What a text may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How deep arrays and objects nest at most.
    pub depth: u32,
    /// Most members of one object.
    pub members: u32,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Strict<'t> {
    pub document: Document<'t>,
    /// In the order of the text.
    pub numbers: Vec<LargeNumber<'t>>,
}

/// A number that not every reader will read alike: 2^53 or more, or -2^53 or less,
/// however it is written (RFC 7493, 2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LargeNumber<'t> {
    /// Which value of the document it is: see [`Node::entry_index`].
    pub entry: u32,
    pub literal: &'t str,
}

impl LargeNumber<'_> {
    /// Whether a double cannot hold it: some readers then have infinity, some refuse it.
    pub(crate) fn is_beyond_doubles(&self) -> bool {
        self.literal.parse::<f64>().is_ok_and(f64::is_infinite)
    }
}

/// Why a text is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JsonFault {
    /// Offset of the first byte that does not belong to UTF-8.
    Utf8 {
        offset: usize,
    },
    Malformed {
        line: usize,
        column: usize,
        expected: &'static str,
    },
    DuplicateKey {
        pointer: String,
        key: String,
    },
    Depth {
        pointer: String,
    },
    Members {
        pointer: String,
        most: u32,
    },
}

/// Reads one JSON text.
pub(crate) fn parse(bytes: &[u8], bounds: Bounds) -> Result<Strict<'_>, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonFault::Utf8 { offset: error.valid_up_to() })?;
    Parser::new(text, Reading::Strict, bounds).read()
}

/// Reads one JSON text as `serde_json` does: of members with one name the last
/// counts, in the place of the first, and numbers are rounded its way.
pub(crate) fn parse_fact(bytes: &[u8]) -> Option<Document<'_>> {
    /// What `serde_json` reads at most.
    const BOUNDS: Bounds = Bounds { depth: 127, members: u32::MAX };
    let text = std::str::from_utf8(bytes).ok()?;
    match Parser::new(text, Reading::Lenient, BOUNDS).read() {
        Ok(read) => Some(read.document),
        // Whether it is refused, and what becomes of duplicate names, is for
        // `serde_json` to say. A VNFM does not send such texts.
        Err(_) => serde_json::from_str::<serde_json::Value>(text).ok().map(|value| Document::from(&value)),
    }
}

/// Appends one reference token to a JSON Pointer (RFC 6901, 3).
pub(crate) fn push_segment(pointer: &mut String, segment: &str) {
    pointer.push('/');
    for char in segment.chars() {
        match char {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            _ => pointer.push(char),
        }
    }
}

#[cfg(test)]
mod tests;
