//! The engine as a policy without a sandbox: what an author does with rules of their
//! own, and what the sandboxed verdicts are compared with.
//!
//! What [`judge`] and [`traced`] give, `solgate::policy::Policy::without_sandbox` takes.

#![forbid(unsafe_code)]

mod traced;

use std::sync::Arc;

use solgate_contract::Evaluate;
use solgate_contract::manifest::Manifest;
use solgate_contract::verdict::{Context, Outcome, Request};
use solgate_engine::ir::Bundle;
use solgate_engine::{Engine, InitError};

pub use traced::Traced;

/// The engine refuses the bundle.
#[derive(Debug, thiserror::Error)]
#[error("the compiled bundle is not valid: {0}")]
pub struct RefusedBundle(#[from] Box<InitError>);

/// Judges by a compiled bundle.
///
/// # Errors
/// If the engine refuses the bundle.
pub fn judge(bundle: Bundle) -> Result<Arc<dyn Evaluate>, RefusedBundle> {
    Ok(Arc::new(Untraced(engine(bundle)?)))
}

/// As [`judge`], with what it does in each evaluation: the verdicts are the same, and
/// every request adds to the memory that it takes.
///
/// # Errors
/// If the engine refuses the bundle.
pub fn traced(bundle: Bundle) -> Result<Arc<Traced>, RefusedBundle> {
    Ok(Arc::new(Traced::new(engine(bundle)?)))
}

fn engine(bundle: Bundle) -> Result<Engine, RefusedBundle> {
    Engine::new(bundle).map_err(|error| RefusedBundle(Box::new(error)))
}

/// The engine alone.
struct Untraced(Engine);

impl Evaluate for Untraced {
    fn describe(&self) -> Manifest {
        self.0.manifest()
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Outcome {
        self.0.evaluate(request, context)
    }
}
