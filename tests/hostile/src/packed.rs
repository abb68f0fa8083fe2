//! The core exports by which the host of the same release calls an engine whose instances it
//! puts back (guest/src/component/packed.rs).

use std::alloc::{GlobalAlloc, Layout, System};
use std::arch::wasm32::memory_size;
use std::sync::atomic::{AtomicUsize, Ordering};

use solgate_contract::packed::{Input, write_outcome};

use crate::judge::judge;

/// Where the window begins, which is far behind everything else.
const BEGIN: usize = 16 << 20;

static TOP: AtomicUsize = AtomicUsize::new(0);
static END: AtomicUsize = AtomicUsize::new(0);

/// Where the window begins and ends.
pub(crate) fn window() -> (usize, usize) {
    (BEGIN, END.load(Ordering::Relaxed).max(BEGIN + 4096))
}

#[unsafe(export_name = "solgate-window")]
extern "C" fn open(size: usize) -> u64 {
    assert!(BEGIN + size < memory_size(0) << 16);
    TOP.store(BEGIN, Ordering::Relaxed);
    END.store(BEGIN + size, Ordering::Relaxed);
    pair(BEGIN, BEGIN + size)
}

#[unsafe(export_name = "solgate-evaluate")]
extern "C" fn evaluate(size: usize) -> u64 {
    TOP.store(BEGIN + size, Ordering::Relaxed);
    let input = unsafe { std::slice::from_raw_parts(BEGIN as *const u8, size) };
    let input = Input::read(input).unwrap();
    let mut packed = Vec::new();
    write_outcome(&mut packed, &judge(input.request().target));
    let packed = packed.leak();
    pair(packed.as_ptr() as usize, packed.len())
}

fn pair(low: usize, high: usize) -> u64 {
    (high as u64) << 32 | low as u64
}

/// Allocates in the window, if there is one and it has room.
struct Heap;

#[global_allocator]
static HEAP: Heap = Heap;

unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let begin = TOP.load(Ordering::Relaxed).next_multiple_of(layout.align());
        let end = begin.saturating_add(layout.size());
        if end > END.load(Ordering::Relaxed) {
            return unsafe { System.alloc(layout) };
        }
        TOP.store(end, Ordering::Relaxed);
        begin as *mut u8
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if (block as usize) < BEGIN || block as usize >= END.load(Ordering::Relaxed) {
            unsafe { System.dealloc(block, layout) }
        }
    }
}
