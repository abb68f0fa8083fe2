//! An instance of the engine that a page has run, as far as it has told of it.

use std::collections::BTreeMap;

use wasmtime_wizer::{InstanceState, SnapshotVal, ValType};

/// The state of an instance that has one memory.
pub(crate) struct Told<'m> {
    /// As decimal numbers: a page has no integers of 64 bits in JSON.
    pub globals: BTreeMap<String, String>,
    pub memory: &'m [u8],
    /// A global was asked for that the page has not told, or not as an integer.
    pub is_incomplete: bool,
}

impl InstanceState for Told<'_> {
    async fn global_get(&mut self, name: &str, kind: ValType) -> SnapshotVal {
        // The engine's globals are integers: its stack pointer.
        let text = self.globals.get(name).map(String::as_str).unwrap_or_default();
        let value = match kind {
            ValType::I32 => text.parse().ok().map(SnapshotVal::I32),
            ValType::I64 => text.parse().ok().map(SnapshotVal::I64),
            _ => None,
        };
        self.is_incomplete |= value.is_none();
        value.unwrap_or(SnapshotVal::I32(0))
    }

    async fn memory_contents(&mut self, _: &str, contents: impl FnOnce(&[u8]) + Send) {
        contents(self.memory);
    }
}
