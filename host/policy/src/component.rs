//! A policy as a component, loaded once.

use solgate_contract::manifest::Manifest;
use solgate_contract::verdict::{self, Context};
use solgate_native::Loaded as Native;
use wasmtime::component::{Component, Linker};

use super::checks::{self, Declared};
use super::code::Runnable;
use super::contract;
use super::convert;
use super::engine::Engine;
use super::instance::Instance;
use super::isolation::Isolation;
use super::limits::EvaluationLimits;
use super::rewind::{NotRewound, Rewinding};
use super::room::Room;
use super::waiting::{Kept, Owner};
use super::{EvaluateError, LoadError};

/// Clock ticks (milliseconds) that a policy may take to say what it is: nobody
/// waits for that but the one who starts a gate, perhaps on a busy machine.
const DESCRIBE: u64 = 10_000;
/// Bytes that it may take to say so: thousands of rules.
const DESCRIPTION: usize = 32 << 20;

/// How an instance of a component starts.
pub(super) trait Start: Send + Sync {
    /// Memory by which an instance may grow and still be used again, in bytes: it
    /// does not give back what a large body has taken.
    const GROWTH: usize;

    /// # Errors
    /// [`EvaluateError::Busy`] if no slot is free; anything else is a fault of the
    /// policy.
    fn start(
        &self,
        engine: &Engine,
        limits: &EvaluationLimits,
    ) -> Result<(wasmtime::Store<Room>, contract::Policy), StartError>;
}

/// Why an instance could not be started.
pub(super) enum StartError {
    Failed(EvaluateError),
    /// The engine in it refuses its bundle.
    Refused(String),
}

impl StartError {
    pub(super) fn new(error: &wasmtime::Error, store: &wasmtime::Store<Room>) -> Self {
        Self::Failed(EvaluateError::of(error, store.data().exceeded))
    }
}

impl From<StartError> for EvaluateError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Failed(error) => error,
            StartError::Refused(message) => Self::Trap(message),
        }
    }
}

/// Ready to be called.
pub(super) struct Loaded<S> {
    engine: Engine,
    start: S,
    owner: Owner,
    pub isolation: Isolation,
    /// How instances are put back, if the component is one with which that can be done.
    rewinding: Option<Rewinding>,
    /// Bytes that an instance has before it judges anything.
    pub memory_at_start: usize,
}

/// A baked policy: an instance begins with its rules ready.
pub(super) struct Baked {
    ready: contract::PolicyPre<Room>,
    /// See [`Runnable::padding`].
    padding: usize,
    /// Held so that policies loaded later share its machine code.
    _native: Option<Native>,
}

impl Start for Baked {
    const GROWTH: usize = 1 << 20;

    fn start(
        &self,
        engine: &Engine,
        limits: &EvaluationLimits,
    ) -> Result<(wasmtime::Store<Room>, contract::Policy), StartError> {
        let mut store = Room::store(engine.wasmtime(), limits.memory, self.padding);
        // What starts is the policy's own code, if it has a start function.
        store.set_epoch_deadline(limits.ticks(0));
        match self.ready.instantiate(&mut store) {
            Ok(policy) => Ok((store, policy)),
            Err(error) => Err(StartError::new(&error, &store)),
        }
    }
}

impl Loaded<Baked> {
    /// Links a component, which must import nothing, and asks it what it is.
    pub(super) fn baked(engine: &Engine, code: Runnable) -> Result<(Self, Manifest), LoadError> {
        let (described, manifest) = Self::link(engine, &code.component, &code)?.described()?;
        // What describing touches of a memory would be looked through after every
        // request that gets the same memory. It goes with the component.
        let again = code.again(engine);
        code.finish();
        let Some(untouched) = again else { return Ok((described, manifest)) };
        let memory_at_start = described.memory_at_start;
        let mut loaded = Self::link(engine, &untouched, &code)?;
        drop((described, code));
        loaded.memory_at_start = memory_at_start;
        Ok((loaded, manifest))
    }

