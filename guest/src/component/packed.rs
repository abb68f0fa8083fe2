//! The core exports of a baked policy for a host of the same release, which puts an instance
//! back after each call and so needs to know what a call writes to.
#![allow(unsafe_code, reason = "the host calls raw functions")]

use solgate_contract::packed::{Input, write_outcome};

use super::engine;
use crate::allocator;

/// What becomes of an input that the host of the same release cannot have written.
fn refused() -> ! {
    std::process::abort()
}

/// Bounds what a call allocates to `size` bytes of the memory that there is, as long as the
/// call needs no more. Returns where those bytes begin, and in the upper half where they
/// end. To be called before the first call.
#[unsafe(export_name = "solgate-window")]
extern "C" fn window(size: usize) -> u64 {
    let (begin, end) = allocator::window(size);
    pair(begin, end)
}

/// Evaluates the `size` bytes with which the window begins, which the host has written
/// there. Returns where the outcome is, and in the upper half how many bytes it has.
///
/// # Safety
/// It is the first call of an instance, or the first since it was put back.
#[unsafe(export_name = "solgate-evaluate")]
unsafe extern "C" fn evaluate(size: usize) -> u64 {
    // SAFETY: as above; the host writes no more than fits in the window.
    let input = Input::read(unsafe { allocator::first(size) }).unwrap_or_else(|| refused());
    let outcome = engine().evaluate(&input.request(), &input.context());
    let mut packed = Vec::with_capacity(OUTCOME);
    write_outcome(&mut packed, &outcome);
    let packed = packed.leak();
    // Nothing is given back: the host forgets all of it.
    std::mem::forget((input, outcome));
    pair(packed.as_ptr().expose_provenance(), packed.len())
}

/// Bytes that most outcomes do not fill.
const OUTCOME: usize = 512;

fn pair(low: usize, high: usize) -> u64 {
    (high as u64) << 32 | low as u64
}
