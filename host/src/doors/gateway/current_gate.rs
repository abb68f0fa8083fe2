//! A gate whose settings may change while it is in use.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use super::build_gate::MakeGate;
use super::gate_config::GateConfig;
use crate::gate::{Gate, SettingError};

/// The gate of one upstream, with the settings that hold now.
pub struct CurrentGate {
    pub config: GateConfig,
    make: MakeGate,
    gate: RwLock<Arc<Gate>>,
}

impl CurrentGate {
    /// # Errors
    /// A setting names what no policy has.
    pub fn new(config: GateConfig, make: MakeGate) -> Result<Self, SettingError> {
        let gate = make(config.settings(SystemTime::now()))?;
        Ok(Self { config, make, gate: RwLock::new(Arc::new(gate)) })
    }

    /// The gate with the settings that hold now.
    #[must_use]
    pub fn get(&self) -> Arc<Gate> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Judges with the settings of `now` from here on.
    pub fn apply_settings(&self, now: SystemTime) {
        match (self.make)(self.config.settings(now)) {
            Ok(gate) => *self.gate.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(gate),
            Err(error) => tracing::error!(%error, "the settings stay as they were"),
        }
    }
}
