//! What a release builds from its own sources before the library can be built with it:
//! the built-in policies, and native code for the engine that they are baked from.

#![forbid(unsafe_code)]

use solgate_native::NativeCode;
use solgate_packed::{Packed, PackedError};

/// A policy that a release carries.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    name: &'static str,
    roots: &'static [&'static str],
    component: Packed<'static>,
}

/// All of them, in the order in which a gate asks them. `policies/built-in` names them.
pub static BUILT_IN: &[BuiltIn] = include!(concat!(env!("OUT_DIR"), "/built_in.rs"));

/// The first of them: the VNF LCM API v2 of ETSI GS NFV-SOL 003, `policies/vnflcm-v2`.
#[expect(clippy::indexing_slicing, reason = "the compiler looks whether there is one")]
pub static VNFLCM_V2: BuiltIn = BUILT_IN[0];

/// The engine of all policies that the same release bakes, for this architecture.
pub static NATIVE: &[NativeCode] = &[NativeCode::new(include_bytes!(env!("SOLGATE_NATIVE_CODE")))];

impl BuiltIn {
    const fn new(name: &'static str, roots: &'static [&'static str], component: &'static [u8]) -> Self {
        Self { name, roots, component: Packed::new(component) }
    }

    /// The one of this name, which is that of its bundle in `policies`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        BUILT_IN.iter().find(|policy| policy.name == name).copied()
    }

    /// Such as `vnflcm-v2`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The API roots that it judges, known before it is loaded.
    #[must_use]
    pub fn roots(&self) -> &'static [&'static str] {
        self.roots
    }

    /// Its component, as it was when this crate was built.
    ///
    /// # Errors
    /// The program's own file is damaged.
    pub fn unpack(&self) -> Result<Vec<u8>, PackedError> {
        self.component.unpack()
    }

    /// The same, in the place of what the buffer holds.
    ///
    /// # Errors
    /// The program's own file is damaged.
    pub fn unpack_into(&self, buffer: &mut Vec<u8>) -> Result<(), PackedError> {
        self.component.unpack_into(buffer)
    }
}
