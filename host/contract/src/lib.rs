//! What a policy and its host say to each other, in Rust: the [verdict] that the host
//! asks for, and the [manifest] in which a policy describes itself. It also has what
//! both must read in the same way: [paths](uri), [API roots](api_root) and the [router]
//! that finds the operation of a request.
//!
//! The engine judges by these types. The host loads the engine as a component, so it
//! needs the types without the engine.

#![forbid(unsafe_code)]

pub mod api_root;
pub mod catalogue;
pub mod claims;
pub mod evaluate;
pub mod judge;
pub mod manifest;
mod option_kind;
pub mod ownership;
pub mod packed;
pub mod router;
pub mod section;
pub mod spoken;
pub mod uri;
pub mod verdict;
pub mod version;

pub use evaluate::Evaluate;
pub use judge::{Judge, JudgeError};
pub use manifest::Manifest;
