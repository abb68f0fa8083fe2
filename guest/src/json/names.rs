//! Where a name is among those of a large object, which are sorted.

/// A name of a large object: its hash, and its entry in the lower half.
pub(super) type Slot = u64;

/// "There is none" where an index is expected.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The slot of a name that is the entry with this index.
pub(super) fn slot(name: &str, entry: u64) -> Slot {
    Slot::from(hash(name)) << 32 | entry
}

/// The entry of a name.
pub(super) fn entry(slot: Slot) -> usize {
    usize::try_from(slot & Slot::from(u32::MAX)).unwrap_or(usize::MAX)
}

/// A name whose entry is at another place now; `None` if it is gone.
pub(super) fn moved(slot: Slot, places: &[u32]) -> Option<Slot> {
    let place = *places.get(entry(slot))?;
    (place != NOWHERE).then(|| slot & !Slot::from(u32::MAX) | Slot::from(place))
}

/// Enough to tell most names apart.
pub(super) fn hash(name: &str) -> u32 {
    /// 2^64 by the golden ratio: spreads small differences.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| (state ^ word).wrapping_mul(SPREAD).rotate_left(29);
    let (words, rest) = name.as_bytes().as_chunks::<8>();
    let state = words.iter().fold(0, |state, word| mix(state, u64::from_le_bytes(*word)));
    let rest = rest.iter().fold(1, |word: u64, byte| word << 8 | u64::from(*byte));
    u32::try_from(mix(state, rest).wrapping_mul(SPREAD) >> 32).unwrap_or(0)
}
