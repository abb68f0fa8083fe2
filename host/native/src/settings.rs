//! How policies are compiled: the one place that decides what native code may rely on.

use wasmtime::Config;

/// Address space, in bytes, that a memory lies in: all that its 32-bit addresses can
/// reach, so that compiled code need not check any of them. How much of it an
/// evaluation may use is for its limits to say.
pub const ADDRESSES: u64 = 4 << 30;

/// Bytes of memory that the engine's native code starts with, whatever its policy
/// needs: half of what an evaluation may use if nobody says otherwise. What lies beyond
/// the policy's own is never touched, and costs nothing.
pub const MEMORY: u32 = 32 << 20;

/// Bytes of a page of WebAssembly.
pub(crate) const PAGE: u64 = 64 << 10;

/// A machine that a release makes native code for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Machine {
    /// As Cargo and the file names have it.
    pub architecture: &'static str,
    triple: &'static str,
    /// What its processor must have beyond the least of its architecture.
    features: Option<&'static str>,
}

/// All of them: each is a file that a release carries.
pub const MACHINES: [Machine; 2] = [
    // Every server since 2009. More gains nothing: the engine hardly computes with vectors.
    Machine { architecture: "x86_64", triple: "x86_64-unknown-linux-gnu", features: Some("x86-64-v2") },
    Machine { architecture: "aarch64", triple: "aarch64-unknown-linux-gnu", features: None },
];

impl Machine {
    /// The one of an architecture, if native code is made for it.
    #[must_use]
    pub fn of(architecture: &str) -> Option<Self> {
        MACHINES.into_iter().find(|machine| machine.architecture == architecture)
    }

    /// Settings that make code for it, wherever that happens.
    ///
    /// # Errors
    /// If this program does not contain the compiler for it.
    pub fn config(self) -> wasmtime::Result<Config> {
        let mut config = config();
        config.target(self.triple)?;
        if let Some(features) = self.features {
            #[allow(unsafe_code, reason = "wasmtime has no other way to say what a processor can do")]
            // SAFETY: it names what instructions there are. Before any of them runs,
            // wasmtime asks the processor whether it has them.
            unsafe {
                config.cranelift_flag_enable(features);
            }
        }
        Ok(config)
    }
}

/// Settings that make code for this machine. All that compiled code depends on is set
/// here, so that what is compiled elsewhere fits.
#[must_use]
pub fn config() -> Config {
    let mut config = Config::new();
    config
        .memory_reservation(ADDRESSES)
        .epoch_interruption(true)
        .concurrency_support(false)
        // Nobody reads where in the machine code a policy trapped.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .wasm_component_model(true);
    config
}
