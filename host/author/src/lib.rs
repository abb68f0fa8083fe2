//! What people do with rules: [`check`] a request against them, have the verdict
//! [explained](explain), and try the gate on a VNFM in memory, the [`demo`].

#![forbid(unsafe_code)]

pub mod check;
pub mod demo;
pub mod explain;
