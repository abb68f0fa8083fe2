//! What is measured: one bundle, judged in different ways.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use solgate::policy::{Engine, EngineConfig, EvaluationLimits, Isolation, Policy};
use solgate_engine::ir::Bundle;

/// How many requests an instance serves that is recycled.
const RECYCLED: NonZeroU32 = NonZeroU32::new(64).unwrap();

/// The same rules in four kinds of isolation.
pub struct Subjects {
    /// Without a sandbox.
    pub native: Arc<Policy>,
    /// In a sandbox that serves [`RECYCLED`] requests, one after another.
    pub recycled: Arc<Policy>,
    /// In a sandbox that is put back as it was after every request.
    pub rewound: Arc<Policy>,
    /// In a sandbox of its own for every request.
    pub fresh: Arc<Policy>,
}

impl Subjects {
    /// The default policy.
    ///
    /// # Errors
    /// If it cannot be loaded.
    pub fn vnflcm_v2() -> anyhow::Result<Self> {
        Self::load(
            &solgate_bundle::bake::bundle_of(solgate_tests::default_component())?,
            solgate_tests::default_component(),
        )
    }

    /// The policy that `bundle` is.
    ///
    /// # Errors
    /// If it cannot be baked or loaded.
    pub fn of(bundle: &Bundle) -> anyhow::Result<Self> {
        Self::load(bundle, &solgate_bundle::bake::bake(bundle)?)
    }

    fn load(bundle: &Bundle, component: &[u8]) -> anyhow::Result<Self> {
        let engine = engine()?;
        let recycled = Policy::from_bytes(&engine, component)?.with_isolation(Isolation::Recycle(RECYCLED));
        Ok(Self {
            native: Arc::new(Policy::without_sandbox(solgate_unsandboxed::judge(bundle.clone())?)),
            recycled: Arc::new(recycled),
            rewound: Arc::new(Policy::from_bytes(&engine, component)?.with_isolation(Isolation::Rewound)),
            fresh: Arc::new(Policy::from_bytes(&engine, component)?.with_isolation(Isolation::Fresh)),
        })
    }

    /// Each of them by its name.
    #[must_use]
    pub fn all(&self) -> [(&'static str, &Arc<Policy>); 4] {
        let Self { native, recycled, rewound, fresh } = self;
        [("native", native), ("recycled", recycled), ("rewound", rewound), ("fresh", fresh)]
    }
}

/// A policy that allows everything: what remains is the sandbox itself. It is the
/// one of `tests/hostile`, which is asked for none of its misdeeds.
///
/// # Errors
/// If it cannot be loaded.
pub fn empty() -> anyhow::Result<Arc<Policy>> {
    let path = solgate_tests::artifact("hostile.wasm");
    let module = std::fs::read(&path).with_context(|| format!("cannot read {}; run `make bench`", path.display()))?;
    let component = solgate_bundle::bake::encode(&module)?;
    Ok(Arc::new(Policy::from_bytes(&engine()?, &component)?))
}

/// Where compiled policies are kept between runs.
#[must_use]
pub fn cache() -> PathBuf {
    solgate_tests::workspace().join("target/bench/cache")
}

/// An engine as a gateway has it, but that a busy machine cuts nothing off.
///
/// # Errors
/// If it does not start.
pub fn engine() -> anyhow::Result<Engine> {
    let evaluation = EvaluationLimits { time: Duration::from_secs(10), ..EvaluationLimits::default() };
    Ok(Engine::new(EngineConfig { cache: Some(cache()), evaluation, ..EngineConfig::default() })?)
}
