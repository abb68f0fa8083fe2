//! Why native code was not used.

use std::io;

use solgate_packed::PackedError;

use crate::file::FormatError;

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
