//! `solgate ext-authz`: the gate as the external authorization service of Envoy, and of
//! the gateways and meshes that are built on Envoy.
//!
//! Envoy sends a check with the head and body of a request over one of the
//! [connections](incoming). Checks within the limits ([`admission`]) reach the
//! [`service`]. [`request`] reads the check, the gate judges, and [`answer`] tells
//! Envoy what to do.

#![forbid(unsafe_code)]

mod admission;
mod answer;
mod caller;
mod incoming;
mod request;
mod server;
mod service;

pub use server::Server;
