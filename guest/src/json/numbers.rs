//! Numbers (RFC 8259, 6).

use serde_json::Number;

use super::{
    InexactNumber,
    document::Entry,
    parser::{Parsed, Parser, Reading},
};

/// Most numbers that are reported for one text.
const REPORTED: usize = 32;

impl Parser<'_> {
    /// A number; the cursor is on its sign or its first digit.
    pub(super) fn number(&mut self) -> Parsed<()> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.advance();
        }
        match self.peek() {
            Some(b'0') => self.advance(),
            Some(b'1'..=b'9') => self.digits()?,
            _ => return self.malformed("a digit"),
        }
        let mut integer = true;
        if self.peek() == Some(b'.') {
            integer = false;
            self.advance();
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            integer = false;
            self.advance();
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.advance();
            }
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.malformed("no leading zero");
        }
        let literal = self.text.get(start..self.at).unwrap_or_default();
        let number = match self.reading {
            _ if integer && let Some(number) = whole(literal) => {
                if self.reading == Reading::Strict && !is_kept(&number) {
                    self.report(literal, false);
                }
                number
            }
            Reading::Strict => self.represent(literal, integer),
            Reading::Lenient => match serde_json::from_str(literal) {
                Ok(number) => number,
                Err(_) => return self.malformed("a number that a double can hold"),
            },
        };
        self.document.entries.push(Entry::Number(number));
        Ok(())
    }

    fn digits(&mut self) -> Parsed<()> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.malformed("a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.advance();
        }
        Ok(())
    }

    /// A number with a fraction or an exponent, or one that is too long.
    fn represent(&mut self, literal: &str, integer: bool) -> Number {
        // The grammar has been checked, so this parses; too large gives infinity.
        let value = literal.parse::<f64>().unwrap_or(f64::INFINITY);
        if integer && literal != "-0" || value.is_infinite() {
            self.report(literal, value.is_infinite());
        }
        let finite = value.clamp(f64::MIN, f64::MAX);
        Number::from_f64(finite).unwrap_or_else(|| 0.into())
    }

    #[cold]
    fn report(&mut self, literal: &str, overflow: bool) {
        if self.numbers.len() < REPORTED {
            self.numbers.push(InexactNumber { pointer: self.pointer(), literal: literal.to_owned(), overflow });
        }
    }
}

/// The largest integer below which a double has room for every one (RFC 7493, 2.2).
const MOST_KEPT: u64 = (1 << 53) - 1;

/// Whether readers that only know doubles keep every digit of an integer.
fn is_kept(number: &Number) -> bool {
    match number.as_i64() {
        Some(number) => number.unsigned_abs() <= MOST_KEPT,
        None => false,
    }
}

/// An integer of at most 64 bits, with every digit: for policies that let longer
/// ones than [`MOST_KEPT`] pass, and for facts.
fn whole(literal: &str) -> Option<Number> {
    if literal == "-0" {
        return None;
    }
    literal.parse::<i64>().map(Number::from).or_else(|_| literal.parse::<u64>().map(Number::from)).ok()
}
