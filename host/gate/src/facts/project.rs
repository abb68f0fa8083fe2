//! Keeps of a JSON representation only the members that a template declares.
//!
//! What is kept is copied byte for byte, so numbers and texts reach the policy
//! as the VNFM wrote them. What is dropped is checked for syntax and never
//! built: a VnfInstance can be large, and it carries VIM credentials.

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Why an answer cannot be used. Never says what the answer holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProjectError {
    #[error("the answer is not UTF-8")]
    NotUtf8,
    #[error("the answer is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("the answer is not a JSON object")]
    NotAnObject,
    #[error("the answer is not a JSON array")]
    NotAnArray,
    #[error("item {0} of the answer is not a JSON object")]
    ItemNotAnObject(usize),
    #[error("the answer has the member {0:?} twice")]
    Duplicate(String),
    /// In what is kept: half a surrogate pair, a number beyond a double, nesting
    /// deeper than 127.
    #[error("the answer holds a text, a number or a nesting that not every reader takes")]
    Unreadable,
}

/// The object in `json`, reduced to `members`, in the order received.
///
/// # Errors
/// If `json` is not one JSON object, or has one of the members twice.
pub fn object(json: &[u8], members: &[String]) -> Result<Bytes, ProjectError> {
    let text = checked(json)?;
    let mut out = Vec::with_capacity(text.len().min(4096));
    let mut seen = Vec::new();
    let mut scanner = Scanner::new(text);
    if scanner.peek() != Some(b'{') {
        return Err(ProjectError::NotAnObject);
    }
    copy_object(&mut scanner, members, &mut seen, &mut out)?;
    readable(&out)?;
    Ok(out.into())
}

/// The items of one or more arrays, one per page, each item reduced to the
/// declared members.
#[derive(Debug)]
pub struct List<'m> {
    members: &'m [String],
    out: Vec<u8>,
    items: usize,
    seen: Vec<bool>,
}

impl<'m> List<'m> {
    #[must_use]
    pub fn new(members: &'m [String]) -> Self {
        Self { members, out: vec![b'['], items: 0, seen: Vec::new() }
    }

    /// Appends the items of a page.
    ///
    /// # Errors
    /// If `json` is not one JSON array of objects, or an item has one of the
    /// members twice.
    pub fn page(&mut self, json: &[u8]) -> Result<(), ProjectError> {
        let mut scanner = Scanner::new(checked(json)?);
        if !scanner.take(b'[') {
            return Err(ProjectError::NotAnArray);
        }
        if scanner.take(b']') {
            return Ok(());
        }
        let begin = self.out.len();
        loop {
            if scanner.peek() != Some(b'{') {
                return Err(ProjectError::ItemNotAnObject(self.items));
            }
            if self.items > 0 {
                self.out.push(b',');
            }
            copy_object(&mut scanner, self.members, &mut self.seen, &mut self.out)?;
            self.items = self.items.saturating_add(1);
            if !scanner.take(b',') {
                let kept = self.out.get(begin..).unwrap_or_default();
                return readable(&[b"[", kept.strip_prefix(b",").unwrap_or(kept), b"]"].concat());
            }
        }
    }

    /// All items so far, as one JSON array.
    #[must_use]
    pub fn finish(mut self) -> Bytes {
        self.out.push(b']');
        self.out.into()
    }
}

fn checked(json: &[u8]) -> Result<&str, ProjectError> {
    let text = std::str::from_utf8(json).map_err(|_| ProjectError::NotUtf8)?;
    serde_json::from_str::<IgnoredAny>(text)
        .map_err(|e| ProjectError::NotJson { line: e.line(), column: e.column() })?;
    Ok(text)
}

/// Reads what is kept as the policy will: what it could not read there would be
/// no fact to it, whatever the gate is to do without facts.
fn readable(kept: &[u8]) -> Result<(), ProjectError> {
    serde_json::from_slice::<Readable>(kept).map(|_| ()).map_err(|_| ProjectError::Unreadable)
}

/// Any value that a `serde_json::Value` can hold; nothing is built.
struct Readable;

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Readable {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<Self, Self>()?.is_some() {}
        Ok(self)
    }
}

fn copy_object(
    scanner: &mut Scanner<'_>,
    members: &[String],
    seen: &mut Vec<bool>,
    out: &mut Vec<u8>,
) -> Result<(), ProjectError> {
    seen.clear();
    seen.resize(members.len(), false);
    scanner.take(b'{');
    out.push(b'{');
    let mut first = true;
    while scanner.peek() == Some(b'"') {
        let key = scanner.value();
        scanner.take(b':');
        let value = scanner.value();
        if let Some(index) = members.iter().position(|member| is_key(key, member)) {
            match seen.get_mut(index) {
                Some(seen) if *seen => {
                    return Err(ProjectError::Duplicate(members.get(index).cloned().unwrap_or_default()));
                }
                Some(seen) => *seen = true,
                None => {}
            }
            if !first {
                out.push(b',');
            }
            first = false;
            out.extend_from_slice(key.as_bytes());
            out.push(b':');
            out.extend_from_slice(value.as_bytes());
        }
        if !scanner.take(b',') {
            break;
        }
    }
    scanner.take(b'}');
    out.push(b'}');
    Ok(())
}

/// Whether the JSON string `quoted` spells `name`.
fn is_key(quoted: &str, name: &str) -> bool {
    if quoted.contains('\\') {
        return serde_json::from_str::<String>(quoted).is_ok_and(|key| key == name);
    }
    quoted.strip_prefix('"').and_then(|q| q.strip_suffix('"')) == Some(name)
}

/// Finds the ends of values in text that is known to be JSON.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Scanner<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.step();
        }
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    /// Passes `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let next = self.peek() == Some(byte);
        if next {
            self.step();
        }
        next
    }

    /// Passes the next value and gives its text.
    fn value(&mut self) -> &'t str {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.container(),
            _ => self.scalar(),
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn string(&mut self) {
        self.step();
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            self.step();
            match byte {
                b'"' => return,
                b'\\' => self.step(),
                _ => {}
            }
        }
    }

    fn container(&mut self) {
        let mut depth = 0_usize;
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b'"' => {
                    self.string();
                    continue;
                }
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.step();
            if depth == 0 {
                return;
            }
        }
    }

    fn scalar(&mut self) {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') {
                return;
            }
            self.step();
        }
    }
}
