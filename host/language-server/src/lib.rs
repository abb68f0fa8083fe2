//! A language server for policy bundles: what `solgate lint` finds, while it is written,
//! with completion, hover, definitions and symbols.
//!
//! [`run`] speaks the Language Server Protocol over two streams. What is known of a bundle
//! comes from `solgate_bundle`, in bytes; here it gets the protocol's words and positions.

#![forbid(unsafe_code)]

mod answers;
mod bundles;
mod check;
mod convert;
mod documents;
mod frame;
mod server;
mod uri;

pub use frame::FrameError;
pub use server::{Ending, run};
