//! `solgate serve`: a reverse proxy with the gate in it.
//!
//! A request passes these modules in order: the [`guard`] takes its bytes from
//! the socket, or out of TLS, and checks [`head`] and [`framing`]; hyper parses what is left to
//! parse; the [`proxy`] reads the body, finds the upstream, waits for the
//! request's [turn](turns), asks the gate, and either refuses or lets [`forward`]
//! pass the request on. The [`answer`] writes the line of the decision log when the
//! last byte is gone.

#![forbid(unsafe_code)]

#[cfg(test)]
mod agreement;
mod answer;
mod client;
mod connection;
mod forward;
mod framing;
mod guard;
mod head;
mod proxy;
mod server;
mod turns;

/// What stands between the socket and the HTTP implementation, for the tests that
/// compare how both read a connection (tests/properties). Not part of the interface.
#[doc(hidden)]
pub mod wire {
    pub use super::connection::{Connection, Passed};
    pub use super::guard::{Guard, GuardLimits};
}

pub use server::Server;

use solgate_config::{Limits, UpstreamConfig};
use solgate_gateway::error::GatewayError;

/// Checks that requests could be forwarded to this VNFM, without asking it anything.
///
/// # Errors
/// Its URL or the certificates for it cannot be used.
pub fn check_upstream(upstream: &UpstreamConfig, limits: &Limits) -> Result<(), GatewayError> {
    forward::Upstream::new(&upstream.url, upstream.ca_file.as_deref(), forward::Patience::from(limits)).map(drop)
}
