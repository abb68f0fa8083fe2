//! Inputs of several parts, written as text.
//!
//! ```text
//! POST /vnflcm/v2/vnf_instances/1/terminate
//! version: 2.0.0
//!
//! {"terminationType":"FORCEFUL"}
//! ===
//! 200
//! etag: "1"
//!
//! {"instantiationState":"INSTANTIATED"}
//! ```
//!
//! A line `===` separates parts. Each is like an HTTP message, with bare line feeds:
//! a first line, header fields, an empty line, the body. Nothing of it needs to be
//! UTF-8.

/// The line between two parts.
const SEPARATOR: &[u8] = b"\n===\n";

/// One part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message<'i> {
    pub first_line: &'i [u8],
    pub fields: Vec<(&'i [u8], &'i [u8])>,
    pub body: &'i [u8],
}

/// The parts of an input; there is at least one.
pub fn parts(input: &[u8]) -> impl Iterator<Item = Message<'_>> {
    split(input, SEPARATOR).map(Message::read)
}

impl<'i> Message<'i> {
    fn read(part: &'i [u8]) -> Self {
        let (head, body) = split_once(part, b"\n\n").unwrap_or((part, b""));
        let mut lines = head.split(|&byte| byte == b'\n');
        let first_line = lines.next().unwrap_or_default();
        let fields = lines.map(|line| {
            let (name, value) = split_once(line, b":").unwrap_or((line, b""));
            (name.trim_ascii(), value.trim_ascii())
        });
        Self { first_line, fields: fields.collect(), body }
    }

    /// The two words of the first line: method and target of a request.
    #[must_use]
    pub fn request_line(&self) -> (&'i [u8], &'i [u8]) {
        split_once(self.first_line, b" ").unwrap_or((self.first_line, b""))
    }

    /// The first line as the status of an answer; 0 if it is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        std::str::from_utf8(self.first_line).ok().and_then(|line| line.trim().parse().ok()).unwrap_or_default()
    }
}

/// The pieces of `bytes` between separators.
fn split<'i>(bytes: &'i [u8], separator: &'static [u8]) -> impl Iterator<Item = &'i [u8]> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let (piece, after) = match split_once(bytes, separator) {
            Some((piece, after)) => (piece, Some(after)),
            None => (bytes, None),
        };
        rest = after;
        Some(piece)
    })
}

/// What is before and after the first separator.
#[must_use]
pub fn split_once<'i>(bytes: &'i [u8], separator: &[u8]) -> Option<(&'i [u8], &'i [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((&bytes[..at], &bytes[at + separator.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_read_part_by_part() {
        let read: Vec<Message<'_>> = parts(b"POST /a\nversion: 2\nodd\n\n{}\n\n[]\n===\n 404 \n===\n").collect();
        assert_eq!(read.len(), 3);
        assert_eq!(read[0].request_line(), (&b"POST"[..], &b"/a"[..]));
        assert_eq!(read[0].fields, [(&b"version"[..], &b"2"[..]), (b"odd", b"")]);
        assert_eq!(read[0].body, b"{}\n\n[]");
        assert_eq!((read[1].status(), read[2].status()), (404, 0));
    }
}
