//! How a component is put together of core modules, so that a browser can do it: browsers
//! know core modules only.
//!
//! wasmtime's own reader of components resolves what a component says into a list of
//! instantiations. The page carries them out, and moves values over the border as
//! `wit/policy.wit` has them.

use serde::Serialize;
use wasmtime_environ::component::{
    Component, CoreDef, CoreExport, Export, ExportIndex, ExportItem, GlobalInitializer, InstantiateModule,
    NameMapNoIntern, OptionsIndex, RuntimeInstanceIndex, RuntimeMemoryIndex, RuntimePostReturnIndex,
    RuntimeReallocIndex, StaticModuleIndex, StringEncoding, Translator,
};
use wasmtime_environ::wasmparser::{Validator, WasmFeatures};
use wasmtime_environ::{EntityIndex, MemoryIndex, ModuleTranslation, PrimaryMap, ScopeVec, Tunables};

/// The interface that a policy exports: of several versions of this major one, the latest is
/// found by this name, as in wasmtime.
const JUDGE: &str = "solgate:policy/judge@1.0.0";

/// Why a component cannot be put together in a page.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("this is not a WebAssembly component: {0}")]
    NotAComponent(String),
    #[error("the component does not export {JUDGE} with the functions describe and evaluate")]
    NoJudge,
    /// What one component gives another goes through code of the host.
    #[error(
        "the component consists of components that call each other, as componentize-qjs makes them, and the page cannot put \
         those together; build a policy in JavaScript with componentize-js instead (docs/other-languages.md), or try the policy \
         with `solgate check`"
    )]
    Linked,
}

/// The core modules of a component, and what is done with them.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan<'c> {
    /// The bytes of each, as they stand in the component.
    pub modules: Vec<&'c [u8]>,
    pub linking: Linking,
}

/// What is done with the modules.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Linking {
    /// Each makes one instance, in this order.
    pub instances: Vec<Instance>,
    pub describe: Function,
    pub evaluate: Function,
}

/// An instance of a core module.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Instance {
    /// Which of the modules.
    pub module: usize,
    pub imports: Vec<Import>,
}

/// What an instance imports.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Import {
    pub module: String,
    pub name: String,
    pub from: Item,
}

/// What an earlier instance exports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    pub instance: usize,
    pub name: String,
}

/// A function of the contract, and how its values cross the border.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Function {
    pub function: Item,
    pub memory: Item,
    /// Finds room for what is passed in.
    pub realloc: Option<Item>,
    /// Is called when the result has been read.
    pub post_return: Option<Item>,
    pub strings: Strings,
}

/// How a component has its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Strings {
    Utf8,
    Utf16,
    /// Latin-1, or UTF-16 with the highest bit of the length set.
    Compact,
}

impl<'c> Plan<'c> {
    /// Reads a component that a host has loaded: one that is valid and imports nothing.
    ///
    /// # Errors
    /// If it is not a policy, or consists of what a page cannot link.
    pub fn of(component: &'c [u8]) -> Result<Self, PlanError> {
        let tunables = Tunables::default_u32();
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let mut types = wasmtime_environ::component::ComponentTypesBuilder::new(&validator);
        // Where the code goes that links components with each other. Of that there is none.
        let adapters = ScopeVec::new();
        let (translation, modules) = Translator::new(&tunables, &mut validator, &mut types, &adapters)
            .translate(component)
            .map_err(|error| PlanError::NotAComponent(format!("{error:#}")))?;
        let linking = Reader::new(&translation.component, &modules).linking()?;
        let modules = modules.iter().map(|(_, module)| within(component, module.wasm)).collect::<Option<_>>();
        Ok(Self { modules: modules.ok_or(PlanError::Linked)?, linking })
    }
}

/// The bytes of a module where they stand in the component.
fn within<'c>(component: &'c [u8], module: &[u8]) -> Option<&'c [u8]> {
    let start = module.as_ptr().addr().checked_sub(component.as_ptr().addr())?;
    component.get(start..start.checked_add(module.len())?)
}

type Modules<'m> = PrimaryMap<StaticModuleIndex, ModuleTranslation<'m>>;

struct Reader<'t, 'm> {
    component: &'t Component,
    modules: &'t Modules<'m>,
    /// Of which module each instance is.
    instances: Vec<StaticModuleIndex>,
    memories: PrimaryMap<RuntimeMemoryIndex, Item>,
    reallocs: PrimaryMap<RuntimeReallocIndex, Item>,
    post_returns: PrimaryMap<RuntimePostReturnIndex, Item>,
}

