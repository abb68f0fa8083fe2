//! How much may wait to be written, or for the end of its request.
//!
//! Small records have room of their own, so that large ones never take it: what a record
//! needs at least always fits there. Of that room, requests that were refused before they
//! were judged get half, so that nobody who is not let in keeps the others out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Bytes of small records.
const SMALL_ROOM: usize = 16 << 20;
/// Bytes of the others.
const LARGE_ROOM: usize = 64 << 20;
/// Bytes of the largest record that is small.
const SMALL: usize = 16 << 10;
/// What every record takes beside what it is about.
const EACH: usize = 1 << 10;

/// The room of one log.
#[derive(Debug, Default)]
pub(super) struct Room {
    small: AtomicUsize,
    large: AtomicUsize,
    /// Records that found none, since somebody asked.
    turned_away: AtomicU64,
}

/// What one record takes of it; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Share {
    room: Arc<Room>,
    bytes: usize,
    large: bool,
}

impl Room {
    /// Room for a record that is about so many bytes.
    pub(super) fn take(self: &Arc<Self>, bytes: usize) -> Option<Share> {
        let bytes = bytes.saturating_add(EACH);
        if bytes <= SMALL {
            return self.share(bytes, false, SMALL_ROOM);
        }
        // Without others, even the largest has room.
        let limit = if self.large.load(Ordering::Relaxed) == 0 { usize::MAX } else { LARGE_ROOM };
        self.share(bytes, true, limit)
    }

    /// Room for the least that a record can be.
    pub(super) fn take_least(self: &Arc<Self>) -> Option<Share> {
        self.share(EACH.saturating_mul(4), false, SMALL_ROOM)
    }

    /// The same for a request that no policy was asked about.
    pub(super) fn take_for_refused(self: &Arc<Self>) -> Option<Share> {
        self.share(EACH.saturating_mul(4), false, SMALL_ROOM / 2)
    }

    /// So many small records wait that none should wait for a large one.
    pub(super) fn is_crowded(&self) -> bool {
        self.small.load(Ordering::Relaxed) > SMALL_ROOM / 2
    }

    /// Counts a record that is not written.
    pub(super) fn turn_away(&self) {
        self.turned_away.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were turned away since the last time.
    pub(super) fn turned_away(&self) -> u64 {
        self.turned_away.swap(0, Ordering::Relaxed)
    }

    fn share(self: &Arc<Self>, bytes: usize, large: bool, limit: usize) -> Option<Share> {
        let taken = if large { &self.large } else { &self.small };
        let before = taken.fetch_add(bytes, Ordering::Relaxed);
        let share = Share { room: Arc::clone(self), bytes, large };
        (before.saturating_add(bytes) <= limit).then_some(share)
    }
}

impl Share {
    /// It is that of a large record.
    pub(super) fn is_large(&self) -> bool {
        self.large
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let taken = if self.large { &self.room.large } else { &self.room.small };
        taken.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn small_records_have_room_of_their_own() {
        let room = Arc::new(Room::default());
        let huge = room.take(2 * LARGE_ROOM).unwrap();
        assert!(room.take(SMALL).is_none(), "there is no room for another large one");
        let refused: Vec<Share> = std::iter::from_fn(|| room.take_for_refused()).collect();
        assert_eq!(refused.len(), SMALL_ROOM / 2 / (4 * EACH));
        let small: Vec<Share> = std::iter::from_fn(|| room.take(SMALL - EACH)).collect();
        assert_eq!(small.len(), SMALL_ROOM / 2 / SMALL);
        assert!(room.take_least().is_none());
        assert!(room.is_crowded() && huge.is_large() && !small[0].is_large());
        drop((huge, small));
        assert!(!room.is_crowded(), "refused requests alone are no crowd");
        drop(refused);
        assert_eq!((room.small.load(Ordering::Relaxed), room.large.load(Ordering::Relaxed)), (0, 0));
        drop([room.take(SMALL).unwrap(), room.take(LARGE_ROOM / 2).unwrap()]);
    }
}
