//! Places in a text as editors count them: lines, and UTF-16 code units, from 0.

use std::ops::Range;

/// A place between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 0.
    pub line: u32,
    /// In UTF-16 code units, from 0.
    pub character: u32,
}

/// Where the lines of a text begin.
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().zip(1..).filter(|(byte, next)| match byte {
            b'\n' => true,
            // Alone it ends a line, too.
            b'\r' => bytes.get(*next) != Some(&b'\n'),
            _ => false,
        });
        Self { text, starts: std::iter::once(0).chain(ends.map(|(_, next)| next)).collect() }
    }

    /// The place of a byte. One within a character is that of the character.
    #[must_use]
    pub fn position(&self, byte: usize) -> Position {
        let byte = self.text.floor_char_boundary(byte.min(self.text.len()));
        let line = self.starts.partition_point(|start| *start <= byte).saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = self.text.get(start..byte).unwrap_or_default();
        Position { line: narrow(line), character: narrow(before.chars().map(char::len_utf16).sum()) }
    }

    #[must_use]
    pub fn range(&self, bytes: &Range<usize>) -> Range<Position> {
        self.position(bytes.start)..self.position(bytes.end)
    }

    /// The byte of a place. Behind the end of a line, it is that end.
    #[must_use]
    pub fn byte(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else { return self.text.len() };
        let next = line.checked_add(1).and_then(|next| self.starts.get(next)).copied();
        let whole = self.text.get(start..next.unwrap_or(self.text.len())).unwrap_or_default();
        let line = whole.trim_end_matches(['\n', '\r']);
        let mut units = 0_u32;
        for (at, c) in line.char_indices() {
            let end = units.saturating_add(narrow(c.len_utf16()));
            if end > position.character {
                return start.saturating_add(at);
            }
            units = end;
        }
        start.saturating_add(line.len())
    }
}

fn narrow(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_utf_16() {
        let text = "a\u{e9}\u{1f600}b\r\nc\rd\n\n\u{1f600}";
        let lines = Lines::of(text);
        for (byte, line, character) in [
            (0, 0, 0),
            (1, 0, 1),
            (3, 0, 2),
            (7, 0, 4),
            (8, 0, 5),
            (10, 1, 0),
            (12, 2, 0),
            (14, 3, 0),
            (15, 4, 0),
            (19, 4, 2),
        ] {
            assert_eq!(lines.position(byte), Position { line, character }, "{byte}");
            assert_eq!(lines.byte(Position { line, character }), byte, "{line}:{character}");
        }
        // Within a character, behind a line, behind the text.
        assert_eq!(lines.position(4), Position { line: 0, character: 2 });
        assert_eq!(lines.byte(Position { line: 0, character: 3 }), 3);
        assert_eq!(lines.byte(Position { line: 0, character: 99 }), 8);
        assert_eq!(lines.byte(Position { line: 99, character: 0 }), text.len());
        assert_eq!(lines.position(999), Position { line: 4, character: 2 });
    }
}
