//! How much may still be found wrong with a document.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts down the errors that are made about a document. The validator of schemas
/// makes all of them before it hands out the first; once the allowance is spent, it
/// finds arrays and objects at their end, so that it has nothing more to complain of.
#[derive(Debug)]
pub(crate) struct Allowance(AtomicUsize);

impl Allowance {
    pub(crate) const UNLIMITED: usize = usize::MAX;

    pub(crate) fn set(&self, errors: usize) {
        self.0.store(errors, Ordering::Relaxed);
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Takes one error off; false if there is none left.
    pub(crate) fn spend(&self) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        // Only one thread judges a document.
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        left > 0
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self(AtomicUsize::new(Self::UNLIMITED))
    }
}

impl Clone for Allowance {
    fn clone(&self) -> Self {
        Self::default()
    }
}
