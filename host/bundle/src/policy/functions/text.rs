//! A text that is put together, and where each byte of it is written.

use std::ops::Range;

use solgate_document::source::{At, Sources};
use solgate_document::yaml::{Character, Node, Places};

#[derive(Debug, Clone, Default)]
pub(super) struct Text {
    text: String,
    /// Of each byte.
    written: Vec<Character>,
}

impl Text {
    /// The text of a scalar.
    pub fn of(node: &Node, sources: &Sources) -> Self {
        let places = Places::of(node, sources);
        let mut text = Self::default();
        for (place, char) in node.text.chars().enumerate() {
            let at = places.at(place, place.saturating_add(1));
            let depth = node.made_of.as_ref().and_then(|made| made.get(place)).map_or(0, |made| made.depth);
            text.push(char, Character { at, depth });
        }
        text
    }

    /// A text that stands for the whole of a place.
    pub fn plain(text: &str, at: At) -> Self {
        let mut made = Self::default();
        made.say(text, at);
        made
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A part, by its bytes.
    pub fn part(&self, bytes: Range<usize>) -> Self {
        let written = self.written.get(bytes.clone()).unwrap_or_default().to_vec();
        Self { text: self.text.get(bytes).unwrap_or_default().to_owned(), written }
    }

    /// Where a part is written, if it is not empty.
    pub fn at(&self, bytes: Range<usize>) -> Option<At> {
        let part = self.written.get(bytes)?;
        let (first, last) = (part.first()?, part.last()?);
        Some(if first.at.file == last.at.file {
            At { end: last.at.end.max(first.at.end), ..first.at }
        } else {
            first.at
        })
    }

    /// Adds a text, so much deeper than it is.
    pub fn add(&mut self, other: &Self, deeper: u16) {
        self.text.push_str(&other.text);
        let written = other.written.iter();
        self.written.extend(written.map(|byte| Character { depth: byte.depth.saturating_add(deeper), ..*byte }));
    }

    /// Adds what stands for the whole of a place.
    pub fn say(&mut self, text: &str, at: At) {
        text.chars().for_each(|char| self.push(char, Character { at, depth: 0 }));
    }

    fn push(&mut self, char: char, written: Character) {
        self.text.push(char);
        self.written.extend(std::iter::repeat_n(written, char.len_utf8()));
    }

    /// A scalar of this text in the place of another.
    pub fn into_node(self, node: &Node) -> Node {
        let starts = self.text.char_indices().filter_map(|(byte, _)| self.written.get(byte).copied());
        let made_of = starts.collect();
        Node { text: self.text, made_of: Some(made_of), ..node.clone() }
    }
}
