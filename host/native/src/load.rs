//! Makes a running component from a component's memory and the engine's code.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use solgate_packed::PackedError;
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::file::{Contents, FormatError, NativeCode};
use crate::memory_file::MemoryFile;
use crate::parts::Parts;
use crate::settings::MEMORY;
use crate::text::{SHARED, Text};

/// Why native code was not used: the component is compiled instead.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    #[error("this release did not make the component")]
    OtherCode,
    #[error("its memory of {0} bytes is larger than what native code starts with")]
    Memory(u64),
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    Packed(#[from] PackedError),
    #[error("it cannot be written to memory: {0}")]
    Memfd(#[from] io::Error),
    /// Another version or other settings of wasmtime, or a processor without what the
    /// code needs.
    #[error("it does not fit here: {0:#}")]
    Refused(wasmtime::Error),
}

/// A component that needed no compiler.
#[derive(Debug, Clone)]
pub struct Loaded {
    file: Arc<MemoryFile>,
    /// Where the machine code is, if the file has a hole there.
    text: Option<Arc<Text>>,
    /// Bytes of memory that it starts with beyond those that it was built with.
    pub padding: u64,
}

impl NativeCode {
    /// The engine's code with the memory of `parts`: what compiling the component
    /// would give, but that its memory is larger, and empty from where it would end.
    ///
    /// # Errors
    /// If it is the code of another component.
    pub fn with(self, parts: &Parts<'_>) -> Result<Loaded, NativeError> {
        let contents = Contents::of(self)?;
        if !contents.is_code_of(&parts.digest) {
            return Err(NativeError::OtherCode);
        }
        let padding = u64::from(MEMORY).checked_sub(parts.memory).ok_or(NativeError::Memory(parts.memory))?;
        let file = MemoryFile::new("solgate-policy", contents.length)?;
        // Held while the first is written: who comes meanwhile shares it.
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let text = shared.text(self, &contents);
        match &text {
            Some(text) => text.write_others(&file, &contents)?,
            None => write_code(&file, &contents)?,
        }
        write_memory(&file, contents.memory_at, parts)?;
        file.seal()?;
        let file = Arc::new(file);
        if text.is_none() {
            shared.is_in(self, &file);
        }
        Ok(Loaded { file, text, padding })
    }
}

impl Loaded {
    /// Makes a component of it: another one each time, of which wasmtime prepares the
    /// memory apart.
    ///
    /// # Errors
    /// If wasmtime, by its version, its settings or the processor, cannot run it.
    pub fn component(&self, engine: &Engine) -> Result<Component, NativeError> {
        #[allow(unsafe_code, reason = "wasmtime offers no other way to load compiled code")]
        // SAFETY: the file is what wasmtime has made of the engine when this program
        // was built, with data where data is: the memory that a policy starts with,
        // which compiled code expects no more of than that it is there. Nobody can
        // change it since it was sealed. wasmtime checks that it fits its own version,
        // its settings and the processor.
        let component = unsafe { Component::deserialize_file(engine, self.file.path()) };
        let component = component.map_err(NativeError::Refused)?;
        if let Some(text) = &self.text {
            text.fill_hole(component.image_range())?;
        }
        Ok(component)
    }
}

fn write_code(file: &MemoryFile, contents: &Contents<'_>) -> Result<(), NativeError> {
    let written = AtomicU64::new(u64::from(MEMORY));
    contents.code.each(|at, code| {
        let at = u64::try_from(at).unwrap_or(u64::MAX);
        // The memory lies between what comes before it and the rest.
        let before = usize::try_from(contents.memory_at.saturating_sub(at)).unwrap_or(usize::MAX);
        let (before, after) = code.split_at_checked(before).unwrap_or((code, &[]));
        file.write(at, before)?;
        let behind = at.saturating_add(bytes(before)).saturating_add(u64::from(MEMORY));
        file.write(behind, after)?;
        written.fetch_add(bytes(code), Ordering::Relaxed);
        Ok::<_, NativeError>(())
    })?;
    if written.into_inner() == contents.length { Ok(()) } else { Err(FormatError.into()) }
}

fn bytes(of: &[u8]) -> u64 {
    u64::try_from(of.len()).unwrap_or(u64::MAX)
}

/// Zeros between two segments that are written rather than left out: a call of the
/// kernel takes longer.
const GAP: u64 = 4096;

/// Bytes that are written at a time.
const PIECE: usize = 1 << 20;

fn write_memory(file: &MemoryFile, memory_at: u64, parts: &Parts<'_>) -> io::Result<()> {
    let mut pending: Vec<u8> = Vec::with_capacity(PIECE);
    let (mut start, mut end) = (0, 0);
    // Nothing has been written from here on.
    let mut untouched = 0;
    for (address, bytes) in &parts.image {
        match address.checked_sub(end) {
            Some(gap) if gap <= GAP && end >= untouched && pending.len() < PIECE => {
                pending.resize(pending.len().saturating_add(usize::try_from(gap).unwrap_or_default()), 0);
            }
            // Segments may come in any order, and later ones write over earlier ones.
            _ => {
                untouched = untouched.max(end);
                file.write(memory_at.saturating_add(start), &pending)?;
                pending.clear();
                start = *address;
            }
        }
        pending.extend_from_slice(bytes);
        end = start.saturating_add(self::bytes(&pending));
    }
    file.write(memory_at.saturating_add(start), &pending)
}
