//! A policy's file as a static site, in which a browser judges requests by that very file.
//!
//! A browser knows core modules and no components. [`plan`] takes the core modules out of the
//! component as they are, byte for byte, and says how they are put together; the page in
//! `host/page/src/playground` does it, in a worker. [`site`](site()) gives all files: the
//! page, the modules, the cases that the policy carries, and its rule book.

#![forbid(unsafe_code)]

mod book;
mod case;
pub mod plan;
mod site;

pub use site::{File, Policy, SiteError, site};
