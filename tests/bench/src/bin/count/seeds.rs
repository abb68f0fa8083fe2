//! Hash maps without randomness, in this program alone: with seeds of their own, two
//! runs would not take the same number of instructions.
#![allow(unsafe_code, reason = "a function of libc is replaced")]

use std::sync::atomic::{AtomicUsize, Ordering};

use ahash::random_state::{RandomSource, set_random_source};

/// The seeds of ahash's maps, which else depend on where in memory something lies, so
/// that a change anywhere in the program would change them.
struct Counter(AtomicUsize);

impl RandomSource for Counter {
    fn gen_hasher_seed(&self) -> usize {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Fixes all seeds. Call it before there is any map.
///
/// # Panics
/// If there was one.
pub fn fix() {
    let set = set_random_source(Counter(AtomicUsize::new(1)));
    assert!(set.is_ok(), "a map has its seed already");
}

/// In place of libc's getrandom(2), which Rust's hash maps and those of crates ask for
/// their seeds: the same bytes every time.
///
/// # Safety
/// `length` bytes at `buffer` can be written.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(buffer: *mut u8, length: usize, _flags: u32) -> isize {
    // SAFETY: as above.
    unsafe { std::ptr::write_bytes(buffer, 0x5a, length) };
    isize::try_from(length).unwrap_or(isize::MAX)
}
