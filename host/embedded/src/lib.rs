//! The gate inside a program that has its own client: the C library, and the module in
//! Envoy.
//!
//! [`EmbeddedGate`] is the gate as its configuration wants it now. A [`Hearing`] is one
//! request being judged: it says what the VNFM must be asked, and goes on when there are
//! answers. It starts no thread and does no I/O.

#![forbid(unsafe_code)]

mod gate;
mod hearing;

pub use gate::{EmbedError, EmbeddedGate, Gates, PolicyCheck, load, load_checked};
pub use hearing::{Heard, Hearing, Step};
