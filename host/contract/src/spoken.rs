//! Dialects: operations that stand in for others, or exist at all, while an option is
//! on. Here they are numbers.

/// Which dialects are on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spoken(u32);

impl Spoken {
    /// Every dialect that there can be.
    pub const ALL: Self = Self(u32::MAX);

    /// Whether a dialect is on.
    #[must_use]
    #[inline]
    pub fn has(self, index: usize) -> bool {
        self.0 & bit(index) != 0
    }

    /// The same with a dialect on, or off. Of dialects there are at most 32.
    #[must_use]
    pub fn with(self, index: usize, on: bool) -> Self {
        if on { Self(self.0 | bit(index)) } else { Self(self.0 & !bit(index)) }
    }
}

fn bit(index: usize) -> u32 {
    u32::try_from(index).ok().and_then(|index| 1u32.checked_shl(index)).unwrap_or(0)
}
