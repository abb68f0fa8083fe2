//! Makes the gate of an upstream from its configuration.

use std::sync::Arc;

use solgate::facts::HttpFacts;
use solgate::gate::SettingError;
use solgate_config::{LiveGate, PolicyLoader, UpstreamConfig, live_gate};
use solgate_upstream::connect::connector;

use crate::error::GatewayError;

/// Loads the policies of an upstream.
pub type GateBuilder<'a> = &'a (dyn Fn(&UpstreamConfig) -> Result<LiveGate, GatewayError> + Sync);

/// Loads the policies of an upstream and connects them with its facts.
///
/// # Errors
/// A policy cannot be loaded, a setting names what no policy has, or the facts'
/// address is unusable.
pub fn build_gate(upstream: &UpstreamConfig, load: PolicyLoader<'_>) -> Result<LiveGate, GatewayError> {
    let refused = |reason: String| GatewayError::Gate { upstream: upstream.url.to_string(), reason };
    let facts = &upstream.gate.facts;
    let url = facts.url.as_ref().unwrap_or(&upstream.url);
    let https = url.scheme() == Some(&http::uri::Scheme::HTTPS);
    let source = HttpFacts::builder(url.to_string())
        .timeout(facts.timeout)
        .max_bytes(facts.max_bytes)
        .caller_credentials(facts.credentials.clone())
        .ttl(Some(facts.ttl))
        .connector(trusting(upstream, connector(https, upstream.ca_file.as_deref(), facts.timeout))?)
        .build()
        .map_err(|error| refused(error.to_string()).at("/facts"))?;
    let live = live_gate(&upstream.gate, Arc::new(source), load)?;
    // An override that has already expired must also name a rule that exists.
    (live.make)(upstream.gate.all_settings()).map_err(|error| refused(error.to_string()).at(&place(&error)))?;
    Ok(live)
}

/// What is wrong with certificates is about the file that they come from, if it is named.
///
/// # Errors
/// The same, about its member.
pub fn trusting<T, E: Into<GatewayError>>(upstream: &UpstreamConfig, result: Result<T, E>) -> Result<T, GatewayError> {
    let place = if upstream.ca_file.is_some() { "/caFile" } else { "/url" };
    result.map_err(|error| error.into().at(place))
}

/// The member of an upstream that a setting is.
fn place(error: &SettingError) -> String {
    match error {
        SettingError::UnknownRule { id, .. } => format!("/severity/{id}"),
        SettingError::UnknownOption { name, .. }
        | SettingError::NotAllowed { name, .. }
        | SettingError::WrongType { name, .. }
        | SettingError::NoVersions { name }
        | SettingError::NotAVersion { name, .. } => format!("/set/{name}"),
    }
}
