//! A policy's file as a static site, in which a browser judges requests by that very file.
//!
//! A browser knows core modules and no components. [`plan`] takes the core modules out of the
//! component as they are, byte for byte, and says how they are put together; the page in
//! `host/page/src/playground` does it, in a worker. [`site`](site()) gives all files: the
//! page, the modules, the cases that the policy carries, and its rule book. Where the bundle can
//! be edited in the page, its files, the compiler and the engine are there as well ([`Sources`]).

#![forbid(unsafe_code)]

mod editing;
pub mod plan;
mod site;

pub use editing::Sources;
pub use site::{File, Policy, SiteError, site};
