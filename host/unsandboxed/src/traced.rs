//! A policy that remembers what it did, for the person who wants to know why.

use std::sync::{Mutex, PoisonError};

use solgate_contract::Evaluate;
use solgate_contract::manifest::Manifest;
use solgate_contract::verdict::{Context, Outcome, Request};
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;
use solgate_engine::trace::Trace;

/// The engine without a sandbox, and a trace of each of its evaluations.
pub struct Traced {
    engine: Engine,
    traces: Mutex<Vec<Trace>>,
}

impl Traced {
    pub(super) fn new(engine: Engine) -> Self {
        Self { engine, traces: Mutex::default() }
    }

    /// The bundle that it judges by.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        self.engine.bundle()
    }

    /// What every evaluation did so far, in their order.
    #[must_use]
    pub fn traces(&self) -> Vec<Trace> {
        self.traces.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Evaluate for Traced {
    fn describe(&self) -> Manifest {
        self.engine.manifest()
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Outcome {
        let (outcome, trace) = self.engine.trace(request, context);
        self.traces.lock().unwrap_or_else(PoisonError::into_inner).push(trace);
        outcome
    }
}
