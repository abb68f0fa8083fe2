//! What runs here, for whoever looks after many gates: `/status`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use data_encoding::HEXLOWER;
use serde::Serialize;
use solgate_config::Labels;
use solgate_telemetry::outcome_counter::{Counted, OutcomeCounter};

use crate::current_gate::CurrentGate;
use crate::policy_metrics::Role;
use crate::rollout::{Rollout, SourceStatus};
use crate::shadow::Compared;

/// One door, at this moment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status<'a> {
    /// Of the program.
    version: &'static str,
    /// The command that opened it.
    door: &'static str,
    started_at: String,
    labels: &'a Labels,
    gates: Vec<GateStatus>,
    /// Policies that are not files.
    sources: Vec<SourceStatus>,
    /// Requests by how shadows judged them, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<BTreeMap<&'static str, u64>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct GateStatus {
    upstream: String,
    role: &'static str,
    mode: &'static str,
    /// Since when these policies judge.
    since: String,
    policies: Vec<PolicyStatus>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyStatus {
    name: String,
    version: String,
    /// Over the source of its bundle.
    digest: String,
    /// SHA-256 over its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<String>,
    /// As the configuration names it; without one it is built in.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl<'a> Status<'a> {
    /// That of these gates.
    #[must_use]
    pub fn new(
        door: &'static str,
        started: SystemTime,
        labels: &'a Labels,
        gates: &[Arc<CurrentGate>],
        rollout: Option<&Rollout>,
        compared: &OutcomeCounter<Compared>,
    ) -> Self {
        let has_shadow = gates.iter().any(|gate| gate.role == Role::Shadow);
        let counts = || Compared::ALL.iter().map(|outcome| (outcome.name(), compared.value(*outcome))).collect();
        Self {
            version: env!("CARGO_PKG_VERSION"),
            door,
            started_at: time(started),
            labels,
            gates: gates.iter().map(|gate| of(gate)).collect(),
            sources: rollout.map(Rollout::status).unwrap_or_default(),
            compared: has_shadow.then(counts),
        }
    }
}

fn of(gate: &CurrentGate) -> GateStatus {
    let files = &gate.upstream.gate.policies.files;
    let policies = gate.get().policies().to_vec();
    let sources = files.iter().map(|file| Some(file.path.display().to_string())).chain(std::iter::repeat(None));
    let policies = policies.iter().zip(sources).map(|(policy, source)| PolicyStatus {
        name: policy.manifest().name.clone(),
        version: policy.manifest().version.clone(),
        digest: policy.manifest().digest.clone(),
        component: policy.component_digest().map(|digest| HEXLOWER.encode(digest)),
        source,
    });
    GateStatus {
        upstream: gate.name.to_string(),
        role: if gate.role == Role::Live { "live" } else { "shadow" },
        mode: gate.upstream.gate.mode.as_str(),
        since: time(gate.since()),
        policies: policies.collect(),
    }
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
