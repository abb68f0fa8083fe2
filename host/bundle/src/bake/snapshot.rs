//! From the engine's module to a component, but for the moment in which the engine runs: the
//! program does that with wasmtime, a page with its browser.

use futures_util::FutureExt;
use solgate_cases::section;
use solgate_engine::ir;
use wasmtime_wizer::{InstanceState, ModuleContext, Wizer};
use wit_component::ComponentEncoder;

use super::{BakeError, failed};

/// The engine's module, ready to be told a bundle.
pub struct Prepared<'e> {
    wizer: Wizer,
    module: ModuleContext<'e>,
    /// The module that is to be run. It imports nothing, and exports its state.
    pub instrumented: Vec<u8>,
}

impl std::fmt::Debug for Prepared<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("bytes", &self.instrumented.len()).finish_non_exhaustive()
    }
}

impl<'e> Prepared<'e> {
    /// Of the bytes of the engine's module.
    ///
    /// # Errors
    /// If that is not the module of an engine.
    pub fn of(engine: &'e [u8]) -> Result<Self, BakeError> {
        let mut wizer = Wizer::new();
        wizer.init_func("solgate-init");
        let (module, instrumented) = wizer.instrument(engine).map_err(failed("preparing the engine"))?;
        Ok(Self { wizer, module, instrumented })
    }

    /// The component, when the instance has been told the bundle `data`.
    ///
    /// # Errors
    /// If the instance is not one of the module that was prepared.
    pub fn component(&self, instance: &mut impl InstanceState, data: &[u8]) -> Result<Vec<u8>, BakeError> {
        let step = "taking the snapshot";
        let taken = self.wizer.snapshot(&self.module, instance).now_or_never();
        let snapshot = taken.ok_or("it did not finish at once").map_err(failed(step))?.map_err(failed(step))?;
        let mut component = encode(&snapshot)?;
        section::append(&mut component, section::BUNDLE, data);
        Ok(component)
    }
}

/// What the engine is told.
///
/// # Errors
/// If it cannot be written.
pub fn data(bundle: &ir::Bundle) -> Result<Vec<u8>, BakeError> {
    serde_json::to_vec(bundle).map_err(failed("writing the compiled bundle"))
}

/// Makes a component of a core module that carries its WIT world, as wit-bindgen
/// leaves it there.
///
/// # Errors
/// If the module does not fit its world.
pub fn encode(module: &[u8]) -> Result<Vec<u8>, BakeError> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(failed("encoding the component"))
}
