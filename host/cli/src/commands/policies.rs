//! Where the commands get their policies from.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::ProgressBar;
use solgate::gate::Gate;
use solgate::policy::{
    Engine, EngineConfig, EngineError, EvaluationLimits, Isolation, LoadError, Policy, PolicySources, SourceError,
    VNFLCM_V2,
};
use solgate_author::check::GateOrder;
use solgate_bundle::bake::{BakeError, CarriedError, bundle_of, loadable_engine};
use solgate_bundle::{BuildOptions, Diagnostics, Failure};
use solgate_config::Limits;
use solgate_engine::ir::Bundle;
use solgate_unsandboxed::{RefusedBundle, Traced};

use super::output::note;

/// Loads policies for one process. Cloning is cheap.
#[derive(Clone)]
pub struct Loader {
    engine: Engine,
    /// Nothing is logged: trouble with the cache is said.
    says_trouble: bool,
}

/// Why a policy named on the command line cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("{}: {error}", path.display())]
    Load { path: PathBuf, error: LoadError },
    /// The error names the file itself.
    #[error("{0}")]
    File(LoadError),
    #[error(transparent)]
    Source(SourceError),
    #[error("the built-in policy: {0}")]
    BuiltIn(LoadError),
    #[error("the built-in policy: {0}")]
    BuiltInBundle(CarriedError),
    #[error("{}: {error}", path.as_deref().unwrap_or(Path::new("the built-in policy")).display())]
    Refused { path: Option<PathBuf>, error: RefusedBundle },
    #[error("the policy engine: {0}")]
    Engine(BakeError),
    #[error("{}: {error}", path.display())]
    Carried { path: PathBuf, error: CarriedError },
    #[error("{path} is a folder; bake it first: solgate build {path} -o FILE.wasm", path = .0.display())]
    Folder(PathBuf),
    #[error("{0}")]
    Bundle(String),
    #[error("cannot write the compiled bundle: {0}")]
    Unwritable(serde_json::Error),
}

/// What an evaluation may take where only the person at the keyboard waits for it, perhaps
/// on a machine that is busy with something else: as much of the processor as in a gateway.
fn patient() -> EvaluationLimits {
    EvaluationLimits { patience: Duration::from_secs(10), ..EvaluationLimits::default() }
}

impl Loader {
    /// For a gateway, with its limits.
    ///
    /// # Errors
    /// There is no engine for so many evaluations.
    pub fn for_gateway(limits: &Limits) -> Result<Self, EngineError> {
        let concurrency = u32::try_from(limits.evaluations).unwrap_or(u32::MAX);
        Self::new(EngineConfig { concurrency, ..EngineConfig::default() }, false)
    }

    /// For commands that judge what an author asks about.
    pub fn for_author() -> anyhow::Result<Self> {
        Ok(Self::new(EngineConfig { evaluation: patient(), ..EngineConfig::default() }, true)?)
    }

    fn new(config: EngineConfig, says_trouble: bool) -> Result<Self, EngineError> {
        Ok(Self { engine: Engine::new(EngineConfig { cache: cache_folder(), ..config })?, says_trouble })
    }

    /// Loads with a word on a terminal, and one on trouble with the cache anywhere.
    fn loading<T>(&self, message: &str, load: impl FnOnce() -> T) -> T {
        let loaded = with_spinner(message, load);
        if let Some(error) = self.engine.take_cache_trouble().filter(|_| self.says_trouble) {
            note(&format!("solgate: the compiled policy is not kept, and the next command compiles it again: {error}"));
        }
        loaded
    }

