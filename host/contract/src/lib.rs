//! What a policy and its host say to each other, in Rust: the [verdict] that one asks
//! of the other, the [manifest] in which a policy says what it is, and what both must
//! read in the same way, which is [paths](uri), [API roots](api_root) and the
//! [router] that finds the operation of a request.
//!
//! The engine judges by these types, and the host that loads it as a component needs
//! them without the engine.

#![forbid(unsafe_code)]

pub mod api_root;
pub mod catalogue;
pub mod evaluate;
pub mod judge;
pub mod manifest;
pub mod ownership;
pub mod router;
pub mod spoken;
pub mod uri;
pub mod verdict;

pub use evaluate::Evaluate;
pub use judge::{Judge, JudgeError};
pub use manifest::Manifest;
