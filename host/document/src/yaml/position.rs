//! Finds the place in the file for a place in a scalar's value.
//!
//! Escapes, folding and indentation make the two texts differ, so both are walked side
//! by side. Where that is not possible, the place is the whole scalar.

use std::sync::Arc;

use super::{Character, Node, Style};
use crate::source::{At, Sources};

/// Where the characters `start..end` of the scalar's value stand in the file. Whoever asks
/// for several places of one scalar makes [`Places`] of it.
pub fn locate(node: &Node, sources: &Sources, start: usize, end: usize) -> At {
    Places::of(node, sources).at(start, end)
}

/// Where the characters of a scalar's value stand in the file.
#[derive(Debug)]
pub struct Places {
    whole: At,
    /// Of each character, its first and its end byte.
    characters: Vec<(usize, usize)>,
    made_of: Option<Arc<[Character]>>,
}

impl Places {
    #[must_use]
    pub fn of(node: &Node, sources: &Sources) -> Self {
        let characters = match node.made_of {
            Some(_) => Vec::new(),
            None => places(node, sources.text(node.at.file)).unwrap_or_default(),
        };
        Self { whole: node.at, characters, made_of: node.made_of.clone() }
    }

    /// Where the characters `start..end` of the value stand.
    #[must_use]
    pub fn at(&self, start: usize, end: usize) -> At {
        if let Some(made_of) = &self.made_of {
            return stretch(made_of, start, end).unwrap_or(self.whole);
        }
        let Some(last) = self.characters.last().copied() else {
            return self.whole;
        };
        let first = self.characters.get(start).map_or(last.1, |place| place.0);
        let end = end.max(start.saturating_add(1)).saturating_sub(1);
        let end = self.characters.get(end).map_or(last.1, |place| place.1);
        At { file: self.whole.file, start: first, end: end.max(first) }
    }

    /// Whether the characters `start..end` are written elsewhere, and the place is what they
    /// stand in for.
    #[must_use]
    pub fn stand_in(&self, start: usize, end: usize) -> bool {
        let depth = self.made_of.as_deref().and_then(|made_of| least_deep(made_of, start, end));
        depth.is_some_and(|(_, depth)| depth % 2 == 1)
    }
}

/// The characters `start..end` of a text that was put together, and the least of their depths.
fn least_deep(made_of: &[Character], start: usize, end: usize) -> Option<(&[Character], u16)> {
    let start = start.min(made_of.len().saturating_sub(1));
    let end = end.clamp(start.saturating_add(1), made_of.len().max(start.saturating_add(1)));
    let characters = made_of.get(start..end)?;
    Some((characters, characters.iter().map(|character| character.depth).min()?))
}

/// Where the characters `start..end` of a text that was put together are written.
fn stretch(made_of: &[Character], start: usize, end: usize) -> Option<At> {
    let (characters, depth) = least_deep(made_of, start, end)?;
    let mut places = characters.iter().filter(|character| character.depth == depth).map(|character| character.at);
    let first = places.next()?;
    Some(places.fold(first, |all, next| match all.file == next.file {
        true => At { start: all.start.min(next.start), end: all.end.max(next.end), ..all },
        false => all,
    }))
}

/// Where the character in that line and column (both from 1) of the scalar's
/// value stands in the file.
pub fn locate_line(node: &Node, sources: &Sources, line: usize, column: usize) -> At {
    let line_start: usize =
        node.text.split_inclusive('\n').take(line.saturating_sub(1)).map(|line| line.chars().count()).sum();
    let start = line_start.saturating_add(column.saturating_sub(1));
    locate(node, sources, start, start.saturating_add(1))
}

