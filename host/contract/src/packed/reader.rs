//! Reads what was sent. Nothing is believed: whoever reads stops where it makes no sense.

use crate::verdict::Severity;

/// Entries of a list that there is room for at first.
const ROOM: usize = 16;

/// What is left to read.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        self.0.split_off(..length)
    }

    pub fn array<const LENGTH: usize>(&mut self) -> Option<[u8; LENGTH]> {
        let (array, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*array)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.0.split_off_first().copied()
    }

    pub fn flag(&mut self) -> Option<bool> {
        match self.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    pub fn number(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.array()?)).ok()
    }

    pub fn status(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub fn text(&mut self) -> Option<&'a str> {
        let length = self.number()?;
        std::str::from_utf8(self.bytes(length)?).ok()
    }

    pub fn optional(&mut self) -> Option<Option<&'a str>> {
        if self.flag()? { self.text().map(Some) } else { Some(None) }
    }

    /// A list. There is room for a few entries before they are read, and for the others as
    /// they come.
    pub fn list<T>(&mut self, mut entry: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let length = self.number()?;
        let mut list = Vec::with_capacity(length.min(ROOM));
        for _ in 0..length {
            list.push(entry(self)?);
        }
        Some(list)
    }

    pub fn severity(&mut self) -> Option<Severity> {
        Some(match self.byte()? {
            0 => Severity::Off,
            1 => Severity::Audit,
            2 => Severity::Warn,
            3 => Severity::Deny,
            _ => return None,
        })
    }
}

/// As [`Reader::severity`] reads it.
pub(super) fn severity(severity: Severity) -> u8 {
    match severity {
        Severity::Off => 0,
        Severity::Audit => 1,
        Severity::Warn => 2,
        Severity::Deny => 3,
    }
}
