//! A gate whose settings and policies may change while it is in use.

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::SystemTime;

use solgate::gate::{Gate, SettingError};
use solgate_config::{LiveGate, MakeGate, UpstreamConfig};

use crate::build_gate::GateBuilder;
use crate::error::GatewayError;
use crate::policy_metrics::{PolicyMetrics, Role};

/// The gate of one upstream, with the policies and settings that hold now.
pub struct CurrentGate {
    pub upstream: UpstreamConfig,
    pub role: Role,
    /// Locked while the gate is changed.
    make: Mutex<MakeGate>,
    gate: RwLock<Arc<Gate>>,
}

impl CurrentGate {
    /// Loads the policies of an upstream, and counts them as in use.
    ///
    /// # Errors
    /// A policy cannot be loaded, or a setting names what none of them has.
    pub fn open(
        upstream: UpstreamConfig,
        role: Role,
        build_gate: GateBuilder<'_>,
        metrics: &PolicyMetrics,
    ) -> Result<Self, GatewayError> {
        let LiveGate { make, policies } = build_gate(&upstream)?;
        for (name, digest) in policies {
            metrics.policy(upstream.authority(), &name, &digest);
        }
        let gate = make(upstream.gate.settings(SystemTime::now()))
            .map_err(|error| GatewayError::Gate { upstream: upstream.url.to_string(), reason: error.to_string() })?;
        Ok(Self { upstream, role, make: Mutex::new(make), gate: RwLock::new(Arc::new(gate)) })
    }

    /// The current gate. A caller that has it keeps it, whatever follows.
    #[must_use]
    pub fn get(&self) -> Arc<Gate> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Judges with the settings of `now` from here on.
    pub fn apply_settings(&self, now: SystemTime) {
        let make = self.make.lock().unwrap_or_else(PoisonError::into_inner);
        match make(self.upstream.gate.settings(now)) {
            Ok(gate) => self.put(gate),
            Err(error) => tracing::error!(%error, "the settings stay as they were"),
        }
    }

    /// Judges with other policies from here on. Returns the gate before.
    ///
    /// # Errors
    /// A setting names what none of them has; then nothing changes.
    pub fn replace(&self, make: MakeGate, now: SystemTime) -> Result<Arc<Gate>, SettingError> {
        let mut current = self.make.lock().unwrap_or_else(PoisonError::into_inner);
        let gate = make(self.upstream.gate.settings(now))?;
        *current = make;
        let before = self.get();
        self.put(gate);
        Ok(before)
    }

    fn put(&self, gate: Gate) {
        *self.gate.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(gate);
    }
}
