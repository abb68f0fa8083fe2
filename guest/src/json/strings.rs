//! Strings and their escapes (RFC 8259, 7).

use super::{Parsed, Parser};

impl Parser<'_> {
    /// A string; the cursor is on its opening quote.
    pub(super) fn string(&mut self) -> Parsed<String> {
        self.advance();
        let mut out = String::new();
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).unwrap_or_default();
            let run = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
            self.at = start.saturating_add(run.unwrap_or(rest.len()));
            // The bytes that end a run are ASCII, so it is whole characters.
            let run = self.text.get(start..self.at).unwrap_or_default();
            match self.peek() {
                Some(b'"') => {
                    self.advance();
                    if out.is_empty() {
                        return Ok(run.to_owned());
                    }
                    out.push_str(run);
                    return Ok(out);
                }
                Some(b'\\') => {
                    out.push_str(run);
                    out.push(self.escape()?);
                }
                Some(_) => return self.malformed("no unescaped control character in a string"),
                None => return self.malformed("a closing quote"),
            }
        }
    }

    /// An escape; the cursor is on its backslash.
    fn escape(&mut self) -> Parsed<char> {
        self.advance();
        let char = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.malformed("an escape that JSON knows"),
        };
        self.advance();
        Ok(char)
    }

    /// `uXXXX`, or two of them for a character beyond U+FFFF.
    fn unicode(&mut self) -> Parsed<char> {
        let first = self.hex()?;
        if let Some(char) = char::from_u32(first) {
            return Ok(char);
        }
        let paired =
            (0xd800..0xdc00).contains(&first) && self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(b"\\u"));
        if paired {
            self.advance();
            let second = self.hex()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x1_0000u32.saturating_add((first & 0x3ff) << 10).saturating_add(second & 0x3ff);
                if let Some(char) = char::from_u32(code) {
                    return Ok(char);
                }
            }
        }
        self.malformed("a pair of surrogates")
    }

    /// `uXXXX`; the cursor is on the `u`.
    fn hex(&mut self) -> Parsed<u32> {
        self.advance();
        let mut code = 0u32;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|byte| char::from(byte).to_digit(16)) else {
                return self.malformed("four hexadecimal digits");
            };
            code = code << 4 | digit;
            self.advance();
        }
        Ok(code)
    }
}
