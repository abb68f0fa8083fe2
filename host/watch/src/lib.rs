//! Files that change while the gate runs.
//!
//! [`changes`] says when to look at files, [`files`] whether they differ from when they
//! were last read, and the [`loader`] reads them beside the requests. [`FileWatch`] puts
//! the three together for files that are simply read again.

#![forbid(unsafe_code)]

pub mod changes;
mod file_watch;
pub mod files;
pub mod loader;

pub use file_watch::FileWatch;
