//! The policy engine: judges one HTTP request by a compiled bundle.

pub mod ir;
pub mod verdict;
