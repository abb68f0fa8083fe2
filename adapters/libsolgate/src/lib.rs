//! Solgate as a C library: `libsolgate.so` and `include/solgate.h`.
//!
//! The library does no I/O except reading policy files. It hands the questions for the
//! VNFM to the embedding program. The program asks with its own client and hands the
//! answers back: `solgate_evaluate` says `SOLGATE_NEED` until it can say
//! `SOLGATE_ALLOW` or `SOLGATE_DENY`.
//!
//! [`exports`] has the functions, [`types`] what they take and give. Only these two
//! deal with pointers, and [`received`] and [`lent`]: the first copies what C hands
//! over, the second hands out what C may read. The rest is safe Rust.

mod answer;
mod configuration;
mod evaluation;
mod exports;
mod gate;
mod lent;
mod received;
mod refusal;
mod types;
