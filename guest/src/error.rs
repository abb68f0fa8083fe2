//! Why a bundle cannot be made into an engine.

use crate::cel_env::ExprError;

/// A fault of the bundle, found while the engine compiles it.
///
/// The bundle compiler reports most of these earlier, with file and line; the
/// engine finds them again because it must not run without what is missing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InitError {
    /// The bundle was written by another release.
    #[error("the bundle has format {found}, this engine reads format {expected}")]
    Format { found: u32, expected: u32 },
    /// An API root that does not start with `/`, ends with one, or has a variable that
    /// is not a whole segment with a name of its own.
    #[error("the API root {path:?} must start with a slash, not end with one, and have whole segments as variables")]
    ApiRoot { path: String },
    /// A limit that the engine cannot keep safely.
    #[error("the limit {name} is {value}; the most is {most}")]
    Limit { name: &'static str, value: u64, most: u64 },
    /// An option that the engine itself reads is missing or of another type.
    #[error("the option {name} {reason}")]
    Option { name: String, reason: &'static str },
    /// Two rules, options, facts or operations with one name.
    #[error("{kind} {name} is defined twice")]
    Duplicate { kind: &'static str, name: String },
    /// A rule id that no rule has.
    #[error("{place} names the rule {rule}, which is not defined")]
    UnknownRule { rule: String, place: String },
    /// A fact that no template defines.
    #[error("the rule {rule} names the fact {fact}, which is not defined")]
    UnknownFact { rule: String, fact: String },
    /// An operation that no rule can belong to.
    #[error("the rule {rule} names the operation {operation}, which is not defined")]
    UnknownOperation { rule: String, operation: String },
    /// A fact template holds a variable that the operation's path does not have.
    #[error(
        "the rule {rule} needs the fact {fact} in the operation {operation}, whose path has no variable {variable}"
    )]
    FactVariable { rule: String, fact: String, operation: String, variable: String },
    /// A fact template takes something that is neither of the caller, nor of the body, nor of
    /// a fact that is an object.
    #[error("the fact {fact} takes {variable}, which is nothing that a template can take")]
    FactSource { fact: String, variable: String },
    /// A fact needs one that needs another: there are only two rounds of questions.
    #[error("the fact {fact} needs a fact that needs another")]
    FactOrder { fact: String },
    /// A path template that is not one.
    #[error("the operation {operation} has the path {path:?}, which is not a path template")]
    Path { operation: String, path: String },
    /// A schema that is missing or does not compile.
    #[error("the schema {schema} of the operation {operation} does not compile: {reason}")]
    Schema { schema: String, operation: String, reason: String },
    /// An `x-rule` that is neither a rule id nor an object of them.
    #[error("the schema node {pointer} has an x-rule that is neither a rule id nor an object with ids")]
    Annotation { pointer: String },
    /// The data of a time zone that cannot be read.
    #[error("the time zone {zone} is not TZif")]
    Zone { zone: String },
    /// A window of time without its zone, or with a time that no clock shows.
    #[error("the window {window} {reason}")]
    Window { window: String, reason: String },
    /// Data that is not JSON.
    #[error("the data {data} is not JSON text")]
    Data { data: String },
    /// An expression that does not parse or that may not be used in its place.
    #[error("the expression {member} of the rule {rule} is not valid: {error}")]
    Expression { rule: String, member: String, error: ExprError },
}
