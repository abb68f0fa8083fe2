//! The configuration of a gateway: one model for the file and the command line, and the
//! gates that are made from it.
//!
//! [`Config`] is the configuration of a listening door. [`GateConfig`] is the
//! configuration of one gate, behind any door. [`file`] reads the first from YAML,
//! [`parse_gate`] the second. [`live_gate`] loads the policies and makes gates from
//! them, again whenever their settings change.

#![forbid(unsafe_code)]

mod evaluation;
pub mod file;
mod gate;
mod gate_file;
mod gateway;
mod jwks_source;
pub mod jwt;
mod live;
mod presence;
pub mod record;
pub mod tls;
pub mod tracing;
mod yaml;

pub use evaluation::{MEMORY, OUTPUT, VIOLATIONS, expected, parse_evaluation_time};
pub use file::FileError;
pub use gate::{
    FactsConfig, GateConfig, GateMode, MODE, SeverityOverride, parse_fact_failure, parse_mode, parse_until,
};
pub use gate_file::parse as parse_gate;
pub use gateway::{
    ADDRESS, Config, DEFAULT_LISTEN, DURATION, Limits, LogFormat, TIME_LIMIT, URL, UpstreamConfig, parse_address,
    parse_duration, parse_time_limit, parse_url,
};
pub use live::{GateError, LiveGate, MakeGate, PolicyLoader, live_gate};
pub use presence::{PRESENCE, Presence, parse_presence};
pub use yaml::ConfigError;
