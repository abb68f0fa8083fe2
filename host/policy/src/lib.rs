//! Policies: loaded once, asked about every request.

mod cache;
mod cache_error;
mod checks;
mod clock;
mod code;
mod component;
mod contract;
mod convert;
mod engine;
mod file_digest;
mod fit;
mod instance;
mod isolation;
mod judge;
mod limits;
mod loadable;
mod outline;
mod reset;
mod rewind;
mod room;
pub mod signing;
mod source;
mod swap;
mod waiting;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use solgate_contract::JudgeError;
use solgate_contract::verdict::{Context, Outcome, Request};
use wasmtime::{PoolConcurrencyLimitError, Trap};

use self::checks::Declared;
use self::code::Runnable;
use self::outline::Outline;

pub use self::cache::cached_module;
pub use self::cache_error::CacheError;
/// The engine of policies, compiled when the release was built: for
/// [`EngineConfig::native`].
pub use solgate_native::NativeCode;

pub use self::engine::{Engine, EngineConfig, EngineError, InstanceUse};
pub use self::file_digest::{FileDigest, FileDigestError};
pub use self::fit::Imports;
pub use self::isolation::{Isolation, IsolationError};
pub use self::limits::EvaluationLimits;
pub use self::reset::{MemoryReset, PageMap};
pub use self::rewind::NotRewound;
use self::signing::Terms;
pub use self::source::{CheckedFile, NOTICE, PolicyFile, PolicySources, SourceError};
pub use solgate_contract::Evaluate;
pub use solgate_contract::manifest::{self, Manifest};
pub use solgate_files::ReadError;

/// The policies that a release carries.
#[cfg(feature = "default-policy")]
pub use solgate_default::{BUILT_IN, BuiltIn, VNFLCM_V2};
pub use solgate_packed::{Packed, PackedError};

/// Largest component file that is read, in bytes.
pub const LARGEST_POLICY: usize = 256 << 20;

/// Which policy it was, for records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyId {
    pub name: String,
    /// Lower-case hexadecimal SHA-256 over the bundle's source.
    pub digest: String,
}

/// SHA-256 over the bytes of a component, which tells one file from another; that
/// of a [`PolicyId`] tells one set of rules from another.
pub type ComponentDigest = [u8; 32];

/// A policy that is ready to judge. Share it in an `Arc`.
pub struct Policy {
    id: Arc<PolicyId>,
    component: Option<ComponentDigest>,
    most_violations: Option<usize>,
    /// On which it was signed, where that was asked for. A file may be signed again.
    terms: Mutex<Terms>,
    manifest: Manifest,
    declared: Declared,
    judge: Judge,
}

enum Judge {
    Baked(Box<component::Loaded<component::Baked>>),
    Loadable(Box<component::Loaded<loadable::Loadable>>),
    Bare(Arc<dyn Evaluate>),
}

/// Why a policy could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: ReadError },
    /// What a compiler makes for WebAssembly, before it is made a component.
    #[error(
        "this is a core module and not yet a component; if it is made for wit/policy.wit, `solgate build FILE.wasm -o POLICY.wasm` makes a policy of it"
    )]
    CoreModule,
    /// Not WebAssembly, or what wasmtime cannot compile.
    #[error("this is not a WebAssembly component: {0}; build one with `solgate build DIR -o FILE.wasm`")]
    NotAComponent(String),
    /// It is valid, and wasmtime does not run it as it is set up here.
    #[error("the component is more than a policy may be: {0}")]
    Beyond(String),
    /// See [`EngineConfig::compile`].
    #[error(
        "there is no native code for it, and nothing is compiled here: bake it with `solgate build` of this version, \
         or have `solgate inspect` compile it beforehand into the folder that SOLGATE_CACHE_DIR names"
    )]
    NotCompiled,
    #[error("the component imports {0}")]
    Imports(Imports),
    #[error("the component does not export solgate:policy/judge@1.0.0 as wit/policy.wit has it: {0}")]
    Contract(String),
    #[error("the policy could not say what it is: {0}")]
    Describe(EvaluateError),
    #[error("what the policy says of itself is not valid: {0}")]
    Manifest(String),
    #[error("the engine refuses the compiled bundle: {0}")]
    Refused(String),
    /// The program's own file is damaged.
    #[error("a policy within this program: {0}")]
    Packed(#[from] PackedError),
}

/// Why an evaluation gave no verdict. The instance is gone, the policy is not.
#[derive(Debug, thiserror::Error)]
pub enum EvaluateError {
    #[error("it trapped: {0}")]
    Trap(String),
    #[error("it did not end in time")]
    Deadline,
    #[error("it asked for more memory than it may use")]
    Memory,
    #[error("all instances are in use")]
    Busy,
    #[error("its outcome is not valid: {0}")]
    Outcome(String),
}

