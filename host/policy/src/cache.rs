//! The cache of compiled policies.
//!
//! A file in the cache is native code that the process will run. So it is read only
//! from a folder that belongs to the process's user and that nobody else may enter or
//! write to, and only if it is whole: its SHA-256 is at its end.

use std::fs::{DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Module;
use wasmtime::component::Component;

use super::cache_error::CacheError;
use super::engine::Engine;
use super::{ComponentDigest, LoadError};

/// Length of the SHA-256 at the end of a file, in bytes.
const SEAL: u64 = 32;

/// Takes the compiled form of the component with this digest from the cache, or has it
/// compiled and puts it there: the component, and the file with its code, if there is
/// one. Trouble with the cache is logged and costs only the time to compile.
pub(super) fn load(
    engine: &Engine,
    folder: &Path,
    digest: &ComponentDigest,
    compile: impl FnOnce() -> Result<Component, LoadError>,
) -> Result<(Component, Option<PathBuf>), LoadError> {
    taken(engine.wasmtime(), folder, digest, compile, |error| engine.has_cache_trouble(error))
}

/// The code of a core module, from the cache in `folder`, or compiled and put there; and what was
/// the matter with the cache. It is for tools that run such a module again and again.
///
/// # Errors
/// If it cannot be compiled.
pub fn cached_module(
    engine: &wasmtime::Engine,
    folder: &Path,
    wasm: &[u8],
) -> Result<(Module, Option<CacheError>), wasmtime::Error> {
    let mut trouble = None;
    let digest = Sha256::digest(wasm).into();
    let (module, _) = taken(engine, folder, &digest, || Module::new(engine, wasm), |error| trouble = Some(error))?;
    Ok((module, trouble))
}

/// What is compiled and kept.
trait Code: Sized {
    /// # Safety
    /// As of [`Component::deserialize_file`].
    #[allow(unsafe_code, reason = "wasmtime offers no other way to load compiled code")]
    unsafe fn of_file(engine: &wasmtime::Engine, path: &Path) -> wasmtime::Result<Self>;

    fn to_bytes(&self) -> wasmtime::Result<Vec<u8>>;
}

impl Code for Component {
    #[allow(unsafe_code, reason = "wasmtime offers no other way to load compiled code")]
    unsafe fn of_file(engine: &wasmtime::Engine, path: &Path) -> wasmtime::Result<Self> {
        // SAFETY: the caller's.
        unsafe { Self::deserialize_file(engine, path) }
    }

    fn to_bytes(&self) -> wasmtime::Result<Vec<u8>> {
        self.serialize()
    }
}

impl Code for Module {
    #[allow(unsafe_code, reason = "wasmtime offers no other way to load compiled code")]
    unsafe fn of_file(engine: &wasmtime::Engine, path: &Path) -> wasmtime::Result<Self> {
        // SAFETY: the caller's.
        unsafe { Self::deserialize_file(engine, path) }
    }

    fn to_bytes(&self) -> wasmtime::Result<Vec<u8>> {
        self.serialize()
    }
}

fn taken<C: Code, E>(
    engine: &wasmtime::Engine,
    folder: &Path,
    digest: &ComponentDigest,
    compile: impl FnOnce() -> Result<C, E>,
    mut has_trouble: impl FnMut(CacheError),
) -> Result<(C, Option<PathBuf>), E> {
    let path = folder.join(name(engine, digest));
    match own(folder).and_then(|()| read(engine, &path)) {
        Ok(Some(code)) => return Ok((code, Some(path))),
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(%error, "compiled policy not taken from the cache");
            has_trouble(error);
        }
    }
    let code = compile()?;
    match own(folder).and_then(|()| write(&code, folder, &path)) {
        Ok(()) => Ok((code, Some(path))),
        Err(error) => {
            tracing::warn!(%error, "compiled policy not kept in the cache");
            has_trouble(error);
            Ok((code, None))
        }
    }
}

/// File name: digest of the component, and what the compiler's settings and
/// version hash to.
fn name(engine: &wasmtime::Engine, digest: &ComponentDigest) -> String {
    let mut compatibility = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut compatibility);
    let mut name = String::with_capacity(96);
    for byte in digest {
        name.push_str(&format!("{byte:02x}"));
    }
    format!("{name}-{:016x}.cwasm", compatibility.finish())
}

/// Creates the folder if need be, and sees that it is the process's own.
fn own(folder: &Path) -> Result<(), CacheError> {
    let io = |source| CacheError::Io { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(io)?;
    let found = std::fs::symlink_metadata(folder).map_err(io)?;
    if !found.is_dir() || found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o077 != 0 {
        return Err(CacheError::NotOurs { path: folder.to_owned(), mode: found.mode() & 0o7777 });
    }
    Ok(())
}

fn read<C: Code>(engine: &wasmtime::Engine, path: &Path) -> Result<Option<C>, CacheError> {
    let io = |source| CacheError::Io { path: path.to_owned(), source };
    let mut file = match OpenOptions::new().read(true).custom_flags(nofollow()).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    let found = file.metadata().map_err(io)?;
    if !found.is_file() || found.uid() != rustix::process::geteuid().as_raw() || found.mode() & 0o022 != 0 {
        return Err(CacheError::NotOurs { path: path.to_owned(), mode: found.mode() & 0o7777 });
    }
    let damaged = || CacheError::Damaged { path: path.to_owned() };
    let code = found.len().checked_sub(SEAL).ok_or_else(damaged)?;
    let mut hasher = Sha256::new();
    let read = std::io::copy(&mut (&file).take(code), &mut hasher).map_err(io)?;
    let mut seal = Vec::new();
    file.read_to_end(&mut seal).map_err(io)?;
    if read != code || hasher.finalize().as_slice() != seal {
        return Err(damaged());
    }
    map_code(engine, path).map(Some)
}

/// The code of a component in the cache, another time.
pub(super) fn map(engine: &wasmtime::Engine, path: &Path) -> Result<Component, CacheError> {
    map_code(engine, path)
}

/// The file itself becomes memory, so that what is never used of it, and what
/// several processes use, costs none. Files here are replaced, never written to.
fn map_code<C: Code>(engine: &wasmtime::Engine, path: &Path) -> Result<C, CacheError> {
    #[allow(unsafe_code, reason = "wasmtime offers no other way to load compiled code")]
    // SAFETY: the file is what `write` below has put there; like its folder, only
    // this user can write it. wasmtime checks that it fits its version and settings.
    let code = unsafe { C::of_file(engine, path) };
    code.map_err(|error| CacheError::Refused { path: path.to_owned(), reason: format!("{error:#}") })
}

fn write(code: &impl Code, folder: &Path, path: &Path) -> Result<(), CacheError> {
    let io = |source| CacheError::Io { path: path.to_owned(), source };
    let code = code.to_bytes().map_err(|error| CacheError::Serialise(format!("{error:#}")))?;
    // tempfile creates with mode 600 and removes the file if anything fails.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
    file.write_all(&code).map_err(io)?;
    file.write_all(&Sha256::digest(&code)).map_err(io)?;
    // The start does not wait for the disk: a file of which a crash has kept only a
    // part is found by its seal, and compiled again.
    file.persist(path).map(|_: File| ()).map_err(|error| io(error.error))
}

fn nofollow() -> i32 {
    i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default()
}
