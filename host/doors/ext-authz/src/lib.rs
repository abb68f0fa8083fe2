//! `solgate ext-authz`: the gate as the external authorization service of Envoy,
//! and of the gateways and meshes that are built on it.
//!
//! Envoy sends a check with head and body of a request over one of the
//! [connections](incoming). What there is room for ([`admission`]) gets to the
//! [`service`]; [`request`] reads it, the gate judges, and [`answer`] says what Envoy
//! is to do.

#![forbid(unsafe_code)]

mod admission;
mod answer;
mod caller;
mod incoming;
mod request;
mod server;
mod service;

pub use server::Server;
