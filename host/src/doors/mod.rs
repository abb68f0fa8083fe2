//! Doors: the ways in which a request reaches the gate.

pub mod check;
pub mod demo;
pub mod explain;
pub mod gateway;
pub mod serve;
