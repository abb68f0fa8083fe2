//! One expression by itself, for authors who try it on a request.

use cel::{ExecutionError, Value};

use super::{
    Activation, Compiler, ExprError, PartValue, Program, Runtime, Tables,
    parts::{self, WHOLE},
    program::fault,
};
use crate::ir::Bundle;

/// The value of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    /// As JSON, as far as JSON knows it; what is no value is told in words.
    pub value: String,
    /// CEL's name of its type.
    pub kind: String,
    /// The values of its parts, in the order in which they stand.
    pub parts: Vec<PartValue>,
}

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// It is not accepted.
    #[error("the expression is not accepted: {0}")]
    Refused(#[from] ExprError),
    /// It reads what is not there: no variable and no fact of that name is known.
    #[error("there is no `{name}` here (line {line}, column {column})")]
    Unknown { name: String, line: usize, column: usize },
    /// It fails for this request.
    #[error("{message} (line {line}, column {column})")]
    Failed {
        message: String,
        /// Of the smallest part that fails; from 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// That part, if it can be written down.
        part: Option<String>,
        /// The values of the parts, as far as they have any.
        parts: Vec<PartValue>,
    },
}

/// An expression that is accepted, with what was compiled ahead for it.
pub(crate) struct Asked {
    written: cel::Program,
    program: Program,
    pub runtime: Runtime,
}

impl Asked {
    /// Parses as the rules of the bundle are parsed.
    pub(crate) fn new(source: &str, bundle: &Bundle) -> Result<Self, ExprError> {
        let tables = Tables::new(bundle).map_err(|error| ExprError {
            message: error.to_string(),
            line: 1,
            column: 1,
            unknown_function: None,
        })?;
        let mut compiler = Compiler::new(tables)?;
        let written = compiler.parse(source)?;
        let program = compiler.rewritten(&written)?;
        Ok(Self { written, program, runtime: compiler.finish() })
    }

    pub(crate) fn evaluate(&self, activation: &Activation<'_>) -> Result<Evaluated, EvalError> {
        let context = activation.context();
        let value = match Value::resolve_val(self.program.expression(), &context) {
            Ok(value) => value,
            Err(error) => return Err(self.failed(&error, &context)),
        };
        Ok(Evaluated {
            value: parts::text(value.as_ref(), WHOLE),
            kind: value.get_type().name().to_owned(),
            parts: self.program.parts(&context),
        })
    }

    fn failed(&self, error: &ExecutionError, context: &cel::Context<'_, '_>) -> EvalError {
        let node = parts::failing(self.program.expression(), context).unwrap_or(self.program.expression());
        let ExprError { message, line, column, .. } = fault(&error.to_string(), node.id, self.written.source_info());
        if let ExecutionError::UndeclaredReference(name) = error {
            return EvalError::Unknown { name: name.to_string(), line, column };
        }
        EvalError::Failed {
            message,
            line,
            column,
            part: self.program.failing_part(context),
            parts: self.program.parts(context),
        }
    }
}
