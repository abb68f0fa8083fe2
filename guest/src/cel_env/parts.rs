//! The parts of a condition and their values, for whoever asks why it failed.

use cel::{
    Context, IdedExpr, Value,
    common::{
        ast::{CallExpr, Expr, operators},
        types::{CelBool, CelDouble, CelInt, CelNull, CelOptional, CelString, CelUInt, Kind},
        value::Val,
    },
};

use super::{
    Program,
    functions::{EQUAL, MATCHES, SHOWN},
    numbers,
    texts::{EXTRACT, INDEX_OF, LAST_INDEX_OF},
    time::{Duration, Timestamp},
};

/// Longest text of a value, in characters.
const LENGTH: usize = 120;
/// The same for a value that was asked for.
pub(super) const WHOLE: usize = 1 << 20;
/// Deepest nesting that is shown.
const DEPTH: usize = 8;

/// A part of an expression and its value, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartValue {
    /// As it can be written; white space and brackets may be others.
    pub expression: String,
    /// As JSON, cut if it is long; what is no value is told in words.
    pub value: String,
}

/// The values of all parts that are not written out: members, calls, macros.
pub(super) fn values(program: &Program, context: &Context<'_, '_>) -> Vec<PartValue> {
    let mut parts = Parts { context, values: Vec::new() };
    parts.walk(program.expression());
    parts.values
}

/// The smallest part of an expression that cannot be evaluated, the first in the order of
/// evaluation; `None` if it has a value.
pub(super) fn failing<'n>(node: &'n IdedExpr, context: &Context<'_, '_>) -> Option<&'n IdedExpr> {
    if Value::resolve_val(node, context).is_ok() {
        return None;
    }
    let within = match &node.expr {
        Expr::Call(call) if call.func_name == operators::CONDITIONAL => conditional(call, context),
        Expr::Call(call) => {
            call.target.as_deref().into_iter().chain(&call.args).find_map(|part| failing(part, context))
        }
        Expr::Select(select) => failing(&select.operand, context),
        // Its items have no names out here.
        Expr::Comprehension(comprehension) => failing(&comprehension.iter_range, context),
        Expr::List(list) => list.elements.iter().find_map(|item| failing(item, context)),
        _ => None,
    };
    within.or(Some(node))
}

/// Of a choice: the condition, or the side that it leads to.
fn conditional<'n>(call: &'n CallExpr, context: &Context<'_, '_>) -> Option<&'n IdedExpr> {
    let [condition, yes, no] = call.args.as_slice() else { return None };
    let value = match Value::resolve_val(condition, context) {
        Ok(value) => value,
        Err(_) => return failing(condition, context),
    };
    let chosen = if value.downcast_ref::<CelBool>().is_some_and(|bool| *bool.inner()) { yes } else { no };
    failing(chosen, context)
}

struct Parts<'p, 'c, 'v> {
    context: &'p Context<'c, 'v>,
    values: Vec<PartValue>,
}

impl Parts<'_, '_, '_> {
    fn walk(&mut self, node: &IdedExpr) {
        match &node.expr {
            Expr::Ident(name) if !name.starts_with('@') => self.add(node),
            Expr::Select(_) => self.add(node),
            Expr::Call(call) => self.call(call, node),
            // Its list tells more than what comes of it.
            Expr::Comprehension(comprehension) => self.walk(&comprehension.iter_range),
            Expr::List(list) => list.elements.iter().for_each(|item| self.walk(item)),
            Expr::Ident(_) | Expr::Literal(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {}
        }
    }

    fn call(&mut self, call: &CallExpr, node: &IdedExpr) {
        let name = call.func_name.as_str();
        match name {
            operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT => {
                call.args.iter().skip(1).for_each(|index| self.walk(index));
                return self.add(node);
            }
            MATCHES | EXTRACT => call.args.iter().take(1).for_each(|text| self.walk(text)),
            SHOWN => return call.args.iter().for_each(|list| self.walk(list)),
            _ => call.target.as_deref().into_iter().chain(&call.args).for_each(|part| self.walk(part)),
        }
        // Of a condition the sides tell more than whether it holds.
        let is_condition = matches!(
            name,
            operators::LOGICAL_AND
                | operators::LOGICAL_OR
                | operators::LOGICAL_NOT
                | operators::CONDITIONAL
                | operators::EQUALS
                | operators::NOT_EQUALS
                | EQUAL
                | operators::IN
                | numbers::LESS
                | numbers::LESS_OR_EQUAL
                | operators::LESS
                | operators::LESS_EQUALS
                | operators::GREATER
                | operators::GREATER_EQUALS
        );
        if !is_condition {
            self.add(node);
        }
    }

    fn add(&mut self, node: &IdedExpr) {
        let Some(expression) = written(node) else { return };
        if self.values.iter().any(|known| known.expression == expression) {
            return;
        }
        let value = match Value::resolve_val(node, self.context) {
            Ok(value) => text(value.as_ref(), LENGTH),
            Err(error) => format!("without a value: {error}"),
        };
        self.values.push(PartValue { expression, value });
    }
}

