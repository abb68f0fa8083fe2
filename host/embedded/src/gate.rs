//! The gate of a program: policies, settings, and which of them hold now.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use solgate::facts::MapFacts;
use solgate::facts::delegated::Delegation;
use solgate::gate::{Gate, SettingError};
use solgate::policy::{CheckedFile, Engine, EngineError, EvaluationLimits, Isolation, Policy, PolicySources};
use solgate_config::{ConfigError, GateConfig, GateError, MakeGate, PolicyLoader, live_gate};

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    #[error("the configuration is not UTF-8 text")]
    NotUtf8,
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    #[error("configuration: facts.{0} has no meaning here, because the embedding program fetches the facts; remove it")]
    NotHere(&'static str),
    #[error("configuration: {0}")]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Policy(#[from] GateError),
}

/// Policies and settings.
pub struct EmbeddedGate {
    config: GateConfig,
    delegation: Delegation,
    hasty: Option<EvaluationLimits>,
    current: RwLock<Current>,
}

/// The same gate, for two kinds of callers.
#[derive(Clone)]
pub struct Gates {
    pub gate: Arc<Gate>,
    /// With limits for a thread that must not stand still.
    pub hasty: Arc<Gate>,
}

struct Current {
    make: Arc<MakeGate>,
    gates: Gates,
    /// When one of the settings ends.
    until: Option<SystemTime>,
}

impl EmbeddedGate {
    /// Loads the policies that the configuration names. The [hasty](Gates::hasty) gate has
    /// the limits `hasty`; without them there is only one gate.
    ///
    /// # Errors
    /// The configuration says where facts are fetched, a policy cannot be loaded, or a
    /// setting names what no policy has.
    pub fn new(
        config: GateConfig,
        hasty: Option<EvaluationLimits>,
        load: PolicyLoader<'_>,
    ) -> Result<Self, EmbedError> {
        if !config.facts.ttl.is_zero() {
            return Err(EmbedError::NotHere("ttl"));
        }
        if config.facts.url.is_some() {
            return Err(EmbedError::NotHere("url"));
        }
        let current = Current::new(&config, hasty, make(&config, load)?, SystemTime::now())?;
        let delegation = Delegation::new(config.facts.credentials.clone(), config.facts.max_bytes);
        Ok(Self { config, delegation, hasty, current: RwLock::new(current) })
    }

    /// Loads the policies again, and judges by them from now on.
    ///
    /// # Errors
    /// As [`new`](Self::new). The policies in use stay.
    pub fn replace(&self, load: PolicyLoader<'_>) -> Result<(), EmbedError> {
        let next = Current::new(&self.config, self.hasty, make(&self.config, load)?, SystemTime::now())?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = next;
        Ok(())
    }

    /// What it was made of.
    #[must_use]
    pub fn config(&self) -> &GateConfig {
        &self.config
    }

    /// How the VNFM is asked.
    #[must_use]
    pub fn delegation(&self) -> &Delegation {
        &self.delegation
    }

    /// The gate with the settings that hold now.
    #[must_use]
    pub fn current(&self) -> Arc<Gate> {
        self.gates().gate
    }

    /// The same, for both kinds of callers.
    #[must_use]
    pub fn gates(&self) -> Gates {
        let now = SystemTime::now();
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if current.until.is_none_or(|until| now < until) {
            return current.gates.clone();
        }
        drop(current);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // It was made with these settings once, so it can be made with fewer.
        if let Ok(next) = Current::new(&self.config, self.hasty, Arc::clone(&current.make), now) {
            *current = next;
        }
        current.gates.clone()
    }
}

impl Current {
    fn new(
        config: &GateConfig,
        hasty: Option<EvaluationLimits>,
        make: Arc<MakeGate>,
        now: SystemTime,
    ) -> Result<Self, SettingError> {
        let until = config.severities.iter().filter_map(|change| change.until).filter(|until| *until > now).min();
        let gate = Arc::new(make(config.settings(now))?);
        let hasty = match hasty {
            Some(limits) => Arc::new(make(config.settings(now))?.with_evaluation_limits(limits)),
            None => Arc::clone(&gate),
        };
        Ok(Self { make, gates: Gates { gate, hasty }, until })
    }
}

fn make(config: &GateConfig, load: PolicyLoader<'_>) -> Result<Arc<MakeGate>, EmbedError> {
    // Each request brings its own source of facts; this one is never asked.
    let make = live_gate(config, Arc::new(MapFacts::default()), load)?.make;
    // A setting that has already ended must also name a rule that exists.
    make(config.all_settings())?;
    Ok(Arc::new(make))
}

/// Says what stands against a policy, of which it also gets the component.
pub type PolicyCheck<'a> = &'a dyn Fn(&Policy, &[u8]) -> Result<(), String>;

/// Loads policies from their files; without any file, the built-in policies.
///
/// # Errors
/// A file cannot be read, or does not hold a policy that may judge.
pub fn load(engine: &Engine, sources: &PolicySources, isolation: Isolation) -> Result<Vec<Arc<Policy>>, GateError> {
    load_checked(engine, sources, isolation, &|_, _| Ok(()))
}

/// The same for policies against which `check` says nothing.
///
/// # Errors
/// As [`load`], and what `check` says.
pub fn load_checked(
    engine: &Engine,
    sources: &PolicySources,
    isolation: Isolation,
    check: PolicyCheck<'_>,
) -> Result<Vec<Arc<Policy>>, GateError> {
    let ready = |policy: Policy| Arc::new(policy.with_isolation(isolation));
    let files = sources.read().map_err(|error| GateError::Policy(error.to_string()))?;
    if files.is_empty() {
        let policies = Policy::all_built_in(engine)
            .map_err(|(policy, error)| GateError::Policy(format!("the built-in policy {}: {error}", policy.name())))?;
        return Ok(policies.into_iter().map(ready).collect());
    }
    let load = |file: &CheckedFile<'_>| {
        let refused = |error: String| GateError::Policy(format!("{}: {error}", file.path.display()));
        let policy = Policy::from_bytes(engine, &file.bytes).map_err(|error| refused(error.to_string()))?;
        check(&policy, &file.bytes).map_err(refused)?;
        Ok(ready(policy))
    };
    files.iter().map(load).collect()
}
