//! Which pages of a memory have been written to, as the kernel knows it: a page of the
//! image that is written to becomes one of this process.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use rustix::param::page_size;

/// Of the eight bytes that the kernel has for a page, the upper bits.
const PRESENT: u64 = 1 << 63;
const SWAPPED: u64 = 1 << 62;
/// It is that of a file, or of memory that is shared.
const OF_A_FILE: u64 = 1 << 61;

/// The pages, as bytes of the memory.
///
/// # Errors
/// The kernel does not say.
pub(super) fn pages(memory: &[u8]) -> io::Result<Vec<Range<usize>>> {
    let page = page_size();
    let begin = memory.as_ptr().addr();
    let first = begin.checked_div(page).unwrap_or_default();
    let count = memory.len().checked_div(page).unwrap_or_default();
    let mut entries = vec![0; count.saturating_mul(size_of::<u64>())];
    let at = first.saturating_mul(size_of::<u64>());
    File::open("/proc/self/pagemap")?.read_exact_at(&mut entries, u64::try_from(at).unwrap_or(u64::MAX))?;
    let entries = entries.as_chunks().0.iter().map(|entry| u64::from_ne_bytes(*entry));
    let written = |entry: u64| entry & SWAPPED != 0 || entry & PRESENT != 0 && entry & OF_A_FILE == 0;
    let pages = (0_usize..).step_by(page).zip(entries).filter(|(_, entry)| written(*entry));
    Ok(pages.map(|(begin, _)| begin..begin.saturating_add(page)).collect())
}
