//! What the doors that listen share: their configuration, the gates that they
//! make of it, and how they report.
//!
//! [`args`] and [`config_file`] give a [`config`]; [`build_gate`] makes the gates,
//! [`routes`] finds the one for a request, [`reload`] replaces its policies, and a
//! [`shadow`] tries others on the same requests. A door whose requests are forwarded by
//! another server leaves the rest to [`judging`]. [`tls`] and [`tokens`] say who is
//! calling. What is said of a request is gathered by [`verdict`], and goes to a
//! [line](decision_log), a [record](record_file), metrics and [`spans`].

mod access_metrics;
mod admin;
mod admission;
pub mod args;
mod build_gate;
pub mod config;
pub mod config_file;
mod connect;
mod connections;
mod current_gate;
pub mod decision_log;
mod descriptors;
mod error;
pub mod evaluation;
mod exposition;
mod farewell;
pub mod gate_config;
mod gate_file;
pub mod judging;
mod line_writer;
pub mod log;
mod metrics;
pub(super) mod overrides;
mod policy_metrics;
mod presence;
pub mod record_file;
mod reload;
mod repeats;
mod router;
mod routes;
mod sampled;
mod shadow;
mod shutdown;
pub mod spans;
pub mod tls;
pub mod tokens;
pub(super) mod verdict;
mod yaml;

pub use build_gate::{GateBuilder, LiveGate, MakeGate, PolicyLoader, build_gate, live_gate};
pub use connect::connector;
pub use error::GatewayError;
pub use gate_file::parse as parse_gate;
pub use presence::Presence;
pub use reload::{ComponentLoader, Reload};
pub use yaml::ConfigError;

pub(super) use admin::Admin;
pub(super) use admission::{Admission, BodyRoom, Place};
pub(super) use connections::{accept, connections};
pub(super) use current_gate::CurrentGate;
pub(super) use descriptors::connections as connections_possible;
pub(super) use farewell::Farewell;
pub(super) use metrics::{Metrics, OpenConnection};
pub(super) use router::Router;
pub(super) use routes::{check, describe, listen, memory_reset, open, report_isolation};
pub(super) use shutdown::{Drain, signals};
