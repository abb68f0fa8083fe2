//! Expressions: whether they are accepted, and what they read.

mod flow;
mod known;
mod scope;
mod walk;

pub(crate) use flow::{Flow, Read};
pub(crate) use known::{Known, Origin, Step};
pub(crate) use scope::{Reads, Scope, Type, is_known_variable};

use cel::IdedExpr;
use cel::common::ast::{Expr, operators};
use solgate_engine::cel_env::{ExprError, FUNCTIONS, Parsed, parse_expression};

use crate::diagnostic::Report;
use crate::source::{At, Sources};
use crate::suggest::did_you_mean;
use crate::yaml::{Node, Value, locate, locate_line};
use walk::literal;

/// A parsed expression and the scalar that holds it.
struct Expression<'n> {
    node: &'n Node,
    parsed: Parsed,
}

impl Expression<'_> {
    /// Where a node of the syntax tree stands in the file.
    fn at(&self, id: u64, sources: &Sources) -> At {
        match self.parsed.place(id) {
            Some((start, end)) => {
                let wide = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
                locate(self.node, sources, wide(start), wide(end).saturating_add(1))
            }
            None => self.node.at,
        }
    }

    /// The name of a member: the parser places a selection at its dot, also that of
    /// `.?`, or, of `has()`, at the call.
    fn member_at(&self, id: u64, operand: &IdedExpr, field: &str, sources: &Sources) -> At {
        let whole = self.at(id, sources);
        let from = self.at(operand.id, sources);
        let text = sources.text(whole.file);
        let start = from.start.max(whole.start);
        // Names do not hold line breaks, so the member follows on this line.
        let line = text.get(start..).unwrap_or("");
        let line = line.lines().next().unwrap_or("");
        let found = [".?", "."].into_iter().find_map(|dot| {
            let found = line.find(&format!("{dot}{field}"))?;
            Some(found.saturating_add(dot.len()))
        });
        match found {
            Some(found) => {
                let start = start.saturating_add(found);
                At { file: whole.file, start, end: start.saturating_add(field.len()) }
            }
            None => whole,
        }
    }

    /// The name of the last member of a chain that ends with `.?`, else the node.
    fn end_of_chain(&self, node: &IdedExpr, sources: &Sources) -> At {
        match &node.expr {
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::OPT_SELECT, [of, name]) => match literal(name) {
                    Some(field) => self.member_at(name.id, of, field, sources),
                    None => self.at(node.id, sources),
                },
                _ => self.at(node.id, sources),
            },
            _ => self.at(node.id, sources),
        }
    }
}

fn parse(node: &Node) -> Result<Expression<'_>, ExprError> {
    Ok(Expression { node, parsed: parse_expression(&node.text)? })
}

/// Checks one expression in its scope and adds what it reads to the scope. The
/// result is the source for the engine and what is known about the value; `None`
/// if it is wrong, which has been reported.
pub(crate) fn check(node: &Node, scope: &mut Scope<'_>, report: &mut Report) -> Option<(String, Type)> {
    let source = source(node, report)?;
    match parse(node) {
        Ok(expression) => Some((source, walk::walk(&expression, scope, report))),
        Err(error) => {
            let at = locate_line(node, &report.sources, error.line, error.column);
            let meant = error.unknown_function.and_then(|name| did_you_mean(&name, FUNCTIONS.iter().copied()));
            report.mistake(at, format!("the expression is not accepted: {}", brief(&error.message))).maybe_hint(meant);
            None
        }
    }
}

/// A message on one line, without the parser's list of all tokens that it would
/// have taken.
fn brief(message: &str) -> String {
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
