//! Where the commands get their policies from.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use solgate::gate::{Gate, SettingError, is_shared_out};
use solgate::policy::{
    BUILT_IN, BuiltIn, Engine, EngineConfig, EngineError, EvaluationLimits, Isolation, LoadError, Policy,
    PolicySources, SourceError, VNFLCM_V2, cached_module,
};
use solgate_author::check::GateOrder;
use solgate_author::explain::{self, NoGate};
use solgate_bundle::bake::{BakeError, CarriedError, bundle_of, loadable_engine};
use solgate_bundle::{BuildOptions, Compiled, Diagnostics, Failure};
use solgate_config::Limits;
use solgate_contract::ownership::{Belongs, Claim};
use solgate_engine::ir::Bundle;
use solgate_registry::{Settings, Store, StoreError, default_folder, is_remote, wait_for};
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
    #[error("the built-in policy {0}: {1}")]
    BuiltIn(&'static str, LoadError),
    #[error("the built-in policy {0}: {1}")]
    BuiltInBundle(&'static str, CarriedError),
    #[error("{}: {error}", path.display())]
    Refused { path: PathBuf, error: RefusedBundle },
    #[error("the policy engine: {0}")]
    Engine(BakeError),
    #[error("{}: {error}", path.display())]
    Carried { path: PathBuf, error: CarriedError },
    #[error(transparent)]
    Fetch(#[from] StoreError),
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
        let says_so = self.says_trouble && !std::io::IsTerminal::is_terminal(&std::io::stderr());
        let loaded = if says_so { self.with_word(message, load) } else { with_spinner(message, load) };
        if let Some(error) = self.engine.take_cache_trouble().filter(|_| self.says_trouble) {
            note(&format!("solgate: the compiled policy is not kept, and the next command compiles it again: {error}"));
        }
        loaded
    }

    /// Says, in a line on standard error, what is compiled for longer than a moment.
    fn with_word<T>(&self, message: &str, load: impl FnOnce() -> T) -> T {
        let (engine, before) = (self.engine.clone(), self.engine.compilations());
        let word = format!("solgate: {message}");
        while_working(
            move |ended| {
                // A machine that is busy is slow with the rest as well.
                if is_over(ended, LONG) || engine.compilations() == before {
                    return;
                }
                note(&word);
            },
            load,
        )
    }

    /// Components from files, if they are what they must be; without any, the
    /// built-in policies.
    pub fn components(&self, sources: &PolicySources, isolation: Isolation) -> Result<Vec<Arc<Policy>>, PolicyError> {
        let ready = |policy: Policy| Arc::new(policy.with_isolation(isolation));
        if let Some(folder) = sources.files.iter().find(|file| file.path.is_dir()) {
            return Err(PolicyError::Folder(folder.path.clone()));
        }
        let files = sources.read().map_err(PolicyError::Source)?;
        if files.is_empty() {
            return Ok(self.all_built_in()?.into_iter().map(ready).collect());
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
        // Some languages bring a whole interpreter along.
        let message = format!("compiling {name} ({} KB); the next start takes it from the cache", bytes.len() / 1000);
        self.loading(&message, || Policy::from_bytes(&self.engine, bytes))
    }

    /// The gate that a check asks for.
    pub fn gate(&self, order: GateOrder) -> anyhow::Result<Gate> {
        let make = |policies| -> anyhow::Result<Gate> {
            let gate = Gate::new(policies, Arc::clone(&order.facts)).with_settings(order.settings.clone())?;
            Ok(gate.with_mode(order.mode).with_evaluation_limits(patient()))
        };
        if !order.policies.is_empty() {
            return make(self.several(&order.policies)?);
        }
        let load = |policy: &&BuiltIn| self.built_in(policy).map(Arc::new);
        with_built_in(&order, |policies| make(policies.iter().map(load).collect::<Result<_, _>>()?))
    }

    /// Components or bundles' folders; without any, the built-in policies.
    pub fn several(&self, paths: &[PathBuf]) -> Result<Vec<Arc<Policy>>, PolicyError> {
        if paths.is_empty() {
            return Ok(self.all_built_in()?.into_iter().map(Arc::new).collect());
        }
        paths.iter().map(|path| self.any(path)).collect()
    }

    /// A component, or a bundle's folder, which then runs without a sandbox: the
    /// rules are those of the person who runs the command.
    fn any(&self, path: &Path) -> Result<Arc<Policy>, PolicyError> {
        if let Some(policy) = built_in(path) {
            return self.built_in(&policy).map(Arc::new);
        }
        if !path.is_dir() {
            return self.component(path).map(Arc::new);
        }
        let compiled = solgate_bundle::compile_dir(path, &BuildOptions::default())
            .map_err(|failure| bundle_error(path, failure))?;
        solgate_unsandboxed::judge(compiled.bundle)
            .map(|judge| Arc::new(Policy::without_sandbox(judge)))
            .map_err(|error| PolicyError::Refused { path: path.to_owned(), error })
    }

    pub fn built_in(&self, policy: &BuiltIn) -> Result<Policy, PolicyError> {
        let message =
            format!("compiling the built-in policy {}; the next start takes it from the cache", policy.name());
        self.loading(&message, || Policy::built_in(&self.engine, policy))
            .map_err(|error| PolicyError::BuiltIn(policy.name(), error))
    }

    fn all_built_in(&self) -> Result<Vec<Policy>, PolicyError> {
        let message = "compiling the built-in policies; the next start takes them from the cache";
        self.loading(message, || Policy::all_built_in(&self.engine))
            .map_err(|(policy, error)| PolicyError::BuiltIn(policy.name(), error))
    }

    fn component(&self, path: &Path) -> Result<Policy, PolicyError> {
        self.component_with_bytes(path).map(|(policy, _)| policy)
    }

    /// A component from a file, with the bytes that it was loaded from.
    pub fn component_with_bytes(&self, path: &Path) -> Result<(Policy, Vec<u8>), PolicyError> {
        if path.is_dir() {
            return Err(PolicyError::Folder(path.to_owned()));
        }
        let bytes = solgate::policy::read_file(&local(path)?).map_err(PolicyError::File)?;
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
    if order.policies.is_empty() {
        return with_built_in(&order, |policies| {
            let named = |policy: &&BuiltIn| Ok((PathBuf::from(policy.name()), built_in_bundle(policy)?));
            traced_bundles(policies.iter().map(named).collect::<Result<_, PolicyError>>()?, &order)
        });
    }
    let named = |path: &PathBuf| Ok((path.clone(), bundle(path)?));
    traced_bundles(order.policies.iter().map(named).collect::<Result<_, PolicyError>>()?, &order)
}

/// Makes the gate of the built-in policies that have a say in the only request: a command
/// that judges one waits for no others. They are all asked for if the settings depend on
/// the others.
fn with_built_in<T>(order: &GateOrder, make: impl Fn(&[&'static BuiltIn]) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let all: Vec<&BuiltIn> = BUILT_IN.iter().collect();
    let some = if order.settings.iter().any(is_shared_out) { all.clone() } else { asked_about(&order.target) };
    let made = make(&some);
    match &made {
        // What one policy does not know may be for another.
        Err(error) if some.len() < all.len() && error.is::<SettingError>() => make(&all),
        _ => made,
    }
}

/// The built-in policies that have a say in a request.
fn asked_about(target: &str) -> Vec<&'static BuiltIn> {
    let claims = BUILT_IN.iter().map(|policy| Claim { roots: policy.roots(), versions: true });
    match Belongs::of(target, claims) {
        Belongs::To(asked) | Belongs::ToAny(asked) => asked.iter().filter_map(|index| BUILT_IN.get(*index)).collect(),
        Belongs::ToNobody => BUILT_IN.iter().collect(),
    }
}

/// The bundle of the built-in policy that a request belongs to; of the first, if it belongs
/// to none.
pub fn first_built_in(target: &str) -> Result<Bundle, PolicyError> {
    built_in_bundle(asked_about(target).first().copied().unwrap_or(&VNFLCM_V2))
}

/// The same of bundles that were compiled already, each with where it is.
pub fn traced_bundles(bundles: Vec<(PathBuf, Bundle)>, order: &GateOrder) -> anyhow::Result<(Gate, Vec<Arc<Traced>>)> {
    let (mut paths, bundles): (Vec<PathBuf>, Vec<Bundle>) = bundles.into_iter().unzip();
    explain::traced_gate(bundles, order).map_err(|error| match error {
        NoGate::Refused { index, error } if index < paths.len() => {
            PolicyError::Refused { path: paths.swap_remove(index), error }.into()
        }
        NoGate::Refused { error, .. } => error.into(),
        NoGate::Setting(error) => error.into(),
    })
}

/// The built-in policy of this name, unless there is such a file.
pub fn built_in(path: &Path) -> Option<BuiltIn> {
    BuiltIn::named(path.to_str()?).filter(|_| !path.exists())
}

/// The bundle in a folder or a baked policy.
pub fn bundle(path: &Path) -> Result<Bundle, PolicyError> {
    if let Some(policy) = built_in(path) {
        return built_in_bundle(&policy);
    }
    if path.is_dir() {
        let compiled = solgate_bundle::compile_dir(path, &BuildOptions::default());
        return Ok(compiled.map_err(|failure| bundle_error(path, failure))?.bundle);
    }
    let bytes = solgate::policy::read_file(&local(path)?).map_err(PolicyError::File)?;
    bundle_of(&bytes).map_err(|error| PolicyError::Carried { path: path.to_owned(), error })
}

/// The bundle of a built-in policy.
pub fn built_in_bundle(policy: &BuiltIn) -> Result<Bundle, PolicyError> {
    let name = policy.name();
    let bytes = policy.unpack().map_err(|error| PolicyError::BuiltIn(name, error.into()))?;
    bundle_of(&bytes).map_err(|error| PolicyError::BuiltInBundle(name, error))
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

/// Without a terminal, a line says what takes longer than that.
const LONG: Duration = Duration::from_secs(2);

/// Shows, on a terminal, what takes longer than a moment.
pub fn with_spinner<T>(message: &str, work: impl FnOnce() -> T) -> T {
    let message = message.to_owned();
    while_working(
        move |ended| {
            if is_over(ended, MOMENT) {
                return;
            }
            let bar = ProgressBar::new_spinner().with_message(message);
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(MOMENT);
            let _ = ended.recv();
            bar.finish_and_clear();
        },
        work,
    )
}

/// Whether the work ends within that time.
fn is_over(ended: &Receiver<()>, time: Duration) -> bool {
    ended.recv_timeout(time) != Err(RecvTimeoutError::Timeout)
}

/// Works, and beside it shows that. What shows it is told by its channel when the work has ended.
fn while_working<T>(show: impl FnOnce(&Receiver<()>) + Send + 'static, work: impl FnOnce() -> T) -> T {
    let (working, ended) = channel::<()>();
    let (showing, cleared) = channel::<()>();
    let show = move || {
        show(&ended);
        drop(showing);
    };
    // Without a thread to spare nothing is shown.
    let _ = std::thread::Builder::new().spawn(show);
    let done = work();
    // Ends what is shown, as it does if the work panics.
    drop(working);
    // A terminal that is stopped takes nothing, and nobody waits for that.
    let _ = cleared.recv_timeout(MOMENT);
    done
}

/// Bakes a bundle, with the code of the engine that an earlier bake has left in the cache.
pub fn bake(compiled: &Compiled) -> anyhow::Result<Vec<u8>> {
    let mut trouble = None;
    let component = with_spinner("baking", || match cache_folder() {
        Some(folder) => compiled.bake_with(|engine, wasm| {
            let (module, error) = cached_module(engine, &folder, wasm)?;
            trouble = error;
            Ok(module)
        }),
        None => compiled.bake(),
    })?;
    if let Some(error) = trouble {
        note(&format!("solgate: the compiled engine is not kept, and the next build compiles it again: {error}"));
    }
    Ok(component)
}

/// The file of a policy. One that is in a registry or at a URL is fetched into a file first.
pub fn local(path: &Path) -> Result<Cow<'_, Path>, StoreError> {
    if !is_remote(path) {
        return Ok(Cow::Borrowed(path));
    }
    let (store, remote) = (fetched()?, Store::remote(path)?);
    with_spinner(&format!("fetching {remote}"), || wait_for(store.fetch(&remote)))??;
    Ok(Cow::Owned(store.path(&remote)))
}

/// Where commands keep what they fetch, as the environment says how.
pub fn fetched() -> Result<Store, StoreError> {
    Store::new(Settings { folder: fetched_folder(), ..Settings::from_environment() })
}

/// Not the folder of a gate: a command must not change what a gate follows.
pub fn fetched_folder() -> Option<PathBuf> {
    cache_folder().map(|folder| folder.join("fetched")).or_else(default_folder)
}

/// `$SOLGATE_CACHE_DIR`, or `solgate` in the user's cache folder. Without either
/// there is no cache.
fn cache_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    set("SOLGATE_CACHE_DIR")
        .or_else(|| set("XDG_CACHE_HOME").map(|folder| folder.join("solgate")))
        .or_else(|| set("HOME").map(|folder| folder.join(".cache/solgate")))
}
