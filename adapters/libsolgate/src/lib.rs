//! Solgate as a C library: `libsolgate.so` and `include/solgate.h`.
//!
//! The library does no I/O but reading policy files. What the VNFM must be asked
//! is handed to the embedding program, which asks with a client of its own and
//! hands the answer back: `solgate_evaluate` says `SOLGATE_NEED` until it can say
//! `SOLGATE_ALLOW` or `SOLGATE_DENY`.
//!
//! [`exports`] are the functions, [`types`] what they take and give. Only these
//! deal with pointers, and [`received`] and [`lent`], which copy what C hands over
//! and hand out what C may read; all else is safe Rust.

mod answer;
mod configuration;
mod evaluation;
mod exports;
mod gate;
mod lent;
mod received;
mod refusal;
mod types;
