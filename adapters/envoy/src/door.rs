//! One gate of a filter, or of a route: policies, settings, and where it is written down
//! what was decided.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::Duration;

use prometheus_client::registry::Registry;
use solgate::policy::{Engine, EngineConfig, EngineError, EvaluationLimits, PolicySources};
use solgate_config::{EnvoyConfig, GateConfig, parse_envoy};
use solgate_embedded::{EmbedError, EmbeddedGate, load};
use solgate_telemetry::record_file::{RecordError, RecordFile};
use solgate_telemetry::record_metrics::{self, RecordMetrics};

/// What messages call the configuration.
const NAME: &str = "filter_config";

/// How long a worker may stand still for one evaluation.
const HASTE: Duration = Duration::from_millis(2);

/// One gate.
pub struct Door {
    pub gate: EmbeddedGate,
    pub config: EnvoyConfig,
    records: Option<Arc<RecordFile>>,
}

/// Why there is no gate.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    #[error(transparent)]
    Gate(#[from] EmbedError),
    #[error(transparent)]
    Records(#[from] RecordError),
}

impl Door {
    /// Makes the gate that a text of the configuration describes.
    ///
    /// # Errors
    /// What is wrong with the text, or with what it names.
    pub fn open(text: &[u8]) -> Result<Arc<Self>, DoorError> {
        let text = std::str::from_utf8(text).map_err(|_| EmbedError::NotUtf8)?;
        let config = parse_envoy(Path::new(NAME), text).map_err(EmbedError::from)?;
        let engine = engine().map_err(EmbedError::from)?;
        let load = |sources: &PolicySources, isolation| load(engine, sources, isolation);
        let gate = EmbeddedGate::new(config.gate.clone(), Some(haste(&config.gate)), &load)?;
        let records = records(&config)?;
        Ok(Arc::new(Self { gate, config, records }))
    }

    /// Where decisions are recorded.
    pub fn records(&self) -> Option<&RecordFile> {
        self.records.as_deref()
    }
}

impl Drop for Door {
    /// What was decided last is also written down, unless another gate goes on writing.
    fn drop(&mut self) {
        if let Some(records) = self.records.take().filter(|records| Arc::strong_count(records) == 1) {
            records.finish();
        }
    }
}

fn haste(config: &GateConfig) -> EvaluationLimits {
    let limits = config.evaluation.unwrap_or_default();
    EvaluationLimits { time: limits.time.min(HASTE), time_per_kib: Duration::ZERO, ..limits }
}

/// The engine of all policies in this process. It compiles nothing: the configuration is
/// made on Envoy's main thread, which would answer nobody meanwhile.
///
/// # Errors
/// It cannot be set up. It is tried again the next time.
pub fn engine() -> Result<&'static Engine, EngineError> {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    if let Some(engine) = ENGINE.get() {
        return Ok(engine);
    }
    let engine = Engine::new(EngineConfig { cache: cache(), compile: false, ..EngineConfig::default() })?;
    Ok(ENGINE.get_or_init(|| engine))
}

fn cache() -> Option<PathBuf> {
    std::env::var_os("SOLGATE_CACHE_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// The file for records: the one that is open already, if there is one at the same place.
/// Envoy makes a new configuration while the old one still has requests.
fn records(config: &EnvoyConfig) -> Result<Option<Arc<RecordFile>>, RecordError> {
    static OPEN: Mutex<Vec<(PathBuf, Weak<RecordFile>)>> = Mutex::new(Vec::new());
    static METRICS: OnceLock<RecordMetrics> = OnceLock::new();
    let Some(wanted) = &config.record else { return Ok(None) };
    let metrics = METRICS.get_or_init(|| record_metrics::register(&mut Registry::default()));
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    open.retain(|(_, file)| file.strong_count() > 0);
    let before = open.iter().find(|(path, _)| *path == wanted.file).and_then(|(_, file)| file.upgrade());
    let file = RecordFile::reconfigured(before.as_ref(), Some(wanted), metrics)?;
    if let Some(file) = &file {
        open.push((wanted.file.clone(), Arc::downgrade(file)));
    }
    Ok(file)
}
