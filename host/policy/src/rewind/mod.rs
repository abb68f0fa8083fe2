//! Instances that are put back after each call as they were before it.
//!
//! A fresh instance costs several times what a small request costs in an instance that is
//! there already. So the instance is kept, and all that a call can change of it is put
//! back: its code, which the release has checked, changes nothing but its memory and its
//! stack pointer. Most of the memory cannot be written to: only the top of the stack, a
//! window for what a request needs, and the few other pages on which a call has been seen
//! to write. Those are put back, all of them, whatever the policy says it has written.
//!
//! A call that writes elsewhere traps. It is then repeated in an instance all of whose
//! memory can be written to and that is used once; from it is learned where the policy
//! writes. An instance that traps, overruns its time, breaks the contract or grows is never
//! used again. A policy of which too many calls write elsewhere gets fresh instances.

mod entry;
pub(super) mod instance;
mod memory;
mod places;
mod written;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use solgate_contract::packed;
use solgate_contract::verdict::{Context, Outcome, Request};
use solgate_native::MODULE;
use wasmtime::component::InstancePre as ComponentPre;
use wasmtime::{InstancePre, Linker, Module};

use self::entry::{Entry, Failure, Input};
use self::instance::Rewound;
use self::places::Places;
use super::EvaluateError;
use super::engine::Engine;
use super::limits::EvaluationLimits;
use super::room::Room;
use super::waiting::{Kept, Owner};

/// The smallest window, in bytes; others are twice as large as the next smaller one.
const SMALLEST: usize = 32 << 10;
/// What goes beyond gets a fresh instance, which is not slower then.
const LARGEST: usize = 2 << 20;
/// Of a window, for each byte of input. What needs more grows the instance.
const FACTOR: usize = 4;

/// What a call that writes elsewhere counts, against one that does not. It costs about as
/// much as four of the others save.
const STRIKE: u32 = 4;
/// With so many strikes more, a call gets a fresh instance, and counts as one that does not.
const STRIKES: u32 = 256;
/// Once there are as many pages that calls may write to as there may be, of so many calls that
/// write elsewhere one is looked at.
const LOOK: u64 = 16;

/// A policy whose instances are put back.
pub(super) struct Rewinding {
    component: ComponentPre<Room>,
    /// The component's module, once it was asked for. `None` if no release has made it for
    /// this.
    ready: OnceLock<Option<InstancePre<Room>>>,
    padding: usize,
    places: Places,
    strikes: AtomicU32,
    /// It has turned out that instances cannot be put back here.
    unfit: AtomicBool,
    /// It was seen that the kernel restores the image of a memory.
    restores: AtomicBool,
    elsewhere: AtomicU64,
    grown: AtomicU64,
}

/// How often the instances of a policy could not be put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NotRewound {
    /// A call wrote to where it may not, and was repeated in an instance of its own.
    pub elsewhere: u64,
    /// A call needed more memory than its window has.
    pub grown: u64,
}

impl Rewinding {
    pub fn new(component: ComponentPre<Room>, padding: usize) -> Self {
        Self {
            component,
            ready: OnceLock::new(),
            padding,
            places: Places::default(),
            strikes: AtomicU32::default(),
            unfit: AtomicBool::default(),
            restores: AtomicBool::default(),
            elsewhere: AtomicU64::default(),
            grown: AtomicU64::default(),
        }
    }

    /// How often instances could not be put back until now.
    pub fn not_rewound(&self) -> NotRewound {
        NotRewound { elsewhere: self.elsewhere.load(Ordering::Relaxed), grown: self.grown.load(Ordering::Relaxed) }
    }

    /// The module to make instances of.
    ///
    /// # Errors
    /// [`Failure::Unfit`] if there is none; others if it cannot be known yet.
    fn ready(&self, engine: &Engine) -> Result<&InstancePre<Room>, Failure> {
        let ready = match self.ready.get() {
            Some(ready) => ready,
            None => {
                let module = self.module(engine)?;
                let ready = module.and_then(|module| Linker::new(engine.wasmtime()).instantiate_pre(&module).ok());
                self.ready.get_or_init(|| ready)
            }
        };
        ready.as_ref().ok_or(Failure::Unfit)
    }

    /// What the component exports for this. Only an instance says so.
    fn module(&self, engine: &Engine) -> Result<Option<Module>, Failure> {
        let limits = &engine.config().evaluation;
        loop {
            let mut store = Room::store(engine.wasmtime(), limits.memory, self.padding);
            store.set_epoch_deadline(limits.ticks(0));
            match self.component.instantiate(&mut store) {
                Ok(instance) => return Ok(instance.get_module(&mut store, MODULE)),
                Err(error) => match Failure::of(&error, &store) {
                    Failure::Evaluation(EvaluateError::Busy) if engine.waiting().end_one() => {}
                    failure => return Err(failure),
                },
            }
        }
    }

