//! Expressions as they were written, for code that looks into them before a policy
//! is built.

use cel::{Context, IdedExpr, common::value::CowVal, context::VariableResolver};

use super::{Compiler, ExprError, ExprInfo, Program, Runtime, Tables, analyse::analyse};

/// An expression that the engine accepts.
pub struct Parsed {
    written: cel::Program,
    info: ExprInfo,
    program: Program,
    runtime: Runtime,
}

/// Parses an expression as the engine does when it is given a bundle: whoever else
/// parses expressions may know another language.
///
/// # Errors
///
/// If it does not parse, calls an unknown function, calls `matches` with anything
/// but a literal linear-time regular expression, or `inList` or `inWindow` with
/// anything but a literal name. Whether there is a list or window of that name is
/// not looked at.
pub fn parse_expression(source: &str) -> Result<Parsed, ExprError> {
    let mut compiler = Compiler::new(Tables::Any)?;
    let written = compiler.parse(source)?;
    let program = compiler.rewritten(&written)?;
    let info = analyse(written.expression());
    Ok(Parsed { written, info, program, runtime: compiler.finish() })
}

impl Parsed {
    /// What the expression reads.
    #[must_use]
    pub fn info(&self) -> &ExprInfo {
        &self.info
    }

    /// The syntax tree as it was written, but for macros, which are expanded.
    #[must_use]
    pub fn tree(&self) -> &IdedExpr {
        self.written.expression()
    }

    /// The first and the last byte of a node of the tree in the source, counted from 0.
    #[must_use]
    pub fn place(&self, id: u64) -> Option<(u32, u32)> {
        self.written.source_info().offset_for(id)
    }

    /// The value, if it is the same for every request and a boolean.
    #[must_use]
    pub fn constant(&self) -> Option<bool> {
        if !self.info.variables.is_empty() {
            return None;
        }
        let mut context = Context::with_env(self.runtime.env.clone());
        context.set_variable_resolver(&self.runtime);
        self.program.holds(&context).ok()
    }
}

/// What was compiled ahead, and nothing of a request.
impl VariableResolver for Runtime {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        self.compiled(variable)
    }
}
