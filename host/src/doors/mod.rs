//! Doors: the ways in which a request reaches the gate.
