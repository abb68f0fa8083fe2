//! Files that change while the gate runs.
//!
//! [`changes`] says when to look at files. [`files`] says whether they have changed
//! since they were last read. The [`loader`] reads them beside the requests.
//! [`FileWatch`] combines the three for files that are simply read again.

#![forbid(unsafe_code)]

pub mod changes;
mod file_watch;
pub mod files;
pub mod loader;

pub use file_watch::FileWatch;
