//! Makes the gate of an upstream from its configuration.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use super::config::UpstreamConfig;
use super::error::ServeError;
use super::server::LiveGate;
use crate::facts::HttpFacts;
use crate::gate::Gate;
use crate::policy::Policy;

/// Loads policy components; without any path, the built-in policy.
pub type PolicyLoader<'a> = &'a dyn Fn(&[PathBuf]) -> Result<Vec<Arc<Policy>>, ServeError>;

/// Loads the policies and connects them with the facts.
///
/// # Errors
/// A policy cannot be loaded, a setting names what no policy has, or the facts'
/// address is unusable.
pub fn build_gate(upstream: &UpstreamConfig, load: PolicyLoader<'_>) -> Result<LiveGate, ServeError> {
    let refused = |reason: String| ServeError::Gate { upstream: upstream.url.to_string(), reason };
    let policies = load(&upstream.policies)?;
    let url = upstream.facts.url.as_ref().unwrap_or(&upstream.url);
    let facts = HttpFacts::builder(url.to_string())
        .timeout(upstream.facts.timeout)
        .max_bytes(upstream.facts.max_bytes)
        .caller_credentials(upstream.facts.credentials.clone())
        .ttl(Some(upstream.facts.ttl))
        .build()
        .map_err(|error| refused(error.to_string()))?;
    let live = policies
        .iter()
        .map(|policy| (policy.manifest().name.clone(), policy.manifest().digest.clone()))
        .collect();
    let gate = Gate::new(policies, Arc::new(facts))
        .with_settings(upstream.settings(SystemTime::now()))
        .map_err(|error| refused(error.to_string()))?
        .with_mode(upstream.mode)
        .with_fact_failure(upstream.fact_failure)
        .with_style(upstream.style.clone());
    Ok(LiveGate { gate: Arc::new(gate), policies: live })
}