    /// Components from files, if they are what they must be; without any, the
    /// built-in policy.
    pub fn components(&self, sources: &PolicySources, isolation: Isolation) -> Result<Vec<Arc<Policy>>, PolicyError> {
        let ready = |policy: Policy| Arc::new(policy.with_isolation(isolation));
        if let Some(folder) = sources.files.iter().find(|file| file.path.is_dir()) {
            return Err(PolicyError::Folder(folder.path.clone()));
        }
        let files = sources.read().map_err(PolicyError::Source)?;
        if files.is_empty() {
            return Ok(vec![ready(self.built_in()?)]);
        }
        let policies = files.iter().map(|file| {
            let policy = ready(self.compiled(file.path, &file.bytes)?);
            policy.set_terms(file.terms);
            Ok(policy)
        });
        policies.collect()
    }

    /// A component that has been read already; without a path, the built-in one.
    pub fn bytes(&self, path: Option<&Path>, bytes: &[u8]) -> Result<Policy, LoadError> {
        let name = path.map_or_else(|| "the built-in policy".to_owned(), |path| path.display().to_string());
        self.loading(&format!("compiling {name}"), || Policy::from_bytes(&self.engine, bytes))
    }

    /// The gate that a check asks for.
    pub fn gate(&self, order: GateOrder) -> anyhow::Result<Gate> {
        let policies = self.several(&order.policies)?;
        let gate = Gate::new(policies, order.facts).with_settings(order.settings)?.with_mode(order.mode);
        Ok(gate.with_evaluation_limits(patient()))
    }

    /// Components or bundles' folders; without any, the built-in policy.
    pub fn several(&self, paths: &[PathBuf]) -> Result<Vec<Arc<Policy>>, PolicyError> {
        if paths.is_empty() {
            return Ok(vec![self.any(None)?]);
        }
        paths.iter().map(|path| self.any(Some(path))).collect()
    }

    /// A component, or a bundle's folder, which then runs without a sandbox: the
    /// rules are those of the person who runs the command.
    fn any(&self, path: Option<&Path>) -> Result<Arc<Policy>, PolicyError> {
        match path {
            None => self.built_in().map(Arc::new),
            Some(path) if path.is_dir() => {
                let compiled = solgate_bundle::compile_dir(path, &BuildOptions::default())
                    .map_err(|failure| bundle_error(path, failure))?;
                solgate_unsandboxed::judge(compiled.bundle)
                    .map(|judge| Arc::new(Policy::without_sandbox(judge)))
                    .map_err(|error| PolicyError::Refused { path: Some(path.to_owned()), error })
            }
            Some(path) => self.component(path).map(Arc::new),
        }
    }

    fn built_in(&self) -> Result<Policy, PolicyError> {
        self.loading("compiling the built-in policy; the next start takes it from the cache", || {
            Policy::vnflcm_v2(&self.engine)
        })
        .map_err(PolicyError::BuiltIn)
    }

    fn component(&self, path: &Path) -> Result<Policy, PolicyError> {
        self.component_with_bytes(path).map(|(policy, _)| policy)
    }

    /// A component from a file, with the bytes that it was loaded from.
    pub fn component_with_bytes(&self, path: &Path) -> Result<(Policy, Vec<u8>), PolicyError> {
        if path.is_dir() {
            return Err(PolicyError::Folder(path.to_owned()));
        }
        let bytes = solgate::policy::read_file(path).map_err(PolicyError::File)?;
        Ok((self.compiled(path, &bytes)?, bytes))
    }

    fn compiled(&self, path: &Path, bytes: &[u8]) -> Result<Policy, PolicyError> {
        self.bytes(Some(path), bytes).map_err(|error| PolicyError::Load { path: path.to_owned(), error })
    }

    /// The compiled bundle of a folder, in the sandbox as its author tests it.
    pub fn bundle(&self, path: &Path, bundle: &Bundle) -> Result<Arc<Policy>, PolicyError> {
        let loadable = loadable_engine().map_err(PolicyError::Engine)?;
        let message = "compiling the policy engine; the next start takes it from the cache";
        let json = serde_json::to_vec(bundle).map_err(PolicyError::Unwritable)?;
        self.loading(message, || Policy::from_bundle(&self.engine, &loadable, json))
            .map(Arc::new)
            .map_err(|error| PolicyError::Load { path: path.to_owned(), error })
    }
}