impl EvaluateError {
    /// Whether this error says that there was no room, and nothing about the policy.
    #[must_use]
    pub fn is_busy(error: &JudgeError) -> bool {
        matches!(error.downcast_ref(), Some(Self::Busy))
    }

    fn of(error: &wasmtime::Error, memory_exceeded: bool) -> Self {
        if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
            return Self::Busy;
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Deadline,
            _ if memory_exceeded => Self::Memory,
            _ => Self::Trap(format!("{error:#}")),
        }
    }
}

impl Policy {
    /// Loads a policy that this program carries.
    ///
    /// # Errors
    /// As [`Policy::from_bytes`]; none is to be expected.
    #[cfg(feature = "default-policy")]
    pub fn built_in(engine: &Engine, policy: &BuiltIn) -> Result<Self, LoadError> {
        Self::from_bytes(engine, &policy.unpack()?)
    }

    /// Loads all policies that this program carries, in the order in which a gate asks them.
    ///
    /// # Errors
    /// As [`Policy::built_in`], with the policy that it is about.
    #[cfg(feature = "default-policy")]
    pub fn all_built_in(engine: &Engine) -> Result<Vec<Self>, (&'static BuiltIn, LoadError)> {
        let mut buffer = Vec::new();
        let mut load = |policy: &BuiltIn| {
            policy.unpack_into(&mut buffer)?;
            Self::from_bytes(engine, &buffer)
        };
        BUILT_IN.iter().map(|policy| load(policy).map_err(|error| (policy, error))).collect()
    }

    /// Loads the policy for the VNF LCM API v2 of ETSI GS NFV-SOL 003.
    ///
    /// # Errors
    /// As [`Policy::from_bytes`]; none is to be expected.
    #[cfg(feature = "default-policy")]
    pub fn vnflcm_v2(engine: &Engine) -> Result<Self, LoadError> {
        Self::built_in(engine, &VNFLCM_V2)
    }

    /// Loads a component from its bytes. One that was baked by the release that the
    /// engine's [native code](EngineConfig::native) is of needs no compiler; another
    /// comes from the cache of the engine if there is one, or is compiled, which takes
    /// seconds.
    ///
    /// # Errors
    /// If it is not a component, imports something, or does not keep the contract.
    pub fn from_bytes(engine: &Engine, bytes: &[u8]) -> Result<Self, LoadError> {
        engine.check_reset();
        let outline = Outline::of(bytes);
        fit::check(bytes, &outline)?;
        let digest = code::digest(bytes);
        let code = Runnable::of(engine, bytes, &digest, &outline)?;
        let (loaded, mut manifest) = component::Loaded::baked(engine, code)?;
        if manifest.digest.is_empty() {
            // Its source is nothing that could be named otherwise.
            manifest.digest = data_encoding::HEXLOWER.encode(&digest);
        }
        let most_violations = outline.most_violations;
        Ok(Self { component: Some(digest), most_violations, ..Self::new(manifest, Judge::Baked(Box::new(loaded))) })
    }

    /// Loads a component from a file.
    ///
    /// # Errors
    /// As [`Policy::from_bytes`], and if the file cannot be read.
    pub fn from_file(engine: &Engine, path: &Path) -> Result<Self, LoadError> {
        Self::from_bytes(engine, &read_file(path)?)
    }

    /// Runs a compiled bundle, given as JSON text, in the sandbox without baking it:
    /// `loadable`, the engine that policies are baked from as a component of its own, builds the bundle's
    /// schemas and expressions when it is loaded. Its instances serve one request
    /// after another. For those who write the bundle; a gateway loads a baked one.
    ///
    /// # Errors
    /// As [`Policy::from_bytes`], and if the engine refuses the bundle.
    pub fn from_bundle(engine: &Engine, loadable: &[u8], bundle: Vec<u8>) -> Result<Self, LoadError> {
        let code = Runnable::of(engine, loadable, &code::digest(loadable), &Outline::of(loadable))?;
        let (loaded, manifest) = component::Loaded::loadable(engine, &code, bundle)?;
        Ok(Self::new(manifest, Judge::Loadable(Box::new(loaded))))
    }

    /// A policy that judges in this process, without a sandbox: what it does is the
    /// caller's own concern.
    #[must_use]
    pub fn without_sandbox(judge: Arc<dyn Evaluate>) -> Self {
        Self::new(judge.describe(), Judge::Bare(judge))
    }

