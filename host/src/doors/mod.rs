//! Doors: the ways in which a request reaches the gate.

pub mod check;
pub mod demo;
pub mod explain;
pub mod ext_authz;
pub mod gateway;
pub mod serve;
