//! `solgate serve`: a reverse proxy with the gate in it.
//!
//! A request passes these modules in order. The [`guard`] takes its bytes from the
//! socket, or out of TLS, and checks [`head`] and [`framing`]. hyper parses the rest. What
//! comes by [`http2`] has its own checks there.
//! The [`proxy`] takes the request through the [pipeline](solgate_gateway::pipeline),
//! and either refuses it or lets [`forward`] pass it on. The request is reported with
//! the last byte of the [`answer`].

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
mod http2;
mod preface;
mod proxy;
mod rewrite;
mod server;
mod told;
mod via;

/// What stands between the socket and the HTTP implementation, for the tests that
/// compare how both read a connection (tests/properties). Not part of the interface.
#[doc(hidden)]
pub mod wire {
    pub use super::connection::{Connection, Passed};
    pub use super::guard::{Guard, GuardLimits};
    pub use super::http2::head::check as check_http2_head;
    pub use solgate_config::Limits as HttpLimits;
}

pub use forward::Upstream;
pub use server::Server;
