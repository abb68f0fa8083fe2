//! Gives every node of an expression its type.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, SelectExpr, operators};
use solgate_document::source::At;
use solgate_document::yaml::Node;

use super::Findings;
use super::arithmetic::{ADDED, COMPARED, Row, SUBTRACTED, needed, result, to_time};
use super::functions;
use super::kinds::Kinds;
use super::operators::{comparison, membership};
use super::roots::Names;
use super::schema::Member;
use super::sure::{Fact, Sure, Told};
use super::value::{Parts, Value};
use super::words::{what, with_kind};
use crate::expression::{Expression, literal, parse};

/// The type of an expression. One that is not accepted has been reported.
pub(super) fn value<'n>(node: &Node, names: &mut Names<'_, 'n>, findings: &mut Findings<'_>) -> Value<'n> {
    match parse(node) {
        Ok(expression) => {
            names.conditions.clear();
            Walker { expression: &expression, names, findings }.value(expression.parsed.tree())
        }
        Err(_) => Value::ANY,
    }
}

/// The type of a variable of the rule, of which the names learn.
pub(super) fn variable<'n>(name: &str, node: &Node, names: &mut Names<'_, 'n>, findings: &mut Findings<'_>) {
    let value = value(node, names, findings);
    if let Ok(expression) = parse(node) {
        names.conditions.clear();
        let root = expression.parsed.tree();
        let mut walker = Walker { expression: &expression, names, findings };
        let least = (0..LEAST).take_while(|parts| walker.is_longer(root, *parts)).count();
        let is_double = walker.is_double(root);
        walker.names.define(name, root, least, is_double);
    }
    names.variables.push((name.to_owned(), value));
}

/// Looks whether the value of a whole expression may be of other kinds than needed.
pub(super) fn check<'n>(
    node: &Node,
    value: &Value<'n>,
    needed: Kinds,
    names: &mut Names<'_, 'n>,
    findings: &mut Findings<'_>,
) {
    if let Ok(expression) = parse(node) {
        Walker { expression: &expression, names, findings }.check_kinds(expression.parsed.tree(), value, needed);
    }
}

/// What the truth of a condition tells.
pub(super) fn told(node: &Node, names: &mut Names<'_, '_>) -> Told {
    parse(node).map_or_else(
        |_| Told::default(),
        |expression| {
            names.conditions.clear();
            names.told(expression.parsed.tree())
        },
    )
}

/// What is certain of each item of a list.
pub(super) fn of_item(list: &Node, item: &str, names: &mut Names<'_, '_>) -> Vec<Fact> {
    parse(list).map_or_else(
        |_| Vec::new(),
        |expression| {
            names.conditions.clear();
            names.of_item(expression.parsed.tree(), item)
        },
    )
}

/// Most parts of a variable that are counted.
const LEAST: usize = 8;

pub(super) struct Walker<'w, 'a, 'n, 'r> {
    expression: &'w Expression<'w>,
    pub(super) names: &'w mut Names<'a, 'n>,
    pub(super) findings: &'w mut Findings<'r>,
}

