//! The memory of the sandboxed engine.
//!
//! What a fresh instance costs is above all the pages that it writes: the host
//! copies each of them back. A general allocator, which is what the engine is
//! initialised with, would spread a small request over the holes that are left in
//! the heap. So once the bundle is compiled, memory comes from one run of fresh pages
//! behind everything else, which takes a dozen instructions a block.
//! Freed blocks are used again by size, so an instance may judge any number of
//! requests; what it has grown to is never given back, and the host ends an instance
//! that has grown far.
//!
//! A host that puts an instance back after each call lets a call write to a part of that
//! run only, the window. What does not fit in it lies in memory that the host is asked for.
#![allow(unsafe_code, reason = "an allocator hands out raw memory")]
#![allow(clippy::arithmetic_side_effects, reason = "sizes are bounded by `class`, addresses by the memory")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::arch::wasm32::{memory_grow, memory_size};
use std::cell::UnsafeCell;
use std::ptr;

/// Blocks begin, and lists of free blocks are spaced, at multiples of this.
const STEP: usize = 16;
/// Up to here there is a list for every multiple of [`STEP`] bytes.
const FINE: usize = 512;
/// Beyond it there are four for every doubling.
const CLASSES: usize = FINE / STEP + 4 * (usize::BITS - FINE.ilog2()) as usize;
/// Memory that the snapshot keeps ready for a request, so that a small one does
/// not have to ask the host for any. Whole pages.
const READY: usize = 512 << 10;
const WASM_PAGE: usize = 64 << 10;
/// Of most machines that run a sandbox; larger ones lose nothing but a little speed.
const HOST_PAGE: usize = 4 << 10;

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State { begin: usize::MAX, top: 0, end: 0, free: [0; CLASSES] }));

struct Heap(UnsafeCell<State>);

// SAFETY: the component has one thread.
unsafe impl Sync for Heap {}

struct State {
    /// Where the blocks begin that are not the general allocator's; beyond all
    /// memory until the engine is initialised.
    begin: usize,
    /// Where the next new block begins.
    top: usize,
    /// Where the memory ends that may be used without asking for more.
    end: usize,
    /// Address of the first free block of each class; its first word is that of
    /// the next one.
    free: [usize; CLASSES],
}

/// Ends the work of the general allocator: whatever is allocated from now on lies
/// side by side at the end of the memory.
pub(crate) fn take_over() {
    // SAFETY: one thread, and no reference to the state lives across a call.
    let state = unsafe { &mut *HEAP.0.get() };
    if state.begin == usize::MAX && state.grow(READY) {
        state.begin = state.end - READY;
        state.top = state.begin;
    }
}

/// Has what is allocated from now on lie on pages that nothing else is on.
pub(crate) fn start_anew() {
    // SAFETY: as above.
    let state = unsafe { &mut *HEAP.0.get() };
    if state.begin == usize::MAX {
        return;
    }
    state.free = [0; CLASSES];
    state.top = state.top.next_multiple_of(HOST_PAGE);
    let missing = state.top.saturating_add(READY).saturating_sub(state.end);
    if missing > 0 {
        state.grow(missing);
    }
}

/// Where what a call allocates begins, if it is the first call after [`start_anew`].
///
/// From now on it ends `size` bytes later, or where the memory ends; more is asked for.
pub(crate) fn window(size: usize) -> (usize, usize) {
    // SAFETY: as above.
    let state = unsafe { &mut *HEAP.0.get() };
    state.end = state.top.saturating_add(size).min(memory_size(0) * WASM_PAGE);
    (state.top, state.end)
}

/// The first `size` bytes of the window, which the host has written to.
///
/// # Safety
/// Nothing has been allocated since [`window`] was called, and so many bytes are in it.
pub(crate) unsafe fn first(size: usize) -> &'static [u8] {
    // SAFETY: as above.
    let state = unsafe { &mut *HEAP.0.get() };
    let begin = state.top;
    state.top = (begin + size).next_multiple_of(STEP);
    // SAFETY: it is memory that nobody else has, and gets no owner that gives it back.
    unsafe { std::slice::from_raw_parts(ptr::with_exposed_provenance(begin), size) }
}

/// A size's class, and the bytes that a block of it has. `None` for sizes that
/// the memory cannot hold.
const fn class(size: usize) -> Option<(usize, usize)> {
    if size <= FINE {
        let size = if size == 0 { STEP } else { (size + STEP - 1) & !(STEP - 1) };
        return Some((size / STEP - 1, size));
    }
    if size > usize::MAX / 4 {
        return None;
    }
    // Doublings above FINE, and the quarter of this one.
    let doubling = (size - 1).ilog2();
    let quarter = 1usize << (doubling - 2);
    let rounded = (size + quarter - 1) & !(quarter - 1);
    let steps = (rounded >> (doubling - 2)) - 4;
    Some((FINE / STEP + 4 * (doubling - FINE.ilog2()) as usize + steps - 1, rounded))
}

