//! Makes a running component from a component's memory and the engine's code.

use std::io;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine_file::{EngineFile, write_code};
use crate::error::NativeError;
use crate::file::{Contents, NativeCode};
use crate::memory_file::MemoryFile;
use crate::parts::Parts;
use crate::settings::MEMORY;

/// What components are made of that need no compiler.
#[derive(Debug, Clone)]
pub struct Loaded {
    file: Arc<MemoryFile>,
    /// Where the engine is, if it is not in the file.
    engine: Option<Arc<EngineFile>>,
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
        let engine = EngineFile::of(self, &contents)?;
        match &engine {
            Some(engine) => engine.write_rest(&file)?,
            None => write_code(&file, &contents)?,
        }
        write_memory(&file, contents.memory_at, parts)?;
        if engine.is_none() {
            file.seal()?;
        }
        Ok(Loaded { file: Arc::new(file), engine, padding })
    }
}

impl Loaded {
    /// Makes a component of it: another one each time, of which wasmtime prepares the
    /// memory apart.
    ///
    /// # Errors
    /// If wasmtime, by its version, its settings or the processor, cannot run it; or if it
    /// was [finished](Self::finish).
    pub fn component(&self, engine: &Engine) -> Result<Component, NativeError> {
        #[allow(unsafe_code, reason = "wasmtime offers no other way to load compiled code")]
        // SAFETY: the file is what wasmtime has made of the engine when this program
        // was built, with data where data is: the memory that a policy starts with,
        // which compiled code expects no more of than that it is there. Nothing but `finish`
        // changes it: before that is called this process alone has the file, and here nobody
        // else writes to it; after that it is sealed. wasmtime checks that it fits its own
        // version, its settings and the processor.
        let component = unsafe { Component::deserialize_file(engine, self.file.path()) };
        let component = component.map_err(NativeError::Refused)?;
        if let Some(engine) = &self.engine {
            engine.map_into(component.image_range())?;
        }
        Ok(component)
    }

    /// Gives back what only the making of components needs: from now on [`component`](Self::component)
    /// may fail, and the components that there are remain.
    ///
    /// # Errors
    /// The kernel refuses. The components can be used all the same.
    pub fn finish(&self) -> io::Result<()> {
        let Some(engine) = &self.engine else { return Ok(()) };
        engine.take_rest(&self.file)?;
        self.file.seal()
    }
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
