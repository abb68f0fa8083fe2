//! Solgate judges ETSI NFV lifecycle-management requests before they reach a
//! VNFM.
//!
//! How a request flows: a door receives it and makes a [`Request`] of
//! it; the [`Gate`](gate::Gate) judges it with its [policies](policy), fetching
//! [facts] from the VNFM when a policy asks for them; the [`Decision`](gate::Decision)
//! that comes out either lets the request pass or carries the
//! [`Problem`](problem::Problem) to answer.

#![forbid(unsafe_code)]

pub mod ambiguity;
pub mod body;
pub mod facts;
pub mod fault;
pub mod fields;
pub mod gate;
#[cfg(feature = "tower")]
pub mod layer;
pub mod problem;
pub mod record;
pub mod request;
pub mod trace_context;

pub use request::Request;
/// Policies: components, loaded once and asked about every request.
pub use solgate_policy as policy;
