//! Doors: the ways in which a request reaches the gate.

pub mod check;
