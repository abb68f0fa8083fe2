//! Asks a VNFM or NFVO how it behaves, and suggests the configuration of a gate in front
//! of it.
//!
//! [`examine`] puts questions below the API roots of the built-in policies: which versions
//! there are, and what the server does with pages, filters, identifiers and versions. All
//! of them are GET and HEAD, so that nothing changes there. The [`Report`] says what was
//! seen, what follows for the configuration, and what cannot be found out in this way.

#![forbid(unsafe_code)]

mod apis;
pub mod ask;
mod examination;
mod habits;
mod report;
mod suggestion;
mod unknown;
mod versions;

pub use examination::examine;
pub use report::{Observation, Presence, Report, RootReport, Topic};
pub use suggestion::Suggestion;
pub use unknown::Unknown;
