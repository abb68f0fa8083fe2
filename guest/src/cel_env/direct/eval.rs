//! Evaluates nodes. `None` everywhere means: ask CEL.

use super::super::Activation;
use super::{Applied, Chain, Direct, Each, Node, Step, Value};
use crate::json::{self, Kind};

pub(super) fn judge(rule: &Direct, activation: &Activation<'_>) -> Option<Applied> {
    let mut frame = Frame { activation, locals: Vec::new() };
    if rule.variables_first {
        frame.define(rule)?;
    }
    if let Some(when) = &rule.when
        && !frame.bool(when)?
    {
        return Some(Applied::No);
    }
    if !rule.variables_first {
        frame.define(rule)?;
    }
    let Some(for_each) = &rule.for_each else {
        return frame.bool(&rule.require)?.then_some(Applied::Once);
    };
    let list = frame.value(for_each)?;
    let place = frame.locals.len();
    let mut index = 0usize;
    for item in items(&list)? {
        frame.locals.truncate(place);
        frame.locals.push(item?);
        frame.locals.push(Value::Int(i64::try_from(index).ok()?));
        if !frame.bool(&rule.require)? {
            return None;
        }
        index = index.checked_add(1)?;
    }
    Some(Applied::To(index))
}

pub(super) fn applies(rule: &Direct, activation: &Activation<'_>) -> Option<bool> {
    let Some(when) = &rule.when else { return Some(true) };
    let mut frame = Frame { activation, locals: Vec::new() };
    if rule.variables_first {
        frame.define(rule)?;
    }
    frame.bool(when)
}

struct Frame<'v> {
    activation: &'v Activation<'v>,
    locals: Vec<Value<'v>>,
}

impl<'v> Frame<'v> {
    fn define(&mut self, rule: &'v Direct) -> Option<()> {
        for variable in &rule.variables {
            let value = self.value(variable)?;
            self.locals.push(value);
        }
        Some(())
    }

    fn bool(&mut self, node: &'v Node) -> Option<bool> {
        Some(match node {
            Node::Bool(value) => *value,
            Node::Not(node) => !self.bool(node)?,
            Node::And(left, right) => self.bool(left)? && self.bool(right)?,
            Node::Or(left, right) => self.bool(left)? || self.bool(right)?,
            Node::HasHeader(name) => self.activation.fields.iter().any(|(known, _)| known == name),
            Node::HasMember(node, name) => match self.value(node)? {
                Value::Object(object) => object.has(name),
                _ => return None,
            },
            Node::Equal(left, right) => equal(&self.value(left)?, &self.value(right)?)?,
            Node::Less(left, right) => self.int(left)? < self.int(right)?,
            Node::LessOrEqual(left, right) => self.int(left)? <= self.int(right)?,
            Node::InTexts(node, texts) => {
                let text = self.text(node)?;
                texts.iter().any(|known| known == text)
            }
            Node::In(node, list) => {
                let text = self.text(node)?;
                match self.value(list)? {
                    Value::Array(array) => array.items().any(|item| item.as_str() == Some(text)),
                    Value::Object(object) => object.has(text),
                    Value::List(items) => items.iter().any(|item| matches!(item, Value::Text(known) if *known == text)),
                    _ => return None,
                }
            }
            Node::Matches(node, pattern) => {
                let text = self.text(node)?;
                self.activation.runtime.patterns.get(*pattern)?.0.is_match(text)
            }
            Node::Exists(each) => self.find(each, true)?,
            Node::All(each) => !self.find(each, false)?,
            Node::HasValue(chain) => self.chain(chain)?.is_some(),
            _ => match self.value(node)? {
                Value::Bool(value) => value,
                _ => return None,
            },
        })
    }

    /// Whether the test gives `wanted` for an item.
    fn find(&mut self, each: &'v Each, wanted: bool) -> Option<bool> {
        let list = self.value(&each.list)?;
        let mut found = false;
        for item in items(&list)? {
            if self.test(each, item?)? == wanted {
                found = true;
                break;
            }
        }
        Some(found)
    }

    fn test(&mut self, each: &'v Each, item: Value<'v>) -> Option<bool> {
        self.locals.truncate(each.local);
        self.locals.push(item);
        let holds = self.bool(&each.test);
        self.locals.truncate(each.local);
        holds
    }