impl<'t, 'm> Reader<'t, 'm> {
    fn new(component: &'t Component, modules: &'t Modules<'m>) -> Self {
        Self {
            component,
            modules,
            instances: Vec::new(),
            memories: PrimaryMap::new(),
            reallocs: PrimaryMap::new(),
            post_returns: PrimaryMap::new(),
        }
    }

    fn linking(mut self) -> Result<Linking, PlanError> {
        let mut instances = Vec::new();
        // Each kind of index counts up in the order in which its items are extracted.
        for step in &self.component.initializers {
            match step {
                // Code that links components belongs to none of them.
                GlobalInitializer::InstantiateModule(InstantiateModule::Static(module, arguments), Some(_)) => {
                    instances.push(self.instance(*module, arguments)?);
                    self.instances.push(*module);
                }
                GlobalInitializer::ExtractMemory(memory) => {
                    let item = self.export(&memory.export, |index: &MemoryIndex| EntityIndex::Memory(*index))?;
                    self.memories.push(item);
                }
                GlobalInitializer::ExtractRealloc(realloc) => {
                    let item = self.item(&realloc.def)?;
                    self.reallocs.push(item);
                }
                GlobalInitializer::ExtractPostReturn(post_return) => {
                    let item = self.item(&post_return.def)?;
                    self.post_returns.push(item);
                }
                _ => return Err(PlanError::Linked),
            }
        }
        let (describe, evaluate) = (self.function("describe")?, self.function("evaluate")?);
        Ok(Linking { instances, describe, evaluate })
    }

    fn instance(&self, module: StaticModuleIndex, arguments: &[CoreDef]) -> Result<Instance, PlanError> {
        let translation = self.modules.get(module).ok_or(PlanError::Linked)?;
        let imports = translation.module.imports().zip(arguments).map(|((module, name, _), argument)| {
            Ok(Import { module: module.to_owned(), name: name.to_owned(), from: self.item(argument)? })
        });
        Ok(Instance { module: at(module.as_u32()), imports: imports.collect::<Result<_, _>>()? })
    }

    fn item(&self, definition: &CoreDef) -> Result<Item, PlanError> {
        match definition {
            CoreDef::Export(export) => self.export(export, |index: &EntityIndex| *index),
            // What only a host can give.
            _ => Err(PlanError::Linked),
        }
    }

    fn export<I>(&self, export: &CoreExport<I>, entity: impl Fn(&I) -> EntityIndex) -> Result<Item, PlanError> {
        let instance = at(RuntimeInstanceIndex::as_u32(export.instance));
        let name = match &export.item {
            ExportItem::Name(name) => Some(name.clone()),
            ExportItem::Index(index) => self.name(instance, entity(index)),
        };
        Ok(Item { instance, name: name.ok_or(PlanError::Linked)? })
    }

    /// A name under which an instance exports an entity.
    fn name(&self, instance: usize, entity: EntityIndex) -> Option<String> {
        let module = &self.modules.get(*self.instances.get(instance)?)?.module;
        let (name, _) = module.exports.iter().find(|(_, exported)| **exported == entity)?;
        module.strings.get(*name).map(str::to_owned)
    }

    fn function(&self, name: &str) -> Result<Function, PlanError> {
        let item = |index: ExportIndex| self.component.export_items.get(index);
        let judge = self.component.exports.get(JUDGE, &NameMapNoIntern).and_then(|(index, _)| item(*index));
        let Some(Export::Instance { exports, .. }) = judge else { return Err(PlanError::NoJudge) };
        let function = exports.get(name, &NameMapNoIntern).and_then(|(index, _)| item(*index));
        let Some(Export::LiftedFunction { func, options, .. }) = function else { return Err(PlanError::NoJudge) };
        self.lifted(func, *options)
    }

    fn lifted(&self, function: &CoreDef, options: OptionsIndex) -> Result<Function, PlanError> {
        let options = self.component.options.get(options).ok_or(PlanError::NoJudge)?;
        let memory = options.memory().and_then(|index| self.memories.get(index)).ok_or(PlanError::NoJudge)?;
        let realloc = match options.data_model {
            wasmtime_environ::component::CanonicalOptionsDataModel::LinearMemory(options) => options.realloc,
            wasmtime_environ::component::CanonicalOptionsDataModel::Gc {} => None,
        };
        Ok(Function {
            function: self.item(function)?,
            memory: memory.clone(),
            realloc: realloc.and_then(|index| self.reallocs.get(index)).cloned(),
            post_return: options.post_return.and_then(|index| self.post_returns.get(index)).cloned(),
            strings: match options.string_encoding {
                StringEncoding::Utf8 => Strings::Utf8,
                StringEncoding::Utf16 => Strings::Utf16,
                StringEncoding::CompactUtf16 => Strings::Compact,
            },
        })
    }
}

/// On machines of 32 bits as well, there are not more of them.
fn at(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}
