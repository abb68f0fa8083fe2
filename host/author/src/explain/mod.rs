//! Judges one request as a check does, and shows stage by stage how the verdict came
//! about: `solgate explain`.

mod json;
pub mod reason;
mod render;

use std::sync::Arc;

use solgate::gate::{Gate, SettingError};
use solgate::policy::Policy;
use solgate_engine::ir::{Bundle, Rule};
use solgate_engine::trace::{RuleResult, Stage, Trace};
use solgate_unsandboxed::{RefusedBundle, Traced};

use crate::check::{self, Asked, CheckError, GateOrder, MissingFact, Report};

/// A verdict and how it came about.
pub struct Explanation {
    pub report: Report,
    /// Facts that nobody gave: with such, there is no verdict.
    pub missing: Vec<MissingFact>,
    /// The policies that were asked, in their order; none if the gate refused the
    /// request before.
    pub policies: Vec<Explained>,
}

/// A policy that was asked.
pub struct Explained {
    /// What was judged by; it holds one trace for each evaluation.
    pub traced: Arc<Traced>,
    /// More facts become known from one to the next.
    pub evaluations: Vec<Trace>,
}

/// A fact that the policy asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFact {
    pub name: String,
    /// The rules that waited for it.
    pub rules: Vec<String>,
}

/// Judges a request and keeps what was done.
///
/// # Errors
/// As [`check::check`], but that missing facts are no error.
pub async fn explain<F, E>(asked: Asked, gate_for: F) -> Result<Explanation, CheckError>
where
    F: FnOnce(GateOrder) -> Result<(Gate, Vec<Arc<Traced>>), E>,
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut made = None;
    let prepared = check::prepare(asked, |order| {
        let (gate, traced) = gate_for(order).map_err(Into::into)?;
        made = Some(traced);
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(gate)
    })?;
    let (report, missing) = prepared.judge().await;
    let Some(made) = made else {
        return Err(CheckError::Policy("the gate was never made".into()));
    };
    let explained = made.into_iter().map(|traced| Explained { evaluations: traced.traces(), traced });
    // Others may have been asked whether the request is theirs.
    let had_a_say =
        |policy: &Explained| report.decision.policies.iter().any(|asked| asked.name == policy.traced.bundle().name);
    let policies = explained.filter(|policy| !policy.evaluations.is_empty() && had_a_say(policy)).collect();
    Ok(Explanation { report, missing, policies })
}

/// Why bundles do not make the gate of an explanation.
#[derive(Debug, thiserror::Error)]
pub enum NoGate {
    /// The bundle at this place among those that were given.
    #[error("{error}")]
    Refused { index: usize, error: RefusedBundle },
    #[error(transparent)]
    Setting(#[from] SettingError),
}

/// The gate that an explanation asks for, of these bundles, which are asked in turn. They run
/// without a sandbox.
///
/// # Errors
/// If the engine refuses a bundle, or a setting fits none of them.
pub fn traced_gate(bundles: Vec<Bundle>, order: &GateOrder) -> Result<(Gate, Vec<Arc<Traced>>), NoGate> {
    let (mut policies, mut traces) = (Vec::new(), Vec::new());
    for (index, bundle) in bundles.into_iter().enumerate() {
        let traced = solgate_unsandboxed::traced(bundle).map_err(|error| NoGate::Refused { index, error })?;
        policies.push(Arc::new(Policy::without_sandbox(traced.clone())));
        traces.push(traced);
    }
    let gate = Gate::new(policies, Arc::clone(&order.facts)).with_settings(order.settings.clone())?;
    Ok((gate.with_mode(order.mode), traces))
}

impl Explained {
    /// The facts that rules asked for, in the order of the questions.
    #[must_use]
    pub fn asked(&self) -> Vec<AskedFact> {
        let mut asked: Vec<AskedFact> = Vec::new();
        // Also in the stages of rules, where an expression has come to a fact on demand.
        let stages = self.evaluations.iter().flat_map(|trace| &trace.stages);
        for rule in stages.flat_map(|stage| &stage.rules) {
            let RuleResult::Waits { facts } = &rule.result else { continue };
            for name in facts {
                match asked.iter_mut().find(|fact| fact.name == *name) {
                    Some(fact) => fact.rules.push(rule.rule.clone()),
                    None => asked.push(AskedFact { name: name.clone(), rules: vec![rule.rule.clone()] }),
                }
            }
        }
        asked
    }

    /// The evaluation that came farthest, which is the last one.
    #[must_use]
    pub fn last(&self) -> Option<&Trace> {
        self.evaluations.last()
    }

    /// The stage that ended its last evaluation, but for want of facts.
    fn ended_in(&self) -> Option<Stage> {
        self.last()?.ended_by.filter(|stage| *stage != Stage::Facts)
    }

    fn rule(&self, id: &str) -> Option<&Rule> {
        self.traced.bundle().rules.iter().find(|rule| rule.id == id)
    }
}

impl Explanation {
    /// The policy that denied; if none did, the last one that was asked.
    #[must_use]
    pub fn decisive(&self) -> Option<&Explained> {
        self.policies.iter().find(|policy| policy.ended_in().is_some()).or(self.policies.last())
    }

    /// The stage in which a policy denied; `None` if none did: all allowed, or the gate
    /// itself refused the request.
    #[must_use]
    pub fn denied_in(&self) -> Option<Stage> {
        let denied = self.missing.is_empty() && self.report.problem().is_some();
        self.decisive().filter(|_| denied)?.ended_in()
    }
}
