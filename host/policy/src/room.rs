//! What one instance may use, and whether it has grown.

use wasmtime::{ResourceLimiter, Store};

/// What one instance may use. Sizes are in bytes.
pub(super) struct Room {
    pub memory: usize,
    /// Of its memory for which it is not charged: it lies beyond what the policy was
    /// built with, and is never touched.
    padding: usize,
    /// Set when the policy asked for more: it traps soon after.
    pub exceeded: bool,
    /// Of its memory when it was ready for its first call.
    pub start: usize,
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
