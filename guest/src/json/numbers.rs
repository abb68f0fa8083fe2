//! Numbers (RFC 8259, 6).

use serde_json::Number;

use super::{
    LargeNumber,
    document::{Entry, short},
    parser::{Parsed, Parser, Reading},
};

impl<'t> Parser<'t> {
    /// A number; the cursor is on its sign or its first digit.
    pub(super) fn number(&mut self) -> Parsed<()> {
        // Most are of this kind.
        if let Some((value, end)) = self.short() {
            self.at = end;
            self.document.entries.push(Entry::Number(value.into()));
            return Ok(());
        }
        self.any_number()
    }

    /// An integer of few digits without a sign, and where it ends; none if the number is
    /// another one, or malformed.
    fn short(&self) -> Option<(u64, usize)> {
        /// Every reader keeps this number of digits.
        const DIGITS: usize = 15;
        let mut value = 0_u64;
        let mut at = self.at;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(at).copied() {
            value = value.wrapping_mul(10).wrapping_add(u64::from(digit & 0xf));
            at = at.wrapping_add(1);
        }
        let count = at.wrapping_sub(self.at);
        let is_short = (1..=DIGITS).contains(&count) && (self.peek() != Some(b'0') || count == 1);
        let ends = !matches!(self.bytes.get(at), Some(b'.' | b'e' | b'E'));
        (is_short && ends).then_some((value, at))
    }

    #[inline(never)]
    fn any_number(&mut self) -> Parsed<()> {
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
                    self.report(literal);
                }
                number
            }
            Reading::Strict => self.represent(literal),
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
    fn represent(&mut self, literal: &'t str) -> Number {
        // The grammar has been checked, so this parses; too large gives infinity.
        let value = literal.parse::<f64>().unwrap_or(f64::INFINITY);
        if value.abs() > MOST_KEPT_AS_DOUBLE {
            self.report(literal);
        }
        let finite = value.clamp(f64::MIN, f64::MAX);
        Number::from_f64(finite).unwrap_or_else(|| 0.into())
    }

    #[cold]
    fn report(&mut self, literal: &'t str) {
        self.numbers.push(LargeNumber { entry: short(self.document.entries.len()), literal });
    }
}

/// The largest integer below which a double has room for every one (RFC 7493, 2.2).
const MOST_KEPT: u64 = (1 << 53) - 1;
const MOST_KEPT_AS_DOUBLE: f64 = 9_007_199_254_740_991.0;

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