impl State {
    /// Adds at least `size` bytes to the memory. What is allocated next lies in them,
    /// unless they follow what there is.
    fn grow(&mut self, size: usize) -> bool {
        let pages = size.div_ceil(WASM_PAGE);
        let had = memory_grow(0, pages);
        if had == usize::MAX {
            return false;
        }
        let begin = had * WASM_PAGE;
        if begin != self.end {
            self.top = begin;
        }
        self.end = begin + pages * WASM_PAGE;
        true
    }

    /// A block that has not been used before.
    fn fresh(&mut self, size: usize, align: usize) -> *mut u8 {
        let begin = self.top.next_multiple_of(align);
        if begin.saturating_add(size) > self.end {
            return self.beyond(size, align);
        }
        self.top = begin + size;
        ptr::with_exposed_provenance_mut(begin)
    }

    /// The same where the memory that there is does not suffice.
    #[cold]
    #[inline(never)]
    fn beyond(&mut self, size: usize, align: usize) -> *mut u8 {
        if !self.grow(size.saturating_add(align)) {
            return ptr::null_mut();
        }
        let begin = self.top.next_multiple_of(align);
        self.top = begin + size;
        ptr::with_exposed_provenance_mut(begin)
    }
}

// SAFETY: blocks are handed out once until they are given back, large and
// aligned enough, and a null pointer says that there is no memory.
unsafe impl GlobalAlloc for Heap {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: one thread.
        let state = unsafe { &mut *self.0.get() };
        if state.begin == usize::MAX {
            // SAFETY: the layout is the caller's.
            return unsafe { System.alloc(layout) };
        }
        let Some((class, size)) = class(layout.size()) else { return ptr::null_mut() };
        if layout.align() > STEP {
            return state.fresh(size, layout.align());
        }
        match state.free.get_mut(class) {
            Some(first) if *first != 0 => {
                let block = ptr::with_exposed_provenance_mut::<u8>(*first);
                // SAFETY: a free block begins with the address of the next one.
                *first = unsafe { block.cast::<usize>().read() };
                block
            }
            _ => state.fresh(size, STEP),
        }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: one thread.
        let state = unsafe { &mut *self.0.get() };
        let begin = block.expose_provenance();
        if begin < state.begin {
            // SAFETY: it is a block of the general allocator.
            return unsafe { System.dealloc(block, layout) };
        }
        let Some((class, size)) = class(layout.size()) else { return };
        if begin + size == state.top {
            state.top = begin;
        } else if let Some(first) = state.free.get_mut(class) {
            // SAFETY: the caller gives the block away; it has at least `STEP` bytes.
            unsafe { block.cast::<usize>().write(*first) };
            *first = begin;
        }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, wanted: usize) -> *mut u8 {
        // SAFETY: one thread; the reference is not used across the calls below.
        let state = unsafe { &mut *self.0.get() };
        let begin = block.expose_provenance();
        if begin < state.begin {
            if state.begin == usize::MAX {
                // SAFETY: it is a block of the general allocator.
                return unsafe { System.realloc(block, layout, wanted) };
            }
            // From now on that allocator only takes back, so that what lies behind
            // `begin` stays ours.
            return unsafe { self.moved(block, layout, wanted) };
        }
        let (Some((_, size)), Some((_, new))) = (class(layout.size()), class(wanted)) else { return ptr::null_mut() };
        if new == size {
            return block;
        }
        if begin + size == state.top && begin.saturating_add(new) <= state.end {
            state.top = begin + new;
            return block;
        }
        // SAFETY: as the caller says.
        unsafe { self.moved(block, layout, wanted) }
    }
}

impl Heap {
    /// Moves a block to where it has another size.
    ///
    /// # Safety
    /// As for [`GlobalAlloc::realloc`].
    unsafe fn moved(&self, block: *mut u8, layout: Layout, wanted: usize) -> *mut u8 {
        // SAFETY: the new layout is valid because the caller's is.
        let moved = unsafe { self.alloc(Layout::from_size_align_unchecked(wanted, layout.align())) };
        if !moved.is_null() {
            // SAFETY: both blocks have at least the smaller of the sizes.
            unsafe {
                ptr::copy_nonoverlapping(block, moved, layout.size().min(wanted));
                self.dealloc(block, layout);
            }
        }
        moved
    }
}