    /// Judges one request, whose body and facts have `bytes`. `None` if that is for a fresh
    /// instance to do.
    pub fn evaluate(
        &self,
        (engine, owner): (&Engine, Owner),
        limits: &EvaluationLimits,
        bytes: usize,
        request: &Request<'_>,
        context: &Context<'_>,
        check: impl Fn(&Outcome) -> Result<(), EvaluateError>,
    ) -> Option<Result<Outcome, EvaluateError>> {
        if self.unfit.load(Ordering::Relaxed) {
            return None;
        }
        let strikes = self.strikes.load(Ordering::Relaxed);
        if strikes > 0 {
            // Which of several calls counts does not matter.
            self.strikes.store(strikes.saturating_sub(1), Ordering::Relaxed);
        }
        if strikes > STRIKES {
            return None;
        }
        let mut head = Vec::with_capacity(HEAD);
        packed::write_head(&mut head, request, context);
        let input = Input { head: &head, bytes, request, context };
        let size = window(input.length())?;
        let waiting = engine.waiting();
        let checked = |outcome: Outcome| check(&outcome).map(|()| outcome);
        let mut instance = match waiting.take_rewound(owner, size) {
            Some(instance) => instance,
            None => match self.start(engine, limits, size) {
                Ok(instance) => Box::new(instance),
                Err(Failure::Unfit) => return self.give_up(),
                Err(Failure::Fault(error) | Failure::Evaluation(error)) => return Some(Err(error)),
            },
        };
        let mut fault = false;
        let outcome = limits.evaluating(bytes, || {
            instance.call(limits, &input).map_err(|failure| {
                fault = matches!(failure, Failure::Fault(_));
                failure.into_error()
            })
        });
        if fault {
            drop(instance);
            self.strikes.fetch_add(STRIKE.saturating_add(1), Ordering::Relaxed);
            let before = self.elsewhere.fetch_add(1, Ordering::Relaxed);
            if self.places.are_full() && !before.is_multiple_of(LOOK) {
                return None;
            }
            return self.learn(engine, limits, size, &input).map(|outcome| outcome.and_then(checked));
        }
        let outcome = match outcome.and_then(checked) {
            Ok(outcome) => outcome,
            Err(error) => return Some(Err(error)),
        };
        if instance.put_back(engine.config().filler) {
            waiting.put(owner, Kept::Rewound(instance));
        } else {
            self.grown.fetch_add(1, Ordering::Relaxed);
        }
        Some(Ok(outcome))
    }

    fn give_up<T>(&self) -> Option<T> {
        self.unfit.store(true, Ordering::Relaxed);
        tracing::warn!(
            "instances of a policy cannot be put back here: each evaluation gets a fresh one, which takes longer"
        );
        None
    }

    fn start(&self, engine: &Engine, limits: &EvaluationLimits, size: usize) -> Result<Rewound, Failure> {
        let (store, entry) = self.entry(engine, limits, size, |_| Ok(()))?;
        let (filler, counted) = (engine.config().filler, engine.rewound());
        Rewound::new(store, entry, (filler, counted), size, &self.places.known()).map_err(|_| Failure::Unfit)
    }

    /// Evaluates in an instance that may write anywhere, and notes where it does.
    fn learn(
        &self,
        engine: &Engine,
        limits: &EvaluationLimits,
        size: usize,
        input: &Input<'_>,
    ) -> Option<Result<Outcome, EvaluateError>> {
        let forget = |memory: &mut [u8]| {
            // What wasmtime does not map from an image, it has written there.
            let known = self.restores.load(Ordering::Relaxed);
            let image = memory.get(..memory.len().saturating_sub(self.padding)).filter(|_| !known);
            let image = image.map(<[u8]>::to_vec).unwrap_or_default();
            if memory::forget(memory).is_err() || !memory.starts_with(&image) {
                return Err(Failure::Unfit);
            }
            self.restores.store(true, Ordering::Relaxed);
            Ok(())
        };
        let (mut store, entry) = match self.entry(engine, limits, size, forget) {
            Ok(started) => started,
            Err(Failure::Unfit) => return self.give_up(),
            Err(Failure::Fault(error) | Failure::Evaluation(error)) => return Some(Err(error)),
        };
        let evaluated =
            limits.evaluating(input.bytes, || entry.call(&mut store, limits, input).map_err(Failure::into_error));
        let Ok(pages) = written::pages(entry.memory(&store)) else { return self.give_up() };
        self.places.note(pages, &entry);
        Some(evaluated)
    }

    /// An instance, all of whose memory can be written to.
    fn entry(
        &self,
        engine: &Engine,
        limits: &EvaluationLimits,
        size: usize,
        prepare: impl Fn(&mut [u8]) -> Result<(), Failure>,
    ) -> Result<(wasmtime::Store<Room>, Entry), Failure> {
        let ready = self.ready(engine)?;
        loop {
            let mut store = Room::store(engine.wasmtime(), limits.memory, self.padding);
            store.set_epoch_deadline(limits.ticks(0));
            match Entry::of(ready, &mut store, size, &prepare) {
                Ok(entry) => {
                    store.data_mut().settle(0);
                    return Ok((store, entry));
                }
                Err(Failure::Evaluation(EvaluateError::Busy)) if engine.waiting().end_one() => {}
                Err(failure) => return Err(failure),
            }
        }
    }
}

/// Bytes of a head that most requests do not fill.
const HEAD: usize = 1024;

/// Bytes of the window for so many bytes of input. `None` if that is more than the largest.
fn window(input: usize) -> Option<usize> {
    let needed = input.checked_mul(FACTOR)?.checked_add(SMALLEST / 2)?;
    Some(needed.max(SMALLEST).next_power_of_two()).filter(|size| *size <= LARGEST)
}
