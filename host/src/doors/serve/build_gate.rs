//! Makes the gate of an upstream from its configuration.

use std::path::PathBuf;
use std::sync::Arc;

use super::config::UpstreamConfig;
use super::connect::connector;
use super::error::ServeError;
use super::server::LiveGate;
use crate::facts::{FactSource, HttpFacts};
use crate::gate::{Gate, Setting};
use crate::policy::{Isolation, Policy};

/// Loads policy components; without any path, the built-in policy.
pub type PolicyLoader<'a> = &'a (dyn Fn(&[PathBuf], Isolation) -> Result<Vec<Arc<Policy>>, ServeError> + Sync);

/// Loads the policies and connects them with the facts.
///
/// # Errors
/// A policy cannot be loaded, a setting names what no policy has, or the facts'
/// address is unusable.
pub fn build_gate(upstream: &UpstreamConfig, load: PolicyLoader<'_>) -> Result<LiveGate, ServeError> {
    let refused = |reason: String| ServeError::Gate { upstream: upstream.url.to_string(), reason };
    let policies = load(&upstream.policies, upstream.isolation)?;
    let live =
        policies.iter().map(|policy| (policy.manifest().name.clone(), policy.manifest().digest.clone())).collect();

    let url = upstream.facts.url.as_ref().unwrap_or(&upstream.url);
    let https = url.scheme() == Some(&http::uri::Scheme::HTTPS);
    let facts = HttpFacts::builder(url.to_string())
        .timeout(upstream.facts.timeout)
        .max_bytes(upstream.facts.max_bytes)
        .caller_credentials(upstream.facts.credentials.clone())
        .ttl(Some(upstream.facts.ttl))
        .connector(connector(https, upstream.ca_file.as_deref(), upstream.facts.timeout)?)
        .build()
        .map_err(|error| refused(error.to_string()))?;
    let facts: Arc<dyn FactSource> = Arc::new(facts);

    let (mode, fact_failure, style) = (upstream.mode.judging(), upstream.fact_failure, upstream.style.clone());
    let make = move |settings: Vec<Setting>| {
        let gate = Gate::new(policies.clone(), Arc::clone(&facts)).with_settings(settings)?;
        Ok(gate.with_mode(mode).with_fact_failure(fact_failure).with_style(style.clone()))
    };
    // An override that has expired by now must name a rule that exists, too.
    make(upstream.all_settings()).map_err(|error: crate::gate::SettingError| refused(error.to_string()))?;
    Ok(LiveGate { make: Box::new(make), policies: live })
}
