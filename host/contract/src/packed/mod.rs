//! What goes into an evaluation and what comes out of it, each as one run of bytes: for a
//! host and an engine of the same release. Others speak `wit/policy.wit`.
//!
//! Numbers are little-endian. A text or a list begins with its length, a `u32`; what may be
//! absent begins with a byte that is 0 or 1. The bodies come last, so that nobody need copy
//! them to put them there.

mod input;
mod outcome;
mod reader;

pub use self::input::{Input, bodies, write_head};
pub use self::outcome::{read_outcome, write_outcome};

use std::borrow::Cow;

/// Appends to what is sent.
trait Write {
    fn number(&mut self, number: usize);
    fn text(&mut self, text: &str);
    fn optional(&mut self, text: Option<&str>);
}

impl Write for Vec<u8> {
    fn number(&mut self, number: usize) {
        // Nothing that is sent has 4 GiB: the memory that it goes to or comes from has not.
        self.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len());
        self.extend_from_slice(text.as_bytes());
    }

    fn optional(&mut self, text: Option<&str>) {
        self.push(u8::from(text.is_some()));
        if let Some(text) = text {
            self.text(text);
        }
    }
}

/// The text without line feeds: the host lays header fields out in lines for others, where a
/// line feed is read as a space (RFC 9110, 5.5).
fn one_line(value: &str) -> Cow<'_, str> {
    if value.contains('\n') { value.replace('\n', " ").into() } else { value.into() }
}
