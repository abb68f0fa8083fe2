//! The core exports with which the baker puts a bundle in.
#![allow(unsafe_code, reason = "the exports that the baker needs are raw functions")]

use std::cell::RefCell;

use super::start::initialise;

thread_local! {
    /// The compiled bundle on its way in, or the message of a failed `solgate-init`.
    static TRANSFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Makes room for `len` bytes and says where they are.
#[unsafe(export_name = "solgate-reserve")]
extern "C" fn reserve(len: usize) -> *mut u8 {
    TRANSFER.with_borrow_mut(|buffer| {
        buffer.clear();
        buffer.resize(len, 0);
        buffer.as_mut_ptr()
    })
}

/// Builds the engine from the bundle in the reserved bytes. Returns 0, or the
/// length of a message that is at `solgate-reserve`'s address then.
#[unsafe(export_name = "solgate-init")]
extern "C" fn init() -> usize {
    match initialise(TRANSFER.take()) {
        Ok(()) => 0,
        Err(message) => {
            let len = message.len().max(1);
            TRANSFER.set(message.into_bytes());
            len
        }
    }
}

/// Where the bytes of the transfer are.
#[unsafe(export_name = "solgate-message")]
extern "C" fn message() -> *const u8 {
    TRANSFER.with_borrow(|buffer| buffer.as_ptr())
}
