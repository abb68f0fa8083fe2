//! What of an instance's memory can be written to.
//!
//! All that is unsafe about rewinding is here: the kernel is told for each page whether it
//! can be written to. Nothing is read or written.
#![allow(unsafe_code, reason = "wasmtime does not say what of a memory can be written to")]

use std::io;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut, Range};
use std::ptr;

use rustix::mm::{Advice, MprotectFlags, madvise, mprotect};

/// An owner of a memory, parts of which cannot be written to until the owner is dropped.
pub(super) struct Guarded<T> {
    owner: ManuallyDrop<T>,
    begin: *mut u8,
    length: usize,
}

// SAFETY: the address is only ever given to the kernel.
unsafe impl<T: Send> Send for Guarded<T> {}

impl<T> Guarded<T> {
    /// Lets only these parts of the memory of `owner` be written to. Both ends of each are
    /// whole pages of this machine, or the end of the memory.
    ///
    /// # Errors
    /// The kernel refuses, or a part is not within the memory. The owner is dropped.
    pub fn new(owner: T, memory: impl FnOnce(&mut T) -> &mut [u8], writable: &[Range<usize>]) -> io::Result<Self> {
        let mut owner = owner;
        let memory = memory(&mut owner);
        if writable.iter().any(|part| part.start > part.end || part.end > memory.len()) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        let (begin, length) = (memory.as_mut_ptr(), memory.len());
        // From here on it is dropped only once all of it can be written to.
        let guarded = Self { owner: ManuallyDrop::new(owner), begin, length };
        guarded.protect(0..length, MprotectFlags::READ)?;
        for part in writable {
            guarded.protect(part.clone(), MprotectFlags::READ | MprotectFlags::WRITE)?;
        }
        Ok(guarded)
    }

    fn protect(&self, part: Range<usize>, flags: MprotectFlags) -> io::Result<()> {
        let begin = self.begin.wrapping_add(part.start).cast();
        // SAFETY: these are pages of the memory of an instance, which the owner keeps where
        // they are. Three write to them: the instance's code, whose accesses wasmtime
        // turns into traps where they fault; this crate, which writes to the parts
        // that it has named as writable; and wasmtime when the owner is dropped, before
        // which all can be written to again. The instance's code does not call wasmtime's
        // functions that write to memory, see `solgate_native`.
        Ok(unsafe { mprotect(begin, part.len(), flags) }?)
    }
}

impl<T> Deref for Guarded<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.owner
    }
}

impl<T> DerefMut for Guarded<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.owner
    }
}

impl<T> Drop for Guarded<T> {
    fn drop(&mut self) {
        match self.protect(0..self.length, MprotectFlags::READ | MprotectFlags::WRITE) {
            // SAFETY: it is dropped here and nowhere else.
            Ok(()) => unsafe { ManuallyDrop::drop(&mut self.owner) },
            // wasmtime would write to the memory, and the process would die of it.
            Err(error) => tracing::error!(%error, "the memory of an instance cannot be given back, and is lost"),
        }
    }
}

/// Forgets all that has been written to a memory since its image was mapped, so that the
/// kernel knows what is written from now on.
///
/// # Errors
/// The kernel refuses. The memory may have lost its content.
pub(super) fn forget(memory: &mut [u8]) -> io::Result<()> {
    // SAFETY: it is memory that the caller alone can write to, and any bytes are valid
    // there. wasmtime does the same with the memories of its pool.
    Ok(unsafe { madvise(ptr::from_mut(memory).cast(), memory.len(), Advice::LinuxDontNeed) }?)
}
