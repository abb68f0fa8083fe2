//! How the memory of an instance becomes what it was before the evaluation.

use std::fmt;

use wasmtime::PoolingAllocationConfig;

use super::swap::Swap;

/// Whether the kernel may be asked which pages an evaluation has written, so that
/// only those are copied back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageMap {
    /// Where no memory of this process can be swapped out: the answer leaves out
    /// pages that are not in memory, whose bytes the next evaluation would find.
    #[default]
    WithoutSwap,
    /// Nowhere.
    Never,
}

/// What is done with the memory of an instance before another evaluation gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryReset {
    pages: bool,
    because: Because,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Because {
    Swap(Swap),
    Kernel,
    Configured,
}

impl MemoryReset {
    pub(super) fn here(page_map: PageMap) -> Self {
        let available = PoolingAllocationConfig::is_pagemap_scan_available();
        Self::choose(page_map, available, Swap::of_this_process)
    }

    fn choose(page_map: PageMap, available: bool, swap: impl FnOnce() -> Swap) -> Self {
        let whole = |because| Self { pages: false, because };
        if page_map == PageMap::Never {
            return whole(Because::Configured);
        }
        if !available {
            return whole(Because::Kernel);
        }
        let swap = swap();
        Self { pages: swap.is_ruled_out(), because: Because::Swap(swap) }
    }

    /// The kernel's page map says what was written, and only that is copied back.
    /// Otherwise the memory is given back to the kernel in whole.
    #[must_use]
    pub fn uses_page_map(&self) -> bool {
        self.pages
    }

    /// Whether this was decided because nothing could be swapped, and now something can.
    pub(super) fn is_outdated(&self) -> bool {
        self.pages && !Swap::of_this_process().is_ruled_out()
    }
}

impl fmt::Display for MemoryReset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.pages {
            "memory is reset page by page, because "
        } else {
            "memory is reset in whole, because "
        })?;
        match self.because {
            Because::Swap(swap) => swap.fmt(f),
            Because::Kernel => f.write_str("the kernel does not tell which pages were written"),
            Because::Configured => f.write_str("that is how the engine is configured"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_map_is_used_only_where_nothing_can_be_swapped() {
        use PageMap::{Never, WithoutSwap};
        let cases = [
            (WithoutSwap, true, Swap::None, true, "page by page, because the machine has no swap"),
            (WithoutSwap, true, Swap::Forbidden, true, "page by page, because the control group"),
            (WithoutSwap, true, Swap::Allowed, false, "in whole, because the machine has swap"),
            (WithoutSwap, true, Swap::Unknown, false, "in whole, because it is not known"),
            (WithoutSwap, false, Swap::None, false, "in whole, because the kernel"),
            (Never, true, Swap::None, false, "in whole, because that is how"),
        ];
        for (page_map, available, swap, expected, words) in cases {
            let reset = MemoryReset::choose(page_map, available, || swap);
            assert_eq!(reset.uses_page_map(), expected, "{page_map:?}, {available}, {swap:?}");
            assert!(reset.to_string().contains(words), "{reset}");
        }
    }
}
