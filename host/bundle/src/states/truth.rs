//! What a condition comes to when little is known: a state, the operation, the options.
//!
//! Everything else has no value here, and neither has what depends on it. Only `&&`, `||` and
//! `?:` may come to something all the same, when what is known decides. So an answer is never
//! wrong, but often missing.

use std::collections::BTreeMap;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, SelectExpr, operators};
use serde_json::Value;
use solgate_engine::ir::Operation;

/// What is known.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    pub operation: &'k Operation,
    pub options: &'k BTreeMap<String, Value>,
    /// The fact, and the names on the way to its member.
    pub path: &'k [String],
    /// The value of that member.
    pub state: &'k str,
}

/// What is known, and what variables of the rule come to with it.
pub(super) struct Scope<'k> {
    known: Known<'k>,
    variables: BTreeMap<&'k str, Option<Value>>,
}

impl<'k> Known<'k> {
    pub fn scope(&self) -> Scope<'k> {
        Scope { known: *self, variables: BTreeMap::new() }
    }
}

impl<'k> Scope<'k> {
    /// Adds a variable, which may read those before it.
    pub fn define(&mut self, name: &'k str, expression: &IdedExpr) {
        let value = self.value(expression);
        self.variables.insert(name, value);
    }

    /// Whether a condition holds.
    pub fn truth(&self, node: &IdedExpr) -> Option<bool> {
        self.value(node)?.as_bool()
    }

    fn value(&self, node: &IdedExpr) -> Option<Value> {
        match &node.expr {
            Expr::Literal(literal) => value_of(literal),
            Expr::List(list) => list.elements.iter().map(|item| self.value(item)).collect(),
            Expr::Ident(name) => match name.as_str() {
                "operation" => Some(self.known.operation.id.as_str().into()),
                "method" => Some(self.known.operation.method.as_str().into()),
                _ => None,
            },
            Expr::Select(select) => self.select(select, node),
            Expr::Call(call) => self.call(call),
            _ => None,
        }
    }

    fn select(&self, select: &SelectExpr, node: &IdedExpr) -> Option<Value> {
        if select.test {
            let mut path = path_of(&select.operand)?;
            path.push(&select.field);
            return self.is_there(&path).then_some(Value::Bool(true));
        }
        let path = path_of(node)?;
        match path.as_slice() {
            ["variables", name] => self.variables.get(name)?.clone(),
            ["options", name] => self.known.options.get(*name).cloned(),
            path if self.is_state(path) => Some(self.known.state.into()),
            _ => None,
        }
    }

    fn call(&self, call: &CallExpr) -> Option<Value> {
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, _, [of]) => self.truth(of).map(|truth| Value::Bool(!truth)),
            (operators::LOGICAL_AND, _, [left, right]) => self.decided(left, right, false),
            (operators::LOGICAL_OR, _, [left, right]) => self.decided(left, right, true),
            (operators::CONDITIONAL, _, [condition, yes, no]) => match self.truth(condition) {
                Some(true) => self.value(yes),
                Some(false) => self.value(no),
                None => self.value(yes).filter(|value| self.value(no).as_ref() == Some(value)),
            },
            (operators::EQUALS, _, [left, right]) => self.equal(left, right).map(Value::Bool),
            (operators::NOT_EQUALS, _, [left, right]) => self.equal(left, right).map(|equal| Value::Bool(!equal)),
            (operators::IN, _, [item, list]) => self.is_in(item, list).map(Value::Bool),
            // Of what is there.
            ("orValue", Some(of), [_]) if self.is_optional_state(of) => Some(self.known.state.into()),
            ("hasValue", Some(of), []) if self.is_optional_state(of) => Some(Value::Bool(true)),
            _ => None,
        }
    }

    /// `&&`, which one side decides if it is false, or `||`, if it is true.
    fn decided(&self, left: &IdedExpr, right: &IdedExpr, by: bool) -> Option<Value> {
        match (self.truth(left), self.truth(right)) {
            (Some(side), _) | (_, Some(side)) if side == by => Some(Value::Bool(by)),
            (Some(_), Some(_)) => Some(Value::Bool(!by)),
            _ => None,
        }
    }

    fn equal(&self, left: &IdedExpr, right: &IdedExpr) -> Option<bool> {
        same(&self.value(left)?, &self.value(right)?)
    }

    fn is_in(&self, item: &IdedExpr, list: &IdedExpr) -> Option<bool> {
        let item = self.value(item)?;
        let Expr::List(written) = &list.expr else {
            let Value::Array(items) = self.value(list)? else { return None };
            return any(items.iter().map(|other| same(&item, other)));
        };
        // One item that is known may be enough.
        any(written.elements.iter().map(|other| same(&item, &self.value(other)?)))
    }

    fn is_state(&self, path: &[&str]) -> bool {
        path.len() == self.known.path.len() && self.is_there(path)
    }

    /// Whether a member is on the way to the one that is known.
    fn is_there(&self, path: &[&str]) -> bool {
        path.len() > 1
            && path.len() <= self.known.path.len()
            && path.iter().zip(self.known.path).all(|(name, known)| name == known)
    }

    fn is_optional_state(&self, node: &IdedExpr) -> bool {
        let Expr::Call(call) = &node.expr else { return false };
        call.func_name == operators::OPT_SELECT && path_of(node).is_some_and(|path| self.is_state(&path))
    }
}

/// Whether one of several is true; `None` if it depends on those that are not known.
fn any(all: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_known = true;
    for one in all {
        match one {
            Some(true) => return Some(true),
            Some(false) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(false)
}

/// Whether two values are equal; not of numbers, which CEL compares across types.
fn same(left: &Value, right: &Value) -> Option<bool> {
    let is_plain = |value: &Value| matches!(value, Value::String(_) | Value::Bool(_) | Value::Null);
    (is_plain(left) && is_plain(right)).then(|| left == right)
}

/// The names of a chain of members, whether they are read as optional or not.
fn path_of(node: &IdedExpr) -> Option<Vec<&str>> {
    match &node.expr {
        Expr::Ident(name) => Some(vec![name]),
        Expr::Select(select) if !select.test => {
            let mut path = path_of(&select.operand)?;
            path.push(&select.field);
            Some(path)
        }
        Expr::Call(call) if call.func_name == operators::OPT_SELECT => {
            let [of, name] = call.args.as_slice() else { return None };
            let mut path = path_of(of)?;
            path.push(crate::expression::literal(name)?);
            Some(path)
        }
        _ => None,
    }
}

fn value_of(literal: &LiteralValue) -> Option<Value> {
    match literal {
        LiteralValue::Boolean(truth) => Some(Value::Bool(*truth.inner())),
        LiteralValue::Int(number) => Some(Value::from(*number.inner())),
        LiteralValue::String(text) => Some(Value::from(text.inner())),
        LiteralValue::Null => Some(Value::Null),
        LiteralValue::UInt(_) | LiteralValue::Double(_) | LiteralValue::Bytes(_) => None,
    }
}
