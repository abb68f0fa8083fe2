//! What the expressions of a rule read, what is certain to be there by then, and
//! what a value is made of.

use std::collections::BTreeMap;

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, SelectExpr, operators};
use solgate_document::source::{At, Sources};
use solgate_document::yaml::Node;

use super::known::{Known, Origin, Step, Truths, combined, present, tested};
use super::parsed::{Expression, literal, parse};
use super::walk::{is_namespace, keeps_items};

/// A place that is read or tested for.
#[derive(Debug, Clone)]
pub(crate) struct Read {
    pub origin: Origin,
    pub at: At,
    /// `has(...)` or `'name' in ...`: whether it is there.
    pub is_test: bool,
    /// Whoever gets here has tested for it before.
    pub is_certain: bool,
}

/// Follows the expressions of one rule, in the order of evaluation.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub reads: Vec<Read>,
    /// What `item` stands for, inside of `forEach`.
    item: Vec<Origin>,
    variables: BTreeMap<String, (Vec<Origin>, Truths)>,
    bound: Vec<(String, Vec<Origin>)>,
}

impl Flow {
    /// Follows one expression, at a point where `known` is certain. The result is
    /// what its value is made of, and what its truth tells.
    pub fn expression(&mut self, node: &Node, known: &Known, sources: &Sources) -> (Vec<Origin>, Truths) {
        // One that is not accepted has been reported, and its rule is not followed.
        let Ok(expression) = parse(node) else {
            return (Vec::new(), Truths::default());
        };
        let root = expression.parsed.tree();
        let truths = self.truths(root);
        let value = Walker { flow: self, expression: &expression, sources }.value(root, known);
        (value, truths)
    }

    /// Enters a `forEach` over that list.
    pub fn go_through(&mut self, list: &[Origin]) {
        self.item = list.iter().map(|origin| origin.then(Step::Item)).collect();
    }

    pub fn define(&mut self, name: &str, value: Vec<Origin>, truths: Truths) {
        self.variables.insert(name.to_owned(), (value, truths));
    }

    fn name(&self, name: &str) -> Vec<Origin> {
        if let Some((_, value)) = self.bound.iter().rev().find(|(bound, _)| bound == name) {
            return value.clone();
        }
        if name == "item" && !self.item.is_empty() {
            return self.item.clone();
        }
        vec![Origin { root: name.trim_start_matches('.').to_owned(), steps: Vec::new() }]
    }

    /// The values of a variable of the rule in place of its name.
    fn substituted(&self, origins: Vec<Origin>) -> Vec<Origin> {
        let mut values = Vec::new();
        for origin in origins {
            match origin.steps.as_slice() {
                [Step::Member(name)] if origin.root == "variables" => {
                    values.extend(self.variables.get(name).map(|(value, _)| value.clone()).unwrap_or_default());
                }
                _ => values.push(origin),
            }
        }
        values
    }

    /// What a chain of members and indices leads to.
    fn chain(&self, node: &IdedExpr) -> Vec<Origin> {
        let (of, step) = match &node.expr {
            Expr::Ident(name) => return self.name(name),
            Expr::Select(select) => (&*select.operand, Step::Member(select.field.clone())),
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, [of, index]) => {
                    (of, index_step(index))
                }
                _ => return Vec::new(),
            },
            _ => return Vec::new(),
        };
        self.substituted(self.chain(of).iter().map(|origin| origin.then(step.clone())).collect())
    }

    fn truths(&self, node: &IdedExpr) -> Truths {
        if let Some(truths) = combined(node, |part| self.truths(part)) {
            return truths;
        }
        match &node.expr {
            Expr::Select(select) if select.test => {
                tested(&self.chain(&select.operand), &Step::Member(select.field.clone()))
            }
            Expr::Select(select) => match &select.operand.expr {
                Expr::Ident(name) if name == "variables" => {
                    self.variables.get(&select.field).map(|(_, truths)| truths.clone()).unwrap_or_default()
                }
                _ => Truths::default(),
            },
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::IN, [name, of]) => match literal(name) {
                    Some(name) => tested(&self.chain(of), &Step::Member(name.to_owned())),
                    None => Truths::default(),
                },
                ("hasValue", []) => call.target.as_deref().map(|of| present(&self.chain(of))).unwrap_or_default(),
                _ => Truths::default(),
            },
            _ => Truths::default(),
        }
    }
}