    fn new(manifest: Manifest, judge: Judge) -> Self {
        let id = Arc::new(PolicyId { name: manifest.name.clone(), digest: manifest.digest.clone() });
        let declared = Declared::of(&manifest);
        Self { id, component: None, most_violations: None, terms: Mutex::default(), manifest, declared, judge }
    }

    /// The policy under another isolation than [`Isolation::Rewound`]. That of a
    /// policy [`from_bundle`](Self::from_bundle) or without a sandbox stays.
    #[must_use]
    pub fn with_isolation(mut self, isolation: Isolation) -> Self {
        if let Judge::Baked(loaded) = &mut self.judge {
            loaded.isolation = isolation;
        }
        self
    }

    /// Which policy it is.
    #[must_use]
    pub fn id(&self) -> &Arc<PolicyId> {
        &self.id
    }

    /// Which component it was loaded from; `None` for a policy made of a bundle.
    #[must_use]
    pub fn component_digest(&self) -> Option<&ComponentDigest> {
        self.component.as_ref()
    }

    /// On which terms it was signed; none if no signature was asked for.
    #[must_use]
    pub fn terms(&self) -> Terms {
        *self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its signature is on these terms.
    pub fn set_terms(&self, terms: Terms) {
        *self.terms.lock().unwrap_or_else(PoisonError::into_inner) = terms;
    }

    /// The most violations that the policy gives for one request, as its bundle says;
    /// `None` if its component does not carry that.
    #[must_use]
    pub fn most_violations(&self) -> Option<usize> {
        self.most_violations
    }

    /// What the policy says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The largest body that the policy judges, in bytes.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        usize::try_from(self.manifest.limits.body_bytes).unwrap_or(usize::MAX)
    }

    /// How many instances its engine has, of all policies; `None` without a sandbox.
    #[must_use]
    pub fn instances(&self) -> Option<InstanceUse> {
        match &self.judge {
            Judge::Baked(loaded) => loaded.engine().instances(),
            Judge::Loadable(loaded) => loaded.engine().instances(),
            Judge::Bare(_) => None,
        }
    }

    /// What its engine does with the memory of an instance before another evaluation
    /// gets it; `None` without a sandbox.
    #[must_use]
    pub fn memory_reset(&self) -> Option<MemoryReset> {
        match &self.judge {
            Judge::Baked(loaded) => Some(loaded.engine().memory_reset()),
            Judge::Loadable(loaded) => Some(loaded.engine().memory_reset()),
            Judge::Bare(_) => None,
        }
    }

    /// How often its instances could not be put back after a call: `None` unless it is
    /// [`Isolation::Rewound`], and of this release.
    #[must_use]
    pub fn not_rewound(&self) -> Option<NotRewound> {
        match &self.judge {
            Judge::Baked(loaded) => loaded.not_rewound(),
            Judge::Loadable(_) | Judge::Bare(_) => None,
        }
    }

    /// Bytes of memory that an evaluation has before it reads anything: less cannot be
    /// granted. 0 without a sandbox.
    #[must_use]
    pub fn memory_at_start(&self) -> usize {
        match &self.judge {
            Judge::Baked(loaded) => loaded.memory_at_start,
            Judge::Loadable(loaded) => loaded.memory_at_start,
            Judge::Bare(_) => 0,
        }
    }

    /// Judges one request, within the limits of the engine.
    ///
    /// # Errors
    /// If no verdict was reached: the request must then be refused.
    pub fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, EvaluateError> {
        self.evaluate_within(None, request, context)
    }

    /// Judges one request within other limits than those of the engine, if there are
    /// any. A policy without a sandbox keeps to none, but for its time if that is measured
    /// by the [processor](EvaluationLimits::patience).
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn evaluate_within(
        &self,
        limits: Option<&EvaluationLimits>,
        request: &Request<'_>,
        context: &Context<'_>,
    ) -> Result<Outcome, EvaluateError> {
        match &self.judge {
            Judge::Baked(loaded) => loaded.evaluate((&self.manifest, &self.declared), limits, request, context),
            Judge::Loadable(loaded) => loaded.evaluate((&self.manifest, &self.declared), limits, request, context),
            Judge::Bare(judge) => {
                let evaluate = || Ok(judge.evaluate(request, context));
                match limits {
                    Some(limits) => limits.evaluating(component::input_bytes(request, context), evaluate),
                    None => evaluate(),
                }
            }
        }
    }
}

/// The bytes of a component's file.
///
/// # Errors
/// If it cannot be read, is not a regular file, or is larger than any policy.
pub fn read_file(path: &Path) -> Result<Vec<u8>, LoadError> {
    solgate_files::read(path, LARGEST_POLICY).map_err(|source| LoadError::Read { path: path.to_owned(), source })
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("name", &self.manifest.name).field("digest", &self.manifest.digest).finish()
    }
}
