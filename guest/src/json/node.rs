//! The values of a document, looked at.

use std::fmt;

use serde_json::{Map, Number, Value};

use super::allowance::Allowance;
use super::document::{Document, Entry, Extent, behind, long, short};
use super::names::NOWHERE;

impl Document<'_> {
    /// The value as a whole.
    pub(crate) fn root(&self) -> Node<'_> {
        Node { document: self, at: 0 }
    }
}

/// A value of a document.
#[derive(Clone, Copy)]
pub(crate) struct Node<'d> {
    document: &'d Document<'d>,
    at: usize,
}

/// A value, looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind<'d> {
    Null,
    Bool(bool),
    Number(&'d Number),
    Text(&'d str),
    Array(Array<'d>),
    Object(Object<'d>),
}

impl<'d> Node<'d> {
    pub(crate) fn kind(self) -> Kind<'d> {
        match self.entry() {
            None | Some(Entry::Null) => Kind::Null,
            Some(Entry::Bool(value)) => Kind::Bool(*value),
            Some(Entry::Number(number)) => Kind::Number(number),
            Some(Entry::Text(text)) => Kind::Text(text),
            Some(entry @ Entry::Decoded(_)) => Kind::Text(self.document.text(entry)),
            Some(Entry::Array(extent)) => Kind::Array(Array(self.content(*extent))),
            Some(Entry::Object(extent)) => Kind::Object(Object(self.content(*extent))),
        }
    }

    pub(super) fn entry(self) -> Option<&'d Entry<'d>> {
        self.document.entries.get(self.at)
    }

    fn content(self, extent: Extent) -> Content<'d> {
        Content { document: self.document, first: self.at.saturating_add(1), extent }
    }

    pub(crate) fn is_array(self) -> bool {
        matches!(self.entry(), Some(Entry::Array(_)))
    }

    pub(crate) fn is_object(self) -> bool {
        matches!(self.entry(), Some(Entry::Object(_)))
    }

    pub(crate) fn as_str(self) -> Option<&'d str> {
        match self.kind() {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What a JSON Pointer (RFC 6901) leads to from here.
    pub(crate) fn at(self, pointer: &str) -> Option<Self> {
        pointer.split('/').skip(1).try_fold(self, |node, segment| match node.kind() {
            Kind::Array(array) => array.get(segment.parse().ok()?),
            Kind::Object(object) => object.get(&segment.replace("~1", "/").replace("~0", "~")),
            _ => None,
        })
    }

    /// Which of all nodes this is: its document and where it is in there.
    pub(crate) fn identity(self) -> (usize, u32) {
        (std::ptr::from_ref(self.document).addr(), self.entry_index())
    }

    /// Which of the document's values this is, counted with names in the order of the
    /// text.
    pub(crate) fn entry_index(self) -> u32 {
        short(self.at)
    }

    /// Whether the value with this index is this one, or is in it.
    pub(crate) fn holds(self, entry: u32) -> bool {
        let end = self.entry().map_or(0, |entry| behind(entry, self.at));
        (self.at..end).contains(&long(entry))
    }

    /// What may still be found wrong with its document.
    pub(crate) fn allowance(self) -> &'d Allowance {
        &self.document.allowance
    }

    /// A copy of it all.
    pub(crate) fn to_value(self) -> Value {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.to_owned()),
            Kind::Array(array) => array.items().map(Self::to_value).collect(),
            Kind::Object(object) => {
                let members = object.members().map(|(name, value)| (name.to_owned(), value.to_value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

/// What is in an array or object.
#[derive(Clone, Copy)]
struct Content<'d> {
    document: &'d Document<'d>,
    first: usize,
    extent: Extent,
}

impl<'d> Content<'d> {
    fn len(&self) -> usize {
        long(self.extent.len)
    }

    fn node(&self, at: usize) -> Node<'d> {
        Node { document: self.document, at }
    }
}

/// An array of a document.
#[derive(Clone, Copy)]
pub(crate) struct Array<'d>(Content<'d>);

impl<'d> Array<'d> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn allowance(&self) -> &'d Allowance {
        &self.0.document.allowance
    }

    pub(crate) fn items(&self) -> Items<'d> {
        Items { content: self.0, at: self.0.first, left: self.len() }
    }

    pub(crate) fn get(&self, index: usize) -> Option<Node<'d>> {
        let flat = self.0.first.saturating_add(self.len()) == long(self.0.extent.end);
        if flat && index < self.len() {
            // No item holds others, so it is known where each of them is.
            return Some(self.0.node(self.0.first.saturating_add(index)));
        }
        self.items().nth(index)
    }
}

impl fmt::Debug for Array<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.items()).finish()
    }
}

/// The items of an array.
pub(crate) struct Items<'d> {
    content: Content<'d>,
    at: usize,
    left: usize,
}

impl<'d> Iterator for Items<'d> {
    type Item = Node<'d>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let node = self.content.node(self.at);
        self.at = behind(node.entry()?, self.at);
        Some(node)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

/// An object of a document.
#[derive(Clone, Copy)]
pub(crate) struct Object<'d>(Content<'d>);

impl<'d> Object<'d> {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn allowance(&self) -> &'d Allowance {
        &self.0.document.allowance
    }

    pub(crate) fn members(&self) -> Members<'d> {
        Members { content: self.0, at: self.0.first, left: self.len() }
    }

    pub(crate) fn get(&self, name: &str) -> Option<Node<'d>> {
        let Content { document, first, extent } = self.0;
        if extent.order != NOWHERE {
            let order = document.order.get(long(extent.order)..)?.get(..self.len())?;
            return document.find(order, name).map(|at| self.0.node(at.saturating_add(1)));
        }
        // Most objects have a few members: that is less than a hash takes.
        let mut at = first;
        for _ in 0..extent.len {
            let value = at.wrapping_add(1);
            if document.text(document.entries.get(at)?) == name {
                return Some(self.0.node(value));
            }
            at = behind(document.entries.get(value)?, value);
        }
        None
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.members()).finish()
    }
}

/// The members of an object, in the order of the text.
pub(crate) struct Members<'d> {
    content: Content<'d>,
    at: usize,
    left: usize,
}

impl<'d> Iterator for Members<'d> {
    type Item = (&'d str, Node<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let document = self.content.document;
        let name = document.entries.get(self.at)?;
        let value = self.content.node(self.at.saturating_add(1));
        self.at = behind(value.entry()?, value.at);
        Some((document.text(name), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}
