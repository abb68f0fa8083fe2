//! Baking: a compiled bundle becomes a component.
//!
//! The engine, compiled to a core module, is started with the bundle, and the
//! memory in which schemas and expressions are then compiled is written back into
//! the module. A policy so baked starts with its rules ready, and the same bundle
//! gives the same bytes wherever it is baked.

use futures_util::FutureExt;
use solgate_cases::EmbedError;
use solgate_cases::section::{self, SectionError};
use solgate_engine::ir;
use solgate_packed::Packed;
use wasmtime::{Config, Engine, Instance, Module, OptLevel, Store, Val};
use wasmtime_wizer::{InstanceState, SnapshotVal, ValType, Wizer};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::compile::Compiled;

/// The policy engine as a core module, compressed.
static ENGINE: Packed<'static> = Packed::new(include_bytes!(env!("SOLGATE_ENGINE")));

/// What it exports to be told its bundle at run time.
static LOADABLE: &str = include_str!("../../../guest/wit/engine.wit");

/// Why a compiled bundle could not be baked. An author's mistakes are found before,
/// all but cases that are too large.
#[derive(Debug, thiserror::Error)]
pub enum BakeError {
    /// The engine refuses what the compiler made.
    #[error("the engine refuses the compiled bundle: {0}")]
    Refused(String),
    /// The engine or one of the tools that rewrite it failed.
    #[error("baking failed while {step}: {cause}")]
    Failed { step: &'static str, cause: String },
    #[error(transparent)]
    Cases(#[from] EmbedError),
}

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
        let mut component = bake_with(&self.bundle, compile)?;
        solgate_cases::embed(&mut component, self.tests())?;
        Ok(component)
    }
}

/// Why a component's own bundle cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum CarriedError {
    #[error(transparent)]
    Section(#[from] SectionError),
    /// Made in another language, or by an earlier version of `solgate build`.
    #[error(
        "it does not carry the bundle that it was baked from; name the bundle's folder instead, or bake it again with `solgate build`"
    )]
    Absent,
    #[error(
        "the bundle that it carries cannot be read: {0}; name the bundle's folder instead, or bake it again with `solgate build`"
    )]
    Unreadable(serde_json::Error),
}

/// Where in the work a failure happened.
fn failed<E: std::fmt::Display>(step: &'static str) -> impl FnOnce(E) -> BakeError {
    move |cause| BakeError::Failed { step, cause: format!("{cause:#}") }
}

fn engine() -> Result<Vec<u8>, BakeError> {
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
    let data = serde_json::to_vec(bundle).map_err(failed("writing the compiled bundle"))?;
    let engine = engine()?;
    let mut wizer = Wizer::new();
    wizer.init_func("solgate-init");
    let (module, instrumented) = wizer.instrument(&engine).map_err(failed("preparing the engine"))?;

    let mut instance = Initialised::start(&instrumented, &data, compile)?;
    let snapshot = wizer
        .snapshot(&module, &mut instance)
        .now_or_never()
        .ok_or("it did not finish at once")
        .map_err(failed("taking the snapshot"))?
        .map_err(failed("taking the snapshot"))?;
    let mut component = encode(&snapshot)?;
    section::append(&mut component, section::BUNDLE, &data);
    Ok(component)
}

/// The compiled bundle that a baked component carries, for those who want to know
/// what its rules say. Nothing vouches for it but the file itself.
///
/// # Errors
/// [`CarriedError`] if it carries none that this version can read.
pub fn bundle_of(component: &[u8]) -> Result<ir::Bundle, CarriedError> {
    let data = section::find(component, section::BUNDLE)?.ok_or(CarriedError::Absent)?;
    serde_json::from_slice(data).map_err(CarriedError::Unreadable)
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
