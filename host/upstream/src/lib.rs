//! Connections to a VNFM, and to an issuer of keys.
//!
//! [`reach`] says where a VNFM is: at one [`address`] or at several, which a [`check`] may
//! look after. [`connect`] opens connections, a [`pool`] keeps those to one address for the
//! next request, [`pools`] are those to all of them. [`tcp`] notices when the other end has
//! vanished.

#![forbid(unsafe_code)]

pub mod address;
mod cause;
pub mod check;
pub mod connect;
pub mod pool;
pub mod pools;
pub mod reach;
pub mod tcp;

pub use cause::chain;
