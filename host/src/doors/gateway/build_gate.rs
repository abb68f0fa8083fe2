//! Makes a gate from its configuration.

use std::sync::Arc;

use super::config::UpstreamConfig;
use super::connect::connector;
use super::error::GatewayError;
use super::gate_config::GateConfig;
use crate::facts::{FactSource, HttpFacts};
use crate::gate::{Gate, Setting, SettingError};
use crate::policy::{Isolation, Policy, PolicySources};

/// Checks and loads policy components; without any file, the built-in policy.
pub type PolicyLoader<'a> = &'a (dyn Fn(&PolicySources, Isolation) -> Result<Vec<Arc<Policy>>, GatewayError> + Sync);

/// Makes a gate with the given settings out of policies that are loaded already.
pub type MakeGate = Box<dyn Fn(Vec<Setting>) -> Result<Gate, SettingError> + Send + Sync>;

/// Policies that are ready to judge, with name and digest of each.
pub struct LiveGate {
    pub make: MakeGate,
    pub policies: Vec<(String, String)>,
}

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
        .connector(connector(https, upstream.ca_file.as_deref(), facts.timeout)?)
        .build()
        .map_err(|error| refused(error.to_string()))?;
    let live = live_gate(&upstream.gate, Arc::new(source), load)?;
    // An override that has expired by now must name a rule that exists, too.
    (live.make)(upstream.gate.all_settings()).map_err(|error| refused(error.to_string()))?;
    Ok(live)
}

/// Loads the policies of a gate whose facts come from `facts`. The settings are
/// those with which the result is asked to make a gate.
///
/// # Errors
/// A policy cannot be loaded.
pub fn live_gate(
    config: &GateConfig,
    facts: Arc<dyn FactSource>,
    load: PolicyLoader<'_>,
) -> Result<LiveGate, GatewayError> {
    let policies = load(&config.policies, config.isolation)?;
    if let Some(limits) = &config.evaluation {
        policies.iter().try_for_each(|policy| has_room(policy, limits.memory))?;
    }
    let live =
        policies.iter().map(|policy| (policy.manifest().name.clone(), policy.manifest().digest.clone())).collect();
    let (mode, fact_failure, style) = (config.mode.judging(), config.fact_failure, config.style.clone());
    let limits = config.evaluation;
    let make = move |settings: Vec<Setting>| {
        let gate = Gate::new(policies.clone(), Arc::clone(&facts)).with_settings(settings)?;
        let gate = gate.with_mode(mode).with_fact_failure(fact_failure).with_style(style.clone());
        Ok(match limits {
            Some(limits) => gate.with_evaluation_limits(limits),
            None => gate,
        })
    };
    Ok(LiveGate { make: Box::new(make), policies: live })
}

/// # Errors
/// The policy could not even start in so many bytes of memory.
fn has_room(policy: &Policy, memory: usize) -> Result<(), GatewayError> {
    let start = policy.memory_at_start();
    if start < memory {
        return Ok(());
    }
    Err(GatewayError::Policy(format!(
        "the policy {} has {start} bytes of memory before it reads a request, and an evaluation may have {memory}; \
         allow more with --evaluation-memory, or memoryBytes in the file",
        policy.manifest().name
    )))
}