    fn link(engine: &Engine, component: &Component, code: &Runnable) -> Result<Self, LoadError> {
        let ready = Linker::new(engine.wasmtime())
            .instantiate_pre(component)
            .and_then(contract::PolicyPre::new)
            .map_err(|error| LoadError::Contract(format!("{error:#}")))?;
        let padding = code.padding();
        // Nobody has looked at what other code can change of an instance.
        let rewinding = code.is_of_the_release().then(|| Rewinding::new(ready.instance_pre().clone(), padding));
        let mut loaded = Self::new(engine, Baked { ready, padding, _native: code.native() }, Isolation::default());
        loaded.rewinding = rewinding;
        Ok(loaded)
    }
}

impl<S: Start> Loaded<S> {
    pub(super) fn new(engine: &Engine, start: S, isolation: Isolation) -> Self {
        Self { engine: engine.clone(), start, owner: Owner::new(), isolation, rewinding: None, memory_at_start: 0 }
    }

    /// The engine that it runs in.
    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Asks what the policy is.
    pub(super) fn described(mut self) -> Result<(Self, Manifest), LoadError> {
        let engine = self.engine.clone();
        let _ticking = engine.ticking();
        let mut instance = self.instance(&engine.config().evaluation).map_err(|error| match error {
            StartError::Failed(error) => LoadError::Describe(error),
            StartError::Refused(message) => LoadError::Refused(message),
        })?;
        let described = instance
            .call(DESCRIBE, DESCRIPTION, |policy, store| policy.solgate_policy_judge().call_describe(store))
            .map_err(LoadError::Describe)?;
        self.memory_at_start = instance.memory_at_start();
        drop(instance);
        let manifest = convert::manifest(described).map_err(LoadError::Manifest)?;
        Ok((self, manifest))
    }

    /// How often instances could not be put back; `None` if they are not to be.
    pub(super) fn not_rewound(&self) -> Option<NotRewound> {
        self.rewinding.as_ref().filter(|_| self.isolation == Isolation::Rewound).map(Rewinding::not_rewound)
    }

    /// Judges one request, within the engine's limits if there are no others.
    pub(super) fn evaluate(
        &self,
        (manifest, declared): (&Manifest, &Declared),
        limits: Option<&EvaluationLimits>,
        request: &verdict::Request<'_>,
        context: &Context<'_>,
    ) -> Result<verdict::Outcome, EvaluateError> {
        let limits = limits.unwrap_or(&self.engine.config().evaluation);
        let _ticking = self.engine.ticking();
        let bytes = input_bytes(request, context);
        let check = |outcome: &verdict::Outcome| {
            checks::outcome(outcome, (manifest, declared), limits.violations).map_err(EvaluateError::Outcome)
        };
        if self.isolation == Isolation::Rewound
            && let Some(rewinding) = &self.rewinding
            && let Some(outcome) =
                rewinding.evaluate((&self.engine, self.owner), limits, bytes, request, context, check)
        {
            return outcome;
        }
        let waiting = self.engine.waiting();
        let mut instance = match waiting.take(self.owner) {
            Some(instance) => instance,
            None => self.instance(limits)?,
        };
        let outcome = limits.evaluating(bytes, || instance.evaluate(limits, bytes, request, context))?;
        let outcome = convert::outcome(outcome);
        check(&outcome)?;
        waiting.put(self.owner, Kept::Recycled(instance));
        Ok(outcome)
    }

    fn instance(&self, limits: &EvaluationLimits) -> Result<Instance, StartError> {
        loop {
            match self.start.start(&self.engine, limits) {
                Ok((store, policy)) => return Ok(Instance::new(store, policy, self.isolation.calls(), S::GROWTH)),
                Err(StartError::Failed(EvaluateError::Busy)) if self.engine.waiting().end_one() => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl<S> Drop for Loaded<S> {
    fn drop(&mut self) {
        self.engine.waiting().end_all(self.owner);
    }
}

/// Bytes of body and facts, by which the time for an evaluation is measured.
pub(super) fn input_bytes(request: &verdict::Request<'_>, context: &Context<'_>) -> usize {
    let fact = |answer: &verdict::FactAnswer<&[u8]>| match answer {
        verdict::FactAnswer::Found { body, .. } => body.len(),
        _ => 0,
    };
    context.facts.iter().map(|(_, answer)| fact(answer)).fold(request.body.len(), usize::saturating_add)
}
