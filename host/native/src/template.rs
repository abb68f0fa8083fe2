//! The engine's code with the memory of another component.

use wasm_encoder::{
    Component, ComponentExportKind, ComponentExportSection, ComponentSectionId, ConstExpr, DataSection, MemorySection,
    MemoryType, Module, ModuleSection, RawSection,
};
use wasmparser::{BinaryReaderError, Parser, Payload};

use crate::contained::{Contained, ShapeError};

/// The name by which the component exports its only module.
pub const MODULE: &str = "engine";

/// Why a component cannot be given another memory.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    #[error(transparent)]
    Malformed(#[from] BinaryReaderError),
    #[error("it ends in the middle of a section")]
    Short,
    #[error("its module: {0}")]
    Shape(#[from] ShapeError),
}

/// The loadable engine, told its bundle or not, with `memory` from the start of its
/// address space, and nothing that does not run: no names, no notes of tools. Its
/// memory has as many pages as `memory` fills. Its module is exported, in the form whose
/// instances can be put back after a call.
///
/// # Errors
/// If `engine` is not a component as the compiler of bundles makes it.
pub fn engine_with(engine: &[u8], memory: &[u8]) -> Result<Vec<u8>, TemplateError> {
    let mut component = Component::new();
    let mut inner: Option<Module> = None;
    let mut contained = Contained::default();
    // How deep the parser is in a component within, which is copied in whole.
    let mut within = 0_usize;
    for payload in Parser::new(0).parse_all(engine) {
        let payload = payload?;
        if within > 0 {
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => within = within.saturating_add(1),
                Payload::End(_) => within = within.saturating_sub(1),
                _ => {}
            }
            continue;
        }
        match payload {
            Payload::CustomSection(_) => {}
            Payload::Version { encoding: wasmparser::Encoding::Module, .. } => inner = Some(Module::new()),
            Payload::Version { .. } | Payload::ModuleSection { .. } => {}
            Payload::End(_) => {
                if let Some(module) = inner.take() {
                    component.section(&ModuleSection(&module));
                }
            }
            payload => match (&mut inner, payload) {
                (None, Payload::ComponentSection { unchecked_range, .. }) => {
                    let data = engine.get(unchecked_range).ok_or(TemplateError::Short)?;
                    component.section(&RawSection { id: ComponentSectionId::Component.into(), data });
                    within = 1;
                }
                (Some(_), Payload::ImportSection(section)) if section.count() > 0 => {
                    return Err(ShapeError::Imports.into());
                }
                (Some(module), Payload::FunctionSection(section)) => contained.functions(section, module)?,
                (Some(module), Payload::ExportSection(section)) => contained.exports(section, module)?,
                (Some(_), Payload::CodeSectionStart { count, .. }) => contained.code(count)?,
                (Some(module), Payload::CodeSectionEntry(body)) => contained.body(&body, module)?,
                (Some(module), Payload::MemorySection(_)) => {
                    let pages = u64::try_from(memory.len()).unwrap_or(u64::MAX).div_ceil(crate::settings::PAGE);
                    let mut section = MemorySection::new();
                    section.memory(MemoryType {
                        minimum: pages,
                        maximum: None,
                        memory64: false,
                        shared: false,
                        page_size_log2: None,
                    });
                    module.section(&section);
                }
                (Some(module), Payload::DataSection(_)) => {
                    let mut section = DataSection::new();
                    section.active(0, &ConstExpr::i32_const(0), memory.iter().copied());
                    module.section(&section);
                }
                (inner, payload) => {
                    match &payload {
                        Payload::TypeSection(section) => contained.types(section.clone())?,
                        Payload::GlobalSection(section) => contained.globals(section.clone())?,
                        _ => {}
                    }
                    let (id, range) = payload.as_section().ok_or(TemplateError::Short)?;
                    let data = engine.get(range).ok_or(TemplateError::Short)?;
                    let section = RawSection { id, data };
                    match inner {
                        Some(module) => {
                            module.section(&section);
                        }
                        None => {
                            component.section(&section);
                        }
                    }
                }
            },
        }
    }
    let mut exports = ComponentExportSection::new();
    exports.export(MODULE, ComponentExportKind::Module, 0, None);
    component.section(&exports);
    Ok(component.finish())
}
