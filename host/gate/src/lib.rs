//! Solgate judges ETSI NFV lifecycle-management requests before they reach a
//! VNFM.
//!
//! How a request flows: a door receives it and makes a [`Request`] of
//! it; the [`Gate`](gate::Gate) judges it with its [policies](policy), fetching
//! [facts] from the VNFM when a policy asks for them; the [`Decision`](gate::Decision)
//! that comes out either lets the request pass or carries the
//! [`Problem`](problem::Problem) to answer.

#[forbid(unsafe_code)]
pub mod ambiguity;
#[forbid(unsafe_code)]
pub mod body;
#[forbid(unsafe_code)]
pub mod facts;
#[forbid(unsafe_code)]
pub mod fault;
#[forbid(unsafe_code)]
pub mod fields;
#[forbid(unsafe_code)]
pub mod gate;
#[cfg(feature = "tower")]
#[forbid(unsafe_code)]
pub mod layer;
// The only place that needs any: to load what the compiler has made.
pub mod policy;
#[forbid(unsafe_code)]
pub mod problem;
#[forbid(unsafe_code)]
pub mod record;
#[forbid(unsafe_code)]
pub mod request;
#[forbid(unsafe_code)]
pub mod trace_context;

pub use request::Request;
