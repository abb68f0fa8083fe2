//! Comparing bytes in the sandbox, eight at a time.
//!
//! On this target the compiler's own `memcmp` goes byte by byte. Much of an
//! evaluation is comparing names, so that alone was a twentieth of it.
#![allow(unsafe_code, reason = "the compiler calls these with raw pointers")]

use std::cmp::Ordering;

/// As C has it: negative, zero or positive, by the first byte that differs.
///
/// # Safety
/// There are `len` bytes at either pointer.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, len: usize) -> i32 {
    // SAFETY: as the caller says.
    unsafe { compare(left, right, len) }
}

/// Zero if the bytes are equal.
///
/// # Safety
/// As for [`memcmp`].
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(left: *const u8, right: *const u8, len: usize) -> i32 {
    // SAFETY: as the caller says.
    unsafe { compare(left, right, len) }
}

/// # Safety
/// As for [`memcmp`].
#[inline]
unsafe fn compare(left: *const u8, right: *const u8, len: usize) -> i32 {
    let mut at = 0usize;
    while len.wrapping_sub(at) >= 8 {
        // SAFETY: eight bytes are left.
        let (left, right) = unsafe { (word(left.add(at)), word(right.add(at))) };
        if left != right {
            return sign(left.cmp(&right));
        }
        at = at.wrapping_add(8);
    }
    if len >= 8 {
        // The last eight bytes, some of them once more.
        let at = len.wrapping_sub(8);
        // SAFETY: there are at least eight.
        let (left, right) = unsafe { (word(left.add(at)), word(right.add(at))) };
        return sign(left.cmp(&right));
    }
    while at < len {
        // SAFETY: `at` is below the length.
        let (left, right) = unsafe { (*left.add(at), *right.add(at)) };
        if left != right {
            return sign(left.cmp(&right));
        }
        at = at.wrapping_add(1);
    }
    0
}

/// Eight bytes as a number that orders as they do.
///
/// # Safety
/// They are there.
#[inline]
unsafe fn word(at: *const u8) -> u64 {
    // SAFETY: as the caller says.
    u64::from_be(unsafe { at.cast::<u64>().read_unaligned() })
}

#[inline]
fn sign(ordering: Ordering) -> i32 {
    match ordering {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}
