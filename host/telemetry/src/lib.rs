//! What is said of requests: lines on standard output, records in a file, spans for a
//! collector, and the words of the process itself on standard error.
//!
//! A request's [line] is built while it is judged, and written when it has
//! ended; so is its [record](record_file), if records are kept. [`spans`] follow it from
//! its head to its answer. Nothing here waits for whoever reads it: [`line_writer`]
//! writes on a thread of its own, and what it has no room for is counted.

#![forbid(unsafe_code)]

pub mod exposition;
pub mod line;
mod line_writer;
pub mod log;
pub mod outcome_counter;
pub mod record_file;
pub mod record_metrics;
mod repeats;
pub mod spans;
