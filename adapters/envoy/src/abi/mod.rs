//! The interface between Envoy and its modules, in C.
//!
//! There is one file for each version of it. The rest of this crate takes types, functions
//! and hooks from the one that is named here.

mod v0_2;

pub use v0_2::*;
