//! Where instances wait to be used again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::instance::Instance;
use super::rewind::instance::Rewound;

/// Tells the instances of one loaded policy from those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner(u64);

impl Owner {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// An instance that waits for its next call.
pub(super) enum Kept {
    Recycled(Instance),
    Rewound(Box<Rewound>),
}

/// Instances that wait for their next call. There is one list for all policies
/// of an engine, because they share its slots: one that waits is ended if another
/// policy has no slot left.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Vec<(Owner, Kept)>>);

impl Waiting {
    /// One that is used again as it is.
    pub(super) fn take(&self, owner: Owner) -> Option<Instance> {
        match self.take_if(owner, |kept| matches!(kept, Kept::Recycled(_)))? {
            Kept::Recycled(instance) => Some(instance),
            Kept::Rewound(_) => None,
        }
    }

    /// One that was put back, and has a window of that size.
    pub(super) fn take_rewound(&self, owner: Owner, size: usize) -> Option<Box<Rewound>> {
        match self.take_if(owner, |kept| matches!(kept, Kept::Rewound(instance) if instance.size == size))? {
            Kept::Rewound(instance) => Some(instance),
            Kept::Recycled(_) => None,
        }
    }

    fn take_if(&self, owner: Owner, wanted: impl Fn(&Kept) -> bool) -> Option<Kept> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The last one is the one whose memory is in the caches.
        let at = waiting.iter().rposition(|(known, kept)| *known == owner && wanted(kept))?;
        Some(waiting.remove(at).1)
    }

    /// Keeps an instance; one that has no calls left ends here.
    pub(super) fn put(&self, owner: Owner, instance: Kept) {
        let spent = matches!(&instance, Kept::Recycled(instance) if instance.is_spent());
        if !spent {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((owner, instance));
        }
    }

    /// Ends the instance that has waited longest. False if none waits.
    pub(super) fn end_one(&self) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = if waiting.is_empty() { None } else { Some(waiting.remove(0)) };
        drop(waiting);
        ended.is_some()
    }

    /// Ends those of a policy that is no longer there.
    pub(super) fn end_all(&self, owner: Owner) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(known, _)| *known != owner);
    }
}