fn index_step(index: &IdedExpr) -> Step {
    match (&index.expr, literal(index)) {
        (_, Some(name)) => Step::Member(name.to_owned()),
        (Expr::Literal(_), None) => Step::Item,
        _ => Step::Any,
    }
}

/// Functions whose result tells of their arguments, but does not hold them.
const TELLING: [&str; 36] = [
    operators::LOGICAL_NOT,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::NOT_STRICTLY_FALSE,
    operators::IN,
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "indexOf",
    "lastIndexOf",
    "bool",
    "type",
    "hasValue",
    "inList",
    "inWindow",
    "isIP",
    "isCIDR",
    "inCIDR",
    "isTimestamp",
    "isDuration",
    "isSemver",
    "isQuantity",
    "isBase64",
    "isNumber",
    "ipFamily",
    "like",
    "port",
    "equivalent",
    "intersects",
    "scheme",
];

/// Whether a chain of members and indices is an optional value: from the first
/// step that may find nothing, all are.
fn is_optional(node: &IdedExpr) -> bool {
    match &node.expr {
        Expr::Select(select) => !select.test && is_optional(&select.operand),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::OPT_INDEX | operators::OPT_SELECT, [_, _]) => true,
            (operators::INDEX, [of, _]) => is_optional(of),
            _ => false,
        },
        _ => false,
    }
}

/// A read by a key that is computed.
fn by_key(origin: &Origin, at: At, is_test: bool) -> Read {
    Read { origin: origin.clone(), at, is_test, is_certain: true }
}

struct Walker<'w, 'n> {
    flow: &'w mut Flow,
    expression: &'w Expression<'n>,
    sources: &'w Sources,
}

