//! One request being judged, wherever that happens.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use solgate::Request;
use solgate::facts::delegated::Delegation;
use solgate::fault::Fault;
use solgate::gate::{Gate, Observer};
use solgate::policy::Policy;
use solgate_embedded::{Gates, Hearing, Step};
use tracing::dispatcher::{self, Dispatch};

/// A request being judged: by a gate in haste on a worker, or else by the whole gate.
pub struct Trial {
    pub request: Arc<Request>,
    pub gates: Gates,
    /// On a worker, which must not stand still.
    pub hasty: bool,
    hearing: Hearing,
    watch: Arc<Watch>,
}

/// Judging has panicked.
pub struct Panicked;

/// What happens while the gate judges.
#[derive(Default)]
struct Watch {
    evaluations: AtomicU32,
    late: AtomicBool,
}

struct Watching(Arc<Watch>);

impl Observer for Watching {
    fn evaluated(&mut self, _: &Policy, _: Instant, _: Instant) {
        self.0.evaluations.fetch_add(1, Ordering::Relaxed);
    }

    fn failed(&mut self, fault: &Fault) {
        if matches!(fault, Fault::PolicyDeadline { .. }) {
            self.0.late.store(true, Ordering::Relaxed);
        }
    }
}

impl Trial {
    pub fn new(request: Arc<Request>, gates: Gates, delegation: &Delegation, hasty: bool) -> Self {
        let gate = if hasty { &gates.hasty } else { &gates.gate };
        let watch = Arc::<Watch>::default();
        let hearing = Hearing::new(Arc::clone(gate), delegation, Arc::clone(&request), Watching(Arc::clone(&watch)));
        Self { request, gates, hasty, hearing, watch }
    }

    /// The same from the start, with all the time that there is.
    pub fn again(&self, delegation: &Delegation) -> Self {
        Self::new(Arc::clone(&self.request), self.gates.clone(), delegation, false)
    }

    /// Goes on as far as it can.
    ///
    /// # Errors
    /// It panics.
    pub fn go_on(&mut self) -> Result<Step, Panicked> {
        let hearing = &mut self.hearing;
        let mut step = || catch_unwind(AssertUnwindSafe(|| hearing.go_on()));
        // What takes too long here is judged again, and only then it is a failure.
        let step = if self.hasty { dispatcher::with_default(&Dispatch::none(), step) } else { step() };
        step.map_err(|_| Panicked)
    }

    /// How often a policy was evaluated.
    pub fn evaluations(&self) -> u32 {
        self.watch.evaluations.load(Ordering::Relaxed)
    }

    /// Whether a policy had more to do than a worker has time for.
    pub fn was_late(&self) -> bool {
        self.hasty && self.watch.late.load(Ordering::Relaxed)
    }

    /// The gate in whose style answers are written.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gates.gate
    }
}
