//! A JSON text as a flat list of its values, most of which borrow the text.
//!
//! An evaluation reads a body and two or three facts, looks at a few members and
//! forgets them. A tree of maps would cost an allocation for every text and a hash
//! for every name; this costs one list for all of it.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::allowance::Allowance;
use super::names::{self, NOWHERE, Slot, slot};

/// One value, or one member name. The items of an array follow it, and the names
/// and values of an object's members in turn.
#[derive(Debug, Clone)]
pub(super) enum Entry<'t> {
    Null,
    Bool(bool),
    Number(Number),
    /// A text without escapes, where it lies.
    Text(&'t str),
    /// A text that had to be decoded, or is not borrowed.
    Decoded(Span),
    Array(Extent),
    Object(Extent),
}

/// A place among the decoded texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub at: usize,
    pub len: usize,
}

/// Most members of an object whose names are passed one by one in a look for one.
pub(super) const FEW: u32 = 16;

/// How far an array or object reaches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Items or members.
    pub len: u32,
    /// The entry behind its last one, so that it can be skipped. While it is being
    /// read: the entry of what it is in.
    pub end: u32,
    /// Where the names of a large object begin in [`Document::order`]. While it is
    /// being read: the marks of its names.
    pub order: u32,
}

/// A JSON value and everything in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Document<'t> {
    pub(super) entries: Vec<Entry<'t>>,
    /// The decoded texts, one after another.
    pub(super) decoded: String,
    /// The names of each large object, sorted, so that a look for one does not pass
    /// all others.
    pub(super) order: Vec<Slot>,
    pub(super) allowance: Allowance,
}

impl<'t> Document<'t> {
    /// An object without members.
    pub(crate) fn empty_object() -> Self {
        let object = Entry::Object(Extent { len: 0, end: 1, order: NOWHERE });
        Self { entries: vec![object], ..Self::default() }
    }

    /// Makes it a document of just this text.
    pub(crate) fn set_text(&mut self, text: &str) {
        self.entries.clear();
        self.decoded.clear();
        self.own(text);
    }

    /// Appends a copy of a text.
    fn own(&mut self, text: &str) {
        let span = Span { at: self.decoded.len(), len: text.len() };
        self.decoded.push_str(text);
        self.entries.push(Entry::Decoded(span));
    }

    pub(super) fn push(&mut self, value: &Value) {
        let at = self.entries.len();
        match value {
            Value::Null => self.entries.push(Entry::Null),
            Value::Bool(value) => self.entries.push(Entry::Bool(*value)),
            Value::Number(value) => self.entries.push(Entry::Number(value.clone())),
            Value::String(text) => self.own(text),
            Value::Array(items) => {
                self.entries.push(Entry::Null);
                items.iter().for_each(|item| self.push(item));
                self.close(at, Entry::Array(self.extent(items.len())));
            }
            Value::Object(members) => {
                self.entries.push(Entry::Null);
                let mut names = Vec::new();
                for (name, value) in members {
                    if members.len() > long(FEW) {
                        names.push(slot(name, u64::from(short(self.entries.len()))));
                    }
                    self.own(name);
                    self.push(value);
                }
                let extent = Extent { order: self.sorted(names), ..self.extent(members.len()) };
                self.close(at, Entry::Object(extent));
            }
        }
    }

    /// Where the names of a large object are, sorted.
    fn sorted(&mut self, mut names: Vec<Slot>) -> u32 {
        if names.is_empty() {
            return NOWHERE;
        }
        names.sort_unstable_by(|left, right| (left >> 32, self.name(*left)).cmp(&(right >> 32, self.name(*right))));
        let begin = short(self.order.len());
        self.order.append(&mut names);
        begin
    }

    /// A name of a large object.
    pub(super) fn name(&self, slot: Slot) -> &str {
        self.entries.get(names::entry(slot)).map_or("", |entry| self.text(entry))
    }

    /// The entry of a name among the sorted ones of its object.
    pub(super) fn find(&self, order: &[Slot], name: &str) -> Option<usize> {
        let wanted = Slot::from(names::hash(name));
        let compare = |slot: &Slot| match (slot >> 32).cmp(&wanted) {
            Ordering::Equal => self.name(*slot).cmp(name),
            other => other,
        };
        let at = order.binary_search_by(compare).ok()?;
        order.get(at).map(|slot| names::entry(*slot))
    }

    /// Of an array or object that ends here.
    fn extent(&self, len: usize) -> Extent {
        Extent { len: short(len), end: short(self.entries.len()), order: NOWHERE }
    }

    fn close(&mut self, at: usize, entry: Entry<'t>) {
        if let Some(open) = self.entries.get_mut(at) {
            *open = entry;
        }
    }

    /// The text of an entry; empty if that is none.
    pub(super) fn text<'d>(&'d self, entry: &'d Entry<'_>) -> &'d str {
        match entry {
            Entry::Text(text) => text,
            Entry::Decoded(span) => self.decoded.get(span.at..span.at.saturating_add(span.len)).unwrap_or_default(),
            _ => "",
        }
    }
}

impl From<&Value> for Document<'static> {
    fn from(value: &Value) -> Self {
        let mut document = Self::default();
        document.push(value);
        document
    }
}

/// Entries are counted in 32 bits: no text is long enough for more.
pub(super) fn short(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

pub(super) fn long(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

/// The entry behind a value. The index of an entry is far from wrapping.
pub(super) fn behind(entry: &Entry<'_>, at: usize) -> usize {
    match entry {
        Entry::Array(extent) | Entry::Object(extent) => long(extent.end),
        _ => at.wrapping_add(1),
    }
}
