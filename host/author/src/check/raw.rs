//! A request as HTTP/1.1 writes it (RFC 9112), with CRLF or LF.

use bytes::Bytes;

use super::message::{Message, ParseError, ParseFault, PlacedField, assemble, field, method};

/// Reads one request. Everything after the empty line is the body.
///
/// # Errors
/// If the head is malformed, or Content-Length does not agree with the body.
pub fn parse(content: &Bytes) -> Result<Message, ParseError> {
    let mut lines = Lines { content, at: 0, number: 0 };
    let request_line = lines.next_line().filter(|l| !l.is_empty()).ok_or_else(|| ParseFault::NoRequest.at(1))?;
    let text = std::str::from_utf8(request_line).map_err(|_| ParseFault::NotUtf8.at(1))?;
    let parts: Vec<&str> = text.split(' ').collect();
    let &[verb, url, version] = parts.as_slice() else {
        return Err(ParseFault::RequestLine.at(1));
    };
    method(verb).map_err(|fault| fault.at(1))?;
    if version != "HTTP/1.1" {
        return Err(ParseFault::HttpVersion(version.to_owned()).at(1));
    }
    // As it would come over the wire: whether it is a good one, the gate says.
    if url.is_empty() || url.contains(|c: char| c.is_control()) {
        return Err(ParseFault::RequestLine.at(1));
    }

    let mut fields: Vec<PlacedField> = Vec::new();
    while let Some(line) = lines.next_line() {
        if line.is_empty() {
            break;
        }
        let (name, value) = field(line).map_err(|fault| fault.at(lines.number))?;
        fields.push((lines.number, name, value));
    }
    let body = content.slice(lines.at..);
    assemble(verb, (url.to_owned(), None), fields, body)
}

struct Lines<'c> {
    content: &'c [u8],
    at: usize,
    /// Of the line that was last given.
    number: usize,
}

impl<'c> Lines<'c> {
    fn next_line(&mut self) -> Option<&'c [u8]> {
        let rest = self.content.get(self.at..).filter(|rest| !rest.is_empty())?;
        let line = rest.split_inclusive(|&b| b == b'\n').next()?;
        self.at = self.at.saturating_add(line.len());
        self.number = self.number.saturating_add(1);
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}
