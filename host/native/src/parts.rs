//! Splits a component into the memory that it starts with, and the rest.

use sha2::{Digest as _, Sha256};
use wasmparser::{BinaryReaderError, DataKind, DataSectionReader, MemorySectionReader, Operator, Parser, Payload};

use crate::settings::PAGE;

/// SHA-256 over all of a component that decides how it behaves, but for the memory
/// that it starts with.
pub type Digest = [u8; 32];

/// A component, taken apart.
#[derive(Debug)]
pub struct Parts<'a> {
    pub digest: Digest,
    /// Bytes of memory that it starts with.
    pub memory: u64,
    /// What is in that memory, in the order in which it is written there: the address,
    /// and the bytes, which end within the memory. All else is zero.
    pub image: Vec<(u64, &'a [u8])>,
}

/// Why a component cannot be one of this release.
#[derive(Debug, thiserror::Error)]
pub enum OtherComponent {
    #[error(transparent)]
    Malformed(#[from] BinaryReaderError),
    #[error("it does not have exactly one memory, of fixed initial size and without a maximum")]
    Memory,
    #[error("its memory is not initialised by plain segments within it")]
    Data,
}

impl<'a> Parts<'a> {
    /// Takes a component apart. Nothing of it is validated but its memory: that it is
    /// valid is known when its digest is that of a component that is.
    ///
    /// # Errors
    /// If it has another kind of memory than policies of a release.
    pub fn of(component: &'a [u8]) -> Result<Self, OtherComponent> {
        let mut digest = Sha256::new();
        let mut memory = None;
        let mut image = None;
        for payload in Parser::new(0).parse_all(component) {
            let payload = payload?;
            // The places of the parts that are taken out also count.
            let (mark, range) = match &payload {
                Payload::Version { range, .. } => (VERSION, Some(range.clone())),
                Payload::End(_) => (END, None),
                // What is in it comes next, piece by piece.
                Payload::ModuleSection { .. } => (MODULE, None),
                Payload::ComponentSection { .. } => (COMPONENT, None),
                Payload::CustomSection(_) | Payload::CodeSectionEntry(_) => continue,
                Payload::MemorySection(section) => {
                    let size = size(section.clone())?;
                    memory.replace(size).map_or(Ok(()), |_| Err(OtherComponent::Memory))?;
                    (MEMORY, None)
                }
                Payload::DataSection(section) => {
                    let segments = segments(section.clone())?;
                    image.replace(segments).map_or(Ok(()), |_| Err(OtherComponent::Data))?;
                    (DATA, None)
                }
                other => {
                    let (id, range) = other.as_section().ok_or(OtherComponent::Data)?;
                    (u16::from(id), Some(range))
                }
            };
            let bytes = range.map_or(Some(&[][..]), |range| component.get(range)).ok_or(OtherComponent::Data)?;
            digest.update(mark.to_le_bytes());
            digest.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
            digest.update(bytes);
        }
        let memory = memory.ok_or(OtherComponent::Memory)?;
        let image = image.unwrap_or_default();
        let within = |(address, bytes): &(u64, &[u8])| {
            u64::try_from(bytes.len())
                .ok()
                .and_then(|length| address.checked_add(length))
                .is_some_and(|end| end <= memory)
        };
        if !image.iter().all(within) {
            return Err(OtherComponent::Data);
        }
        Ok(Self { digest: digest.finalize().into(), memory, image })
    }
}

// Beside the numbers that sections have in the file.
const VERSION: u16 = 256;
const END: u16 = 257;
const MODULE: u16 = 258;
const COMPONENT: u16 = 259;
const MEMORY: u16 = 260;
const DATA: u16 = 261;

/// Bytes of the only memory.
fn size(section: MemorySectionReader<'_>) -> Result<u64, OtherComponent> {
    let mut memories = section.into_iter();
    let memory = memories.next().ok_or(OtherComponent::Memory)??;
    let plain = !memory.memory64 && !memory.shared && memory.maximum.is_none() && memory.page_size_log2.is_none();
    match memories.next() {
        None if plain => memory.initial.checked_mul(PAGE).ok_or(OtherComponent::Memory),
        Some(Err(error)) => Err(error.into()),
        _ => Err(OtherComponent::Memory),
    }
}

fn segments(section: DataSectionReader<'_>) -> Result<Vec<(u64, &[u8])>, OtherComponent> {
    let mut segments = Vec::new();
    for data in section {
        let data = data?;
        let offset_expr = match data.kind {
            DataKind::Active { memory_index: 0, offset_expr } => offset_expr,
            // What baking leaves of the engine's own segments.
            DataKind::Passive if data.data.is_empty() => continue,
            _ => return Err(OtherComponent::Data),
        };
        let mut operators = offset_expr.get_operators_reader();
        let (Operator::I32Const { value }, Operator::End) = (operators.read()?, operators.read()?) else {
            return Err(OtherComponent::Data);
        };
        operators.finish()?;
        segments.push((u64::from(value.cast_unsigned()), data.data));
    }
    Ok(segments)
}
