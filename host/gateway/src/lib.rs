//! What the listening doors share: one way from a received request to its answer and
//! its report.
//!
//! The [`pipeline`] is that way, from top to bottom. A [`door`] opens it, keeps it up
//! to date and closes it. [`build_gate`] makes gates from the configuration, [`routes`]
//! are the upstreams with their gates, [`reload`] replaces policies, [`rollout`] fetches
//! those that are not files, and a [`shadow`] tries other policies on the same requests.

#![forbid(unsafe_code)]

mod admin;
mod admin_connections;
pub mod admission;
pub mod build_gate;
mod build_metrics;
mod by_upstream;
pub mod check;
pub mod connection_metrics;
pub mod connections;
pub mod current;
mod current_gate;
mod descriptors;
pub mod door;
pub mod error;
pub mod farewell;
pub mod hops;
pub mod listen;
mod log_level;
mod metrics;
pub mod overrides;
pub mod peer;
pub mod pipeline;
mod policy_metrics;
pub mod prefixes;
mod process_metrics;
mod proxy_protocol;
mod rates;
pub mod reload;
mod request_metrics;
pub mod rollout;
pub mod router;
pub mod routes;
mod sampled;
mod scrape;
pub mod service_manager;
pub mod shadow;
mod share_metrics;
pub mod shares;
pub mod shutdown;
mod signatures;
mod status;
pub mod turns;
pub mod vnfm;

pub use admin::PATHS as ADMIN_PATHS;
