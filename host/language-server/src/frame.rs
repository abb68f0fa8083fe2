//! Messages on a stream: header fields, an empty line, and so many bytes of JSON.
//!
//! A body that is not JSON is told to the client and the next message is read. Where the
//! next message begins is lost only with a bad header.

use std::io::{self, BufRead, Read, Write};

use serde::Serialize;

/// Longest body, in bytes.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// Longest line of a header, in bytes.
const MOST_OF_LINE: u64 = 4096;
/// Most lines of a header.
const MOST_LINES: usize = 32;

/// Why nothing more can be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error("the client's messages cannot be read: {0}")]
    Io(#[from] io::Error),
    #[error("a message begins with `Content-Length: NUMBER`, but here is `{0}`")]
    Header(String),
    #[error("a message has no Content-Length")]
    NoLength,
    #[error("a message of {0} bytes is longer than {MOST_BYTES}, which is the most that is read")]
    TooLong(usize),
}

/// The body of the next message; `None` at the end.
pub(crate) fn read(input: &mut impl BufRead) -> Result<Option<Vec<u8>>, FrameError> {
    let mut length = None;
    let mut is_first = true;
    for _ in 0..MOST_LINES {
        let Some(line) = line(input)? else {
            return if is_first { Ok(None) } else { Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()) };
        };
        is_first = false;
        if line.is_empty() {
            let length = length.ok_or(FrameError::NoLength)?;
            let mut body = vec![0; length];
            input.read_exact(&mut body)?;
            return Ok(Some(body));
        }
        let (name, value) = line.split_once(':').ok_or_else(|| FrameError::Header(line.clone()))?;
        if name.eq_ignore_ascii_case("Content-Length") {
            let number: usize = value.trim().parse().map_err(|_| FrameError::Header(line.clone()))?;
            if number > MOST_BYTES {
                return Err(FrameError::TooLong(number));
            }
            length = Some(number);
        }
    }
    Err(FrameError::NoLength)
}

/// A line of a header, without its end.
fn line(input: &mut impl BufRead) -> Result<Option<String>, FrameError> {
    let mut line = Vec::new();
    input.take(MOST_OF_LINE).read_until(b'\n', &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&line);
    match text.strip_suffix('\n') {
        Some(text) => Ok(Some(text.trim_end_matches('\r').to_owned())),
        None => Err(FrameError::Header(text.chars().take(80).collect())),
    }
}

/// Writes one message.
pub(crate) fn write(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let body = serde_json::to_vec(message)?;
    write!(output, "Content-Length: {}\r\n\r\n", body.len())?;
    output.write_all(&body)?;
    output.flush()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn all(mut bytes: &[u8]) -> (Vec<Vec<u8>>, Option<String>) {
        let mut found = Vec::new();
        loop {
            match read(&mut bytes) {
                Ok(Some(body)) => found.push(body),
                Ok(None) => return (found, None),
                Err(error) => return (found, Some(error.to_string())),
            }
        }
    }

    #[test]
    fn messages_are_read_to_the_end() {
        let mut bytes = Vec::new();
        write(&mut bytes, &"one").unwrap();
        write(&mut bytes, &"\u{e9}").unwrap();
        bytes.extend_from_slice(b"content-length:2\r\nContent-Type: x; charset=utf-8\r\n\r\n{}");
        let (found, error) = all(&bytes);
        assert_eq!(found, [b"\"one\"".to_vec(), "\"\u{e9}\"".as_bytes().to_vec(), b"{}".to_vec()]);
        assert_eq!(error, None);
    }

    #[test]
    fn what_is_no_message_is_an_error() {
        for (bytes, expected) in [
            (&b"Content-Length: 99999999999999999999\r\n\r\n"[..], "begins with"),
            (b"Content-Length: 999999999999\r\n\r\n", "longer than"),
            (b"Content-Length: -1\r\n\r\n", "begins with"),
            (b"Content-Length: 10\r\n\r\nshort", "cannot be read"),
            (b"Content-Length: 10\r\n", "cannot be read"),
            (b"Content-Type: x\r\n\r\n", "no Content-Length"),
            (b"{\"jsonrpc\":\"2.0\"}", "begins with"),
            (b"\xff\xfe\r\n\r\n", "begins with"),
            (&[b'a'; 10_000], "begins with"),
            (&b"A: b\r\n".repeat(100), "no Content-Length"),
        ] {
            let (found, error) = all(bytes);
            assert!(found.is_empty());
            let error = error.unwrap();
            assert!(error.contains(expected), "{error}");
        }
    }
}
