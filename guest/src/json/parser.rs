//! From a text to a document, without recursion: what is open is kept on the list
//! itself, each array or object with the one around it.

use super::{
    Bounds, JsonFault, LargeNumber, Strict,
    document::{Document, Entry, Extent, long, short},
    names::NOWHERE,
    push_segment,
};

/// Texts have so many bytes for each value or name, or more; the list grows
/// where they have less.
const BYTES_OF_ENTRY: usize = 8;

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Numbers are rounded right, and reported where a reader might not.
    Strict,
    /// Numbers become what `serde_json` makes of them.
    Lenient,
}

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) bytes: &'t [u8],
    pub(super) at: usize,
    pub(super) reading: Reading,
    /// How many more levels may be opened, and the members that an object may have.
    bounds: Bounds,
    pub(super) document: Document<'t>,
    /// The innermost array or object that is open.
    pub(super) open: Open,
    pub(super) numbers: Vec<LargeNumber<'t>>,
}

/// An array or object that is being read. Where it is not the innermost, its
/// entry holds the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub at: u32,
    pub is_object: bool,
    /// Items or members so far.
    pub len: u32,
    /// The marks of its names so far, if it has few.
    pub seen: u32,
}

pub(super) enum Stop {
    Malformed {
        at: usize,
        expected: &'static str,
    },
    /// The second of two equal names is the entry with this index.
    DuplicateKey {
        object: Open,
        key: usize,
    },
    Depth,
    Members,
}

