//! Policies from where artefacts live: `oci://HOST/NAME:TAG` and `https://...`.
//!
//! A [`Remote`] says where a policy is. The [`Client`] speaks the distribution protocol of
//! OCI registries, or plain https; the size of everything is known, and bounded, before it is
//! read. What it brings is kept in a [`Store`] of files, so that whoever loads policies loads
//! files, as it always has: with the signature beside the policy, and the last good one still
//! there when the registry is away.
//!
//! In a registry a policy is an artefact of the CNCF's layout for WebAssembly: a
//! [manifest](manifest) with a config of `application/vnd.wasm.config.v0+json` and one layer
//! of `application/wasm`. Its signature, cases, rule book and SBOM are artefacts
//! [attached](attached) to it. [`cosign`] says which signatures of that tool count.
//!
//! The crate `oci-client` does the same for programs that trust their registry: it reads
//! manifests, tokens and lists of referrers whole, however long they are, and brings a second
//! HTTP client and a second provider of cryptography along.

#![forbid(unsafe_code)]

pub mod attached;
mod client;
pub mod cosign;
mod credentials;
mod error;
mod helper;
pub mod manifest;
mod proxies;
mod pull;
mod push;
mod reference;
mod repository;
mod runtime;
mod settings;
mod store;
mod transport;

pub use client::Client;
pub use error::{Refusal, RegistryError};
pub use pull::{Found, Pulled};
pub use push::{Attachment, Pushed};
pub use reference::{Reference, Remote, Version, is_remote};
pub use runtime::wait_for;
pub use settings::{Settings, default_folder};
pub use store::{Kept, Store, StoreError};
