//! What the end-to-end suites share.

pub mod cases;
pub mod domain;
