//! The export of `guest/wit/engine.wit`, through which a bundle is put in at run time.
#![allow(unsafe_code, reason = "an export that the canonical ABI calls is a raw function")]

use super::start::initialise;

/// A `result<_, string>` as the canonical ABI lays it out in memory.
#[repr(C)]
pub struct Loaded {
    is_error: u32,
    message: *const u8,
    len: usize,
}

/// `load` of `guest/wit/engine.wit`.
///
/// # Safety
/// `at` is an allocation of `len` bytes by the global allocator, which is given
/// away: so does the canonical ABI pass a `list<u8>`.
#[unsafe(export_name = "load")]
unsafe extern "C" fn load(at: *mut u8, len: usize) -> *const Loaded {
    // SAFETY: as above; `cabi_realloc` allocates with the global allocator.
    let bundle = unsafe { Vec::from_raw_parts(at, len, len) };
    let message = initialise(bundle).err();
    // It lives as long as the instance, which is short after an error.
    let message = message.map(|message| &*message.leak());
    Box::leak(Box::new(Loaded {
        is_error: u32::from(message.is_some()),
        message: message.map_or(std::ptr::null(), str::as_ptr),
        len: message.map_or(0, str::len),
    }))
}
