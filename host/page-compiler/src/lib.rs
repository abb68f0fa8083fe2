//! The compiler of bundles for a page: what `solgate lint` says of its texts, and the file that
//! `solgate build` makes of them, byte for byte.
//!
//! A [`Desk`] answers the questions of one page. In WebAssembly it is asked through a few core
//! exports; whoever calls them is `host/page/src/playground/editing/compiler.ts`. The engine is run by
//! the browser in between: the desk prepares its module, and takes the snapshot of the instance
//! that has been told the bundle.

#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]

mod desk;
#[cfg(target_arch = "wasm32")]
mod exports;
mod instance;

pub use desk::{Baked, Desk, Fault};
