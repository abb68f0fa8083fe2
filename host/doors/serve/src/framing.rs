//! Follows a request body byte by byte as it passes through, to find its end.
//!
//! The tracker accepts less than RFC 9112 allows a recipient to accept. What passes has
//! only one meaning, so the HTTP implementation behind it cannot see the next request
//! at another place.

/// Hex digits of a chunk size: enough for any `u64` without overflow.
const SIZE_DIGITS: u8 = 15;
/// Bytes of chunk extensions, and of trailers, in one body.
const EXTRAS_LIMIT: u32 = 4096;

/// How the head says that the body is delimited (RFC 9112, 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Content-Length, or 0 if there is none.
    Length(u64),
    Chunked,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// That many bytes are left.
    Length(u64),
    /// Reading the hex digits of a chunk size.
    Size {
        digits: u8,
        value: u64,
    },
    /// White space after the size.
    SizeSpace {
        value: u64,
    },
    /// Chunk extensions.
    Extension {
        value: u64,
    },
    /// The LF after size and extensions.
    SizeLf {
        value: u64,
    },
    Data(u64),
    DataCr,
    DataLf,
    /// At the start of a trailer line or of the last, empty line.
    TrailerStart,
    Trailer,
    TrailerLf,
    LastLf,
    Done,
}

/// Follows one body.
#[derive(Debug)]
pub struct BodyTracker {
    state: State,
    extras: u32,
}

impl BodyTracker {
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size { digits: 0, value: 0 },
        };
        Self { state, extras: 0 }
    }

    /// The body has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes in the next bytes and returns how many of them belong to the body.
    ///
    /// # Errors
    /// What is wrong with the chunked coding, as half a sentence.
    pub fn advance(&mut self, bytes: &[u8]) -> Result<usize, &'static str> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_done() {
            match self.state {
                State::Length(left) => {
                    let (taken, left) = take(&mut rest, left);
                    debug_assert!(taken > 0);
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                }
                State::Data(left) => {
                    let (_, left) = take(&mut rest, left);
                    self.state = if left == 0 { State::DataCr } else { State::Data(left) };
                }
                state => {
                    let Some((&byte, tail)) = rest.split_first() else {
                        break;
                    };
                    rest = tail;
                    self.state = self.step(state, byte)?;
                }
            }
        }
        Ok(bytes.len().saturating_sub(rest.len()))
    }

    fn step(&mut self, state: State, byte: u8) -> Result<State, &'static str> {
        Ok(match (state, byte) {
            (State::Size { digits, value }, _) if byte.is_ascii_hexdigit() => {
                if digits >= SIZE_DIGITS {
                    return Err("a chunk size has too many digits");
                }
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                State::Size { digits: digits.saturating_add(1), value: value.wrapping_shl(4) | u64::from(digit) }
            }
            (State::Size { digits: 0, .. }, _) => {
                return Err("a chunk size in hexadecimal digits is missing");
            }
            (State::Size { value, .. } | State::SizeSpace { value } | State::Extension { value }, b'\r') => {
                State::SizeLf { value }
            }
            (State::Size { value, .. } | State::SizeSpace { value }, b' ' | b'\t') => {
                self.extra()?;
                State::SizeSpace { value }
            }
            (State::Size { value, .. } | State::SizeSpace { value }, b';') => State::Extension { value },
            (State::Size { .. } | State::SizeSpace { .. }, _) => {
                return Err("a chunk size holds characters other than hexadecimal digits");
            }
            (State::Extension { value }, b'\t' | b' '..=b'~') => {
                self.extra()?;
                State::Extension { value }
            }
            (State::Extension { .. }, _) => {
                return Err("a chunk extension holds a control character");
            }
            (State::SizeLf { value: 0 }, b'\n') => State::TrailerStart,
            (State::SizeLf { value }, b'\n') => State::Data(value),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size { digits: 0, value: 0 },
            (State::DataCr | State::DataLf, _) => {
                return Err("a chunk is longer than its size says");
            }
            (State::TrailerStart, b'\r') => State::LastLf,
            (State::TrailerStart, b' ' | b'\t') => return Err("a trailer field is folded"),
            (State::TrailerStart | State::Trailer, b'\t' | b' '..=b'~' | 0x80..) => {
                self.extra()?;
                State::Trailer
            }
            (State::Trailer, b'\r') => State::TrailerLf,
            (State::TrailerStart | State::Trailer, _) => {
                return Err("a trailer field holds a control character");
            }
            (State::TrailerLf, b'\n') => State::TrailerStart,
            (State::LastLf, b'\n') => State::Done,
            (State::SizeLf { .. } | State::TrailerLf | State::LastLf, _) => {
                return Err("a CR is not followed by a LF");
            }
            // `advance` handles these.
            (State::Length(_) | State::Data(_) | State::Done, _) => state,
        })
    }

    fn extra(&mut self) -> Result<(), &'static str> {
        self.extras = self.extras.saturating_add(1);
        if self.extras > EXTRAS_LIMIT { Err("chunk extensions and trailers are too long") } else { Ok(()) }
    }
}

