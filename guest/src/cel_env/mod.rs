//! CEL as policies use it: which expressions are accepted, what they read, and
//! how they see a request.

mod activation;
mod analyse;
mod direct;
mod encode;
mod eval;
mod functions;
mod list;
mod lists;
mod map;
mod networks;
mod numbers;
mod opaque;
mod parsed;
mod parts;
mod program;
mod quantity;
mod semver;
mod tables;
mod texts;
mod time;
mod uri;
mod value;
mod window;

pub(crate) use activation::{Activation, FactValue};
pub(crate) use direct::{Applied, Direct, Parts};
pub(crate) use eval::Asked;
pub use eval::{EvalError, Evaluated};
pub use functions::{FUNCTIONS, is_namespace};
pub use parsed::{Parsed, parse_expression};
pub use parts::PartValue;
pub(crate) use program::{Compiler, Program, Runtime};
pub(crate) use tables::{DATA, Tables};
pub use time::is_fixed as is_fixed_zone;

/// What an expression reads, found without evaluating it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExprInfo {
    /// Free variables, sorted; those that a comprehension binds are not free.
    pub variables: Vec<String>,
    /// Member paths read, such as `["opOcc", "operationState"]`, sorted; `[]`
    /// stands for any item of a list or any value of a map.
    pub selections: Vec<Selection>,
    /// Functions and operators called, sorted.
    pub functions: Vec<String>,
    /// Free variables that are used as a whole, not only through a member.
    pub whole: Vec<String>,
}

/// A member path that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selection {
    /// The variable, then member names.
    pub path: Vec<String>,
    /// The expression tests the same path: with `has()`, with `in`, or by
    /// reading it with `.?`.
    pub guarded: bool,
}

/// Why an expression is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct ExprError {
    pub message: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The name of the function that does not exist, if that is why; [`FUNCTIONS`]
    /// are those that do.
    pub unknown_function: Option<String>,
}

#[cfg(test)]
mod tests;
