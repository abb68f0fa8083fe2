//! One instance of a policy.

use solgate_contract::verdict::{self, Context};
use wasmtime::{AsContextMut, Store, Trap};

use super::contract;
use super::limits::EvaluationLimits;
use super::room::Room;
use super::{EvaluateError, convert};

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

    /// Whether it has no calls left.
    pub(super) fn is_spent(&self) -> bool {
        self.calls == 0
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
