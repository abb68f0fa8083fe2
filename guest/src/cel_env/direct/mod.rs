//! A quick way to evaluate the simpler expressions.
//!
//! Most rules look at a member, compare it with a text and hold. Such a rule is
//! compiled a second time, into nodes that work directly on the request's JSON, without
//! a scope, a boxed value or a name to look up. The quick way says that a rule holds or
//! does not apply, as CEL would, which a test shows. Or it says nothing: a rule that
//! fails, errs, or needs a missing feature is evaluated by CEL alone, from the start.

mod compile;
mod eval;
#[cfg(test)]
mod tests;

use super::{Activation, Program};
use crate::json::{Array, Object};

/// A rule of the plainer kind.
#[derive(Clone)]
pub(crate) struct Direct {
    when: Option<Node>,
    /// The guard reads variables.
    variables_first: bool,
    variables: Vec<Node>,
    for_each: Option<Node>,
    require: Node,
}

/// How a rule was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// Its guard is false.
    No,
    Once,
    /// To this number of items.
    To(usize),
}

/// The parts of a rule, as CEL has compiled them.
pub(crate) struct Parts<'p> {
    pub when: Option<&'p Program>,
    pub variables_first: bool,
    /// Qualified names, such as `variables.blocking`.
    pub variables: &'p [(String, Program)],
    pub for_each: Option<&'p Program>,
    pub require: &'p Program,
}

impl Direct {
    /// `None` if the rule is not of the plainer kind.
    pub(crate) fn compile(parts: &Parts<'_>) -> Option<Self> {
        compile::rule(parts)
    }

    /// How the rule was applied, and held; `None` if only CEL can tell whether it did.
    pub(crate) fn judge(&self, activation: &Activation<'_>) -> Option<Applied> {
        eval::judge(self, activation)
    }

    /// Whether the guard holds; `None` if only CEL can tell.
    pub(crate) fn applies(&self, activation: &Activation<'_>) -> Option<bool> {
        eval::applies(self, activation)
    }
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Text(String),
    List(Vec<Node>),
    Body,
    Options,
    Method,
    Operation,
    ApiRoot,
    ReceivedAt,
    BodyBytes,
    Fact(String),
    /// A header field, by its name in lower case, that occurs once.
    Header(String),
    HasHeader(String),
    /// A variable of the path.
    Path(String),
    /// A variable of the rule, an item, an index, or what a macro binds.
    Local(usize),
    Member(Box<Node>, String),
    HasMember(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Not(Box<Node>),
    And(Box<Node>, Box<Node>),
    Or(Box<Node>, Box<Node>),
    If(Box<[Node; 3]>),
    Equal(Box<Node>, Box<Node>),
    Less(Box<Node>, Box<Node>),
    LessOrEqual(Box<Node>, Box<Node>),
    In(Box<Node>, Box<Node>),
    /// Among texts of the source.
    InTexts(Box<Node>, Vec<String>),
    Size(Box<Node>),
    Add(Box<Node>, Box<Node>),
    Subtract(Box<Node>, Box<Node>),
    Multiply(Box<Node>, Box<Node>),
    Negate(Box<Node>),
    /// By the index of the compiled pattern.
    Matches(Box<Node>, usize),
    Exists(Box<Each>),
    All(Box<Each>),
    Filter(Box<Each>),
    HasValue(Box<Chain>),
    /// What an optional chain leads to, or the other value.
    OrValue(Box<Chain>, Box<Node>),
    /// What only CEL can evaluate, in a branch that is seldom taken.
    Cel,
}

/// A macro over the items of a list.
#[derive(Debug, Clone, PartialEq)]
struct Each {
    list: Node,
    /// Where the item is while `test` is evaluated.
    local: usize,
    test: Node,
}

/// A chain of members and items, each of which may be absent.
#[derive(Debug, Clone, PartialEq)]
struct Chain {
    of: Node,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Member(String),
    /// An item, or a member by a computed name.
    At(Node),
}

/// A value, borrowed from the request or the rule.
#[derive(Debug, Clone)]
enum Value<'v> {
    Null,
    Bool(bool),
    Int(i64),
    Text(&'v str),
    Array(Array<'v>),
    Object(Object<'v>),
    List(Vec<Value<'v>>),
}