impl<'n> Walker<'_, '_, 'n, '_> {
    pub(super) fn at(&self, node: &IdedExpr) -> At {
        self.expression.at(node.id, &self.findings.report.sources)
    }

    pub(super) fn find(&mut self, node: &IdedExpr, message: String, hint: Option<String>) {
        let at = self.at(node);
        self.findings.add(at, message, hint);
    }

    /// Says that an expression cannot be evaluated for some values.
    pub(super) fn can_fail(&mut self, node: &IdedExpr, message: String, hint: String) {
        if !self.names.sure.is_unreached() {
            let at = self.at(node);
            self.findings.add_failure(at, &message, hint);
        }
    }

    /// Goes on with what is certain besides.
    pub(super) fn knowing<T>(&mut self, more: Sure, then: impl FnOnce(&mut Self) -> T) -> T {
        let more = self.names.sure.and(&more);
        let before = std::mem::replace(&mut self.names.sure, more);
        let result = then(self);
        self.names.sure = before;
        result
    }

    pub(super) fn value(&mut self, node: &IdedExpr) -> Value<'n> {
        let value = self.open_value(node);
        self.names.narrowed(node, value)
    }

    /// The same, whatever conditions tell of it: of what they rule out, nothing is the same
    /// for every request.
    fn open_value(&mut self, node: &IdedExpr) -> Value<'n> {
        match &node.expr {
            Expr::Ident(name) => self.names.value(name.trim_start_matches('.')),
            Expr::Literal(literal) => of_literal(literal),
            Expr::Select(select) => self.select(select, node),
            Expr::Call(call) => self.call(call, node),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(list) => {
                let optional = |place: usize| list.optional_indices.contains(&place);
                let items = list.elements.iter().enumerate();
                let items: Vec<_> = items
                    .map(|(place, item)| match self.value(item) {
                        value if optional(place) => value.held(),
                        value => value,
                    })
                    .collect();
                Value::list(items.into_iter().reduce(Value::or).unwrap_or(Value::of(Kinds::NONE)))
            }
            Expr::Map(map) => {
                let mut members = Vec::new();
                let mut has_computed = false;
                for entry in &map.entries {
                    let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
                    self.value(&entry.key);
                    let value = self.value(&entry.value);
                    let value = if entry.optional { value.held() } else { value };
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

    /// A side of a comparison. `dyn(...)` says that its author knows better.
    fn compared(&mut self, node: &IdedExpr) -> Value<'n> {
        let value = self.open_value(node);
        match &node.expr {
            Expr::Call(call) if call.func_name == "dyn" => Value::ANY,
            _ => value,
        }
    }

    fn select(&mut self, select: &SelectExpr, node: &IdedExpr) -> Value<'n> {
        let of = self.value(&select.operand);
        let at = self.expression.member_at(node.id, &select.operand, &select.field, &self.findings.report.sources);
        let is_optional = of.kinds.is_within(Kinds::OPTIONAL);
        let held = of.held();
        let member = self.member(&held, &select.field, at, &select.operand);
        // Also of what an optional value holds.
        if held.kinds.meets(Kinds::MAP) {
            self.check_kinds(&select.operand, &held, Kinds::MAP);
        }
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
        if !of.kinds.meets(Kinds::MAP) {
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
            // An error on one side does not matter if the other side decides.
            (name @ (operators::LOGICAL_AND | operators::LOGICAL_OR), [left, right]) => {
                let decides = |told: Told| match name {
                    operators::LOGICAL_AND => told.when_true,
                    _ => told.when_false,
                };
                let (of_left, of_right) = (decides(self.names.told(left)), decides(self.names.told(right)));
                self.knowing(of_right, |walker| walker.condition(left, symbol(name)));
                self.knowing(of_left, |walker| walker.condition(right, symbol(name)));
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
                let told = self.names.told(condition);
                let then = self.knowing(told.when_true, |walker| walker.value(then));
                then.or(self.knowing(told.when_false, |walker| walker.value(other)))
            }
            (name @ (operators::EQUALS | operators::NOT_EQUALS), [left, right]) => {
                let (a, b) = (self.compared(left), self.compared(right));
                let is_for_null = (a.kinds == Kinds::NULL || b.kinds == Kinds::NULL) && self.names.have_nulls();
                if !is_for_null
                    && let Some((message, hint)) = comparison(left, &a, right, &b, name == operators::EQUALS)
                {
                    self.find(node, message, hint);
                }
                Value::of(Kinds::BOOL)
            }
            (operators::IN, [left, right]) => {
                let (a, b) = (self.compared(left), self.value(right));
                if let Some((message, hint)) = membership(left, &a, right, &b) {
                    self.find(node, message, hint);
                } else {
                    self.check_kinds(right, &b, Kinds::LIST | Kinds::MAP);
                    // A list can hold anything.
                    if b.kinds.meets(Kinds::MAP) && !b.kinds.is_unknown() {
                        let a = self.names.narrowed(left, a);
                        self.check_kinds(left, &a, Kinds::TEXT | Kinds::NUMBER | Kinds::BOOL);
                    }
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
                    if !value.kinds.meets(Kinds::NUMBER) {
                        let (what, is) = (what(side, &value), value.kinds.name());
                        let message = format!("`{}` takes numbers, but {what} is {is}", symbol(&call.func_name));
                        self.find(side, message, to_number(&value));
                    } else {
                        self.check_kinds(side, &value, Kinds::NUMBER);
                    }
                }
                if let (operators::DIVIDE | operators::MODULO, [left, right]) = (call.func_name.as_str(), sides) {
                    self.check_division(node, left, right);
                }
                Value::of(Kinds::NUMBER)
            }
            (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, [of, index]) => {
                self.index(&call.func_name, of, index, node)
            }
            _ => self.function(call, node),
        }
    }

    fn condition(&mut self, node: &IdedExpr, operator: &str) {
        let value = self.value(node);
        self.check_condition(node, &value, operator);
    }

    fn check_condition(&mut self, node: &IdedExpr, value: &Value<'n>, operator: &str) {
        if !value.kinds.meets(Kinds::BOOL) {
            let what = what(node, value);
            let hint = match value.kinds.meets(Kinds::OPTIONAL) {
                true => "write .orValue(...) behind it",
                false => "compare it, as in `... == ...`; whether something is there is `has(...)`",
            };
            let message = format!("`{operator}` takes conditions, but {what} is {}", value.kinds.name());
            self.find(node, message, Some(hint.to_owned()));
        } else {
            self.check_kinds(node, value, Kinds::BOOL);
        }
    }

    /// Whether two sides that an operator takes may be of other kinds; what it then gives.
    fn check_sides(&mut self, table: &[Row], left: (&IdedExpr, &Value<'n>), right: (&IdedExpr, &Value<'n>)) -> Kinds {
        match needed(table, left.1.kinds, right.1.kinds) {
            Some((of_left, of_right, gives)) => {
                self.check_kinds(left.0, left.1, *of_left);
                self.check_kinds(right.0, right.1, *of_right);
                *gives
            }
            None => result(table, left.1.kinds, right.1.kinds),
        }
    }

    fn order(&mut self, operator: &str, left: &IdedExpr, right: &IdedExpr, node: &IdedExpr) {
        let (a, b) = (self.value(left), self.value(right));
        if !result(&COMPARED, a.kinds, b.kinds).is_none() {
            self.check_sides(&COMPARED, (left, &a), (right, &b));
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
        if result(&ADDED, a.kinds, b.kinds).is_none() {
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
        let kinds = self.check_sides(&ADDED, (left, &a), (right, &b));
        let parts =
            if kinds.is_within(Kinds::LIST) { Parts::Items(Box::new(a.items().or(b.items()))) } else { Parts::Unknown };
        Value { kinds, parts, texts: None }
    }

    fn difference(&mut self, left: &IdedExpr, right: &IdedExpr, node: &IdedExpr) -> Value<'n> {
        let (a, b) = (self.value(left), self.value(right));
        if !result(&SUBTRACTED, a.kinds, b.kinds).is_none() {
            return Value::of(self.check_sides(&SUBTRACTED, (left, &a), (right, &b)));
        }
        let times = Kinds::TIMESTAMP | Kinds::DURATION;
        if a.kinds.is_within(times) || b.kinds.is_within(times) {
            let message = format!("`-` cannot take {} from {}", with_kind(right, &b), with_kind(left, &a));
            self.find(node, message, to_time(&a, &b, false));
            return Value::ANY;
        }
        for (side, value) in [(left, &a), (right, &b)] {
            if !value.kinds.meets(Kinds::NUMBER) {
                let message = format!("`-` takes numbers, but {} is {}", what(side, value), value.kinds.name());
                self.find(side, message, to_number(value));
            }
        }
        Value::of(Kinds::NUMBER)
    }

    fn index(&mut self, operator: &str, of: &IdedExpr, index: &IdedExpr, node: &IdedExpr) -> Value<'n> {
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
                let member = self.member(&held, name, at, of);
                if !is_optional && held.kinds.meets(Kinds::MAP) {
                    self.check_kinds(of, &held, Kinds::MAP);
                }
                member
            }
            None => {
                let by = self.value(index);
                let names = Kinds::TEXT | Kinds::NUMBER | Kinds::BOOL;
                let is_right = (held.kinds.meets(Kinds::LIST) && by.kinds.meets(Kinds::NUMBER))
                    || (held.kinds.meets(Kinds::MAP) && by.kinds.meets(names));
                if !is_right {
                    let message = format!(
                        "{} has nothing by {}: a list has items by number, an object has members by name",
                        with_kind(of, &held),
                        with_kind(index, &by)
                    );
                    self.find(index, message, None);
                } else if !is_optional {
                    let by_name = held.kinds.is_within(Kinds::MAP)
                        || (held.kinds.meets(Kinds::MAP) && by.kinds.meets(Kinds::TEXT | Kinds::BOOL));
                    let (container, keys) = if by_name { (Kinds::MAP, names) } else { (Kinds::LIST, Kinds::NUMBER) };
                    if held.kinds.meets(container) {
                        self.check_kinds(of, &held, container);
                    }
                    self.check_kinds(index, &by, keys);
                    self.check_index(node, of, &held, index);
                }
                held.item()
            }
        };
        if is_optional { Value::optional(value) } else { value }
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
        Some("toInt(...).orValue(0) makes a number of text".to_owned())
    } else if value.kinds.meets(Kinds::OPTIONAL) {
        Some("write .orValue(0) behind it".to_owned())
    } else if value.kinds.meets(Kinds::LIST | Kinds::MAP) {
        Some("size(...) counts".to_owned())
    } else {
        None
    }
}