/// An expression as text; `None` for what holds a macro.
pub(super) fn written(node: &IdedExpr) -> Option<String> {
    Some(match &node.expr {
        Expr::Ident(name) if !name.starts_with('@') => name.clone(),
        Expr::Literal(literal) => text(literal.to_val().as_ref(), LENGTH).replace('"', "'"),
        Expr::Select(select) => {
            let chain = format!("{}.{}", written(&select.operand)?, select.field);
            if select.test { format!("has({chain})") } else { chain }
        }
        Expr::List(list) => {
            format!("[{}]", list.elements.iter().map(written).collect::<Option<Vec<_>>>()?.join(", "))
        }
        Expr::Call(call) => written_call(call)?,
        _ => return None,
    })
}

fn written_call(call: &CallExpr) -> Option<String> {
    if let (SHOWN, [list]) = (call.func_name.as_str(), call.args.as_slice()) {
        return written(list);
    }
    let arguments: Vec<String> = call.args.iter().map(written).collect::<Option<_>>()?;
    let infix = match call.func_name.as_str() {
        numbers::ADD => operators::ADD,
        numbers::SUBTRACT => operators::SUBSTRACT,
        numbers::MULTIPLY => operators::MULTIPLY,
        numbers::DIVIDE => operators::DIVIDE,
        numbers::REMAINDER => operators::MODULO,
        numbers::INT => "int",
        name => name,
    };
    Some(match (infix, &call.target, arguments.as_slice()) {
        (operators::INDEX, _, [of, index]) => format!("{of}[{index}]"),
        (operators::OPT_INDEX, _, [of, index]) => format!("{of}[?{index}]"),
        (operators::OPT_SELECT, _, [of, name]) => format!("{of}.?{}", name.trim_matches('\'')),
        (name, None, [left, right]) if name.starts_with('_') && name.ends_with('_') => {
            format!("{left} {} {right}", name.trim_matches('_'))
        }
        (INDEX_OF, None, [of, rest @ ..]) => format!("{of}.indexOf({})", rest.join(", ")),
        (LAST_INDEX_OF, None, [of, rest @ ..]) => format!("{of}.lastIndexOf({})", rest.join(", ")),
        (name, _, _) if name.starts_with(['@', '_', '!', '-']) => return None,
        (name, Some(target), arguments) => format!("{}.{name}({})", written(target)?, arguments.join(", ")),
        (name, None, arguments) => format!("{name}({})", arguments.join(", ")),
    })
}

/// A value as JSON, as far as JSON knows it, in at most so many characters.
pub(super) fn text(value: &dyn Val, length: usize) -> String {
    let depth = if length == WHOLE { usize::from(u8::MAX) } else { DEPTH };
    let mut text = String::new();
    write(value, depth, length, &mut text);
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn write(value: &dyn Val, depth: usize, length: usize, out: &mut String) {
    if out.len() > length.saturating_mul(4) {
        return;
    }
    if let Some(text) = value.downcast_ref::<CelString>() {
        out.push_str(&serde_json::Value::from(text.inner()).to_string());
    } else if let Some(int) = value.downcast_ref::<CelInt>() {
        out.push_str(&int.inner().to_string());
    } else if let Some(int) = value.downcast_ref::<CelUInt>() {
        out.push_str(&int.inner().to_string());
    } else if let Some(double) = value.downcast_ref::<CelDouble>() {
        out.push_str(&double.inner().to_string());
    } else if let Some(bool) = value.downcast_ref::<CelBool>() {
        out.push_str(if *bool.inner() { "true" } else { "false" });
    } else if let Some(timestamp) = value.downcast_ref::<Timestamp>() {
        out.push_str(&serde_json::Value::from(timestamp.text()).to_string());
    } else if let Some(duration) = value.downcast_ref::<Duration>() {
        out.push_str(&serde_json::Value::from(duration.text()).to_string());
    } else if value.downcast_ref::<CelNull>().is_some() {
        out.push_str("null");
    } else if let Some(optional) = value.downcast_ref::<CelOptional>() {
        match optional.option() {
            Some(held) => write(held, depth, length, out),
            None => out.push_str("absent"),
        }
    } else {
        compound(value, depth, length, out);
    }
}

fn compound(value: &dyn Val, depth: usize, length: usize, out: &mut String) {
    let kind = value.get_type().kind();
    let (Some(below), Some(items)) = (depth.checked_sub(1), value.as_iterable()) else {
        out.push_str(if depth == 0 { "..." } else { value.get_type().name() });
        return;
    };
    let map = value.as_indexer().filter(|_| kind == Kind::Map);
    out.push(if map.is_some() { '{' } else { '[' });
    let mut items = items.iter();
    let mut is_first = true;
    while let Some(item) = items.next() {
        if !std::mem::take(&mut is_first) {
            out.push_str(", ");
        }
        write(item, below, length, out);
        if let Some(map) = map {
            out.push_str(": ");
            match map.get(item) {
                Ok(member) => write(member.as_ref(), below, length, out),
                Err(_) => out.push_str("..."),
            }
        }
        if out.len() > length.saturating_mul(4) {
            break;
        }
    }
    out.push(if map.is_some() { '}' } else { ']' });
}
