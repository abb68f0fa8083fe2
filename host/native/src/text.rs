//! The machine code of the engine, which all policies of a process share.
//!
//! What a component is made of must be one file, which also holds the memory of its policy.
//! So the first file has the machine code, and each other one a hole in its place, into which
//! the pages of the first are mapped once wasmtime has read the rest.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, Weak};

use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::param::page_size;

use crate::file::{Contents, NativeCode};
use crate::memory_file::MemoryFile;
use crate::settings::MEMORY;

/// The files that have the machine code. They live as long as a policy that was loaded
/// from them.
pub(crate) static SHARED: Mutex<Shared> = Mutex::new(Shared(Vec::new()));

pub(crate) struct Shared(Vec<(NativeCode, Weak<MemoryFile>)>);

impl Shared {
    /// The machine code of `code`, if a file has it already.
    pub(crate) fn text(&mut self, code: NativeCode, contents: &Contents<'_>) -> Option<Arc<Text>> {
        self.0.retain(|(_, file)| file.strong_count() > 0);
        let file = self.0.iter().find(|(known, _)| known.is(code)).and_then(|(_, file)| file.upgrade())?;
        let page = u64::try_from(page_size()).ok()?;
        let whole = contents.text.start.is_multiple_of(page) && contents.text.end.is_multiple_of(page);
        // Elsewhere wasmtime may give the pages of code more than the right to run.
        let shared = whole && cfg!(target_arch = "x86_64");
        shared.then(|| Arc::new(Text { file, place: contents.text.clone(), length: contents.length }))
    }

    /// This file has it.
    pub(crate) fn is_in(&mut self, code: NativeCode, file: &Arc<MemoryFile>) {
        self.0.push((code, Arc::downgrade(file)));
    }
}

/// Machine code in a file that nobody can change.
#[derive(Debug)]
pub(crate) struct Text {
    file: Arc<MemoryFile>,
    /// Whole pages.
    place: Range<u64>,
    /// Bytes of the file.
    length: u64,
}

impl Text {
    /// Writes all but the machine code and the memory, as the first file has it.
    pub(crate) fn write_others(&self, file: &MemoryFile, contents: &Contents<'_>) -> io::Result<()> {
        let memory = contents.memory_at..contents.memory_at.saturating_add(u64::from(MEMORY));
        let (first, second) =
            if memory.start < self.place.start { (&memory, &self.place) } else { (&self.place, &memory) };
        for part in [0..first.start, first.end..second.start, second.end..self.length] {
            file.copy(&self.file, part)?;
        }
        Ok(())
    }

    /// Maps the machine code into the hole of a component that was loaded at `image`.
    ///
    /// # Errors
    /// The component is another one, or the kernel refuses: it must not be used.
    pub(crate) fn fill_hole(&self, image: Range<*const u8>) -> io::Result<()> {
        let bytes = image.end.addr().saturating_sub(image.start.addr());
        let offset = usize::try_from(self.place.start).ok();
        let length = usize::try_from(self.place.end.saturating_sub(self.place.start)).ok();
        let fits = u64::try_from(bytes).is_ok_and(|bytes| bytes == self.length);
        let ((Some(offset), Some(length)), true) = ((offset, length), fits) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let at = image.start.wrapping_add(offset).cast_mut();
        #[allow(unsafe_code, reason = "wasmtime offers no way to share machine code among components")]
        // SAFETY: these pages are a part of the mapping of the component's file, which is of the
        // same length as this file, and of which wasmtime has made this part executable. They
        // hold nothing yet but zeros, and no code runs before the component is instantiated.
        // What takes their place is what the file itself would hold, had it no hole: the same
        // release has made both, and nobody can change this file since it was sealed. wasmtime
        // gives the mapping back as a whole, by its addresses.
        unsafe {
            mmap(
                at.cast(),
                length,
                ProtFlags::READ | ProtFlags::EXEC,
                MapFlags::PRIVATE | MapFlags::FIXED,
                self.file.descriptor(),
                self.place.start,
            )?;
        }
        Ok(())
    }
}
