//! What is wrong with the head of an answer.

/// Most header fields that the HTTP implementation takes of an answer.
const FIELDS: usize = 100;

/// Why an answer cannot be read, as half a sentence. Nothing of the answer is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("its status line is malformed")]
    StatusLine,
    #[error("a header field goes on in the next line")]
    Folded,
    #[error("a header field holds bytes that do not belong there")]
    Field,
    #[error("it has more than {FIELDS} header fields")]
    TooManyFields,
    #[error("its head is too large")]
    TooLarge,
    #[error("its Content-Length is not one number")]
    Length,
    #[error("it has a transfer coding other than chunked")]
    Coding,
    #[error("it changes the protocol, which nobody asked for")]
    Protocol,
    /// In the words of the HTTP implementation.
    #[error("{0}")]
    Other(String),
}

impl Flaw {
    /// Of an answer that could not be parsed; `head` is what was received, and was not
    /// taken for good.
    pub fn find(error: &hyper::Error, head: &[u8]) -> Self {
        if error.is_parse_status() {
            return Self::StatusLine;
        }
        // Of what is wrong behind the syntax, the lengths, the head is gone.
        let found = if head.starts_with(b"HTTP/1.") { of_syntax(head) } else { None };
        match found {
            Some(flaw) => flaw,
            None if error.is_parse_too_large() => Self::TooLarge,
            None => Self::Other(error.to_string()),
        }
    }
}

fn of_syntax(head: &[u8]) -> Option<Flaw> {
    let mut lines = head.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status = lines.next()?;
    let code = status.get(b"HTTP/1.1 ".len()..).and_then(|rest| rest.get(..3));
    if !code.is_some_and(|code| code.iter().all(u8::is_ascii_digit)) {
        return Some(Flaw::StatusLine);
    }
    let fields = lines.take_while(|line| !line.is_empty());
    for (number, line) in fields.enumerate() {
        if number >= FIELDS {
            return Some(Flaw::TooManyFields);
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return Some(Flaw::Folded);
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next());
        if !value.is_some_and(|value| value.iter().all(|byte| is_value(*byte)))
            || http::HeaderName::from_bytes(name).is_err()
        {
            return Some(Flaw::Field);
        }
    }
    None
}

fn is_value(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_told_what_is_wrong_with_it() {
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(FIELDS + 1));
        let table = [
            ("HTTP/1.1 200 OK\r\nX: y\r\n\r\n", None),
            ("HTTP/1.1 200\nX:\n\n", None),
            ("HTTP/1.1 2x0 OK\r\n\r\n", Some(Flaw::StatusLine)),
            ("HTTP/1.1\r\n\r\n", Some(Flaw::StatusLine)),
            ("HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", Some(Flaw::Folded)),
            ("HTTP/1.1 200 OK\r\n\tX: y\r\n\r\n", Some(Flaw::Folded)),
            ("HTTP/1.1 200 OK\r\nX: y\0\r\n\r\n", Some(Flaw::Field)),
            ("HTTP/1.1 200 OK\r\nX : y\r\n\r\n", Some(Flaw::Field)),
            ("HTTP/1.1 200 OK\r\nX\r\n\r\n", Some(Flaw::Field)),
            (&many, Some(Flaw::TooManyFields)),
        ];
        for (head, expected) in table {
            assert_eq!(of_syntax(head.as_bytes()), expected, "{head:?}");
        }
    }
}
