//! Connections to a VNFM, and to an issuer of keys.
//!
//! [`connect`] opens them, the [`pool`] keeps them for the next request, [`tcp`]
//! notices when the other end has vanished.

#![forbid(unsafe_code)]

mod cause;
pub mod connect;
pub mod pool;
pub mod tcp;

pub use cause::chain;
