//! The engine's own way in, without the component around it.

use std::ops::Range;

use solgate_contract::packed;
use solgate_contract::verdict::{Context, Outcome, Request};
use solgate_native::STACK_POINTER;
use wasmtime::{Global, InstancePre, Memory, Store, Trap, TypedFunc, Val};

use crate::EvaluateError;
use crate::limits::EvaluationLimits;
use crate::room::Room;

/// Bytes at the top of the stack that a call may write to.
const STACK: usize = 24 << 10;

/// What an evaluation is about.
pub(super) struct Input<'a> {
    /// All but the bodies.
    pub head: &'a [u8],
    /// Of the bodies together.
    pub bytes: usize,
    pub request: &'a Request<'a>,
    pub context: &'a Context<'a>,
}

impl Input<'_> {
    pub fn length(&self) -> usize {
        self.head.len().saturating_add(self.bytes)
    }
}

/// Why there is no outcome.
pub(super) enum Failure {
    /// The code has written to where it may not, or has left its memory.
    Fault(EvaluateError),
    Evaluation(EvaluateError),
    /// It does not have the form of what can be put back.
    Unfit,
}

impl Failure {
    pub fn of(error: &wasmtime::Error, store: &Store<Room>) -> Self {
        let fault = matches!(error.downcast_ref(), Some(Trap::MemoryOutOfBounds));
        let error = EvaluateError::of(error, store.data().exceeded);
        if fault { Self::Fault(error) } else { Self::Evaluation(error) }
    }

    pub fn into_error(self) -> EvaluateError {
        match self {
            Self::Fault(error) | Self::Evaluation(error) => error,
            Self::Unfit => EvaluateError::Trap("it is not the engine of this release".to_owned()),
        }
    }
}

/// What the host needs of an instance to call it, and to put it back.
pub(super) struct Entry {
    memory: Memory,
    stack_pointer: Global,
    evaluate: TypedFunc<u32, u64>,
    /// Where the stack begins, which grows downwards.
    stack: u32,
    /// What a call allocates; its input comes first.
    window: Range<usize>,
}

impl Entry {
    /// Instantiates, has `prepare` see the memory, and bounds what a call allocates.
    pub fn of(
        ready: &InstancePre<Room>,
        store: &mut Store<Room>,
        window: usize,
        prepare: impl FnOnce(&mut [u8]) -> Result<(), Failure>,
    ) -> Result<Self, Failure> {
        let instance = ready.instantiate(&mut *store).map_err(|error| Failure::of(&error, store))?;
        let memory = instance.get_memory(&mut *store, "memory").ok_or(Failure::Unfit)?;
        prepare(memory.data_mut(&mut *store))?;
        let stack_pointer = instance.get_global(&mut *store, STACK_POINTER).ok_or(Failure::Unfit)?;
        let stack = stack_pointer.get(&mut *store).i32().ok_or(Failure::Unfit)?.cast_unsigned();
        let evaluate = instance.get_typed_func(&mut *store, "solgate-evaluate").map_err(|_| Failure::Unfit)?;
        let bound = instance.get_typed_func::<u32, u64>(&mut *store, "solgate-window").map_err(|_| Failure::Unfit)?;
        let size = u32::try_from(window).map_err(|_| Failure::Unfit)?;
        let bounds = bound.call(&mut *store, size).map_err(|error| Failure::of(&error, store))?;
        let window = span(bounds, |begin, end| (begin, end)).ok_or(Failure::Unfit)?;
        let entry = Self { memory, stack_pointer, evaluate, stack, window };
        let length = entry.memory(store).len();
        let fits = entry.window.end <= length && entry.stack().end <= length && entry.window.len() == size as usize;
        if fits { Ok(entry) } else { Err(Failure::Unfit) }
    }

    pub fn memory<'s>(&self, store: &'s Store<Room>) -> &'s [u8] {
        self.memory.data(store)
    }

    pub fn memory_mut<'s>(&self, store: &'s mut Store<Room>) -> &'s mut [u8] {
        self.memory.data_mut(store)
    }

    pub fn window(&self) -> Range<usize> {
        self.window.clone()
    }

    /// The part of the stack that a call may write to.
    pub fn stack(&self) -> Range<usize> {
        let top = usize::try_from(self.stack).unwrap_or(usize::MAX);
        top.saturating_sub(STACK)..top
    }

    /// Lets the stack begin where it began.
    pub fn put_back_stack(&self, store: &mut Store<Room>) -> bool {
        let stack = self.stack.cast_signed();
        matches!(self.stack_pointer.get(&mut *store), Val::I32(now) if now == stack)
            || self.stack_pointer.set(store, Val::I32(stack)).is_ok()
    }

    /// Evaluates. The input goes to the window, and nowhere else.
    pub fn call(
        &self,
        store: &mut Store<Room>,
        limits: &EvaluationLimits,
        input: &Input<'_>,
    ) -> Result<Outcome, Failure> {
        // It may have been started under other limits.
        let room = store.data_mut();
        (room.memory, room.exceeded) = (limits.memory, false);
        let length = input.length();
        let room = self.memory.data_mut(&mut *store).get_mut(self.window.clone());
        let mut room = room.and_then(|window| window.get_mut(..length)).ok_or(Failure::Unfit)?;
        for piece in std::iter::once(input.head).chain(packed::bodies(input.request, input.context)) {
            room.split_off_mut(..piece.len()).ok_or(Failure::Unfit)?.copy_from_slice(piece);
        }
        store.set_epoch_deadline(limits.ticks(input.bytes));
        let length = u32::try_from(length).map_err(|_| Failure::Unfit)?;
        let outcome = self.evaluate.call(&mut *store, length).map_err(|error| Failure::of(&error, store))?;
        let outcome = span(outcome, |begin, length| (begin, begin.saturating_add(length)));
        let wrong = |what: String| Failure::Evaluation(EvaluateError::Outcome(what));
        let outcome = outcome.and_then(|place| self.memory(store).get(place));
        let outcome = outcome.ok_or_else(|| wrong("it lies outside of its memory".to_owned()))?;
        if outcome.len() > limits.output {
            let (bytes, most) = (outcome.len(), limits.output);
            return Err(wrong(format!("it has {bytes} bytes; {most} is the most")));
        }
        packed::read_outcome(outcome).ok_or_else(|| wrong("it cannot be read".to_owned()))
    }
}

/// What two numbers in one say, the first of them in the lower half.
fn span(pair: u64, of: impl FnOnce(usize, usize) -> (usize, usize)) -> Option<Range<usize>> {
    let low = usize::try_from(pair & u64::from(u32::MAX)).ok()?;
    let high = usize::try_from(pair >> 32).ok()?;
    let (begin, end) = of(low, high);
    (begin <= end).then_some(begin..end)
}
