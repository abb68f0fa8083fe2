//! Whether the names of an object's members differ in more than case.
//!
//! The names of small objects are compared with one another as they come. Those of
//! larger ones are sorted when the object ends, so that nobody can choose names that
//! make this cost more than the text is long.

use super::{
    alike,
    document::{Document, behind, long},
    folded,
    parser::{Open, Parsed, Parser, Stop},
};

/// Most members whose names are compared one by one.
const FEW: u32 = 16;

impl Parser<'_> {
    /// Counts the value that has just ended in what it is in.
    pub(super) fn count(&mut self) -> Parsed<()> {
        if self.open.is_object && self.open.len < FEW {
            let key = self.ended.saturating_sub(1);
            if is_taken(&self.document, self.open, key) {
                return self.stop(Stop::DuplicateKey { object: self.open, key });
            }
        }
        self.open.len = self.open.len.saturating_add(1);
        Ok(())
    }

    /// Compares the names of a large object, which ends.
    pub(super) fn compare_names(&mut self) -> Parsed<()> {
        match self.duplicate(self.open) {
            Some(key) => self.stop(Stop::DuplicateKey { object: self.open, key }),
            None => Ok(()),
        }
    }

    /// The first duplicate among the names of large objects that have not ended.
    pub(super) fn earlier_duplicate(&mut self) -> Option<(Open, usize)> {
        // The members of an outer object all come before the inner one.
        let outermost_last: Vec<Open> = self.levels().collect();
        outermost_last.into_iter().rev().find_map(|open| Some((open, self.duplicate(open)?)))
    }

    /// The first name of a large object that another has before it, by its entry.
    fn duplicate(&mut self, object: Open) -> Option<usize> {
        if !object.is_object || object.len <= FEW {
            return None;
        }
        let mut order = std::mem::take(&mut self.order);
        order.clear();
        order.extend(names(&self.document, object).map(|(at, name)| u64::from(hash(name)) << 32 | at));
        order.sort_unstable();
        let alike = order.chunk_by(|left, right| left >> 32 == right >> 32).filter(|names| names.len() > 1);
        let found = alike.filter_map(|names| second(&self.document, names)).min();
        self.order = order;
        found
    }
}

/// Whether a member before the one whose name is the entry `key` has that name, in
/// whatever case.
fn is_taken(document: &Document<'_>, object: Open, key: usize) -> bool {
    let Some(name) = document.entries.get(key) else { return false };
    let name = document.text(name);
    names(document, object).any(|(_, known)| alike(known, name))
}

/// The names of an object's members so far, and their entries.
fn names<'d>(document: &'d Document<'_>, object: Open) -> impl Iterator<Item = (u64, &'d str)> {
    let mut at = long(object.at).saturating_add(1);
    (0..object.len).map_while(move |_| {
        let name = at;
        let value = name.saturating_add(1);
        at = behind(document.entries.get(value)?, value);
        Some((u64::try_from(name).ok()?, document.text(document.entries.get(name)?)))
    })
}

/// Of names with one hash, the first that is there a second time.
#[cold]
fn second(document: &Document<'_>, alike: &[u64]) -> Option<usize> {
    let entry = |name: &u64| usize::try_from(name & u64::from(u32::MAX)).ok();
    let mut names: Vec<(String, usize)> = alike
        .iter()
        .filter_map(entry)
        .filter_map(|at| document.entries.get(at).map(|name| (folded(document.text(name)).collect(), at)))
        .collect();
    names.sort_unstable();
    let pairs = names.iter().zip(names.iter().skip(1));
    pairs.filter(|(left, right)| left.0 == right.0).map(|(_, right)| right.1).min()
}

/// Enough to tell most names apart; the same for names that are alike.
fn hash(name: &str) -> u32 {
    if name.is_ascii() { hash_caseless(name) } else { hash_caseless(&folded(name).collect::<String>()) }
}

/// Takes no notice of the case of ASCII letters.
fn hash_caseless(name: &str) -> u32 {
    /// 2^64 by the golden ratio: spreads small differences.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    /// The bit that tells small letters from capital ones.
    const SMALL: u64 = u64::from_le_bytes([0x20; 8]);
    let mix = |state: u64, word: u64| (state ^ word).wrapping_mul(SPREAD).rotate_left(29);
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    let state = words.iter().fold(0, |state, word| mix(state, u64::from_le_bytes(*word) | SMALL));
    let rest = rest.iter().fold(1, |word: u64, byte| word << 8 | u64::from(*byte | 0x20));
    u32::try_from(mix(state, rest).wrapping_mul(SPREAD) >> 32).unwrap_or(0)
}
