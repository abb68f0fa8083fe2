//! The gate as C holds it: policies, settings, and its own sandbox.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use solgate::Request;
use solgate::facts::MapFacts;
use solgate::facts::delegated::Delegation;
use solgate::fault::Fault;
use solgate::gate::SettingError;
use solgate::policy::{CheckedFile, Engine, EngineConfig, Isolation, Policy, PolicySources};
use solgate_config::{GateConfig, GateError as PolicyError, GateMode, MakeGate, live_gate};

use crate::answer::{About, Answer};
use crate::configuration::{self, GateError};
use crate::evaluation::Evaluation;
use crate::received::Unreadable;

/// Policies and settings.
pub struct Gate {
    config: GateConfig,
    make: MakeGate,
    delegation: Delegation,
    current: RwLock<Current>,
    /// The process that made it.
    process: u32,
}

/// The gate with the settings that hold now.
struct Current {
    gate: Arc<solgate::gate::Gate>,
    /// When one of the settings ends.
    until: Option<SystemTime>,
}

impl Gate {
    /// Loads the policies that the configuration names.
    ///
    /// # Errors
    /// The text is not understood, a policy cannot be loaded, or a setting names
    /// what no policy has.
    pub fn new(configuration: &[u8]) -> Result<Self, GateError> {
        let config = configuration::parse(configuration)?;
        let engine = Engine::new(EngineConfig { cache: cache(), ..EngineConfig::default() })?;
        let load = |sources: &PolicySources, isolation| policies(&engine, sources, isolation);
        // Each request brings its own source of facts; this one is never asked.
        let make = live_gate(&config, Arc::new(MapFacts::default()), &load)?.make;
        // A setting that has already ended must also name a rule that exists.
        make(config.all_settings())?;
        let current = current(&config, &make, SystemTime::now())?;
        let delegation = Delegation::new(config.facts.credentials.clone(), config.facts.max_bytes);
        Ok(Self { config, make, delegation, current: RwLock::new(current), process: std::process::id() })
    }

    /// Begins to judge a request.
    pub fn evaluation(&self, request: Result<Request, Unreadable>) -> Evaluation {
        let request = match request {
            Ok(request) => request,
            Err(Unreadable { fault, target }) => return self.refused(target, &fault),
        };
        let gate = self.current();
        if self.config.mode == GateMode::Off {
            return Evaluation::decided(Answer::unjudged(&gate, &About::from(&request)));
        }
        // Threads do not survive a fork: nothing would end a policy that loops.
        if self.process != std::process::id() {
            let fault = Fault::Internal("it was made before the process forked".to_owned());
            return Evaluation::decided(Answer::failed(&gate, &About::from(&request), &fault));
        }
        Evaluation::new(gate, &self.delegation, request)
    }

    /// A request that the server itself refuses or fails on.
    pub fn refused(&self, target: String, fault: &Fault) -> Evaluation {
        Evaluation::decided(Answer::refused(&self.current(), &About::unreadable(target), fault, None))
    }

    /// Most bytes of a body that any policy reads.
    pub fn body_limit(&self) -> usize {
        self.current().body_limit()
    }

    /// Milliseconds that one fact may take.
    pub fn facts_timeout(&self) -> u32 {
        u32::try_from(self.config.facts.timeout.as_millis()).unwrap_or(u32::MAX)
    }

    fn current(&self) -> Arc<solgate::gate::Gate> {
        let now = SystemTime::now();
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if current.until.is_none_or(|until| now < until) {
            return Arc::clone(&current.gate);
        }
        drop(current);
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        // It was made with these settings once, so it can be made with fewer.
        if let Ok(next) = self::current(&self.config, &self.make, now) {
            *current = next;
        }
        Arc::clone(&current.gate)
    }
}

/// A program is not to find files that it did not ask for.
fn cache() -> Option<PathBuf> {
    std::env::var_os("SOLGATE_CACHE_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

fn policies(engine: &Engine, sources: &PolicySources, isolation: Isolation) -> Result<Vec<Arc<Policy>>, PolicyError> {
    let ready = |policy: Policy| Arc::new(policy.with_isolation(isolation));
    let files = sources.read().map_err(|error| PolicyError::Policy(error.to_string()))?;
    if files.is_empty() {
        let policy = Policy::vnflcm_v2(engine);
        let policy = policy.map_err(|error| PolicyError::Policy(format!("the built-in policy: {error}")))?;
        return Ok(vec![ready(policy)]);
    }
    let load = |file: &CheckedFile<'_>| {
        let policy = Policy::from_bytes(engine, &file.bytes);
        let policy = policy.map_err(|error| PolicyError::Policy(format!("{}: {error}", file.path.display())))?;
        Ok(ready(policy))
    };
    files.iter().map(load).collect()
}

/// The gate with the settings that hold at `now`.
fn current(config: &GateConfig, make: &MakeGate, now: SystemTime) -> Result<Current, SettingError> {
    let until = config.severities.iter().filter_map(|change| change.until).filter(|until| *until > now).min();
    Ok(Current { gate: Arc::new(make(config.settings(now))?), until })
}
