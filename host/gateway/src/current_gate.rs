//! A gate whose settings and policies may change while it is in use.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use solgate::gate::{Gate, SettingError};
use solgate_config::{LiveGate, UpstreamConfig};

use crate::build_gate::GateBuilder;
use crate::current::Current;
use crate::error::GatewayError;
use crate::policy_metrics::Role;
use crate::vnfm::Vnfm;

/// The gate of one upstream, with the policies and settings that hold now.
pub struct CurrentGate {
    pub upstream: UpstreamConfig,
    /// The upstream's name in metrics.
    pub name: Arc<str>,
    pub role: Role,
    pub vnfm: Arc<Vnfm>,
    /// Locked while the gate is changed.
    live: Mutex<LiveGate>,
    /// Since when its policies judge.
    since: Mutex<SystemTime>,
    gate: Current<Gate>,
}

impl CurrentGate {
    /// Loads the policies of an upstream.
    ///
    /// # Errors
    /// A policy cannot be loaded, or a setting names what none of them has.
    pub fn open(
        upstream: UpstreamConfig,
        vnfm: Arc<Vnfm>,
        role: Role,
        build_gate: GateBuilder<'_>,
    ) -> Result<Self, GatewayError> {
        let live = build_gate(&upstream, &vnfm)?;
        let gate = (live.make)(upstream.gate.settings(SystemTime::now()))
            .map_err(|error| GatewayError::Gate { upstream: upstream.url.to_string(), reason: error.to_string() })?;
        let name = upstream.name().into();
        Ok(Self {
            upstream,
            name,
            role,
            vnfm,
            live: Mutex::new(live),
            since: Mutex::new(SystemTime::now()),
            gate: Current::new(gate),
        })
    }

    /// The current gate. A caller that has it keeps it, whatever follows.
    #[must_use]
    pub fn get(&self) -> Arc<Gate> {
        self.gate.get()
    }

    /// Name and digest of each policy in use.
    #[must_use]
    pub fn policies(&self) -> Vec<(String, String)> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).policies.clone()
    }

    /// Since when its policies judge.
    #[must_use]
    pub fn since(&self) -> SystemTime {
        *self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Judges with the settings of `now` from here on.
    pub fn apply_settings(&self, now: SystemTime) {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        match (live.make)(self.upstream.gate.settings(now)) {
            Ok(gate) => drop(self.gate.replace(gate)),
            Err(error) => tracing::error!(%error, "the settings stay as they were"),
        }
    }

    /// Judges with other policies from here on. Returns the gate before.
    ///
    /// # Errors
    /// A setting names what none of them has; then nothing changes.
    pub fn replace(&self, live: LiveGate, now: SystemTime) -> Result<Arc<Gate>, SettingError> {
        let mut current = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = (live.make)(self.upstream.gate.settings(now))?;
        *current = live;
        *self.since.lock().unwrap_or_else(PoisonError::into_inner) = now;
        Ok(self.gate.replace(gate))
    }
}
