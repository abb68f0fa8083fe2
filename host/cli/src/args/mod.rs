//! The command lines of the doors, read into a configuration.

mod collector;
mod decision_export;
mod decision_log;
pub mod defaults;
mod evaluation;
pub mod ext_authz;
pub mod forward_auth;
pub mod gateway;
mod jwt;
mod presence;
pub mod registry;
pub mod serve;
mod tls;
mod tracing;
mod turns;
pub mod values;
