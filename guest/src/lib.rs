//! The policy engine: judges one HTTP request by a compiled bundle.
//!
//! [`Engine::new`] compiles a [bundle](ir::Bundle) once: schemas, expressions,
//! routes, and per API root the severity of every rule. [`Engine::evaluate`] is
//! then a pure function of a [request](verdict::Request) and its
//! [context](verdict::Context); it reads no clock, no file and no environment.

// In the component there is an allocator, and what is generated from the contract.
#![cfg_attr(not(target_arch = "wasm32"), forbid(unsafe_code))]

pub mod cel_env;
pub mod ir;
#[doc(hidden)]
pub mod readers;
pub mod trace;

#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod allocator;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod compact;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod compare;
mod compiled;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod component;
mod dialects;
mod engine;
mod error;
mod filter;
mod findings;
mod http_uri;
mod json;
mod judge;
mod media_type;
mod rules;
mod schema;
#[cfg(target_arch = "wasm32")]
mod seed;
mod settings;
mod stages;
mod text;

pub use engine::Engine;
pub use error::InitError;
pub use schema::FORMATS;
pub use solgate_contract::catalogue::{ENGINE_RULES, EngineRule};
pub use solgate_contract::{api_root, verdict, version};

use solgate_contract::catalogue;
