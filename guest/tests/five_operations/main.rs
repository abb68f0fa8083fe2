//! The engine as its users see it: a small bundle, requests, verdicts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod dialects;
mod init;
mod releases;
mod settings;
mod stages;
mod state;
mod support;
mod versions;
