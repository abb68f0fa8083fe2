//! What conditions tell of values, as far as it matters for what can fail.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators};

use super::kinds::Kinds;
use super::narrowing::of_constant;
use super::roots::Names;
use super::sure::{Definition, Fact, ITEM, Property, Told};
use super::value::Value;
use crate::expression::{Known, combined, keeps_items, literal};

/// Longest key; longer ones are not told apart.
const LONGEST: usize = 400;
/// Most parts of which it is told that they are there.
const MOST: usize = 64;

/// One fact for each length up to that one.
fn longer_than(key: &str, parts: usize) -> impl Iterator<Item = Fact> {
    (0..parts.min(MOST)).map(move |parts| (key.to_owned(), Property::LongerThan(parts)))
}

/// The text of which this is the size.
fn sized(key: &str) -> Option<&str> {
    key.strip_prefix("size(")?.strip_suffix(')')
}

impl Names<'_, '_> {
    /// The same text for the same value; `None` for what is too long or holds a macro.
    pub fn key(&self, node: &IdedExpr) -> Option<String> {
        let key = match &node.expr {
            Expr::Ident(name) => {
                let name = name.trim_start_matches('.');
                match self.bound.iter().rposition(|(known, _)| known == name) {
                    Some(depth) => variable_key(name, depth),
                    None => name.to_owned(),
                }
            }
            Expr::Literal(literal) => shown(literal),
            Expr::Select(select) if select.test => return None,
            Expr::Select(select) => {
                if let Some(defined) = self.defined(node).and_then(|defined| defined.key.as_ref()) {
                    return Some(defined.clone());
                }
                format!("{}.{}", self.key(&select.operand)?, select.field)
            }
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::INDEX, [of, name]) if let Some(name) = literal(name) => {
                    format!("{}.{name}", self.key(of)?)
                }
                (name, arguments) => {
                    let parts = call.target.as_deref().into_iter().chain(arguments);
                    let parts = parts.map(|part| self.key(part)).collect::<Option<Vec<_>>>()?;
                    format!("{name}({})", parts.join(";"))
                }
            },
            Expr::List(list) => {
                let items = list.elements.iter().map(|item| self.key(item)).collect::<Option<Vec<_>>>()?;
                format!("[{}]", items.join(";"))
            }
            _ => return None,
        };
        (key.len() <= LONGEST).then_some(key)
    }

    /// The definition of a variable of the rule.
    pub fn defined(&self, node: &IdedExpr) -> Option<&Definition> {
        let Expr::Select(select) = &node.expr else { return None };
        let is_variables =
            matches!(&select.operand.expr, Expr::Ident(name) if name.trim_start_matches('.') == "variables");
        let found = self.definitions.iter().find(|(name, _)| is_variables && *name == select.field);
        found.map(|(_, definition)| definition)
    }

    pub fn define(&mut self, name: &str, node: &IdedExpr, least: usize, is_double: bool) {
        let definition =
            Definition { key: self.key(node), told: self.told(node), items: self.items_of(node), least, is_double };
        self.definitions.push((name.to_owned(), definition));
    }

    /// Whether this is certain here.
    pub fn is_sure(&self, node: &IdedExpr, property: Property) -> bool {
        self.sure.is_unreached() || self.key(node).is_some_and(|key| self.sure.holds(&(key, property)))
    }

    /// What the truth of a condition tells.
    pub fn told(&mut self, node: &IdedExpr) -> Told {
        if let Some(told) = self.conditions.get(&node.id) {
            return told.clone();
        }
        let told = combined(node, |part| self.told(part)).or_else(|| self.atom(node)).unwrap_or_default();
        self.conditions.insert(node.id, told.clone());
        told
    }

    fn atom(&mut self, node: &IdedExpr) -> Option<Told> {
        match &node.expr {
            Expr::Select(_) => self.defined(node).map(|defined| defined.told.clone()),
            Expr::Comprehension(comprehension) => self.of_macro(comprehension),
            Expr::Call(call) => self.of_call(call),
            _ => None,
        }
    }

    fn of_call(&self, call: &CallExpr) -> Option<Told> {
        let facts = |facts: Vec<Fact>| Known::of(facts);
        let parts: Vec<&IdedExpr> = call.target.as_deref().into_iter().chain(&call.args).collect();
        Some(match (call.func_name.as_str(), parts.as_slice()) {
            (operators::EQUALS, [a, b]) => self.equality(a, b),
            (operators::NOT_EQUALS, [a, b]) => {
                let Told { when_true, when_false } = self.equality(a, b);
                Told { when_true: when_false, when_false: when_true }
            }
            (operators::LESS, [a, b]) | (operators::GREATER, [b, a]) => {
                Told { when_true: facts(self.order(a, b, true)), when_false: facts(self.order(b, a, false)) }
            }
            (operators::LESS_EQUALS, [a, b]) | (operators::GREATER_EQUALS, [b, a]) => {
                Told { when_true: facts(self.order(a, b, false)), when_false: facts(self.order(b, a, true)) }
            }
            (operators::IN, [item, list]) => {
                let mut all = Vec::new();
                if let Some(list) = self.key(list) {
                    all.push((list.clone(), Property::LongerThan(0)));
                    all.extend(self.key(item).map(|item| (list, Property::Holds(item))));
                }
                if let Expr::List(list) = &list.expr {
                    all.extend(self.among(item, &list.elements));
                }
                if let (Expr::List(list), Some(item)) = (&list.expr, self.key(item))
                    && let Some(texts) = list.elements.iter().map(literal).collect::<Option<Vec<_>>>()
                {
                    all.push((item, Property::OneOf(texts.into_iter().map(str::to_owned).collect())));
                }
                Told { when_true: facts(all), ..Told::default() }
            }
            ("matches", [text, pattern]) => {
                let fact = self.key(text).zip(literal(pattern));
                let fact = fact.map(|(text, pattern)| (text, Property::Found(pattern.to_owned())));
                Told { when_true: Known::of(fact), ..Told::default() }
            }
            ("startsWith" | "endsWith" | "contains", [text, part]) => {
                let text = self.key(text)?;
                Told { when_true: Known::of(longer_than(&text, literal(part)?.chars().count())), ..Told::default() }
            }
            ("hasValue", [of]) => {
                Told { when_true: Known::of(self.key(of).map(|key| (key, Property::Present))), ..Told::default() }
            }
            (name, [of]) if name.starts_with("is") => {
                let key = self.key(of)?;
                let taken = match name {
                    "isNumber" => Kinds::NUMBER,
                    "isTimestamp" => Kinds::TEXT | Kinds::NUMBER | Kinds::TIMESTAMP,
                    "isDuration" => Kinds::TEXT | Kinds::DURATION,
                    _ => Kinds::TEXT,
                };
                let not = (name == "isNumber").then(|| (key.clone(), Property::Of(Kinds::ANY.without(taken))));
                let is = [(key.clone(), Property::Is(name.to_owned())), (key, Property::Of(taken))];
                Told { when_true: Known::of(is), when_false: Known::of(not) }
            }
            _ => return None,
        })
    }

    fn equality(&self, a: &IdedExpr, b: &IdedExpr) -> Told {
        if let Some(told) = self.of_type(a, b).or_else(|| self.of_type(b, a)) {
            return told;
        }
        let (node, constant) = match (&a.expr, &b.expr) {
            (Expr::Literal(_) | Expr::List(_), _) => (b, a),
            _ => (a, b),
        };
        let Some(key) = self.key(node) else { return Told::default() };
        let (mut same, mut other) = (vec![(key.clone(), Property::NotNull)], Vec::new());
        same.extend(of_constant(constant).map(|kinds| (key.clone(), Property::Of(kinds))));
        match &constant.expr {
            Expr::Literal(LiteralValue::Null) => {
                same.clear();
                other.push((key, Property::NotNull));
            }
            Expr::Literal(LiteralValue::String(text)) => {
                let text = text.inner();
                same.extend(longer_than(&key, text.chars().count()));
                if text.is_empty() {
                    other.push((key.clone(), Property::LongerThan(0)));
                }
                same.push((key, Property::OneOf(vec![text.to_owned()])));
            }
            Expr::Literal(_) if let Some(number) = number(constant) => {
                same.extend(at_least(&key, number, false));
                same.extend(at_most(&key, number, false));
                if number == 0.0 {
                    other.push((key.clone(), Property::NotZero));
                    other.extend(sized(&key).map(|of| (of.to_owned(), Property::LongerThan(0))));
                }
            }
            Expr::List(list) if list.elements.is_empty() => other.push((key, Property::LongerThan(0))),
            Expr::List(list) if list.optional_indices.is_empty() => {
                same.extend(longer_than(&key, list.elements.len()));
            }
            Expr::Literal(_) | Expr::List(_) => {}
            // It may be null like the other.
            _ => same.clear(),
        }
        Told { when_true: Known::of(same), when_false: Known::of(other) }
    }

    /// Of `less < more`, or `<=` if it is not strict.
    fn order(&self, less: &IdedExpr, more: &IdedExpr, is_strict: bool) -> Vec<Fact> {
        if let Some(number) = number(less) {
            return self.key(more).map(|key| at_least(&key, number, is_strict)).unwrap_or_default();
        }
        if let Some(number) = number(more) {
            return self.key(less).map(|key| at_most(&key, number, is_strict)).unwrap_or_default();
        }
        match self.key(less).zip(self.key(more)) {
            Some((less, more)) if is_strict => {
                sized(&more).map(|of| (less, Property::Below(of.to_owned()))).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// `exists` tells that there are items, `all` what each of them is.
    fn of_macro(&mut self, comprehension: &ComprehensionExpr) -> Option<Told> {
        let range = self.key(&comprehension.iter_range)?;
        let Expr::Literal(LiteralValue::Boolean(begin)) = &comprehension.accu_init.expr else { return None };
        if !*begin.inner() {
            let fact = (range, Property::LongerThan(0));
            return Some(Told { when_true: Known::of([fact]), ..Told::default() });
        }
        let Expr::Call(step) = &comprehension.loop_step.expr else { return None };
        let [_, condition] = step.args.as_slice() else { return None };
        let of_items = self.of_items(comprehension, condition);
        let facts = of_items.into_iter().map(|fact| (range.clone(), Property::Items(Box::new(fact))));
        Some(Told { when_true: Known::of(facts), ..Told::default() })
    }

    /// What a condition in a macro tells of the item.
    fn of_items(&mut self, comprehension: &ComprehensionExpr, condition: &IdedExpr) -> Vec<Fact> {
        if comprehension.iter_var2.is_some() {
            return Vec::new();
        }
        let depth = self.bound.len();
        self.bound.push((comprehension.accu_var.clone(), Value::ANY));
        self.bound.push((comprehension.iter_var.clone(), Value::ANY));
        let told = self.told(condition);
        self.bound.truncate(depth);
        let variable = variable_key(&comprehension.iter_var, depth.saturating_add(1));
        told.when_true.iter().map(|fact| renamed(fact, &variable, ITEM)).collect()
    }

    /// What the way in which a list is made tells of its items.
    fn items_of(&mut self, node: &IdedExpr) -> Vec<Fact> {
        match &node.expr {
            Expr::Comprehension(comprehension) if keeps_items(comprehension) => {
                let mut facts = self.items_of(&comprehension.iter_range);
                if let Expr::Call(step) = &comprehension.loop_step.expr
                    && let [condition, ..] = step.args.as_slice()
                {
                    facts.extend(self.of_items(comprehension, condition));
                }
                facts
            }
            Expr::Select(_) => self.defined(node).map(|defined| defined.items.clone()).unwrap_or_default(),
            Expr::Call(call) if matches!(call.func_name.as_str(), "sort" | "distinct") => {
                call.target.as_deref().map(|list| self.items_of(list)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// What is certain of an item, under that key, of a list that is gone through.
    pub fn of_item(&mut self, list: &IdedExpr, item: &str) -> Vec<Fact> {
        let mut facts = self.items_of(list);
        if let Some(key) = self.key(list) {
            let of_list = self.sure.iter().filter(|(of, _)| *of == key);
            facts.extend(of_list.filter_map(|(_, property)| match property {
                Property::Items(fact) => Some((**fact).clone()),
                _ => None,
            }));
        }
        facts.iter().map(|fact| renamed(fact, ITEM, item)).collect()
    }
}

/// The key of a macro's variable.
pub(super) fn variable_key(name: &str, depth: usize) -> String {
    format!("{name}@{depth}@")
}

fn renamed((key, property): &Fact, from: &str, to: &str) -> Fact {
    let property = match property {
        Property::Below(of) => Property::Below(of.replace(from, to)),
        Property::Holds(of) => Property::Holds(of.replace(from, to)),
        Property::Items(fact) => Property::Items(Box::new(renamed(fact, from, to))),
        other => other.clone(),
    };
    (key.replace(from, to), property)
}

fn shown(literal: &LiteralValue) -> String {
    match literal {
        LiteralValue::Boolean(value) => value.inner().to_string(),
        LiteralValue::Bytes(bytes) => format!("{:?}", bytes.inner()),
        LiteralValue::Double(number) => format!("{:?}", number.inner()),
        LiteralValue::Int(number) => number.inner().to_string(),
        LiteralValue::UInt(number) => number.inner().to_string(),
        LiteralValue::Null => "null".to_owned(),
        LiteralValue::String(text) => format!("{:?}", text.inner()),
    }
}

/// A number that is written out.
#[allow(clippy::cast_precision_loss, reason = "compared with zero and with lengths")]
pub(super) fn number(node: &IdedExpr) -> Option<f64> {
    match &node.expr {
        Expr::Literal(LiteralValue::Double(number)) => Some(*number.inner()),
        Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner() as f64),
        Expr::Literal(LiteralValue::UInt(number)) => Some(*number.inner() as f64),
        _ => None,
    }
}

/// Of a value that is at least `number`, or more.
fn at_least(key: &str, number: f64, is_strict: bool) -> Vec<Fact> {
    let mut facts = vec![(key.to_owned(), Property::NotNull)];
    if number > 0.0 || (number == 0.0 && is_strict) {
        facts.push((key.to_owned(), Property::NotZero));
    }
    if number >= 0.0 {
        facts.push((key.to_owned(), Property::NotNegative));
    }
    if let Some(of) = sized(key) {
        let least = if is_strict { number.floor() + 1.0 } else { number.ceil() };
        let parts = (1..=MOST).take_while(|parts| u32::try_from(*parts).is_ok_and(|parts| f64::from(parts) <= least));
        facts.extend(longer_than(of, parts.count()));
    }
    facts
}

/// Of a value that is at most `number`, or less.
fn at_most(key: &str, number: f64, is_strict: bool) -> Vec<Fact> {
    let is_below = number < 0.0 || (number == 0.0 && is_strict);
    let mut facts = vec![(key.to_owned(), Property::NotNull)];
    facts.extend(is_below.then(|| (key.to_owned(), Property::NotZero)));
    facts
}