impl Walker<'_, '_> {
    fn value(&mut self, node: &IdedExpr, known: &Known) -> Vec<Origin> {
        match &node.expr {
            Expr::Ident(name) => self.flow.name(name),
            Expr::Select(select) => self.select(select, node.id, known),
            Expr::Call(call) => self.call(call, known),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, known),
            Expr::List(list) => {
                let items = list.elements.iter().flat_map(|item| self.value(item, known));
                items.map(|origin| origin.then(Step::Collected)).collect()
            }
            Expr::Map(map) => {
                let mut value = Vec::new();
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        value.extend(self.value(&entry.key, known));
                        value.extend(self.value(&entry.value, known));
                    }
                }
                value.iter().map(|origin| origin.then(Step::Collected)).collect()
            }
            Expr::Struct(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
        }
    }

    fn select(&mut self, select: &SelectExpr, id: u64, known: &Known) -> Vec<Origin> {
        let of = self.value(&select.operand, known);
        let at = self.expression.member_at(id, &select.operand, &select.field, self.sources);
        let is_test = select.test || is_optional(&select.operand);
        let value = self.member(&of, &select.field, at, is_test, known);
        if select.test { Vec::new() } else { value }
    }

    fn member(&mut self, of: &[Origin], name: &str, at: At, is_test: bool, known: &Known) -> Vec<Origin> {
        let value: Vec<Origin> = of.iter().map(|origin| origin.then(Step::Member(name.to_owned()))).collect();
        for origin in &value {
            let is_certain = known.holds(origin);
            self.flow.reads.push(Read { origin: origin.clone(), at, is_test, is_certain });
        }
        self.flow.substituted(value)
    }

    fn call(&mut self, call: &CallExpr, known: &Known) -> Vec<Origin> {
        match (call.func_name.as_str(), call.args.as_slice()) {
            (name @ (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT), [node, index]) => {
                let of = self.value(node, known);
                if let Some(field) = literal(index) {
                    let at = match name {
                        operators::OPT_SELECT => self.expression.member_at(index.id, node, field, self.sources),
                        _ => self.expression.at(index.id, self.sources),
                    };
                    let is_test = name != operators::INDEX || is_optional(node);
                    return self.member(&of, field, at, is_test, known);
                }
                self.value(index, known);
                let step = index_step(index);
                let value: Vec<Origin> = of.iter().map(|origin| origin.then(step.clone())).collect();
                if step == Step::Any {
                    let at = self.expression.at(index.id, self.sources);
                    let is_test = name != operators::INDEX || is_optional(node);
                    self.flow.reads.extend(value.iter().map(|origin| by_key(origin, at, is_test)));
                }
                value
            }
            (operators::IN, [name, of]) => {
                let found = self.value(of, known);
                match literal(name) {
                    Some(field) => {
                        let at = self.expression.at(name.id, self.sources);
                        self.member(&found, field, at, true, known);
                    }
                    None => {
                        let at = self.expression.at(name.id, self.sources);
                        self.value(name, known);
                        let tables = found.iter().filter(|origin| origin.is_table());
                        self.flow.reads.extend(tables.map(|origin| by_key(&origin.then(Step::Any), at, true)));
                    }
                }
                Vec::new()
            }
            (operators::CONDITIONAL, [condition, then, other]) => {
                self.value(condition, known);
                let truths = self.flow.truths(condition);
                let mut value = self.value(then, &known.and(&truths.when_true));
                value.extend(self.value(other, &known.and(&truths.when_false)));
                value
            }
            // An error on one side does not matter if the other side decides.
            (operators::LOGICAL_AND, [a, b]) => {
                let (of_a, of_b) = (self.flow.truths(a), self.flow.truths(b));
                self.value(a, &known.and(&of_b.when_true));
                self.value(b, &known.and(&of_a.when_true));
                Vec::new()
            }
            (operators::LOGICAL_OR, [a, b]) => {
                let (of_a, of_b) = (self.flow.truths(a), self.flow.truths(b));
                self.value(a, &known.and(&of_b.when_false));
                self.value(b, &known.and(&of_a.when_false));
                Vec::new()
            }
            // Fails if there is nothing: it reads what a `.?` before it only looked for.
            ("value", []) if call.target.is_some() => {
                let Some(of) = call.target.as_deref() else { return Vec::new() };
                let at = self.expression.end_of_chain(of, self.sources);
                let value = self.value(of, known);
                for origin in &value {
                    let is_certain = known.holds(origin);
                    self.flow.reads.push(Read { origin: origin.clone(), at, is_test: false, is_certain });
                }
                value
            }
            (name, arguments) => {
                let target = call.target.as_deref().filter(|target| !is_namespace(target));
                let mut value = Vec::new();
                for argument in target.into_iter().chain(arguments) {
                    value.extend(self.value(argument, known));
                }
                if TELLING.contains(&name) { Vec::new() } else { value }
            }
        }
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr, known: &Known) -> Vec<Origin> {
        let range = self.value(&comprehension.iter_range, known);
        let collected = self.value(&comprehension.accu_init, known);
        let items: Vec<Origin> = range.iter().map(|origin| origin.then(Step::Item)).collect();
        let depth = self.flow.bound.len();
        let mut bind = |name: &str, value| self.flow.bound.push((name.to_owned(), value));
        bind(&comprehension.accu_var, collected);
        match &comprehension.iter_var2 {
            // Of two variables the first is the index.
            Some(second) => {
                bind(&comprehension.iter_var, Vec::new());
                bind(second, items);
            }
            None => bind(&comprehension.iter_var, items),
        }
        self.value(&comprehension.loop_cond, known);
        let step = self.value(&comprehension.loop_step, known);
        self.flow.bound.push((comprehension.accu_var.clone(), step));
        let value = self.value(&comprehension.result, known);
        self.flow.bound.truncate(depth);
        if keeps_items(comprehension) { range } else { value }
    }
}
