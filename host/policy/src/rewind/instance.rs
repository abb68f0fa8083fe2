//! One instance that is put back after each call.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use rustix::param::page_size;
use solgate_contract::verdict::Outcome;
use wasmtime::Store;

use super::entry::{Entry, Failure, Input};
use super::memory::Guarded;
use crate::limits::EvaluationLimits;
use crate::room::Room;

/// An instance, which is put back after each call.
pub(crate) struct Rewound {
    store: Guarded<Store<Room>>,
    entry: Entry,
    /// All of the memory that can be written to.
    parts: Vec<Part>,
    /// Bytes of its window.
    pub size: usize,
    _counted: Arc<()>,
}

/// Whole pages of the memory.
struct Part {
    place: Range<usize>,
    /// What is there before a call. `None` if no call may read it before it has written it.
    content: Option<Box<[u8]>>,
}

impl Rewound {
    /// Makes all of the memory read-only but for stack, window and the pages in `known`. What no
    /// call may read is filled with `filler`; the instance is counted as long as it lives.
    pub(in crate::rewind) fn new(
        store: Store<Room>,
        entry: Entry,
        (filler, counted): (u8, Arc<()>),
        size: usize,
        known: &[Range<usize>],
    ) -> io::Result<Self> {
        let mut store = store;
        let memory = entry.memory_mut(&mut store);
        let mut parts = Vec::new();
        let (stack, window) = (entry.stack(), entry.window());
        let mut places: Vec<(Range<usize>, bool)> = known.iter().map(|page| (page.clone(), false)).collect();
        places.extend([(stack, true), (window, true)]);
        places.sort_by_key(|(place, _)| place.start);
        let mut end = 0;
        for (place, scratch) in places {
            let pages = whole_pages(&place, memory.len());
            let pages = pages.start.max(end)..pages.end.max(end);
            end = pages.end;
            let Some(bytes) = memory.get_mut(pages.clone()) else { return Err(io::ErrorKind::InvalidInput.into()) };
            // Where pages are large, others' bytes lie on them as well.
            let content = if scratch && pages == place {
                bytes.fill(filler);
                None
            } else {
                Some(Box::from(&*bytes))
            };
            parts.push(Part { place: pages, content });
        }
        let writable: Vec<Range<usize>> = parts.iter().map(|part| part.place.clone()).collect();
        let store = Guarded::new(store, |store| entry.memory_mut(store), &writable)?;
        Ok(Self { store, entry, parts, size, _counted: counted })
    }

    pub(in crate::rewind) fn call(&mut self, limits: &EvaluationLimits, input: &Input<'_>) -> Result<Outcome, Failure> {
        self.entry.call(&mut self.store, limits, input)
    }

    /// Puts everything back after a call that has returned. False if that cannot be done,
    /// and the instance must not be used again.
    pub(in crate::rewind) fn put_back(&mut self, filler: u8) -> bool {
        if self.store.data().has_grown() {
            return false;
        }
        let memory = self.entry.memory_mut(&mut self.store);
        for part in &self.parts {
            let Some(place) = memory.get_mut(part.place.clone()) else { return false };
            match &part.content {
                Some(content) if content.len() == place.len() => place.copy_from_slice(content),
                Some(_) => return false,
                None => place.fill(filler),
            }
        }
        self.entry.put_back_stack(&mut self.store)
    }
}

/// The pages that a stretch lies on.
fn whole_pages(place: &Range<usize>, length: usize) -> Range<usize> {
    let page = page_size();
    let begin = place.start.checked_div(page).unwrap_or_default().saturating_mul(page);
    begin..place.end.next_multiple_of(page).min(length)
}