/// A fault is boxed, so that what went well fits in a register.
pub(super) type Parsed<T> = Result<T, Box<Stop>>;

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, reading: Reading, bounds: Bounds) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            reading,
            bounds,
            document: Document::default(),
            open: Open { at: NOWHERE, is_object: false, len: 0, seen: 0 },
            numbers: Vec::new(),
        }
    }

    pub(super) fn read(mut self) -> Result<Strict<'t>, JsonFault> {
        match self.values() {
            Ok(()) => Ok(Strict { document: self.document, numbers: self.numbers }),
            Err(stop) => Err(self.explain(*stop)),
        }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The cursor stays within the text, so that it never wraps.
    pub(super) fn advance(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    #[cold]
    pub(super) fn stop<T>(&self, why: Stop) -> Parsed<T> {
        Err(Box::new(why))
    }

    #[cold]
    pub(super) fn malformed<T>(&self, expected: &'static str) -> Parsed<T> {
        self.stop(Stop::Malformed { at: self.at, expected })
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.advance();
        }
    }

    /// The next byte that is no space; the cursor is on it then.
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        // Most texts have no space here.
        match self.peek() {
            Some(b' ' | b'\t' | b'\n' | b'\r') => {
                self.space();
                self.peek()
            }
            byte => byte,
        }
    }

    fn values(&mut self) -> Parsed<()> {
        if self.text.starts_with('\u{feff}') {
            return self.malformed("no byte order mark");
        }
        if short(self.text.len()) == NOWHERE {
            return self.malformed("a text of less than 4 GiB");
        }
        let entries = (self.text.len() / BYTES_OF_ENTRY).saturating_add(4);
        self.document.entries.reserve_exact(entries);
        self.space();
        loop {
            // The cursor is where a value is expected.
            let opened = self.value()?;
            if opened {
                continue;
            }
            // A value has ended: so may what it is in.
            loop {
                if self.open.at == NOWHERE {
                    self.space();
                    return if self.at < self.bytes.len() { self.malformed("the end of the text") } else { Ok(()) };
                }
                if !self.open.is_object {
                    self.open.len = self.open.len.wrapping_add(1);
                }
                match self.next() {
                    Some(b',') => {
                        self.advance();
                        if self.open.is_object {
                            self.name()?;
                        } else {
                            self.space();
                        }
                        break;
                    }
                    Some(b']') if !self.open.is_object => self.close()?,
                    Some(b'}') if self.open.is_object => self.close()?,
                    _ if self.open.is_object => return self.malformed("',' or '}'"),
                    _ => return self.malformed("',' or ']'"),
                }
            }
        }
    }

    /// Reads a value, or the beginning of one that holds others; true if the
    /// cursor is then where another value is expected.
    fn value(&mut self) -> Parsed<bool> {
        match self.peek() {
            Some(b'"') => {
                self.string()?;
            }
            Some(b'{') => {
                self.open(true)?;
                if self.next() != Some(b'}') {
                    return self.name().map(|()| true);
                }
                return self.close().map(|()| false);
            }
            Some(b'[') => {
                self.open(false)?;
                if self.next() != Some(b']') {
                    return Ok(true);
                }
                return self.close().map(|()| false);
            }
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b't') => self.word("true", Entry::Bool(true))?,
            Some(b'f') => self.word("false", Entry::Bool(false))?,
            Some(b'n') => self.word("null", Entry::Null)?,
            _ => return self.malformed("a JSON value"),
        }
        Ok(false)
    }

    fn word(&mut self, word: &'static str, entry: Entry<'t>) -> Parsed<()> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at = self.at.wrapping_add(word.len());
            self.document.entries.push(entry);
            Ok(())
        } else {
            self.malformed("a JSON value")
        }
    }

    /// A member's name and the colon behind it.
    fn name(&mut self) -> Parsed<()> {
        if self.next() != Some(b'"') {
            return self.malformed("a member name in double quotes");
        }
        let mark = self.string()?;
        if self.next() != Some(b':') {
            return self.malformed("':'");
        }
        self.advance();
        self.space();
        if self.open.len == self.bounds.members {
            return self.stop(Stop::Members);
        }
        self.count(mark)
    }

    fn open(&mut self, is_object: bool) -> Parsed<()> {
        let Some(depth) = self.bounds.depth.checked_sub(1) else {
            return self.stop(Stop::Depth);
        };
        self.bounds.depth = depth;
        self.advance();
        self.save();
        let extent = Extent { len: 0, end: self.open.at, order: NOWHERE };
        self.open = Open { at: short(self.document.entries.len()), is_object, len: 0, seen: 0 };
        self.document.entries.push(if is_object { Entry::Object(extent) } else { Entry::Array(extent) });
        Ok(())
    }

    /// Writes down what is known of the innermost by now.
    fn save(&mut self) {
        if let Some(Entry::Array(extent) | Entry::Object(extent)) = self.document.entries.get_mut(long(self.open.at)) {
            extent.len = self.open.len;
            extent.order = self.open.seen;
        }
    }

    /// What is around an array or object that is open.
    fn around(&self, open: Open) -> Open {
        let extent = |at: u32| match self.document.entries.get(long(at)) {
            Some(Entry::Array(extent)) => Some((*extent, false)),
            Some(Entry::Object(extent)) => Some((*extent, true)),
            _ => None,
        };
        let at = extent(open.at).map_or(NOWHERE, |(extent, _)| extent.end);
        let (outer, is_object) = extent(at).unwrap_or((Extent { len: 0, end: NOWHERE, order: NOWHERE }, false));
        Open { at, is_object, len: outer.len, seen: outer.order }
    }

    /// The end of the innermost array or object; the cursor is on its bracket.
    fn close(&mut self) -> Parsed<()> {
        self.advance();
        let order = if self.open.is_object { self.compare_names()? } else { NOWHERE };
        let around = self.around(self.open);
        let end = short(self.document.entries.len());
        if let Some(Entry::Array(extent) | Entry::Object(extent)) = self.document.entries.get_mut(long(self.open.at)) {
            *extent = Extent { len: self.open.len, end, order };
        }
        self.open = around;
        self.bounds.depth = self.bounds.depth.saturating_add(1);
        Ok(())
    }

    #[cold]
    fn explain(&mut self, stop: Stop) -> JsonFault {
        self.save();
        // Names of large objects are compared when these end, so that there may be
        // a duplicate before what stopped the reading.
        let stop = match self.earlier_duplicate() {
            Some((object, key)) => Stop::DuplicateKey { object, key },
            None => stop,
        };
        match stop {
            Stop::Malformed { at, expected } => {
                let read = self.text.get(..at).unwrap_or(self.text);
                let line = read.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
                let column = read.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
                JsonFault::Malformed { line, column, expected }
            }
            Stop::DuplicateKey { object, key } => {
                let key = self.document.entries.get(key).map_or("", |entry| self.document.text(entry)).to_owned();
                let mut pointer = self.pointer_to(object);
                push_segment(&mut pointer, &key);
                JsonFault::DuplicateKey { pointer, key }
            }
            Stop::Depth => JsonFault::Depth { pointer: self.pointer() },
            Stop::Members => JsonFault::Members { pointer: self.pointer_to(self.open), most: self.bounds.members },
        }
    }

    /// What is open, from the innermost outwards.
    pub(super) fn levels(&self) -> impl Iterator<Item = Open> {
        std::iter::successors(Some(self.open), |open| Some(self.around(*open))).take_while(|open| open.at != NOWHERE)
    }

    /// The JSON Pointer to the value that is being read.
    pub(super) fn pointer(&self) -> String {
        let mut pointer = self.pointer_to(self.open);
        self.push_step(&mut pointer, self.open, self.document.entries.len());
        pointer
    }

    /// The JSON Pointer to something that is open.
    fn pointer_to(&self, target: Open) -> String {
        let levels: Vec<Open> = self.levels().skip_while(|level| level.at != target.at).collect();
        let mut pointer = String::new();
        for (inner, outer) in levels.iter().zip(levels.iter().skip(1)).rev() {
            self.push_step(&mut pointer, *outer, long(inner.at));
        }
        pointer
    }

    /// The step from something open to the value at an entry: the last in there.
    fn push_step(&self, pointer: &mut String, from: Open, to: usize) {
        if from.is_object {
            let name = to.checked_sub(1).and_then(|name| self.document.entries.get(name));
            push_segment(pointer, name.map_or("", |name| self.document.text(name)));
        } else if from.at != NOWHERE {
            push_segment(pointer, &from.len.to_string());
        }
    }
}
