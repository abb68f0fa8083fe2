//! The environment that expressions run in: CEL's standard library, its string
//! functions, `matches` with patterns compiled ahead, and an equality that knows
//! borrowed JSON.

use std::{any::Any, sync::Arc};

use cel::{
    DeclarationError, Env, ExecutionError,
    common::{
        types::{self, CelBool, CelString, Type},
        value::{CowVal, StaticVal, Val},
    },
};
use regex::Regex;

use super::value;

/// Equality of two values that are not scalars in the source.
pub(super) const EQUAL: &str = "@equal";
/// The function `matches` of CEL; its second argument becomes a [`Pattern`].
pub(super) const MATCHES: &str = "matches";

/// Functions that expressions may call, apart from operators.
pub(super) const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "bytes",
    "type",
    "dyn",
    "charAt",
    "indexOf",
    "lastIndexOf",
    "join",
    "lowerAscii",
    "upperAscii",
    "trim",
    "replace",
    "split",
    "substring",
    "format",
    "reverse",
    "strings.quote",
    "optional.of",
    "optional.ofNonZeroValue",
    "optional.none",
    "hasValue",
    "value",
    "or",
    "orValue",
];

static PATTERN_TYPE: Type = Type::new_unspecified_type("solgate.Pattern");

/// A compiled regular expression as a CEL value.
#[derive(Debug, Clone)]
pub(crate) struct Pattern(pub Arc<Regex>);

impl Val for Pattern {
    fn get_type(&self) -> &Type {
        &PATTERN_TYPE
    }

    fn cel_type() -> &'static Type {
        &PATTERN_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Pattern {}

/// Builds the environment.
pub(super) fn environment() -> Result<Env, DeclarationError> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings)?;
    env.add_overload(EQUAL, "solgate_equal", vec![types::DYN_TYPE, types::DYN_TYPE], equal)?;
    env.add_overload(MATCHES, "solgate_matches", vec![types::STRING_TYPE, PATTERN_TYPE.to_owned()], matches)?;
    Ok(env)
}

fn equal<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    match arguments.as_slice() {
        [left, right] => Ok(CowVal::owned(CelBool::from(value::equal(left.as_ref(), right.as_ref())))),
        _ => Err(ExecutionError::invalid_argument_count(2, arguments.len())),
    }
}

fn matches<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [text, pattern] = arguments.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, arguments.len()));
    };
    match (text.downcast_ref::<CelString>(), pattern.downcast_ref::<Pattern>()) {
        (Some(text), Some(pattern)) => Ok(CowVal::owned(CelBool::from(pattern.0.is_match(text.inner())))),
        _ => Err(ExecutionError::function_error(MATCHES, "a string and a pattern are needed")),
    }
}
