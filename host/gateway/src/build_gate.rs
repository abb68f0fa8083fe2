//! Makes the gate of an upstream from its configuration.

use std::sync::Arc;

use solgate::facts::HttpFacts;
use solgate::gate::SettingError;
use solgate_config::{LiveGate, PolicyLoader, UpstreamConfig, live_gate};

use crate::error::GatewayError;
use crate::vnfm::Vnfm;

/// Loads the policies of an upstream, whose facts come from the VNFM.
pub type GateBuilder<'a> = &'a (dyn Fn(&UpstreamConfig, &Vnfm) -> Result<LiveGate, GatewayError> + Sync);

/// Loads the policies of an upstream and connects them with its facts.
///
/// # Errors
/// A policy cannot be loaded, a setting names what no policy has, or the facts'
/// address is unusable.
pub fn build_gate(upstream: &UpstreamConfig, vnfm: &Vnfm, load: PolicyLoader<'_>) -> Result<LiveGate, GatewayError> {
    let refused = |reason: String| GatewayError::Gate { upstream: upstream.url.to_string(), reason };
    let facts = &upstream.gate.facts;
    let url = facts.url.as_ref().unwrap_or(&upstream.url);
    let source = HttpFacts::builder(url.to_string())
        .timeout(facts.timeout)
        .max_bytes(facts.max_bytes)
        .caller_credentials(facts.credentials.clone())
        .ttl(Some(facts.ttl))
        .reach(Arc::clone(&vnfm.facts))
        .build()
        .map_err(|error| refused(error.to_string()).at("/facts"))?;
    let live = live_gate(&upstream.gate, Arc::new(source), load)?;
    // An override that has already expired must also name a rule that exists.
    (live.make)(upstream.gate.all_settings()).map_err(|error| refused(error.to_string()).at(&place(&error)))?;
    Ok(live)
}

/// The member of an upstream that a setting is.
fn place(error: &SettingError) -> String {
    match error {
        SettingError::UnknownRule { id, .. } => format!("/severity/{id}"),
        SettingError::UnknownOption { name, .. }
        | SettingError::NotAllowed { name, .. }
        | SettingError::WrongType { name, .. }
        | SettingError::WrongEntry { name, .. }
        | SettingError::TooLarge { name }
        | SettingError::NoVersions { name }
        | SettingError::NotAVersion { name, .. } => format!("/set/{name}"),
    }
}
