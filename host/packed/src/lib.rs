//! What a release carries compressed: the engine, the default policy, native code.
//!
//! The bytes are a row of Zstandard frames (RFC 8878), each of at most [`FRAME`] bytes
//! before it was compressed, and with its size in its head. So several threads can
//! decompress at a time, and nobody needs memory for all of it.

#![forbid(unsafe_code)]

mod work;

use zstd::bulk;
use zstd::zstd_safe::{find_frame_compressed_size, get_error_name, get_frame_content_size};

use crate::work::share;

/// Bytes of a frame before it is compressed; the last frame may have fewer.
pub const FRAME: usize = 4 << 20;

/// It takes seconds where a release is built, and decompressing takes no longer.
const LEVEL: i32 = 19;

/// The bytes are not those of a packed file.
#[derive(Debug, thiserror::Error)]
pub enum PackedError {
    #[error("a compressed frame is not valid: {0}")]
    Frame(&'static str),
    #[error("a compressed frame has {0} bytes, and this release makes frames of at most {FRAME}")]
    Large(u64),
    #[error("it cannot be decompressed: {0}")]
    Decompress(std::io::Error),
}

/// Bytes that were packed.
#[derive(Clone, Copy)]
pub struct Packed<'a>(&'a [u8]);

impl std::fmt::Debug for Packed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packed").field("bytes", &self.0.len()).finish()
    }
}

/// One frame.
struct Frame<'a> {
    /// Where its content lies in the whole.
    at: usize,
    length: usize,
    compressed: &'a [u8],
}

impl<'a> Packed<'a> {
    /// What [`pack`] has made.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// All of it, decompressed.
    ///
    /// # Errors
    /// If it was not packed by this release.
    pub fn unpack(self) -> Result<Vec<u8>, PackedError> {
        let mut all = Vec::new();
        self.unpack_into(&mut all)?;
        Ok(all)
    }

    /// The same, in the place of what `all` holds: an allocator may keep a large buffer for
    /// itself, and several that come one after the other need only one.
    ///
    /// # Errors
    /// If it was not packed by this release.
    pub fn unpack_into(self, all: &mut Vec<u8>) -> Result<(), PackedError> {
        let frames = self.frames()?;
        let length = frames.last().map_or(0, |last| last.at.saturating_add(last.length));
        all.clear();
        all.resize(length, 0);
        let targets = all.chunks_mut(FRAME);
        share(frames.into_iter().zip(targets).collect(), || (), |(), (frame, target)| frame.write_to(target))
    }

    /// Hands over all of it, piece by piece, with where each piece lies in the whole.
    /// Several threads do it, in no order.
    ///
    /// # Errors
    /// If it was not packed by this release, or `take` fails.
    pub fn each<E: From<PackedError> + Send>(
        self,
        take: impl Fn(usize, &[u8]) -> Result<(), E> + Sync,
    ) -> Result<(), E> {
        share(
            self.frames()?,
            || vec![0; FRAME],
            |buffer, frame| {
                let target = buffer.get_mut(..frame.length).unwrap_or_default();
                frame.write_to(target)?;
                take(frame.at, target)
            },
        )
    }

    fn frames(self) -> Result<Vec<Frame<'a>>, PackedError> {
        let mut rest = self.0;
        let mut frames: Vec<Frame<'_>> = Vec::new();
        let mut at = 0_usize;
        while !rest.is_empty() {
            let size = find_frame_compressed_size(rest).map_err(|code| PackedError::Frame(get_error_name(code)))?;
            let compressed = rest.split_off(..size).ok_or(PackedError::Frame("it is cut off"))?;
            let length = get_frame_content_size(compressed).ok().flatten();
            let length = length.ok_or(PackedError::Frame("its head does not tell its size"))?;
            let length =
                usize::try_from(length).ok().filter(|&length| length <= FRAME).ok_or(PackedError::Large(length))?;
            // Only the last frame may be shorter, or contents would lie elsewhere.
            if !at.is_multiple_of(FRAME) {
                return Err(PackedError::Frame("it follows a short one"));
            }
            frames.push(Frame { at, length, compressed });
            at = at.saturating_add(length);
        }
        Ok(frames)
    }
}

impl Frame<'_> {
    fn write_to(&self, target: &mut [u8]) -> Result<(), PackedError> {
        let written = bulk::decompress_to_buffer(self.compressed, target).map_err(PackedError::Decompress)?;
        if written == self.length { Ok(()) } else { Err(PackedError::Frame("it ends early")) }
    }
}

/// Packs `bytes`, for [`Packed::new`].
///
/// # Errors
/// If there is too little memory.
pub fn pack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    for frame in bytes.chunks(FRAME) {
        packed.extend(bulk::compress(frame, LEVEL)?);
    }
    Ok(packed)
}
