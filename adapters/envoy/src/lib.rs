//! Solgate as a dynamic module of Envoy: the gate is an HTTP filter, in the worker.
//!
//! Envoy loads `libsolgate_envoy.so` and calls its [`hooks`]. They give a request to its
//! [`filter`], which buffers the body and has the gate judge it: at once if that takes some
//! microseconds, or else [`aside`], on threads of the module's own. Facts come through
//! Envoy's own clusters ([`callouts`]). What was decided goes into Envoy's metadata and
//! counters, and into lines and records ([`report`]).
//!
//! [`abi`], [`envoy`] and [`hooks`] are the border to C. The rest is safe Rust.

mod abi;
mod aside;
mod callouts;
mod door;
mod envoy;
mod filter;
mod hooks;
mod reload;
mod report;
mod request;
mod trial;