    fn int(&mut self, node: &'v Node) -> Option<i64> {
        match self.value(node)? {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    fn text(&mut self, node: &'v Node) -> Option<&'v str> {
        match self.value(node)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    fn value(&mut self, node: &'v Node) -> Option<Value<'v>> {
        Some(match node {
            Node::Cel => return None,
            Node::Null => Value::Null,
            Node::Int(value) => Value::Int(*value),
            Node::Text(text) => Value::Text(text),
            Node::List(items) => Value::List(items.iter().map(|item| self.value(item)).collect::<Option<_>>()?),
            Node::Body => view(self.activation.body?)?,
            Node::Options => view(self.activation.options)?,
            Node::Method => Value::Text(self.activation.method),
            Node::Operation => Value::Text(self.activation.operation),
            Node::ApiRoot => Value::Text(self.activation.api_root),
            Node::ReceivedAt => Value::Int(i64::try_from(self.activation.received_at).ok()?),
            Node::BodyBytes => Value::Int(i64::try_from(self.activation.body_bytes).ok()?),
            Node::Fact(name) => view(match self.activation.facts.iter().find(|fact| fact.name == name) {
                Some(fact) => fact.body.root(),
                None => self.activation.runtime.data(name)?,
            })?,
            Node::Header(name) => {
                let mut values = self.activation.fields.iter().filter(|(known, _)| known == name);
                let (_, value) = values.next()?;
                // Several fields of one name are one value to an expression.
                if values.next().is_some() {
                    return None;
                }
                Value::Text(value)
            }
            Node::Path(name) => Value::Text(&self.activation.path.iter().find(|(known, _)| known == name)?.1),
            Node::Local(index) => self.locals.get(*index)?.clone(),
            Node::Member(node, name) => match self.value(node)? {
                Value::Object(object) => view(object.get(name)?)?,
                _ => return None,
            },
            Node::Index(node, index) => {
                let index = self.value(index)?;
                match (self.value(node)?, index) {
                    (Value::Array(array), Value::Int(at)) => view(array.get(usize::try_from(at).ok()?)?)?,
                    (Value::Object(object), Value::Text(name)) => view(object.get(name)?)?,
                    (Value::List(items), Value::Int(at)) => items.get(usize::try_from(at).ok()?)?.clone(),
                    _ => return None,
                }
            }
            Node::If(parts) => {
                let [test, yes, no] = parts.as_ref();
                if self.bool(test)? { self.value(yes)? } else { self.value(no)? }
            }
            Node::Size(node) => Value::Int(self.size(node)?),
            Node::Add(left, right) => Value::Int(self.int(left)?.checked_add(self.int(right)?)?),
            Node::Subtract(left, right) => Value::Int(self.int(left)?.checked_sub(self.int(right)?)?),
            Node::Multiply(left, right) => Value::Int(self.int(left)?.checked_mul(self.int(right)?)?),
            Node::Negate(node) => Value::Int(self.int(node)?.checked_neg()?),
            Node::Filter(each) => {
                let list = self.value(&each.list)?;
                let mut kept = Vec::new();
                for item in items(&list)? {
                    let item = item?;
                    if self.test(each, item.clone())? {
                        kept.push(item);
                    }
                }
                Value::List(kept)
            }
            Node::OrValue(chain, other) => {
                // As CEL does, whether it is needed or not.
                let other = self.value(other)?;
                self.chain(chain)?.unwrap_or(other)
            }
            Node::Bool(_)
            | Node::Not(_)
            | Node::And(..)
            | Node::Or(..)
            | Node::HasHeader(_)
            | Node::HasMember(..)
            | Node::Equal(..)
            | Node::Less(..)
            | Node::LessOrEqual(..)
            | Node::In(..)
            | Node::InTexts(..)
            | Node::Matches(..)
            | Node::Exists(_)
            | Node::HasValue(_)
            | Node::All(_) => Value::Bool(self.bool(node)?),
        })
    }

    /// The value at the end of a chain, if the chain leads anywhere.
    #[allow(clippy::option_option, reason = "None is for CEL to tell")]
    fn chain(&mut self, chain: &'v Chain) -> Option<Option<Value<'v>>> {
        let mut value = self.value(&chain.of)?;
        for step in &chain.steps {
            let found = match (value, step) {
                (Value::Object(object), Step::Member(name)) => object.get(name),
                (Value::Object(object), Step::At(name)) => object.get(self.text(name)?),
                (Value::Array(array), Step::At(index)) => array.get(usize::try_from(self.int(index)?).ok()?),
                _ => return None,
            };
            let Some(found) = found else { return Some(None) };
            value = view(found)?;
        }
        Some(Some(value))
    }

    fn size(&mut self, node: &'v Node) -> Option<i64> {
        let size = match node {
            // Not copied to be counted.
            Node::Local(index) => size(self.locals.get(*index)?),
            _ => size(&self.value(node)?),
        };
        i64::try_from(size?).ok()
    }
}

fn size(value: &Value<'_>) -> Option<usize> {
    Some(match value {
        Value::Text(text) => text.chars().count(),
        Value::Array(array) => array.len(),
        Value::Object(object) => object.len(),
        Value::List(items) => items.len(),
        _ => return None,
    })
}

/// The items of a list, or the keys of an object.
fn items<'l, 'v>(list: &'l Value<'v>) -> Option<Items<'l, 'v>> {
    Some(match list {
        Value::Array(array) => Items::Json(array.items()),
        Value::Object(object) => Items::Names(object.members()),
        Value::List(items) => Items::List(items.iter()),
        _ => return None,
    })
}

enum Items<'l, 'v> {
    Json(json::Items<'v>),
    Names(json::Members<'v>),
    List(std::slice::Iter<'l, Value<'v>>),
}

impl<'v> Iterator for Items<'_, 'v> {
    /// `None` for an item that only CEL can read.
    type Item = Option<Value<'v>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Json(items) => items.next().map(view),
            Self::Names(members) => members.next().map(|(name, _)| Some(Value::Text(name))),
            Self::List(items) => items.next().map(|item| Some(item.clone())),
        }
    }
}

/// `None` for numbers that are not plain integers.
fn view(node: json::Node<'_>) -> Option<Value<'_>> {
    Some(match node.kind() {
        Kind::Null => Value::Null,
        Kind::Bool(value) => Value::Bool(value),
        Kind::Number(number) => Value::Int(number.as_i64()?),
        Kind::Text(text) => Value::Text(text),
        Kind::Array(array) => Value::Array(array),
        Kind::Object(object) => Value::Object(object),
    })
}

/// `None` for two lists or two objects.
fn equal(left: &Value<'_>, right: &Value<'_>) -> Option<bool> {
    Some(match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::Array(_) | Value::Object(_) | Value::List(_), Value::Array(_) | Value::Object(_) | Value::List(_)) => {
            return None;
        }
        _ => false,
    })
}