/// For each character of the value, its first and its end byte in the file.
/// Shorter than the value where the two texts cannot be matched any further.
fn places(node: &Node, text: &str) -> Option<Vec<(usize, usize)>> {
    let (start, indent) = content_start(node, text)?;
    let mut source = Cursor { text, at: start, indent };
    let mut places = Vec::with_capacity(node.text.len());
    let mut value = node.text.chars().peekable();
    if matches!(node.style, Style::Literal | Style::Folded) {
        while value.next_if_eq(&'\n').is_some() {
            places.push((start, start));
        }
    }
    while let Some(c) = value.next() {
        if node.style == Style::DoubleQuoted {
            while source.rest().starts_with("\\\n") {
                source.skip(1);
                source.skip_breaks();
            }
        }
        let start = source.at;
        let found = source.peek();
        if node.style == Style::DoubleQuoted && found == Some('\\') {
            source.skip_escape();
        } else if node.style == Style::SingleQuoted && c == '\'' {
            source.skip(2);
        } else if found == Some(c) && (c != '\n' || node.style == Style::Literal) {
            source.skip(1);
            if c == '\n' {
                source.skip_indentation();
            }
        } else if matches!(c, ' ' | '\n') && source.at_break() {
            // One fold, or several kept breaks, whose number in the file depends
            // on the style: taken together.
            while c == '\n' && value.next_if_eq(&'\n').is_some() {
                places.push((start, start));
            }
            if node.style == Style::Literal {
                source.skip_break();
            } else {
                source.skip_breaks();
            }
            places.push((start, start));
            continue;
        } else {
            break;
        }
        places.push((start, source.at));
    }
    Some(places)
}

/// The byte at which the scalar's content begins, and the number of blanks that
/// indent each further line (`None`: all there are).
fn content_start(node: &Node, text: &str) -> Option<(usize, Option<usize>)> {
    let start = node.at.start;
    match node.style {
        Style::Plain => Some((start, None)),
        Style::SingleQuoted | Style::DoubleQuoted => Some((start.saturating_add(1), None)),
        // The parser places a block at its first character that is not a blank.
        Style::Literal | Style::Folded => {
            let before = text.get(..start)?;
            let line = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
            Some((start, Some(start.saturating_sub(line))))
        }
    }
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
    indent: Option<usize>,
}

impl Cursor<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Skips characters.
    fn skip(&mut self, count: usize) {
        let bytes: usize = self.rest().chars().take(count).map(char::len_utf8).sum();
        self.at = self.at.saturating_add(bytes);
    }

    /// Skips an escape of a double-quoted scalar (YAML 1.2.2, 5.7).
    fn skip_escape(&mut self) {
        let digits = match self.rest().chars().nth(1) {
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            _ => 0_usize,
        };
        self.skip(digits.saturating_add(2));
    }

    /// Whether only blanks separate this place from the end of its line.
    fn at_break(&self) -> bool {
        self.rest().trim_start_matches([' ', '\t', '\r']).starts_with('\n')
    }

    /// Skips the rest of this line and the indentation of the next.
    fn skip_break(&mut self) {
        let line = self.rest().find('\n').map_or(0, |at| at.saturating_add(1));
        self.at = self.at.saturating_add(line);
        self.skip_indentation();
    }

    /// The same, over empty lines.
    fn skip_breaks(&mut self) {
        while self.at_break() {
            self.skip_break();
        }
    }

    fn skip_indentation(&mut self) {
        let blanks = self
            .rest()
            .bytes()
            .take(self.indent.unwrap_or(usize::MAX))
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        self.at = self.at.saturating_add(blanks);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::diagnostic::Report;
    use crate::yaml::parse;

    #[test]
    fn a_place_in_a_value_is_found_in_the_file() {
        for yaml in [
            "a: one MARK two",
            "a: 'it''s MARK'",
            "a: \"\\u00e9\\t\\\"MARK\"",
            "ä: ö MARK",
            "a: one\n  two\n\n  three MARK",
            "a: \"one \\\n  two\n\n\n  MARK\"",
            "a: |\n  one\n    two\n\n  three MARK\n",
            "a: |\n\n  one MARK\n",
            "a: |2\n    one MARK\n   two\n",
            "- b: >-\n    one\n    two\n\n    three\n      four MARK\n    five",
            "a: >\r\n  one\r\n  MARK\r\n",
        ] {
            let mut report = Report::default();
            let file = report.sources.add("f", yaml);
            let root = parse(file, &mut report).unwrap();
            let mut node = &root;
            while !matches!(node.value, crate::yaml::Value::String) {
                node = match &node.value {
                    crate::yaml::Value::List(items) => &items[0],
                    crate::yaml::Value::Map(entries) => &entries[0].1,
                    other => unreachable!("{other:?}"),
                };
            }
            let chars = node.text.split("MARK").next().unwrap().chars().count();
            let at = locate(node, &report.sources, chars, chars + 4);
            assert_eq!(&yaml[at.start..at.end], "MARK", "{yaml:?} {:?}", node.text);
        }
    }
}
