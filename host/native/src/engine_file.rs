//! The engine's native code, which all policies of a process share.
//!
//! wasmtime makes a component of one file, which must also hold the memory of its policy. So
//! one file has the engine without any policy. The file of a policy has a hole in the place of
//! the machine code, and what else wasmtime reads of the engine only until the policy's
//! components are made. Into each of them the pages of the first file are mapped, in the place of
//! both, so that in the end the file of a policy holds its memory and nothing else.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use rustix::mm::{MapFlags, ProtFlags, mmap};
use rustix::param::page_size;

use crate::error::NativeError;
use crate::file::{Contents, FormatError, NativeCode};
use crate::memory_file::MemoryFile;
use crate::settings::MEMORY;

/// The files that have an engine. They live as long as a policy that was made with them.
static SHARED: Mutex<Vec<(NativeCode, Weak<EngineFile>)>> = Mutex::new(Vec::new());

/// The engine in a file that nobody can change.
#[derive(Debug)]
pub(crate) struct EngineFile {
    file: MemoryFile,
    /// Where the machine code is.
    text: Range<u64>,
    /// Where the rest of it is.
    rest: [Range<u64>; 3],
    /// Bytes of the file, with the hole in which a policy has its memory.
    length: u64,
}

impl EngineFile {
    /// The engine of `code`, written to a file unless there is one; `None` where policies
    /// cannot share it.
    ///
    /// # Errors
    /// It cannot be written, or is not what it says.
    pub(crate) fn of(code: NativeCode, contents: &Contents<'_>) -> Result<Option<Arc<Self>>, NativeError> {
        let memory = contents.memory_at..contents.memory_at.saturating_add(u64::from(MEMORY));
        let (text, length) = (contents.text.clone(), contents.length);
        let (first, second) = if memory.start < text.start { (&memory, &text) } else { (&text, &memory) };
        let rest = [0..first.start, first.end..second.start, second.end..length];
        let page = u64::try_from(page_size()).unwrap_or(u64::MAX);
        let is_whole = |end: &u64| end.is_multiple_of(page);
        let whole = [text.start, text.end, memory.start, memory.end].iter().all(is_whole);
        // Elsewhere wasmtime may give the pages of code more than the right to run.
        if !whole || !cfg!(target_arch = "x86_64") {
            return Ok(None);
        }
        // Held while it is written: who comes meanwhile shares it.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.retain(|(_, file)| file.strong_count() > 0);
        if let Some(file) = shared.iter().find(|(known, _)| known.is(code)).and_then(|(_, file)| file.upgrade()) {
            return Ok(Some(file));
        }
        let file = MemoryFile::new("solgate-engine", length)?;
        write_code(&file, contents)?;
        file.seal()?;
        let made = Arc::new(Self { file, text, rest, length });
        shared.push((code, Arc::downgrade(&made)));
        Ok(Some(made))
    }

    /// Writes all but the machine code and the memory to the file of a policy.
    pub(crate) fn write_rest(&self, file: &MemoryFile) -> io::Result<()> {
        self.rest.iter().try_for_each(|part| file.copy(&self.file, part.clone()))
    }

    /// Takes away again what was [written](Self::write_rest).
    pub(crate) fn take_rest(&self, file: &MemoryFile) -> io::Result<()> {
        self.rest.iter().filter(|part| !part.is_empty()).try_for_each(|part| file.take(part.clone()))
    }

    /// Maps the engine into a component that was made of the file of a policy, and lies at
    /// `image`.
    ///
    /// # Errors
    /// The component is another one, or the kernel refuses: it must not be used.
    pub(crate) fn map_into(&self, image: Range<*const u8>) -> io::Result<()> {
        let bytes = image.end.addr().saturating_sub(image.start.addr());
        if !u64::try_from(bytes).is_ok_and(|bytes| bytes == self.length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let rest = self.rest.iter().map(|part| (part, ProtFlags::READ));
        for (part, rights) in rest.chain([(&self.text, ProtFlags::READ | ProtFlags::EXEC)]) {
            let offset = usize::try_from(part.start).map_err(|_| io::ErrorKind::InvalidData)?;
            let length = part.end.checked_sub(part.start).and_then(|length| usize::try_from(length).ok());
            let length = length.ok_or(io::ErrorKind::InvalidData)?;
            if length == 0 {
                continue;
            }
            let at = image.start.wrapping_add(offset).cast_mut();
            #[allow(unsafe_code, reason = "wasmtime offers no way to share an engine among components")]
            // SAFETY: these pages are a part of the mapping of the component's file, which is
            // of the same length as this file, and to which wasmtime has given the same rights. It
            // has changed nothing there, and no code runs before the component is instantiated.
            // What takes their place is what they hold, or, of the machine code, what they
            // would hold without the hole: the same release has made both, and nobody can
            // change this file since it was sealed. wasmtime gives the mapping back as a
            // whole, by its addresses.
            unsafe {
                mmap(
                    at.cast(),
                    length,
                    rights,
                    MapFlags::PRIVATE | MapFlags::FIXED,
                    self.file.descriptor(),
                    part.start,
                )?;
            }
        }
        Ok(())
    }
}

/// Writes all but the memory.
pub(crate) fn write_code(file: &MemoryFile, contents: &Contents<'_>) -> Result<(), NativeError> {
    let written = AtomicU64::new(u64::from(MEMORY));
    contents.code.each(|at, code| {
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        // The memory lies between what comes before it and the rest.
        let before = usize::try_from(contents.memory_at.saturating_sub(at)).unwrap_or(usize::MAX);
        let (before, after) = code.split_at_checked(before).unwrap_or((code, &[]));
        file.write(at, before)?;
        let bytes = |of: &[u8]| u64::try_from(of.len()).unwrap_or(u64::MAX);
        file.write(at.saturating_add(bytes(before)).saturating_add(u64::from(MEMORY)), after)?;
        written.fetch_add(bytes(code), Ordering::Relaxed);
        Ok::<_, NativeError>(())
    })?;
    if written.into_inner() == contents.length { Ok(()) } else { Err(FormatError.into()) }
}
