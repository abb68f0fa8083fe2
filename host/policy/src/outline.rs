//! What a component says before it is compiled, which takes seconds.

use serde::Deserialize;
use solgate_contract::section::BUNDLE;
use wasmparser::{
    CanonicalFunction, CanonicalOption, ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind, Instance,
    Parser, Payload,
};

/// What is known of a component by reading it.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// Names of what it imports.
    pub imports: Vec<String>,
    /// Names of the interfaces that it exports.
    pub exports: Vec<String>,
    /// It has asynchronous functions or threads.
    pub is_async: bool,
    /// What it runs, if that can be counted by looking.
    pub parts: Option<Parts>,
    /// The most violations that it gives for one request, if it carries the bundle that it
    /// was baked from.
    pub most_violations: Option<usize>,
    /// It could be read to its end.
    pub is_whole: bool,
}

/// How many of each a component has when it runs.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Parts {
    pub core_instances: u32,
    pub memories: u32,
    pub tables: u32,
}

#[derive(Deserialize)]
struct Carried {
    limits: CarriedLimits,
}

#[derive(Deserialize)]
struct CarriedLimits {
    violations: usize,
}

impl Outline {
    /// Reads as much of a component as can be read: what is wrong with it, the compiler
    /// says.
    pub(super) fn of(component: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut count = Count::default();
        // Of what is within others only the parts count.
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(component) {
            let Ok(payload) = payload else { return outline };
            match &payload {
                Payload::Version { .. } => depth = depth.saturating_add(1),
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::CustomSection(section) if depth == 1 && section.name() == BUNDLE => {
                    let carried = serde_json::from_slice::<Carried>(section.data()).ok();
                    outline.most_violations = carried.map(|carried| carried.limits.violations);
                }
                Payload::ComponentImportSection(section) if depth == 1 => {
                    let names = section.clone().into_iter().map_while(Result::ok);
                    outline.imports.extend(names.map(|import| import.name.name.to_owned()));
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    let exports = section.clone().into_iter().map_while(Result::ok);
                    let interfaces = exports.filter(|export| export.kind == ComponentExternalKind::Instance);
                    outline.exports.extend(interfaces.map(|export| export.name.name.to_owned()));
                }
                Payload::ComponentCanonicalSection(section) => {
                    outline.is_async |= section.clone().into_iter().map_while(Result::ok).any(|one| is_async(&one));
                }
                payload => count.add(payload, depth),
            }
        }
        outline.is_whole = true;
        outline.parts = count.is_certain().then_some(count.parts);
        outline
    }
}

fn is_async(function: &CanonicalFunction) -> bool {
    match function {
        CanonicalFunction::Lift { options, .. } | CanonicalFunction::Lower { options, .. } => {
            options.contains(&CanonicalOption::Async)
        }
        CanonicalFunction::ResourceNew { .. }
        | CanonicalFunction::ResourceDrop { .. }
        | CanonicalFunction::ResourceRep { .. } => false,
        _ => true,
    }
}

/// Counts the parts of a component.
#[derive(Default)]
struct Count {
    /// What an instance of each module has, in the order in which they are defined.
    modules: Vec<Parts>,
    parts: Parts,
    /// The part that is read is the last of the modules.
    is_module: bool,
    /// Modules or instances come from elsewhere than the component itself.
    is_uncertain: bool,
}

impl Count {
    fn add(&mut self, payload: &Payload<'_>, depth: usize) {
        match payload {
            Payload::ModuleSection { .. } => {
                self.is_module = depth == 1;
                if self.is_module {
                    self.modules.push(Parts { core_instances: 1, ..Parts::default() });
                }
            }
            Payload::ComponentSection { .. } => self.is_module = false,
            Payload::MemorySection(section) if self.is_module => {
                self.last(|module| module.memories = module.memories.saturating_add(section.count()));
            }
            Payload::TableSection(section) if self.is_module => {
                self.last(|module| module.tables = module.tables.saturating_add(section.count()));
            }
            Payload::InstanceSection(section) => {
                for instance in section.clone().into_iter().map_while(Result::ok) {
                    if let Instance::Instantiate { module_index, .. } = instance {
                        self.instantiate(module_index, depth);
                    }
                }
            }
            Payload::ComponentAliasSection(section) if depth == 1 => {
                let mut aliases = section.clone().into_iter().map_while(Result::ok);
                self.is_uncertain |= aliases.any(|alias| {
                    matches!(
                        alias,
                        ComponentAlias::InstanceExport { kind: ComponentExternalKind::Module, .. }
                            | ComponentAlias::Outer { kind: ComponentOuterAliasKind::CoreModule, .. }
                    )
                });
            }
            _ => {}
        }
    }

    fn last(&mut self, add: impl FnOnce(&mut Parts)) {
        if let Some(module) = self.modules.last_mut() {
            add(module);
        }
    }

    fn instantiate(&mut self, module: u32, depth: usize) {
        let module = usize::try_from(module).ok().and_then(|index| self.modules.get(index));
        let (1, Some(module)) = (depth, module) else {
            self.is_uncertain = true;
            return;
        };
        let parts = &mut self.parts;
        parts.core_instances = parts.core_instances.saturating_add(module.core_instances);
        parts.memories = parts.memories.saturating_add(module.memories);
        parts.tables = parts.tables.saturating_add(module.tables);
    }

    fn is_certain(&self) -> bool {
        !self.is_uncertain
    }
}
