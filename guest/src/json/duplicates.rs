//! Whether the names of an object's members differ.
//!
//! The names of small objects are compared with one another as they come, and a look
//! for one passes those before it. Those of larger ones are sorted when the object
//! ends, so that nobody can choose names that make either cost more than the text is
//! long.

use super::{
    document::{Document, FEW, behind, long, short},
    names::{NOWHERE, Slot, entry, slot},
    parser::{Open, Parsed, Parser, Stop},
};

impl Parser<'_> {
    /// Counts the member whose name has just been read. `mark` is that of the name.
    pub(super) fn count(&mut self, mark: u32) -> Parsed<()> {
        if self.open.len < FEW {
            if self.open.seen & mark != 0 {
                self.compare_name()?;
            }
            self.open.seen |= mark;
        }
        self.open.len = self.open.len.wrapping_add(1);
        Ok(())
    }

    /// Compares the name that has just been read with those before it.
    #[inline(never)]
    fn compare_name(&self) -> Parsed<()> {
        let key = self.document.entries.len().saturating_sub(1);
        let name = self.document.entries.get(key).map_or("", |name| self.document.text(name));
        if is_taken(&self.document, self.open, name) {
            return self.stop(Stop::DuplicateKey { object: self.open, key });
        }
        Ok(())
    }

    /// Compares the names of a large object, which ends. Says where they are, sorted.
    pub(super) fn compare_names(&mut self) -> Parsed<u32> {
        if self.open.len <= FEW {
            return Ok(NOWHERE);
        }
        let begin = self.document.order.len();
        match self.sort(self.open) {
            Some(key) => self.stop(Stop::DuplicateKey { object: self.open, key }),
            None => Ok(short(begin)),
        }
    }

    /// The first duplicate among the names of large objects that have not ended.
    pub(super) fn earlier_duplicate(&mut self) -> Option<(Open, usize)> {
        // The members of an outer object all come before the inner one.
        let outermost_last: Vec<Open> = self.levels().filter(|open| open.is_object && open.len > FEW).collect();
        outermost_last.into_iter().rev().find_map(|open| Some((open, self.sort(open)?)))
    }

    /// Appends the names of an object to those that are sorted. Gives the first of them
    /// that another has before it, by its entry.
    fn sort(&mut self, object: Open) -> Option<usize> {
        let mut order = std::mem::take(&mut self.document.order);
        let begin = order.len();
        order.extend(names(&self.document, object).map(|(at, name)| slot(name, at)));
        let sorted = order.get_mut(begin..).unwrap_or_default();
        sorted.sort_unstable();
        let of_one_hash = sorted.chunk_by_mut(|left, right| left >> 32 == right >> 32).filter(|names| names.len() > 1);
        let found = of_one_hash.filter_map(|names| second(&self.document, names)).min();
        self.document.order = order;
        found
    }
}

/// One of 32 bits, the same for equal names: most names of an object need not be
/// compared.
pub(super) fn mark(name: &[u8]) -> u32 {
    let [length, ..] = name.len().to_le_bytes();
    let last = name.last().map_or(0, |byte| u32::from(*byte));
    1_u32.wrapping_shl(last.wrapping_mul(3).wrapping_add(length.into()))
}

/// Whether a member of an object has a name.
fn is_taken(document: &Document<'_>, object: Open, name: &str) -> bool {
    names(document, object).any(|(_, known)| known == name)
}

/// The names of an object's members so far, and their entries; the value of the last may
/// still be missing.
fn names<'d>(document: &'d Document<'_>, object: Open) -> impl Iterator<Item = (u64, &'d str)> {
    let mut at = long(object.at).saturating_add(1);
    (0..object.len).map_while(move |_| {
        let name = at;
        let value = name.saturating_add(1);
        at = document.entries.get(value).map_or(value, |entry| behind(entry, value));
        Some((u64::try_from(name).ok()?, document.text(document.entries.get(name)?)))
    })
}

/// Sorts names of one hash by their text. Gives the first that is there a second time.
#[cold]
fn second(document: &Document<'_>, names: &mut [Slot]) -> Option<usize> {
    names.sort_unstable_by(|left, right| document.name(*left).cmp(document.name(*right)).then(left.cmp(right)));
    let pairs = names.iter().zip(names.iter().skip(1));
    pairs.filter(|(left, right)| document.name(**left) == document.name(**right)).map(|(_, right)| entry(*right)).min()
}
