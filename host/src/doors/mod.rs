//! Doors: the ways in which a request reaches the gate.

mod body;
pub mod check;
pub mod demo;
pub mod explain;
pub mod ext_authz;
pub mod forward_auth;
pub mod gateway;
pub mod layer;
pub mod serve;
