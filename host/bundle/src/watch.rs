//! What the engine does in each evaluation of a case.

use std::cell::RefCell;

use solgate_cases::{Case, Judge, JudgeError};
use solgate_engine::Engine;
use solgate_engine::trace::Trace;
use solgate_engine::verdict::{Context, Outcome, Request};

/// The evaluations of a case, with the values of all conditions that were looked at. A
/// case without a verdict still shows something up to that point.
#[must_use]
pub fn traces(engine: &Engine, case: &Case) -> Vec<Trace> {
    watch(engine, case, Engine::trace_with_values)
}

/// How an engine judges and says what it did.
type Tracing = fn(&Engine, &Request<'_>, &Context<'_>) -> (Outcome, Trace);

/// The evaluations of a case.
pub(crate) fn watch(engine: &Engine, case: &Case, trace: Tracing) -> Vec<Trace> {
    let watcher = Watcher { engine, trace, traces: RefCell::default() };
    let _ = solgate_cases::run(&watcher, case);
    watcher.traces.into_inner()
}

struct Watcher<'e> {
    engine: &'e Engine,
    trace: Tracing,
    traces: RefCell<Vec<Trace>>,
}

impl Judge for Watcher<'_> {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.engine.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let (outcome, trace) = (self.trace)(self.engine, request, context);
        self.traces.borrow_mut().push(trace);
        Ok(outcome)
    }
}
