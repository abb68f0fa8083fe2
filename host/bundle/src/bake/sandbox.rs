//! The engine is run by wasmtime.

use solgate_engine::ir;
use solgate_packed::Packed;
use wasmtime::{Config, Engine, Instance, Module, OptLevel, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::snapshot::{Prepared, data, encode};
use super::{BakeError, failed};
use crate::compile::Compiled;

/// The policy engine as a core module, compressed.
static ENGINE: Packed<'static> = Packed::new(include_bytes!(env!("SOLGATE_ENGINE")));

/// What it exports to be told its bundle at run time.
static LOADABLE: &str = include_str!("../../../../guest/wit/engine.wit");

impl Compiled {
    /// Bakes the bundle into a policy file, which brings the cases along.
    ///
    /// # Errors
    /// As [`bake`], and if the cases are too large.
    pub fn bake(&self) -> Result<Vec<u8>, BakeError> {
        self.bake_with(|engine, wasm| Module::new(engine, wasm))
    }

    /// The same, with the code of the engine's module by `compile`: it is the same module in every
    /// bake of one release, so who bakes often keeps its code.
    ///
    /// # Errors
    /// As [`bake`](Self::bake).
    pub fn bake_with(
        &self,
        compile: impl FnOnce(&Engine, &[u8]) -> wasmtime::Result<Module>,
    ) -> Result<Vec<u8>, BakeError> {
        self.with_cases(bake_with(&self.bundle, compile)?)
    }
}

/// The policy engine as a core module.
///
/// # Errors
/// If the program is damaged.
pub fn engine() -> Result<Vec<u8>, BakeError> {
    ENGINE.unpack().map_err(failed("decompressing the engine"))
}

/// Bakes `bundle` into a component that exports `solgate:policy/judge` and
/// imports nothing.
///
/// # Errors
/// If the engine refuses the bundle, or a tool fails.
pub fn bake(bundle: &ir::Bundle) -> Result<Vec<u8>, BakeError> {
    bake_with(bundle, |engine, wasm| Module::new(engine, wasm))
}

fn bake_with(
    bundle: &ir::Bundle,
    compile: impl FnOnce(&Engine, &[u8]) -> wasmtime::Result<Module>,
) -> Result<Vec<u8>, BakeError> {
    let data = data(bundle)?;
    let engine = engine()?;
    let prepared = Prepared::of(&engine)?;
    let mut instance = Initialised::start(&prepared.instrumented, &data, compile)?;
    prepared.component(&mut instance, &data)
}

/// The engine as a component that is told its bundle at run time, through `load`
/// of `guest/wit/engine.wit`: the very code that [`bake`] snapshots. Once it is
/// compiled, any bundle can be tried without compiling anything again.
///
/// # Errors
/// If a tool fails.
pub fn loadable_engine() -> Result<Vec<u8>, BakeError> {
    let step = "describing the engine";
    let mut resolve = Resolve::new();
    let package = resolve.push_str("engine.wit", LOADABLE).map_err(failed(step))?;
    let world = resolve.select_world(&[package], None).map_err(failed(step))?;
    let mut module = engine()?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).map_err(failed(step))?;
    encode(&module)
}

/// The engine's instance with the bundle in it.
struct Initialised {
    store: Store<()>,
    instance: Instance,
}

impl Initialised {
    fn start(
        wasm: &[u8],
        bundle: &[u8],
        compile: impl FnOnce(&Engine, &[u8]) -> wasmtime::Result<Module>,
    ) -> Result<Self, BakeError> {
        // It runs for a moment: what counts is how soon it is compiled.
        let mut config = Config::new();
        config.cranelift_opt_level(OptLevel::None);
        let engine = Engine::new(&config).map_err(failed("starting wasmtime"))?;
        let module = compile(&engine, wasm).map_err(failed("compiling the engine"))?;
        let mut store = Store::new(&engine, ());
        let step = "initialising the engine";
        let instance = Instance::new(&mut store, &module, &[]).map_err(failed(step))?;
        let reserve = instance.get_typed_func::<u32, u32>(&mut store, "solgate-reserve").map_err(failed(step))?;
        let init = instance.get_typed_func::<(), u32>(&mut store, "solgate-init").map_err(failed(step))?;
        let message = instance.get_typed_func::<(), u32>(&mut store, "solgate-message").map_err(failed(step))?;
        let memory = instance.get_memory(&mut store, "memory").ok_or("it has no memory").map_err(failed(step))?;

        let len = u32::try_from(bundle.len()).map_err(failed(step))?;
        let at = reserve.call(&mut store, len).map_err(failed(step))?;
        memory.write(&mut store, at as usize, bundle).map_err(failed(step))?;
        let refusal = init.call(&mut store, ()).map_err(failed(step))?;
        if refusal != 0 {
            let at = message.call(&mut store, ()).map_err(failed(step))?;
            let mut text = vec![0; refusal as usize];
            memory.read(&store, at as usize, &mut text).map_err(failed(step))?;
            return Err(BakeError::Refused(String::from_utf8_lossy(&text).into_owned()));
        }
        Ok(Self { store, instance })
    }
}

impl InstanceState for Initialised {
    async fn global_get(&mut self, name: &str, _: ValType) -> SnapshotVal {
        // The instrumented module exports all its globals, and they are numbers.
        match self.instance.get_global(&mut self.store, name).map(|global| global.get(&mut self.store)) {
            Some(Val::I64(value)) => SnapshotVal::I64(value),
            Some(Val::F32(value)) => SnapshotVal::F32(value),
            Some(Val::F64(value)) => SnapshotVal::F64(value),
            Some(Val::I32(value)) => SnapshotVal::I32(value),
            _ => SnapshotVal::I32(0),
        }
    }

    async fn memory_contents(&mut self, name: &str, contents: impl FnOnce(&[u8]) + Send) {
        if let Some(memory) = self.instance.get_memory(&mut self.store, name) {
            contents(memory.data(&self.store));
        }
    }
}
