//! Expressions: whether they are accepted, and what they read.

mod flow;
pub(crate) mod known;
mod parsed;
mod scope;
mod slips;
mod walk;

pub(crate) use flow::{Flow, Read};
pub(crate) use known::{Known, Origin, Step, Truths, combined};
pub(crate) use parsed::{Expression, literal, parse, parsed};
pub(crate) use scope::{Reads, Scope, Type};
pub(crate) use walk::{is_namespace, keeps_items};

use solgate_document::diagnostic::Report;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Node, Value, locate_line};
use solgate_engine::cel_env::{ExprError, FUNCTIONS};

use crate::policy::Functions;

/// Checks one expression in its scope and adds what it reads to the scope. The
/// result is the source for the engine and what is known about the value; `None`
/// if it is wrong, which has been reported.
pub(crate) fn check(node: &Node, scope: &mut Scope<'_>, report: &mut Report) -> Option<(String, Type)> {
    let source = source(node, report)?;
    match parse(node) {
        Ok(expression) => Some((source, walk::walk(&expression, scope, report))),
        Err(error) => {
            refuse(node, &error, &scope.policy.functions, report);
            None
        }
    }
}

/// Reports why an expression is not accepted, in a bundle with these functions of its own.
pub(crate) fn refuse(node: &Node, error: &ExprError, functions: &Functions, report: &mut Report) {
    let unknown = error.unknown_function.as_ref();
    if unknown.is_some_and(|name| functions.find(name).is_some()) {
        // What is wrong with the call, or with the function, has been said.
        return;
    }
    let at = locate_line(node, &report.sources, error.line, error.column);
    let ours = functions.iter().map(|function| function.name.as_str());
    let meant = unknown.and_then(|name| did_you_mean(name, ours));
    report
        .mistake(at, format!("the expression is not accepted: {}", brief(&error.message)))
        .maybe_hint(meant.or_else(|| hint(&node.text, error)));
}

/// What to write instead of an expression that is not accepted.
#[must_use]
pub fn hint(source: &str, error: &ExprError) -> Option<String> {
    match &error.unknown_function {
        Some(name) => match slips::function(name) {
            Some(hint) => Some(hint.to_owned()),
            None => did_you_mean(name, FUNCTIONS.iter().copied()),
        },
        None => slips::syntax(source).map(str::to_owned),
    }
}

/// A message on one line, without the parser's list of all tokens that it would
/// have taken.
#[must_use]
pub fn brief(message: &str) -> String {
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    match message.split_once(" expecting {") {
        Some((found, expected)) if expected.len() > 60 => found.to_owned(),
        _ => message,
    }
}

/// The text of an expression. A scalar such as `true` need not be quoted.
fn source(node: &Node, report: &mut Report) -> Option<String> {
    match node.value {
        Value::String | Value::Bool(_) | Value::Number(_) if !node.text.trim().is_empty() => Some(node.text.clone()),
        _ => {
            report
                .mistake(node.at, format!("an expression is text, but here is {}", node.kind()))
                .hint("put an expression that begins with [, { or ! in quotes, or write it below `>-`");
            None
        }
    }
}
