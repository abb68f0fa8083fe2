//! Where a policy writes beside its stack and its window: flags, counters, and the numbers
//! of those who share a text.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use rustix::param::page_size;

use super::entry::Entry;

/// Most pages of each kind that calls may write to: each costs time after every call.
const STACK_PAGES: usize = 8;
const OTHER_PAGES: usize = 16;
/// Most pages that are counted. Beyond, all count half as often, and the rarest not at all.
const COUNTED: usize = 256;

/// Pages that were written to, of one policy.
#[derive(Default)]
pub(super) struct Places(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    /// By the address of a page, how often it was seen.
    counts: BTreeMap<usize, u32>,
    /// Those seen most often, in the order of their addresses.
    known: Arc<[Range<usize>]>,
}

impl Places {
    /// The pages that calls may write to.
    pub fn known(&self) -> Arc<[Range<usize>]> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner).known)
    }

    /// Whether another page can only take the place of one.
    pub fn are_full(&self) -> bool {
        self.known().len() >= OTHER_PAGES
    }

    /// Takes note of pages that a call has written to.
    pub fn note(&self, written: Vec<Range<usize>>, entry: &Entry) {
        let (stack, window) = (entry.stack(), entry.window());
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for page in written {
            let on_stack = stack.start <= page.start && page.end <= stack.end;
            // Beyond the window lies what the instance has grown by, or what nothing uses.
            if !on_stack && page.end <= window.start {
                let count = noted.counts.entry(page.start).or_default();
                *count = count.saturating_add(2);
            }
        }
        if noted.counts.len() > COUNTED {
            noted.counts.retain(|_, count| {
                *count /= 2;
                *count > 1
            });
        }
        let mut often: Vec<(usize, u32)> = noted.counts.iter().map(|(page, count)| (*page, *count)).collect();
        often.sort_by_key(|(_, count)| Reverse(*count));
        let (deep, others): (Vec<_>, Vec<_>) = often.into_iter().partition(|(page, _)| *page < stack.start);
        let mut pages: Vec<usize> =
            deep.iter().take(STACK_PAGES).chain(others.iter().take(OTHER_PAGES)).map(|(page, _)| *page).collect();
        pages.sort_unstable();
        let page = page_size();
        noted.known = pages.into_iter().map(|begin| begin..begin.saturating_add(page)).collect();
    }
}
