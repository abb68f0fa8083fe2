//! Compiles the engine, for a release to carry.

use object::read::elf::{FileHeader, SectionHeader};
use object::{Endianness, elf::FileHeader64};
use wasmtime::{Config, Engine};

use crate::file::{self, WriteError};
use crate::parts::{Digest, OtherComponent, Parts};
use crate::settings::MEMORY;
use crate::template::{TemplateError, engine_with};

/// Why the engine could not be compiled for a release.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    #[error("the policy: {0}")]
    Policy(OtherComponent),
    #[error("the engine: {0}")]
    Engine(#[from] OtherComponent),
    #[error("the engine: {0}")]
    Template(#[from] TemplateError),
    #[error("the engine cannot be compiled: {0:#}")]
    Compile(wasmtime::Error),
    #[error("what wasmtime has made cannot be read: {0}")]
    Object(#[from] object::read::Error),
    /// wasmtime lays out a component's memory in another way than this program knows.
    #[error("what wasmtime has made does not hold the memory in one piece")]
    Layout,
    #[error("native code cannot be written: {0}")]
    Write(#[from] WriteError),
}

/// Compiles the loadable `engine` with the settings of `config`. The code is also that
/// of every policy baked like `policy`: its memory is all by which it differs from it.
///
/// # Errors
/// If they are not components as the compiler of bundles makes them.
pub fn make(config: &Config, engine: &[u8], policy: &[u8]) -> Result<Vec<u8>, MakeError> {
    let digests: [Digest; 2] = [Parts::of(engine)?.digest, Parts::of(policy).map_err(MakeError::Policy)?.digest];
    let mut memory = vec![0; usize::try_from(MEMORY).map_err(|_| MakeError::Layout)?];
    // wasmtime leaves zeros out at both ends, so there are none.
    if let [first, .., last] = memory.as_mut_slice() {
        (*first, *last) = (1, 1);
    }
    let template = engine_with(engine, &memory)?;
    let wasmtime = Engine::new(config).map_err(MakeError::Compile)?;
    let code = wasmtime.precompile_component(&template).map_err(MakeError::Compile)?;
    let (at, length) = section(&code, b".rodata.wasm")?;
    let (text, bytes) = section(&code, b".text")?;
    let split = usize::try_from(at).ok().zip(usize::try_from(length).ok());
    let (before, rest) = split.and_then(|(at, _)| code.split_at_checked(at)).ok_or(MakeError::Layout)?;
    let (found, after) = split.and_then(|(_, length)| rest.split_at_checked(length)).ok_or(MakeError::Layout)?;
    if found != memory {
        return Err(MakeError::Layout);
    }
    Ok(file::write(&digests, at, text..text.saturating_add(bytes), [before, after])?)
}

/// Where in the code a section is, and its bytes.
fn section(code: &[u8], name: &[u8]) -> Result<(u64, u64), MakeError> {
    let header = FileHeader64::<Endianness>::parse(code)?;
    let endian = header.endian()?;
    let sections = header.sections(endian, code)?;
    for section in sections.iter() {
        if sections.section_name(endian, section)? == name {
            return Ok((section.sh_offset(endian), section.sh_size(endian)));
        }
    }
    Err(MakeError::Layout)
}
