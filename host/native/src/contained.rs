//! The form of the engine's code whose instances can be put back after a call.
//!
//! What a call changes of such an instance is its memory, the stack pointer, and how large
//! its memory is: its code is checked for that here. Nothing but this code writes to the
//! memory, so that a write to where it must not write is a trap: see [`bulk`].

use wasm_encoder::{CodeSection, Encode, ExportKind, ExportSection, FunctionSection, Instruction, Module};
use wasmparser::{
    BinaryReaderError, ExportSectionReader, ExternalKind, FunctionBody, FunctionSectionReader, GlobalSectionReader,
    Operator, TypeSectionReader, ValType,
};

use crate::bulk;

// What is appended to the functions of a module, in this order.
const COPY: u32 = 0;
const FILL: u32 = 1;
/// The function for the first of the known lengths.
const FIRST_KNOWN: u32 = 2;

/// The lengths for which there is a function to copy so many bytes.
fn known_lengths() -> impl Iterator<Item = i32> {
    (1..=bulk::KNOWN / bulk::GRAIN).map(|length| length.saturating_mul(bulk::GRAIN))
}

/// The function for that length, if there is one.
fn known(length: i32) -> Option<u32> {
    (FIRST_KNOWN..).zip(known_lengths()).find(|(_, known)| *known == length).map(|(function, _)| function)
}

/// The name by which the stack pointer is exported.
pub const STACK_POINTER: &str = "stack-pointer";

/// Why a module has no such form.
#[derive(Debug, thiserror::Error)]
pub enum ShapeError {
    #[error(transparent)]
    Malformed(#[from] BinaryReaderError),
    #[error("it imports something")]
    Imports,
    #[error("it has another mutable global than the stack pointer")]
    Globals,
    #[error("its code may change more than memory and stack pointer: {0}")]
    Changes(String),
    #[error("it copies or fills memory, and no function of it has three numbers for parameters and no result")]
    Signature,
    #[error("its sections are not in the order of a module")]
    Order,
}

/// What is known of a module whose sections are passed on one by one.
#[derive(Default)]
pub(crate) struct Contained {
    /// Of a function of three numbers that returns none.
    signature: Option<u32>,
    functions: u32,
    stack_pointer: Option<u32>,
    code: CodeSection,
    /// Functions whose code has not come yet.
    left: u32,
}

impl Contained {
    pub(crate) fn types(&mut self, section: TypeSectionReader<'_>) -> Result<(), ShapeError> {
        for (index, signature) in (0..).zip(section.into_iter_err_on_gc_types()) {
            let signature = signature?;
            if signature.params() == [ValType::I32; 3] && signature.results().is_empty() {
                self.signature = Some(index);
            }
        }
        Ok(())
    }

    /// More than there are, by those of [`bulk`].
    pub(crate) fn functions(
        &mut self,
        section: FunctionSectionReader<'_>,
        module: &mut Module,
    ) -> Result<(), ShapeError> {
        let mut functions = FunctionSection::new();
        for function in section {
            functions.function(function?);
        }
        self.functions = functions.len();
        if let Some(signature) = self.signature {
            for _ in [COPY, FILL].into_iter().map(|_| ()).chain(known_lengths().map(|_| ())) {
                functions.function(signature);
            }
        }
        module.section(&functions);
        Ok(())
    }

    pub(crate) fn globals(&mut self, section: GlobalSectionReader<'_>) -> Result<(), ShapeError> {
        for (index, global) in (0..).zip(section) {
            let kind = global?.ty;
            if kind.mutable && (kind.content_type != ValType::I32 || self.stack_pointer.replace(index).is_some()) {
                return Err(ShapeError::Globals);
            }
        }
        Ok(())
    }

    pub(crate) fn exports(&self, section: ExportSectionReader<'_>, module: &mut Module) -> Result<(), ShapeError> {
        let mut exports = ExportSection::new();
        for export in section {
            let export = export?;
            let kind = match export.kind {
                ExternalKind::Func => ExportKind::Func,
                ExternalKind::Table => ExportKind::Table,
                ExternalKind::Memory => ExportKind::Memory,
                ExternalKind::Global => ExportKind::Global,
                _ => return Err(ShapeError::Order),
            };
            exports.export(export.name, kind, export.index);
        }
        exports.export(STACK_POINTER, ExportKind::Global, self.stack_pointer.ok_or(ShapeError::Globals)?);
        module.section(&exports);
        Ok(())
    }

    /// The code of so many functions follows.
    pub(crate) fn code(&mut self, functions: u32) -> Result<(), ShapeError> {
        self.left = functions;
        if functions == self.functions { Ok(()) } else { Err(ShapeError::Order) }
    }

    pub(crate) fn body(&mut self, body: &FunctionBody<'_>, module: &mut Module) -> Result<(), ShapeError> {
        self.code.raw(&self.rewritten(body)?);
        self.left = self.left.checked_sub(1).ok_or(ShapeError::Order)?;
        if self.left == 0 {
            if self.signature.is_some() {
                self.code.function(&bulk::copy()).function(&bulk::fill());
                for length in known_lengths() {
                    self.code.function(&bulk::copy_known(length));
                }
            }
            module.section(&self.code);
        }
        Ok(())
    }

    /// The code of a function, with calls in the place of what wasmtime would do.
    fn rewritten(&self, body: &FunctionBody<'_>) -> Result<Vec<u8>, ShapeError> {
        let (whole, start) = (body.as_bytes(), body.range().start);
        let piece = |from: usize, to: usize| whole.get(from..to).ok_or(ShapeError::Order);
        let mut code = Vec::with_capacity(whole.len());
        let mut done = 0;
        let mut operators = body.get_operators_reader()?;
        // The number that the last instruction gave, if it gave one.
        let mut number = None;
        while !operators.eof() {
            let (operator, at) = operators.read_with_offset()?;
            let before = number.take();
            let function = match operator {
                Operator::I32Const { value } => {
                    number = Some(value);
                    continue;
                }
                Operator::MemoryCopy { dst_mem: 0, src_mem: 0 } => before.and_then(known).unwrap_or(COPY),
                Operator::MemoryFill { mem: 0 } => FILL,
                Operator::MemoryInit { .. }
                | Operator::MemoryDiscard { .. }
                | Operator::DataDrop { .. }
                | Operator::ElemDrop { .. }
                | Operator::TableInit { .. }
                | Operator::TableCopy { .. }
                | Operator::TableFill { .. }
                | Operator::TableGrow { .. }
                | Operator::TableSet { .. }
                | Operator::MemoryCopy { .. }
                | Operator::MemoryFill { .. } => return Err(ShapeError::Changes(format!("{operator:?}"))),
                _ => continue,
            };
            if self.signature.is_none() {
                return Err(ShapeError::Signature);
            }
            code.extend_from_slice(piece(done, at.saturating_sub(start))?);
            Instruction::Call(self.functions.saturating_add(function)).encode(&mut code);
            done = operators.original_position().saturating_sub(start);
        }
        code.extend_from_slice(piece(done, whole.len())?);
        Ok(code)
    }
}
