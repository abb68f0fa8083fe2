//! Gives every node of an expression its type.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators};
use solgate_document::source::At;
use solgate_document::yaml::Node;
use solgate_engine::cel_env::FUNCTIONS;

use super::Findings;
use super::arithmetic::{ADDED, ORDERED, SUBTRACTED, result, to_time};
use super::functions::{self, Signature};
use super::kinds::Kinds;
use super::operators::{comparison, membership};
use super::roots::Names;
use super::schema::Member;
use super::value::{Parts, Value};
use super::words::{what, with_kind};
use crate::expression::{Expression, is_namespace, literal, parse};

/// The type of an expression. One that is not accepted has been reported.
pub(super) fn value<'n>(node: &Node, names: &mut Names<'_, 'n>, findings: &mut Findings<'_>) -> Value<'n> {
    match parse(node) {
        Ok(expression) => Walker { expression: &expression, names, findings }.value(expression.parsed.tree()),
        Err(_) => Value::ANY,
    }
}

pub(super) struct Walker<'w, 'a, 'n, 'r> {
    expression: &'w Expression<'w>,
    names: &'w mut Names<'a, 'n>,
    findings: &'w mut Findings<'r>,
}

impl<'n> Walker<'_, '_, 'n, '_> {
    pub(super) fn at(&self, node: &IdedExpr) -> At {
        self.expression.at(node.id, &self.findings.report.sources)
    }

    pub(super) fn find(&mut self, node: &IdedExpr, message: String, hint: Option<String>) {
        let at = self.at(node);
        self.findings.add(at, message, hint);
    }

    pub(super) fn value(&mut self, node: &IdedExpr) -> Value<'n> {
        match &node.expr {
            Expr::Ident(name) => self.names.value(name.trim_start_matches('.')),
            Expr::Literal(literal) => of_literal(literal),
            Expr::Select(select) => self.select(select, node),
            Expr::Call(call) => self.call(call, node),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(list) => {
                let items: Vec<_> = list.elements.iter().map(|item| self.value(item).held()).collect();
                Value::list(items.into_iter().reduce(Value::or).unwrap_or(Value::of(Kinds::NONE)))
            }
            Expr::Map(map) => {
                let mut members = Vec::new();
                let mut has_computed = false;
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                    self.value(&entry.key);
                    let value = self.value(&entry.value).held();
                    match literal(&entry.key) {
                        Some(name) => members.push((name.to_owned(), value)),
                        None => has_computed = true,
                    }
                }
                if has_computed { Value::of(Kinds::MAP) } else { Value::object(members) }
            }
            Expr::Struct(structure) => {
                for entry in &structure.entries {
                    if let EntryExpr::StructField(field) = &entry.expr {
                        self.value(&field.value);
                    }
                }
                Value::ANY
            }
            Expr::Unspecified => Value::ANY,
        }
    }

    fn select(&mut self, select: &SelectExpr, node: &IdedExpr) -> Value<'n> {
        let of = self.value(&select.operand);
        let at = self.expression.member_at(node.id, &select.operand, &select.field, &self.findings.report.sources);
        let is_optional = of.kinds.is_within(Kinds::OPTIONAL);
        let member = self.member(&of.held(), &select.field, at, &select.operand);
        if select.test {
            Value::of(Kinds::BOOL)
        } else if is_optional {
            Value::optional(member)
        } else {
            member
        }
    }

    /// The member of a value, if it can have one of that name.
    fn member(&mut self, of: &Value<'n>, name: &str, at: At, node: &IdedExpr) -> Value<'n> {
        if !of.kinds.fits(Kinds::MAP) {
            let method = functions::named(name).find(|known| known.receiver.is_some());
            let hint = if let Some(method) = method {
                Some(format!("`{name}` is a function: write {}", method.shown()))
            } else if of.kinds.meets(Kinds::LIST) {
                Some("go through its items, as in .exists(item, ...), or take one, as in [0]".to_owned())
            } else {
                None
            };
            let what = what(node, of);
            self.findings.add(at, format!("{what} is {} and has no members", of.kinds.name()), hint);
            return Value::ANY;
        }
        match &of.parts {
            Parts::Schemas(schemas) => match schemas.member(name) {
                Member::Described(member) => Value::described(member),
                Member::Open => Value::ANY,
            },
            Parts::Members(members) => {
                members.iter().find(|(known, _)| known == name).map_or(Value::ANY, |(_, value)| value.clone())
            }
            Parts::Items(item) => (**item).clone(),
            Parts::Unknown | Parts::Held(_) => Value::ANY,
        }
    }

    fn call(&mut self, call: &CallExpr, node: &IdedExpr) -> Value<'n> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_AND | operators::LOGICAL_OR, sides) => {
                for side in sides {
                    self.condition(side, symbol(&call.func_name));
                }
                Value::of(Kinds::BOOL)
            }
            (operators::LOGICAL_NOT, [side]) => {
                self.condition(side, "!");
                Value::of(Kinds::BOOL)
            }
            (operators::NOT_STRICTLY_FALSE, [side]) => {
                self.value(side);
                Value::of(Kinds::BOOL)
            }
            (operators::CONDITIONAL, [condition, then, other]) => {
                self.condition(condition, "?");
                let then = self.value(then);
                then.or(self.value(other))
            }
            (name @ (operators::EQUALS | operators::NOT_EQUALS), [left, right]) => {
                let (a, b) = (self.value(left), self.value(right));
                let is_for_null = (a.kinds == Kinds::NULL || b.kinds == Kinds::NULL) && self.names.have_nulls();
                if !is_for_null
                    && let Some((message, hint)) = comparison(left, &a, right, &b, name == operators::EQUALS)
                {
                    self.find(node, message, hint);
                }
                Value::of(Kinds::BOOL)
            }
            (operators::IN, [left, right]) => {
                let (a, b) = (self.value(left), self.value(right));
                if let Some((message, hint)) = membership(left, &a, right, &b) {
                    self.find(node, message, hint);
                }
                Value::of(Kinds::BOOL)
            }
            (
                operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS,
                [left, right],
            ) => {
                self.order(symbol(&call.func_name), left, right, node);
                Value::of(Kinds::BOOL)
            }
            (operators::ADD, [left, right]) => self.sum(left, right, node),
            (
                operators::SUBSTRACT | operators::MULTIPLY | operators::DIVIDE | operators::MODULO | operators::NEGATE,
                sides,
            ) => {
                if let (operators::SUBSTRACT, [left, right]) = (call.func_name.as_str(), sides) {
                    return self.difference(left, right, node);
                }
                for side in sides {
                    let value = self.value(side);
                    if !value.kinds.fits(Kinds::NUMBER) {
                        let (what, is) = (what(side, &value), value.kinds.name());
                        let message = format!("`{}` takes numbers, but {what} is {is}", symbol(&call.func_name));
                        self.find(side, message, to_number(&value));
                    }
                }
                Value::of(Kinds::NUMBER)
            }
            (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, [of, index]) => {
                self.index(&call.func_name, of, index)
            }
            _ => self.function(call, node),
        }
    }

    fn condition(&mut self, node: &IdedExpr, operator: &str) {
        let value = self.value(node);
        if !value.kinds.fits(Kinds::BOOL) {
            let what = what(node, &value);
            let hint = match value.kinds.meets(Kinds::OPTIONAL) {
                true => "write .orValue(...) behind it",
                false => "compare it, as in `... == ...`; whether something is there is `has(...)`",
            };
            let message = format!("`{operator}` takes conditions, but {what} is {}", value.kinds.name());
            self.find(node, message, Some(hint.to_owned()));
        }
    }

    fn order(&mut self, operator: &str, left: &IdedExpr, right: &IdedExpr, node: &IdedExpr) {
        let (a, b) = (self.value(left), self.value(right));
        if ORDERED.iter().any(|kind| a.kinds.fits(*kind) && b.kinds.fits(*kind)) {
            return;
        }
        let is_time = [left, right].iter().any(|side| matches!(&side.expr, Expr::Ident(name) if name == "receivedAt"));
        let hint = if is_time {
            Some(
                "receivedAt is a number: write now in its place, as in `now < timestamp('2027-01-01T00:00:00Z')`"
                    .to_owned(),
            )
        } else {
            to_time(&a, &b, true).or_else(|| to_number(&a)).or_else(|| to_number(&b))
        };
        let message = format!("`{operator}` cannot compare {} with {}", with_kind(left, &a), with_kind(right, &b));
        self.find(node, message, hint);
    }

    fn sum(&mut self, left: &IdedExpr, right: &IdedExpr, node: &IdedExpr) -> Value<'n> {
        let (a, b) = (self.value(left), self.value(right));
        let kinds = result(&ADDED, a.kinds, b.kinds);
        if kinds.is_none() {
            let is_text = a.kinds.is_within(Kinds::TEXT) || b.kinds.is_within(Kinds::TEXT);
            let other = if a.kinds.is_within(Kinds::TEXT) { &b } else { &a };
            let hint = match is_text {
                true if other.kinds.meets(Kinds::SHOWN) => Some("write string(...) around what is no text"),
                true if other.kinds.meets(Kinds::LIST) => Some("write .join(', ') behind the list"),
                true if other.kinds.meets(Kinds::OPTIONAL) => Some("write .orValue('') behind it"),
                _ => None,
            };
            let hint = hint.map(str::to_owned).or_else(|| to_time(&a, &b, false));
            let message = format!("`+` cannot join {} and {}", with_kind(left, &a), with_kind(right, &b));
            self.find(node, message, hint);
            return Value::ANY;
        }
        let parts =
            if kinds.is_within(Kinds::LIST) { Parts::Items(Box::new(a.items().or(b.items()))) } else { Parts::Unknown };
        Value { kinds, parts, texts: None }
    }

    fn difference(&mut self, left: &IdedExpr, right: &IdedExpr, node: &IdedExpr) -> Value<'n> {
        let (a, b) = (self.value(left), self.value(right));
        let kinds = result(&SUBTRACTED, a.kinds, b.kinds);
        if !kinds.is_none() {
            return Value::of(kinds);
        }
        let times = Kinds::TIMESTAMP | Kinds::DURATION;
        if a.kinds.is_within(times) || b.kinds.is_within(times) {
            let message = format!("`-` cannot take {} from {}", with_kind(right, &b), with_kind(left, &a));
            self.find(node, message, to_time(&a, &b, false));
            return Value::ANY;
        }
        for (side, value) in [(left, &a), (right, &b)] {
            if !value.kinds.fits(Kinds::NUMBER) {
                let message = format!("`-` takes numbers, but {} is {}", what(side, value), value.kinds.name());
                self.find(side, message, to_number(value));
            }
        }
        Value::of(Kinds::NUMBER)
    }

    fn index(&mut self, operator: &str, of: &IdedExpr, index: &IdedExpr) -> Value<'n> {
        let found = self.value(of);
        let is_optional = operator != operators::INDEX || found.kinds.is_within(Kinds::OPTIONAL);
        let held = found.held();
        let value = match literal(index) {
            Some(name) => {
                let at = match operator {
                    operators::OPT_SELECT => {
                        self.expression.member_at(index.id, of, name, &self.findings.report.sources)
                    }
                    _ => self.at(index),
                };
                self.member(&held, name, at, of)
            }
            None => {
                let by = self.value(index);
                let is_right = (held.kinds.fits(Kinds::LIST) && by.kinds.fits(Kinds::NUMBER))
                    || (held.kinds.fits(Kinds::MAP) && by.kinds.fits(Kinds::TEXT | Kinds::NUMBER | Kinds::BOOL))
                    || held.kinds.is_open();
                if !is_right {
                    let message = format!(
                        "{} has nothing by {}: a list has items by number, an object has members by name",
                        with_kind(of, &held),
                        with_kind(index, &by)
                    );
                    self.find(index, message, None);
                }
                held.item()
            }
        };
        if is_optional { Value::optional(value) } else { value }
    }

    fn function(&mut self, call: &CallExpr, node: &IdedExpr) -> Value<'n> {
        let namespace = call.target.as_deref().filter(|target| is_namespace(target));
        let name = match namespace.map(|target| &target.expr) {
            Some(Expr::Ident(namespace)) => format!("{namespace}.{}", call.func_name),
            _ => call.func_name.clone(),
        };
        let target = call.target.as_deref().filter(|_| namespace.is_none());
        let receiver = target.map(|target| self.value(target));
        let arguments: Vec<_> = call.args.iter().map(|argument| self.value(argument)).collect();
        if !FUNCTIONS.contains(&name.as_str()) {
            return Value::ANY;
        }
        let called: Vec<&Signature> = functions::named(&name)
            .filter(|known| known.receiver.is_some() == target.is_some() && known.arguments.len() == arguments.len())
            .collect();
        if called.is_empty() {
            let hint = functions::named(&name).map(Signature::shown).collect::<Vec<_>>().join(", or ");
            let message = format!("`{name}` is not called like this");
            self.find(node, message, Some(format!("write {hint}")));
            return Value::ANY;
        }
        if let ("timestamp", [IdedExpr { expr: Expr::Ident(argument), .. }]) = (name.as_str(), call.args.as_slice())
            && argument == "receivedAt"
        {
            let message = "`timestamp` takes seconds since 1970, but receivedAt is in milliseconds".to_owned();
            self.find(node, message, Some("write now, which is the timestamp of receivedAt".to_owned()));
        }
        let takes = |known: &&&Signature| {
            let is_of = known.receiver.zip(receiver.as_ref()).is_none_or(|(kinds, value)| value.kinds.fits(kinds));
            is_of && known.arguments.iter().zip(&arguments).all(|(kinds, value)| value.kinds.fits(*kinds))
        };
        let Some(found) = called.iter().find(takes) else {
            self.misfit(&name, &called, target.zip(receiver.as_ref()), call, &arguments);
            return called.first().map_or(Value::ANY, |known| Value::of(known.result));
        };
        if let (Some(target), Some(list)) = (target, &receiver)
            && let Some(wanted) = wrong_items(&name, list)
        {
            let items = list.items().kinds.name();
            let message =
                format!("`{name}` takes a list of {wanted}, but an item of {} is {items}", what(target, list));
            self.find(target, message, None);
        }
        match (name.as_str(), receiver, arguments.as_slice()) {
            ("orValue", Some(of), [other]) => of.held().or(other.clone()),
            ("value", Some(of), []) => of.held(),
            ("or", Some(of), [_]) => of,
            ("optional.of" | "optional.ofNonZeroValue", None, [held]) => Value::optional(held.clone()),
            ("distinct" | "sort", Some(of), []) => of,
            ("flatten", Some(of), []) => Value::list(match of.item() {
                item if item.kinds.is_within(Kinds::LIST) => item.item(),
                item if item.kinds.meets(Kinds::LIST) => Value::ANY,
                item => item,
            }),
            ("min" | "max", Some(of), []) => of.item(),
            ("split", ..) => Value::list(Value::of(Kinds::TEXT)),
            ("regex.extract" | "uriParameter", ..) => Value::optional(Value::of(Kinds::TEXT)),
            _ => Value::of(found.result),
        }
    }

    /// Says which part of a call is of the wrong kind.
    fn misfit(
        &mut self,
        name: &str,
        called: &[&Signature],
        target: Option<(&IdedExpr, &Value<'n>)>,
        call: &CallExpr,
        arguments: &[Value<'n>],
    ) {
        let all = |kinds: Vec<Kinds>| kinds.into_iter().fold(Kinds::NONE, |all, kinds| all | kinds);
        let mut parts: Vec<(&IdedExpr, &Value<'n>, Kinds)> = Vec::new();
        if let Some((node, value)) = target {
            parts.push((node, value, all(called.iter().filter_map(|known| known.receiver).collect())));
        }
        for (place, (node, value)) in call.args.iter().zip(arguments).enumerate() {
            let taken = called.iter().filter_map(|known| known.arguments.get(place).copied());
            parts.push((node, value, all(taken.collect())));
        }
        if let Some((node, value, taken)) = parts.into_iter().find(|(_, value, taken)| !value.kinds.fits(*taken)) {
            let message =
                format!("`{name}` takes {}, but {} is {}", taken.name(), what(node, value), value.kinds.name());
            let hint = if value.kinds.meets(Kinds::OPTIONAL) {
                Some("write .orValue(...) behind it".to_owned())
            } else if taken == Kinds::TEXT && value.kinds.meets(Kinds::SHOWN) {
                Some("write string(...) around it".to_owned())
            } else {
                None
            };
            self.find(node, message, hint);
        }
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr) -> Value<'n> {
        let range = self.value(&comprehension.iter_range);
        if !range.kinds.fits(Kinds::LIST | Kinds::MAP) {
            let message = format!(
                "{} is {}, and not a list that could be gone through",
                what(&comprehension.iter_range, &range),
                range.kinds.name()
            );
            let hint = range.kinds.meets(Kinds::OPTIONAL).then(|| "write .orValue([]) behind it".to_owned());
            self.find(&comprehension.iter_range, message, hint);
        }
        let init = self.value(&comprehension.accu_init);
        let is_object = range.kinds.is_within(Kinds::MAP);
        let item = if range.kinds.is_within(Kinds::LIST) { range.item() } else { Value::ANY };
        // With one variable, an object gives its names.
        let (first, second) = match (&comprehension.iter_var2, is_object) {
            (None, true) => (Value::of(Kinds::TEXT), None),
            (None, false) => (item, None),
            (Some(name), true) => (Value::of(Kinds::TEXT), Some((name, range.item()))),
            (Some(name), false) => (Value::ANY, Some((name, item))),
        };
        let depth = self.names.bound.len();
        self.names.bound.push((comprehension.accu_var.clone(), init.clone()));
        self.names.bound.push((comprehension.iter_var.clone(), first));
        if let Some((name, value)) = second {
            self.names.bound.push((name.clone(), value));
        }
        self.value(&comprehension.loop_cond);
        let step = self.value(&comprehension.loop_step);
        self.names.bound.truncate(depth);
        let collected = if init.kinds.is_within(Kinds::LIST) && step.kinds.is_within(Kinds::LIST) {
            Value::list(init.items().or(step.items()))
        } else {
            init.or(step)
        };
        self.names.bound.push((comprehension.accu_var.clone(), collected));
        let result = self.value(&comprehension.result);
        self.names.bound.truncate(depth);
        result
    }
}

/// The items that a function needs, if those of the list are others.
fn wrong_items(name: &str, list: &Value<'_>) -> Option<&'static str> {
    let items = list.items().kinds;
    let is_right = |kinds: &[Kinds]| items.is_none() || kinds.iter().any(|kind| items.fits(*kind));
    match name {
        "join" if !is_right(&[Kinds::TEXT]) => Some("texts"),
        "sum" if !is_right(&[Kinds::NUMBER]) => Some("numbers"),
        "sort" | "min" | "max" if !is_right(&ORDERED) => Some("numbers, or of texts"),
        _ => None,
    }
}

fn of_literal(literal: &LiteralValue) -> Value<'static> {
    match literal {
        LiteralValue::Boolean(_) => Value::of(Kinds::BOOL),
        LiteralValue::Bytes(_) => Value::of(Kinds::BYTES),
        LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Value::of(Kinds::NUMBER),
        LiteralValue::Null => Value::of(Kinds::NULL),
        LiteralValue::String(text) => Value::one_of(vec![text.inner().to_owned()]),
    }
}

/// The operator as an author writes it.
fn symbol(name: &str) -> &str {
    match name {
        operators::NEGATE => "-",
        _ => name.trim_matches('_'),
    }
}

/// How text becomes a number.
fn to_number(value: &Value<'_>) -> Option<String> {
    if value.kinds.is_within(Kinds::TEXT) {
        Some("int(...) makes a number of text, and fails if it is none".to_owned())
    } else if value.kinds.meets(Kinds::OPTIONAL) {
        Some("write .orValue(0) behind it".to_owned())
    } else if value.kinds.meets(Kinds::LIST | Kinds::MAP) {
        Some("size(...) counts".to_owned())
    } else {
        None
    }
}
