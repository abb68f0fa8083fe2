//! The WebAssembly engine: wasmtime, configured once for every policy.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::{Config, Enabled, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::instance::Waiting;

/// How often the clock that cuts off endless loops ticks.
const TICK: Duration = Duration::from_millis(1);
/// Bytes that an instance has written to and that are reset by copying instead of
/// being given back to the kernel. A small request writes to about half as many.
/// With more, an instance would stay slow after a large body, whose pages are
/// copied again and again.
const KEEP_RESIDENT: usize = 128 << 10;
/// Address space, in bytes, that a memory lies in: all that its 32-bit addresses
/// can reach, so that compiled code need not check any of them.
const ADDRESSES: u64 = 4 << 30;

/// Limits that hold for every policy, whatever it says of itself.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Most bytes of memory that one evaluation may use. Default 64 MiB. An
    /// evaluation needs about 14 times the size of the body.
    pub memory: usize,
    /// Most evaluations at one time; more are refused with 503. Default 256.
    pub concurrency: u32,
    /// Longest evaluation of a request without body, by the wall clock. Default
    /// 250 ms: thousands of times what one needs, so that a busy machine does not
    /// cut it off.
    pub deadline: Duration,
    /// Time granted on top for every KiB of body and facts. Default 1 ms.
    pub deadline_per_kib: Duration,
    /// Where compiled policies are kept between starts; `None` compiles anew.
    pub cache: Option<PathBuf>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            concurrency: 256,
            deadline: Duration::from_millis(250),
            deadline_per_kib: Duration::from_millis(1),
            cache: None,
        }
    }
}

/// Why the engine could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// wasmtime refuses the configuration, or the machine has too little address
    /// space for the pool.
    #[error("the WebAssembly engine could not be set up: {0:#}; try a smaller concurrency or memory limit")]
    Wasmtime(wasmtime::Error),
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
    config: EngineConfig,
    waiting: Waiting,
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
        let wasmtime = wasmtime::Engine::new(&settings(&config)).map_err(EngineError::Wasmtime)?;
        let weak = wasmtime.weak();
        std::thread::Builder::new()
            .name("solgate-clock".to_owned())
            .spawn(move || {
                // Ends with the last engine that shares this configuration.
                while let Some(engine) = weak.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            })
            .map_err(EngineError::Clock)?;
        Ok(Self { inner: Arc::new(Inner { wasmtime, config, waiting: Waiting::default() }) })
    }

    /// The limits in force.
    #[must_use]
    pub fn config(&self) -> &EngineConfig {
        &self.inner.config
    }

    /// How many instances there are now.
    #[must_use]
    pub fn instances(&self) -> Option<InstanceUse> {
        let existing = usize::try_from(self.inner.wasmtime.pooling_allocator_metrics()?.component_instances()).ok()?;
        Some(InstanceUse { existing, limit: usize::try_from(self.inner.config.concurrency).ok()? })
    }

    pub(super) fn wasmtime(&self) -> &wasmtime::Engine {
        &self.inner.wasmtime
    }

    /// Instances that may be used again.
    pub(super) fn waiting(&self) -> &Waiting {
        &self.inner.waiting
    }

    /// Clock ticks that an evaluation over `bytes` of input may take.
    pub(super) fn ticks(&self, bytes: usize) -> u64 {
        let config = &self.inner.config;
        let kib = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
        let time = config.deadline.saturating_add(config.deadline_per_kib.saturating_mul(kib));
        // One more: the first tick may come at once.
        u64::try_from(time.as_millis()).unwrap_or(u64::MAX).saturating_add(1)
    }
}

fn settings(limits: &EngineConfig) -> Config {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(limits.concurrency)
        .total_core_instances(limits.concurrency)
        .total_memories(limits.concurrency)
        .total_tables(limits.concurrency)
        .max_memories_per_component(1)
        .max_tables_per_component(2)
        .max_core_instances_per_component(4)
        .max_memory_size(limits.memory)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(KEEP_RESIDENT)
        // Linux 6.7 and later: resets only the pages that were written.
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_reservation(ADDRESSES)
        .epoch_interruption(true)
        .concurrency_support(false)
        // Nobody reads where in the machine code a policy trapped.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .wasm_component_model(true);
    config
}