/// Takes up to `left` bytes off the front of `rest`; returns how many were
/// taken and how many are still missing.
fn take(rest: &mut &[u8], left: u64) -> (usize, u64) {
    let count = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
    *rest = rest.get(count..).unwrap_or_default();
    (count, left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    /// Feeds `bytes` in pieces of `step` and returns how many belong to the body.
    fn follow(framing: Framing, bytes: &[u8], step: usize) -> Result<(usize, bool), &'static str> {
        let mut tracker = BodyTracker::new(framing);
        let mut total = 0;
        for piece in bytes.chunks(step) {
            let taken = tracker.advance(piece)?;
            total += taken;
            if taken < piece.len() {
                break;
            }
        }
        Ok((total, tracker.is_done()))
    }

    #[test]
    fn finds_the_end_however_the_bytes_arrive() {
        let table: &[(Framing, &[u8], usize)] = &[
            (Framing::Length(0), b"GET / HTTP/1.1", 0),
            (Framing::Length(5), b"helloGET /", 5),
            (Framing::Chunked, b"0\r\n\r\nGET /", 5),
            (Framing::Chunked, b"5\r\nhello\r\n0\r\n\r\nGET /", 15),
            (Framing::Chunked, b"00005 ; a=\"b\"\r\nhello\r\n0\r\n\r\nGET", 27),
            (Framing::Chunked, b"a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\nX: y\r\nZ: 1\r\n\r\nGET", 48),
        ];
        for (framing, bytes, end) in table {
            for step in 1..=bytes.len() {
                let (found, done) = follow(*framing, bytes, step).unwrap();
                assert_eq!((found, done), (*end, true), "{} in steps of {step}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn an_unfinished_body_is_not_done() {
        for bytes in ["", "5", "5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\nA: b\r\n"] {
            assert!(!follow(Framing::Chunked, bytes.as_bytes(), 1).unwrap_or_default().1, "{bytes:?}");
        }
        assert_eq!(follow(Framing::Length(5), b"hell", 2), Ok((4, false)));
    }

    #[test]
    fn refuses_what_others_may_read_differently() {
        for bytes in [
            "\r\n",
            "x\r\n",
            "-1\r\n",
            "+5\r\n",
            "0x5\r\n",
            " 5\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5\rhello",
            "5 x\r\n",
            "5;a\nb\r\n",
            "5\r\nhello0\r\n",
            "5\r\nhello!\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "5\r\nhello\r0",
            "0\r\nA: b\n\r\n",
            "0\r\n fold\r\n\r\n",
            "0\r\n\rX",
            "1000000000000000\r\n",
            "0\r\nA: \x01\r\n\r\n",
        ] {
            for step in [1, 3, 64] {
                assert!(follow(Framing::Chunked, bytes.as_bytes(), step).is_err(), "{bytes:?} in steps of {step}");
            }
        }
        let long = format!("5;{}\r\n", "a".repeat(5000));
        assert!(follow(Framing::Chunked, long.as_bytes(), 100).is_err());
    }
}
