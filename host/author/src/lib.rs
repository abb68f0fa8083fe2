//! Tools for authors of rules: [`check`] judges a request, [`explain`] shows how the
//! verdict came about, [`eval`] what an expression comes to, and [`demo`] is a VNFM in memory to try the gate on.

#![forbid(unsafe_code)]

pub mod check;
pub mod demo;
pub mod eval;
pub mod explain;
