//! The configuration of a gateway: one model for the file and the command line, and the
//! gates that are made from it.
//!
//! [`members`] names everything that the file can say. [`Config`] is the configuration of
//! a listening door, [`GateConfig`] that of one gate, behind any door. [`file`] reads the
//! first from YAML, [`parse_gate`] the second; [`EnvoyConfig`] is that of a gate in Envoy. [`live_gate`] loads the policies and makes
//! gates from them, again whenever their settings change.

#![forbid(unsafe_code)]

mod agreement;
pub mod collector;
mod de;
pub mod decision_export;
mod envoy;
mod field_names;
pub mod file;
mod forwarding;
mod gate;
mod gateway;
pub mod health;
mod host_name;
mod jwks_source;
pub mod jwt;
pub mod listen;
mod live;
pub mod members;
mod misfit;
mod names;
pub mod networks;
mod presence;
pub mod record;
mod registry;
mod resolve;
mod schema;
mod shown;
pub mod store_url;
pub mod tls;
pub mod tracing;
pub mod turns;
mod values;
pub mod vnfm_url;
mod yaml;

pub use envoy::EnvoyConfig;
pub use field_names::{CALLER_FIELD, CREDENTIAL_FIELD, parse_caller_field, parse_credential_field};
pub use file::{FileError, parse_envoy, parse_gate};
pub use forwarding::{ClientAddress, ForwardingConfig};
pub use gate::{FactsConfig, GateConfig, GateMode, SeverityOverride};
pub use gateway::{Config, DEFAULT_LISTEN, Limits, LogFormat, UpstreamConfig};
pub use listen::{ADDRESS, ListenAddress, UnixSocket, parse_address};
pub use live::{GateError, LiveGate, MakeGate, PolicyLoader, live_gate};
pub use misfit::Misfit;
pub use names::{NamedFactFailure, OneOf, named};
pub use presence::Presence;
pub use registry::{Labels, RegistryConfig};
pub use schema::SCHEMA;
pub use shown::shown;
pub use values::{
    COLLECTOR, DURATION, EVALUATIONS, MEMORY, OUTPUT, RATIO, SECRET_NAME, TIME_LIMIT, VIOLATIONS, expected,
    parse_duration, parse_evaluation_time, parse_ratio, parse_secret_name, parse_time_limit, parse_until, parse_url,
};
pub use yaml::ConfigError;
