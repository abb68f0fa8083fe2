//! What a release carries of the engine: the form of the bytes.
//!
//! ```text
//! magic, 32 bytes, and all numbers little-endian
//! u32       how many digests follow
//! 32 bytes  of each component whose code it is, its digest
//! u64       address of the memory within the code
//! u64       bytes of the code with that memory
//! u64, u64  where in it the machine code begins, and where it ends
//! the rest  the code without that memory, packed
//! ```

use std::ops::Range;

use solgate_packed::{Packed, pack};

use crate::parts::Digest;
use crate::settings::MEMORY;

/// The engine, compiled for one kind of machine, as a release carries it.
#[derive(Clone, Copy)]
pub struct NativeCode {
    bytes: &'static [u8],
}

impl NativeCode {
    /// What [`make`](crate::make) has made. Nothing vouches for the bytes but whoever
    /// carries them: they are machine code that the process will run.
    #[must_use]
    pub const fn new(bytes: &'static [u8]) -> Self {
        Self { bytes }
    }

    /// Whether both are the same.
    pub(crate) fn is(self, other: Self) -> bool {
        std::ptr::eq(self.bytes, other.bytes)
    }
}

impl std::fmt::Debug for NativeCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NativeCode").field("bytes", &self.bytes.len()).finish()
    }
}

/// The bytes are not those of native code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is not native code that this release made")]
pub struct FormatError;

const MAGIC: &[u8; 32] = b"solgate: the engine, compiled: 3";

/// The bytes, understood.
#[derive(Debug, Clone)]
pub(crate) struct Contents<'a> {
    digests: &'a [u8],
    /// Where in the code the memory lies.
    pub memory_at: u64,
    /// Bytes of the code, with that memory.
    pub length: u64,
    /// Where in it the machine code lies.
    pub text: Range<u64>,
    /// The code without that memory.
    pub code: Packed<'a>,
}

impl Contents<'static> {
    pub(crate) fn of(code: NativeCode) -> Result<Self, FormatError> {
        let mut rest = code.bytes;
        if rest.split_off(..MAGIC.len()) != Some(MAGIC) {
            return Err(FormatError);
        }
        let count = usize::try_from(u32::from_le_bytes(number(&mut rest)?)).map_err(|_| FormatError)?;
        let digests = count.checked_mul(size_of::<Digest>()).and_then(|length| rest.split_off(..length));
        let memory_at = u64::from_le_bytes(number(&mut rest)?);
        let length = u64::from_le_bytes(number(&mut rest)?);
        let text = u64::from_le_bytes(number(&mut rest)?)..u64::from_le_bytes(number(&mut rest)?);
        let memory = memory_at..memory_at.checked_add(u64::from(MEMORY)).ok_or(FormatError)?;
        let apart = text.end <= memory.start || memory.end <= text.start;
        if memory.end > length || text.end > length || text.start > text.end || !apart {
            return Err(FormatError);
        }
        Ok(Self { digests: digests.ok_or(FormatError)?, memory_at, length, text, code: Packed::new(rest) })
    }
}

impl Contents<'_> {
    /// Whether it is the code of a component with this digest.
    pub(crate) fn is_code_of(&self, digest: &Digest) -> bool {
        self.digests.as_chunks().0.contains(digest)
    }
}

fn number<const BYTES: usize>(rest: &mut &[u8]) -> Result<[u8; BYTES], FormatError> {
    rest.split_off(..BYTES).and_then(|bytes| bytes.try_into().ok()).ok_or(FormatError)
}

/// Why what was compiled could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("it is too large")]
    Large,
    #[error("it could not be compressed: {0}")]
    Pack(std::io::Error),
}

/// Writes what [`Contents::of`] reads. `code` is all of it but its memory, in two
/// pieces; `text` is where in the whole the machine code lies.
pub(crate) fn write(
    digests: &[Digest],
    memory_at: u64,
    text: Range<u64>,
    code: [&[u8]; 2],
) -> Result<Vec<u8>, WriteError> {
    let code = code.concat();
    let count = u32::try_from(digests.len()).map_err(|_| WriteError::Large)?;
    let length = u64::try_from(code.len()).ok().and_then(|length| length.checked_add(u64::from(MEMORY)));
    let mut file = MAGIC.to_vec();
    file.extend(count.to_le_bytes());
    file.extend(digests.as_flattened());
    file.extend(memory_at.to_le_bytes());
    file.extend(length.ok_or(WriteError::Large)?.to_le_bytes());
    file.extend(text.start.to_le_bytes());
    file.extend(text.end.to_le_bytes());
    file.extend(pack(&code).map_err(WriteError::Pack)?);
    Ok(file)
}
