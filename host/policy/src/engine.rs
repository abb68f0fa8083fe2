//! The WebAssembly engine: wasmtime, configured once for every policy.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use solgate_native::{NativeCode, settings};
use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::cache_error::CacheError;
use super::clock::{Clock, Ticking};
use super::fit::{CORE_INSTANCES, MEMORIES, TABLES};
use super::limits::EvaluationLimits;
use super::reset::{MemoryReset, PageMap};
use super::waiting::Waiting;

/// Bytes that an instance has written to and that are reset by copying instead of
/// being given back to the kernel. A small request writes to about half as many.
/// With more, an instance would stay slow after a large body, whose pages are
/// copied again and again.
const KEEP_RESIDENT: usize = 128 << 10;

/// What all policies of an engine share.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The limits of an evaluation to which its gate sets none of its own.
    pub evaluation: EvaluationLimits,
    /// Most evaluations at one time; more are refused with 503. Default 256.
    pub concurrency: u32,
    /// Where compiled policies are kept between starts; `None` compiles again.
    pub cache: Option<PathBuf>,
    /// The policy engine of a release, compiled: no policy that the release has baked
    /// needs a compiler. What does not fit the machine is not used. Default: that of
    /// the release that this crate is of, with the feature `default-policy`.
    pub native: &'static [NativeCode],
    /// Whether a policy is compiled of which there is neither native code nor a file in
    /// the cache. Default true; without, it is refused: for threads that must not stand
    /// still for seconds.
    pub compile: bool,
    /// How the memory of an instance may be reset. Default [`PageMap::WithoutSwap`].
    pub page_map: PageMap,
    /// What memory holds that an evaluation writes to before it reads it, in instances that
    /// are [put back](super::Isolation::Rewound). Default 0; with another byte, a test sees
    /// that nothing depends on it.
    pub filler: u8,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            evaluation: EvaluationLimits::default(),
            concurrency: 256,
            cache: None,
            native: shipped(),
            compile: true,
            page_map: PageMap::default(),
            filler: 0,
        }
    }
}

#[cfg(feature = "default-policy")]
fn shipped() -> &'static [NativeCode] {
    solgate_default::NATIVE
}

#[cfg(not(feature = "default-policy"))]
fn shipped() -> &'static [NativeCode] {
    &[]
}

/// Why the engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refuses the configuration, or the machine has too little address
    /// space for the pool.
    #[error(
        "the WebAssembly engine could not be set up for {concurrency} evaluations at a time, each of which reserves 4 GiB of addresses (not of memory): {error:#}; allow more addresses (ulimit -v), or fewer evaluations"
    )]
    Wasmtime { concurrency: u32, error: wasmtime::Error },
    /// The thread that keeps deadlines could not be started.
    #[error("the deadline clock could not be started: {0}")]
    Clock(std::io::Error),
}

/// wasmtime with its pool of instances and its deadline clock.
///
/// Create it after any fork: threads do not survive one, and without the clock a
/// policy that loops forever is never cut off. Cloning is cheap.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    wasmtime: wasmtime::Engine,
    clock: Clock,
    config: EngineConfig,
    reset: MemoryReset,
    waiting: Waiting,
    /// Held once by each instance that is put back.
    rewound: Arc<()>,
    compilations: AtomicU64,
    cache_trouble: Mutex<Option<CacheError>>,
}

/// How many instances of policies there are: those that judge, and those that wait
/// for their next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceUse {
    pub existing: usize,
    /// [`EngineConfig::concurrency`].
    pub limit: usize,
}

impl Engine {
    /// Sets wasmtime up and starts its deadline clock.
    ///
    /// # Errors
    /// If wasmtime refuses the limits or a thread cannot be started.
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        let reset = MemoryReset::here(config.page_map);
        let wasmtime = wasmtime::Engine::new(&configure(&config, reset))
            .map_err(|error| EngineError::Wasmtime { concurrency: config.concurrency, error })?;
        let clock = Clock::start(&wasmtime).map_err(EngineError::Clock)?;
        Ok(Self {
            inner: Arc::new(Inner {
                wasmtime,
                clock,
                config,
                reset,
                waiting: Waiting::default(),
                rewound: Arc::default(),
                compilations: AtomicU64::new(0),
                cache_trouble: Mutex::default(),
            }),
        })
    }

    /// The limits in force.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// What is done with the memory of an instance before another evaluation gets it.
    /// It was decided when the engine was made.
    #[must_use]
    pub fn memory_reset(&self) -> MemoryReset {
        self.inner.reset
    }

    /// How many instances there are now.
    #[must_use]
    pub fn instances(&self) -> Option<InstanceUse> {
        let components =
            usize::try_from(self.inner.wasmtime.pooling_allocator_metrics()?.component_instances()).ok()?;
        let rewound = Arc::strong_count(&self.inner.rewound).saturating_sub(1);
        let existing = components.saturating_add(rewound);
        Some(InstanceUse { existing, limit: usize::try_from(self.inner.config.concurrency).ok()? })
    }

    /// How many components it has compiled, because neither native code nor the cache
    /// had them.
    #[must_use]
    pub fn compilations(&self) -> u64 {
        self.inner.compilations.load(Ordering::Relaxed)
    }

    /// Why a compiled policy was last not taken from the cache or not kept in it, if that
    /// happened since this was last asked.
    #[must_use]
    pub fn take_cache_trouble(&self) -> Option<CacheError> {
        self.inner.cache_trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn has_cache_trouble(&self, error: CacheError) {
        *self.inner.cache_trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn count_compilation(&self) {
        self.inner.compilations.fetch_add(1, Ordering::Relaxed);
    }

    /// Warns if swap has been switched on since the engine was made, which no engine
    /// can change its ways for.
    pub(super) fn check_reset(&self) {
        if self.inner.reset.is_outdated() {
            tracing::warn!(
                "swap was switched on after the start: an evaluation may find what an earlier evaluation left in memory; restart the gate"
            );
        }
    }

    /// Lets the clock of deadlines tick for as long as what it returns exists.
    pub(super) fn ticking(&self) -> Ticking<'_> {
        self.inner.clock.during()
    }

    pub(super) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.wasmtime
    }

    /// To be held by an instance that is put back, so that it is counted.
    pub(super) fn rewound(&self) -> Arc<()> {
        Arc::clone(&self.inner.rewound)
    }

    /// Instances that may be used again.
    pub(super) fn waiting(&self) -> &Waiting {
        &self.inner.waiting
    }
}

fn configure(config: &EngineConfig, reset: MemoryReset) -> Config {
    // Without a page map nobody knows which bytes to keep.
    let (keep, scan) = if reset.uses_page_map() { (KEEP_RESIDENT, Enabled::Auto) } else { (0, Enabled::No) };
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(config.concurrency)
        .total_core_instances(config.concurrency.saturating_mul(CORE_INSTANCES))
        .total_memories(config.concurrency)
        .total_tables(config.concurrency.saturating_mul(TABLES))
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memory_size(usize::try_from(settings::ADDRESSES).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(keep)
        .table_keep_resident(keep)
        // Linux 6.7 and later.
        .pagemap_scan(scan);
    // What compiled code depends on is decided where native code is made.
    let mut settings = settings::config();
    settings.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    settings
}
