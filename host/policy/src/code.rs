//! Where the machine code of a component comes from: the release, the cache, or the
//! compiler.

use std::path::PathBuf;
use std::time::Instant;

use sha2::{Digest, Sha256};
use solgate_native::{Loaded, NativeError, Parts};
use wasmtime::component::Component;

use super::engine::Engine;
use super::outline::Outline;
use super::{ComponentDigest, LoadError, cache, fit};

/// A component that can run.
pub(super) struct Runnable {
    pub component: Component,
    source: Source,
}

/// Where the same component can be had again.
enum Source {
    /// Native code that came with this program.
    Native(Loaded),
    /// A file of the cache.
    File(PathBuf),
    /// Nowhere but in this process.
    Compiled,
}

impl Runnable {
    /// The code of a component: without a compiler if it was baked by the release that
    /// the engine's native code is of, else from the cache of the engine if it has
    /// one, else compiled, which takes seconds.
    pub(super) fn of(
        engine: &Engine,
        bytes: &[u8],
        digest: &ComponentDigest,
        outline: &Outline,
    ) -> Result<Self, LoadError> {
        if let Some(native) = native(engine, bytes) {
            return Ok(native);
        }
        let compile = || {
            if !engine.config().compile {
                return Err(LoadError::NotCompiled);
            }
            fit::check_types(bytes, outline)?;
            engine.count_compilation();
            let begun = Instant::now();
            tracing::info!(
                bytes = bytes.len(),
                "a policy is being compiled: there is no native code for it, and it is not in the cache"
            );
            let compiled = compile(engine.wasmtime(), bytes)?;
            tracing::info!(seconds = begun.elapsed().as_secs(), "the policy has been compiled");
            Ok(compiled)
        };
        let Some(folder) = engine.config().cache.as_deref() else {
            return Ok(Self { component: compile()?, source: Source::Compiled });
        };
        let (component, file) = cache::load(engine, folder, digest, compile)?;
        Ok(Self { component, source: file.map_or(Source::Compiled, Source::File) })
    }

    /// The same component as if it had just been loaded: wasmtime prepares memory
    /// for each of them apart. `None` if that fails, which it has no reason to.
    pub(super) fn again(&self, engine: &Engine) -> Option<Component> {
        match &self.source {
            Source::Native(loaded) => loaded.component(engine.wasmtime()).ok(),
            Source::File(file) => cache::map(engine.wasmtime(), file).ok(),
            Source::Compiled => {
                let code = self.component.serialize().ok()?;
                #[allow(unsafe_code, reason = "wasmtime offers no other way to load compiled code")]
                // SAFETY: the code is what this process has just compiled.
                unsafe { Component::deserialize(engine.wasmtime(), code) }.ok()
            }
        }
    }

    /// Gives back what only the making of components needs. There is no component
    /// [again](Self::again) afterwards.
    pub(super) fn finish(&self) {
        if let Source::Native(loaded) = &self.source
            && let Err(error) = loaded.finish()
        {
            tracing::warn!(%error, "a policy takes more memory than it needs");
        }
    }

    /// The release's own code, if it is that.
    pub(super) fn native(&self) -> Option<Loaded> {
        match &self.source {
            Source::Native(loaded) => Some(loaded.clone()),
            Source::File(_) | Source::Compiled => None,
        }
    }

    /// Whether it is the engine's code, which the release has compiled.
    pub(super) fn is_of_the_release(&self) -> bool {
        matches!(self.source, Source::Native(_))
    }

    /// Bytes of memory that it starts with beyond those that it was built with, and
    /// that no evaluation is charged for.
    pub(super) fn padding(&self) -> usize {
        match &self.source {
            Source::Native(loaded) => usize::try_from(loaded.padding).unwrap_or(usize::MAX),
            Source::File(_) | Source::Compiled => 0,
        }
    }
}

/// SHA-256 over the bytes of a component.
pub(super) fn digest(bytes: &[u8]) -> ComponentDigest {
    Sha256::digest(bytes).into()
}

fn native(engine: &Engine, bytes: &[u8]) -> Option<Runnable> {
    let codes = engine.config().native;
    if codes.is_empty() {
        return None;
    }
    let parts = match Parts::of(bytes) {
        Ok(parts) => parts,
        Err(error) => {
            tracing::debug!(%error, "no native code for this policy");
            return None;
        }
    };
    let load = |code: &solgate_native::NativeCode| {
        let loaded = code.with(&parts)?;
        let component = loaded.component(engine.wasmtime())?;
        Ok::<_, NativeError>(Runnable { component, source: Source::Native(loaded) })
    };
    codes.iter().find_map(|code| {
        load(code).inspect_err(|error| tracing::debug!(%error, "native code not used for this policy")).ok()
    })
}

fn compile(engine: &wasmtime::Engine, bytes: &[u8]) -> Result<Component, LoadError> {
    Component::from_binary(engine, bytes).map_err(|error| {
        let words = format!("{error:#}");
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        // Of its errors wasmtime does not tell which are of the component.
        match wasmparser::Validator::new().validate_all(bytes) {
            Err(_) => LoadError::NotAComponent(words),
            Ok(_) => LoadError::Beyond(words),
        }
    })
}
