//! What the doors that listen share: one way from a request that was received to its
//! answer, and what is reported of it.
//!
//! [`build_gate`] makes gates of the configuration, [`routes`] finds the one for a
//! request, [`reload`] replaces its policies, and a [`shadow`] tries others on the same
//! requests. A door whose requests are forwarded by another server leaves the rest to
//! [`judging`]. What is said of a request is gathered by [`verdict`].

#![forbid(unsafe_code)]

pub mod admin;
pub mod admission;
pub mod build_gate;
pub mod connections;
pub mod current_gate;
pub mod descriptors;
pub mod error;
pub mod farewell;
pub mod judging;
pub mod metrics;
pub mod overrides;
pub mod policy_metrics;
pub mod reload;
pub mod router;
pub mod routes;
mod sampled;
pub mod shadow;
pub mod shutdown;
pub mod verdict;
