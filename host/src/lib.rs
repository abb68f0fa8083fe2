//! Solgate judges ETSI NFV lifecycle-management requests before they reach a
//! VNFM.
//!
//! How a request flows: a [door](doors) receives it and makes a [`Request`] of
//! it; the [`Gate`](gate::Gate) judges it with its [policies](policy), fetching
//! [facts] from the VNFM when a policy asks for them; the [`Decision`](gate::Decision)
//! that comes out either lets the request pass or carries the
//! [`Problem`](problem::Problem) to answer.

mod ambiguity;
pub mod doors;
pub mod facts;
pub mod fault;
mod fields;
pub mod gate;
pub mod policy;
mod pool;
pub mod problem;
pub mod record;
pub mod request;
mod trace_context;

pub use request::Request;
/// Cases of a policy: requests and the verdicts that they must get.
/// [`Policy::embedded_cases`](policy::Policy::embedded_cases) gives those that a
/// policy's file brings along, [`cases::run`] runs one.
pub use solgate_bundle::cases;
