//! One instance of a policy, and the place where instances wait to be used again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use solgate_contract::verdict::{self, Context};
use wasmtime::{AsContextMut, ResourceLimiter, Store, Trap};

use super::contract;
use super::limits::EvaluationLimits;
use super::rewind::Rewound;
use super::{EvaluateError, convert};

/// What one instance may use. Sizes are in bytes.
pub(super) struct Room {
    pub memory: usize,
    /// Of its memory for which it is not charged: it lies beyond what the policy was
    /// built with, and is never touched.
    padding: usize,
    /// Set when the policy asked for more: it traps soon after.
    pub exceeded: bool,
    /// Of its memory when it was ready for its first call.
    start: usize,
    /// Of its memories now.
    size: usize,
    /// By which it may grow and still be used again.
    growth: usize,
}

impl Room {
    /// A store whose instance may use `memory` bytes, and `padding` more that it
    /// starts with. Its deadline is still to be set.
    pub(super) fn store(engine: &wasmtime::Engine, memory: usize, padding: usize) -> Store<Self> {
        let room = Self { memory, padding, exceeded: false, start: 0, size: 0, growth: 0 };
        let mut store = Store::new(engine, room);
        store.limiter(|room| room);
        store
    }

    /// The instance is ready for its first call: it has not grown until now.
    pub fn settle(&mut self, growth: usize) {
        self.start = self.size;
        self.growth = growth;
    }

    pub fn has_grown(&self) -> bool {
        self.size.saturating_sub(self.start) > self.growth
    }
}

impl ResourceLimiter for Room {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        // Of the memory that has it, the padding is there from the start.
        let grown = if current == 0 { desired.saturating_sub(self.padding) } else { desired.saturating_sub(current) };
        let size = self.size.saturating_add(grown);
        let granted = size <= self.memory;
        self.exceeded |= !granted;
        if granted {
            self.size = size;
        }
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 100_000)
    }
}

/// A policy that can be called.
pub(super) struct Instance {
    store: Store<Room>,
    policy: contract::Policy,
    /// How many more evaluations it serves.
    calls: u32,
}

impl Instance {
    /// It serves so many calls, unless it grows by more than `growth` bytes.
    pub(super) fn new(mut store: Store<Room>, policy: contract::Policy, calls: u32, growth: usize) -> Self {
        store.data_mut().settle(growth);
        Self { store, policy, calls }
    }

    /// Bytes of memory that it had when it was ready for its first call.
    pub(super) fn memory_at_start(&self) -> usize {
        self.store.data().start
    }

    /// Calls the policy, which may take so many ticks of the engine's clock, and
    /// whose answer may take so many bytes.
    pub(super) fn call<T>(
        &mut self,
        ticks: u64,
        output: usize,
        call: impl FnOnce(&contract::Policy, &mut Store<Room>) -> wasmtime::Result<T>,
    ) -> Result<T, EvaluateError> {
        self.store.set_epoch_deadline(ticks);
        // The policy could name one long text in a million places, and each would be
        // copied out of the sandbox.
        self.store.set_hostcall_fuel(output);
        let result = call(&self.policy, &mut self.store);
        self.calls = match &result {
            Ok(_) if !self.store.data().has_grown() => self.calls.saturating_sub(1),
            _ => 0,
        };
        result.map_err(|error| match EvaluateError::of(&error, self.store.data().exceeded) {
            // It came to an end, but what it returned cannot be read.
            EvaluateError::Trap(_) if error.downcast_ref::<Trap>().is_none() => {
                let why = error.root_cause();
                EvaluateError::Outcome(format!("it cannot be read within the {output} bytes that it may have: {why}"))
            }
            error => error,
        })
    }

    /// Judges one request, whose body and facts have `input` bytes.
    pub(super) fn evaluate(
        &mut self,
        limits: &EvaluationLimits,
        input: usize,
        request: &verdict::Request<'_>,
        context: &Context<'_>,
    ) -> Result<contract::exports::solgate::policy::judge::Outcome, EvaluateError> {
        // It may have been started under other limits.
        self.store.data_mut().memory = limits.memory;
        convert::with_input(request, context, |request, context| {
            self.call(limits.ticks(input), limits.output, |policy, store| {
                policy.solgate_policy_judge().call_evaluate(store.as_context_mut(), request, context)
            })
        })
    }
}

/// Tells the instances of one loaded policy from those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner(u64);

impl Owner {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// An instance that waits for its next call.
pub(super) enum Kept {
    Recycled(Instance),
    Rewound(Box<Rewound>),
}

/// Instances that wait for their next call. There is one list for all policies
/// of an engine, because they share its slots: one that waits is ended if another
/// policy has no slot left.
#[derive(Default)]
pub(super) struct Waiting(Mutex<Vec<(Owner, Kept)>>);

impl Waiting {
    /// One that is used again as it is.
    pub(super) fn take(&self, owner: Owner) -> Option<Instance> {
        match self.take_if(owner, |kept| matches!(kept, Kept::Recycled(_)))? {
            Kept::Recycled(instance) => Some(instance),
            Kept::Rewound(_) => None,
        }
    }

    /// One that was put back, and has a window of that size.
    pub(super) fn take_rewound(&self, owner: Owner, size: usize) -> Option<Box<Rewound>> {
        match self.take_if(owner, |kept| matches!(kept, Kept::Rewound(instance) if instance.size == size))? {
            Kept::Rewound(instance) => Some(instance),
            Kept::Recycled(_) => None,
        }
    }

    fn take_if(&self, owner: Owner, wanted: impl Fn(&Kept) -> bool) -> Option<Kept> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The last one is the one whose memory is in the caches.
        let at = waiting.iter().rposition(|(known, kept)| *known == owner && wanted(kept))?;
        Some(waiting.remove(at).1)
    }

    /// Keeps an instance; one that has no calls left ends here.
    pub(super) fn put(&self, owner: Owner, instance: Kept) {
        let keep = match &instance {
            Kept::Recycled(instance) => instance.calls > 0,
            Kept::Rewound(_) => true,
        };
        if keep {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((owner, instance));
        }
    }

    /// Ends the instance that has waited longest. False if none waits.
    pub(super) fn end_one(&self) -> bool {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = if waiting.is_empty() { None } else { Some(waiting.remove(0)) };
        drop(waiting);
        ended.is_some()
    }

    /// Ends those of a policy that is no longer there.
    pub(super) fn end_all(&self, owner: Owner) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(known, _)| *known != owner);
    }
}