/// The gate that an explanation asks for. Its policies run without a sandbox, by the
/// bundles that baked ones carry.
pub fn traced_gate(order: GateOrder) -> anyhow::Result<(Gate, Vec<Arc<Traced>>)> {
    let paths: Vec<_> = order.policies.iter().map(|path| Some(path.as_path())).collect();
    let mut bundles = Vec::new();
    for path in if paths.is_empty() { vec![None] } else { paths } {
        bundles.push((path.map(Path::to_owned), bundle(path)?));
    }
    traced_bundles(bundles, order)
}

/// The same of bundles that were compiled already, each with where it is.
pub fn traced_bundles(
    bundles: Vec<(Option<PathBuf>, Bundle)>,
    order: GateOrder,
) -> anyhow::Result<(Gate, Vec<Arc<Traced>>)> {
    let (mut policies, mut traces) = (Vec::new(), Vec::new());
    for (path, bundle) in bundles {
        let traced = solgate_unsandboxed::traced(bundle).map_err(|error| PolicyError::Refused { path, error })?;
        policies.push(Arc::new(Policy::without_sandbox(traced.clone())));
        traces.push(traced);
    }
    let gate = Gate::new(policies, order.facts).with_settings(order.settings)?.with_mode(order.mode);
    Ok((gate, traces))
}

/// The bundle in a folder or a baked policy; without a path, that of the built-in one.
pub fn bundle(path: Option<&Path>) -> Result<Bundle, PolicyError> {
    match path {
        None => bundle_of(&VNFLCM_V2.unpack().map_err(LoadError::from).map_err(PolicyError::BuiltIn)?)
            .map_err(PolicyError::BuiltInBundle),
        Some(path) if path.is_dir() => {
            let compiled = solgate_bundle::compile_dir(path, &BuildOptions::default());
            Ok(compiled.map_err(|failure| bundle_error(path, failure))?.bundle)
        }
        Some(path) => {
            let bytes = solgate::policy::read_file(path).map_err(PolicyError::File)?;
            bundle_of(&bytes).map_err(|error| PolicyError::Carried { path: path.to_owned(), error })
        }
    }
}

/// The mistakes of a bundle, as the terminal shows them.
pub fn bundle_error(path: &Path, failure: Failure) -> PolicyError {
    PolicyError::Bundle(match failure {
        Failure::Mistakes(mistakes) => format!("{} cannot be compiled\n{}", path.display(), rendered(&mistakes)),
        other => other.to_string(),
    })
}

/// Mistakes, as the terminal shows them.
pub fn rendered(mistakes: &Diagnostics) -> String {
    let color = std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
    mistakes.render(color).trim_end().to_owned()
}

/// What takes longer is shown on a terminal.
const MOMENT: Duration = Duration::from_millis(250);

/// Shows, on a terminal, what takes longer than a moment.
pub fn with_spinner<T>(message: &str, work: impl FnOnce() -> T) -> T {
    let (working, ended) = channel::<()>();
    let (showing, cleared) = channel::<()>();
    let message = message.to_owned();
    let show = move || {
        if ended.recv_timeout(MOMENT) == Err(RecvTimeoutError::Timeout) {
            let bar = ProgressBar::new_spinner().with_message(message);
            bar.enable_steady_tick(MOMENT);
            let _ = ended.recv();
            bar.finish_and_clear();
        }
        drop(showing);
    };
    // Without a thread to spare there is no spinner.
    let _ = std::thread::Builder::new().spawn(show);
    let done = work();
    // Ends the spinner, as it does if the work panics.
    drop(working);
    // A terminal that is stopped takes nothing, and nobody waits for that.
    let _ = cleared.recv_timeout(MOMENT);
    done
}

/// `$SOLGATE_CACHE_DIR`, or `solgate` in the user's cache folder. Without either
/// there is no cache.
fn cache_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("SOLGATE_CACHE_DIR")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("solgate")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/solgate")))
}
