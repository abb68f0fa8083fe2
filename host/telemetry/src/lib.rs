//! Reports about requests: lines on standard output, records in a file, both and spans for a
//! collector; and the process's own messages on standard error.
//!
//! A request's [line] is built while the request is judged, and written when the
//! request has ended; so is its [record](record_file), if records are kept. Spans (feature
//! `collector`) follow a request from its head to its answer, and [decisions] are what a
//! collector gets of lines and records. Nothing here waits for a reader:
//! [`line_writer`] writes on a separate thread, and counts what it has no room for.

#![forbid(unsafe_code)]

#[cfg(feature = "collector")]
pub mod collector;
#[cfg(feature = "collector")]
pub mod decisions;
pub mod exposition;
pub mod level;
pub mod line;
mod line_writer;
pub mod log;
pub mod outcome_counter;
pub mod overrides;
pub mod record_file;
pub mod record_metrics;
mod repeats;
pub mod request_ids;
#[cfg(feature = "collector")]
pub mod spans;
