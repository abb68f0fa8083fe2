//! Makes a gate from its configuration.

use std::sync::Arc;

use solgate::facts::FactSource;
use solgate::gate::{Gate, Setting, SettingError};
use solgate::policy::{EvaluationLimits, Isolation, Policy, PolicySources};

use super::gate::GateConfig;

/// Why policies cannot judge.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// In the words of who loads them.
    #[error("{0}")]
    Policy(String),
    #[error(
        "the policy {policy} has {start} bytes of memory before it reads a request, and an evaluation may have {memory}; \
         allow more with --evaluation-memory, or memoryBytes in the file"
    )]
    Memory { policy: String, start: usize, memory: usize },
    #[error(
        "the policy {policy} gives up to {most} violations, and its outcome may have {limit}; \
         allow {most} with --evaluation-violations, or violations in the file"
    )]
    Violations { policy: String, most: usize, limit: usize },
}

impl GateError {
    /// The member of an upstream that it is about, as a JSON Pointer.
    #[must_use]
    pub fn place(&self) -> &'static str {
        match self {
            Self::Policy(_) => "/policies",
            Self::Memory { .. } => "/evaluation/memoryBytes",
            Self::Violations { .. } => "/evaluation/violations",
        }
    }
}

/// Checks and loads policy components; without any file, the built-in policy.
pub type PolicyLoader<'a> = &'a (dyn Fn(&PolicySources, Isolation) -> Result<Vec<Arc<Policy>>, GateError> + Sync);

/// Makes a gate with the given settings out of policies that are loaded already.
pub type MakeGate = Box<dyn Fn(Vec<Setting>) -> Result<Gate, SettingError> + Send + Sync>;

/// Policies that are ready to judge, with name and digest of each.
pub struct LiveGate {
    pub make: MakeGate,
    pub policies: Vec<(String, String)>,
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
) -> Result<LiveGate, GateError> {
    let policies = load(&config.policies, config.isolation)?;
    if let Some(limits) = &config.evaluation {
        policies.iter().try_for_each(|policy| has_room(policy, limits))?;
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
/// The policy could not even start in this number of bytes of memory, or is allowed
/// fewer violations than its author has allowed it.
fn has_room(policy: &Policy, limits: &EvaluationLimits) -> Result<(), GateError> {
    let name = || policy.manifest().name.clone();
    let (start, memory, limit) = (policy.memory_at_start(), limits.memory, limits.violations);
    if start >= memory {
        return Err(GateError::Memory { policy: name(), start, memory });
    }
    match policy.most_violations() {
        Some(most) if most > limit => Err(GateError::Violations { policy: name(), most, limit }),
        _ => Ok(()),
    }
}
