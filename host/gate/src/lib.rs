//! Solgate judges ETSI NFV lifecycle-management requests before they reach a VNFM.
//!
//! A door receives a request and makes a [`Request`] from it. The [`Gate`](gate::Gate)
//! judges the request with its [policies](policy), and fetches [facts] from the VNFM
//! when a policy asks for them. The result is a [`Decision`](gate::Decision): it either
//! lets the request pass, or carries the [`Problem`](problem::Problem) to answer.

#![forbid(unsafe_code)]

pub mod ambiguity;
pub mod body;
pub mod claims;
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
