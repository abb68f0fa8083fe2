//! Strings and their escapes (RFC 8259, 7).

use super::{
    document::{Entry, Span},
    duplicates::mark,
    parser::{Parsed, Parser},
};

impl Parser<'_> {
    /// A string; the cursor is on its opening quote. Gives the mark of a name.
    #[inline(always)]
    pub(super) fn string(&mut self) -> Parsed<u32> {
        let start = self.at.wrapping_add(1);
        let rest = self.bytes.get(start..).unwrap_or_default();
        // Most names end in the first eight bytes.
        let first = rest.first_chunk().map_or(0, |word| ends(u64::from_le_bytes(*word)));
        let run = if first != 0 { before(first) } else { plain(rest) };
        if rest.get(run) != Some(&b'"') {
            self.at = start.wrapping_add(run);
            return self.decode(start);
        }
        let end = start.wrapping_add(run);
        self.at = end.wrapping_add(1);
        // The bytes around a run are ASCII, so it is whole characters.
        let text = self.text.get(start..end).unwrap_or_default();
        self.document.entries.push(Entry::Text(text));
        Ok(mark(text.as_bytes()))
    }

    /// A string that has escapes; the cursor is where its first run ends.
    #[inline(never)]
    fn decode(&mut self, mut start: usize) -> Parsed<u32> {
        let at = self.document.decoded.len();
        loop {
            self.document.decoded.push_str(self.text.get(start..self.at).unwrap_or_default());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let char = self.escape()?;
                    self.document.decoded.push(char);
                }
                Some(_) => return self.malformed("no unescaped control character in a string"),
                None => return self.malformed("a closing quote"),
            }
            start = self.at;
            self.at = start.wrapping_add(plain(self.bytes.get(start..).unwrap_or_default()));
        }
        self.advance();
        let len = self.document.decoded.len().saturating_sub(at);
        self.document.entries.push(Entry::Decoded(Span { at, len }));
        Ok(mark(self.document.decoded.as_bytes().get(at..).unwrap_or_default()))
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

/// How many bytes stand for themselves in a string: those before a quote, a
/// backslash or a control character. Looks at eight at a time.
#[inline(never)]
fn plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut run = 0usize;
    for word in words {
        let ends = ends(u64::from_le_bytes(*word));
        if ends != 0 {
            return run.wrapping_add(before(ends));
        }
        run = run.wrapping_add(8);
    }
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
    run.wrapping_add(end.unwrap_or(rest.len()))
}

/// How many bytes are before the first whose highest bit is set.
fn before(ends: u64) -> usize {
    usize::try_from(ends.trailing_zeros() / 8).unwrap_or(0)
}

/// Sets the highest bit of each byte that ends a run; others only behind one.
fn ends(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    // A byte less than n borrows when n is taken away.
    let less = |word: u64, n: u64| word.wrapping_sub(n) & !word;
    let quote = less(word ^ u64::from_le_bytes([b'"'; 8]), ONES);
    let backslash = less(word ^ u64::from_le_bytes([b'\\'; 8]), ONES);
    let control = less(word, u64::from_le_bytes([0x20; 8]));
    (quote | backslash | control) & HIGH
}
