//! Conditions that go through a list again for each item of a list, where a function
//! compares both in one go.

use cel::IdedExpr;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, LiteralValue, operators};
use solgate_document::diagnostic::Report;

use super::Written;
use crate::expression::{Expression, parse};
use crate::types::{Surroundings, chain, is_list};

/// What the items of a list are asked for.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    All,
    Any,
    /// `forEach`, or a macro that makes a list or counts.
    Each,
}

/// A list that is gone through, around the part that is looked at.
struct Outer {
    item: String,
    list: String,
    asked: Asked,
}

/// Warns of the parts of a rule that take the product of two lengths. Both lists come with
/// the request: lists that an author writes are short.
pub(super) fn check(rule: &Written<'_>, surroundings: &Surroundings<'_, '_>, report: &mut Report) {
    let for_each = rule.node.get("forEach").and_then(|node| parse(node).ok());
    let list = for_each.as_ref().and_then(|expression| source(expression.parsed.tree(), surroundings));
    let of_rule = list.map(|list| Outer { item: "item".to_owned(), list, asked: Asked::Each });
    for (node, is_for_each_item) in
        ["when", "forEach", "require"].iter().filter_map(|name| Some((rule.node.get(name)?, *name == "require")))
    {
        let Ok(expression) = parse(node) else { continue };
        let outers = of_rule.iter().filter(|_| is_for_each_item);
        let outers =
            outers.map(|outer| Outer { item: outer.item.clone(), list: outer.list.clone(), ..*outer }).collect();
        let mut walker = Walker { expression: &expression, surroundings, outers, report };
        walker.walk(expression.parsed.tree());
    }
}

struct Walker<'w, 'n> {
    expression: &'w Expression<'w>,
    surroundings: &'w Surroundings<'w, 'n>,
    outers: Vec<Outer>,
    report: &'w mut Report,
}

impl Walker<'_, '_> {
    fn walk(&mut self, node: &IdedExpr) {
        match &node.expr {
            Expr::Comprehension(comprehension) => self.comprehension(comprehension, node),
            Expr::Call(call) => {
                if let (operators::IN, [item, list]) = (call.func_name.as_str(), call.args.as_slice()) {
                    self.membership(item, list, node);
                }
                call.target.as_deref().into_iter().chain(&call.args).for_each(|part| self.walk(part));
            }
            Expr::Select(select) => self.walk(&select.operand),
            Expr::List(list) => list.elements.iter().for_each(|item| self.walk(item)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.walk(&entry.key);
                        self.walk(&entry.value);
                    }
                }
            }
            Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn comprehension(&mut self, comprehension: &ComprehensionExpr, node: &IdedExpr) {
        self.walk(&comprehension.iter_range);
        let list = source(&comprehension.iter_range, self.surroundings);
        if let Some(list) = &list {
            let with = |outer| compared(&comprehension.loop_step, &comprehension.iter_var, outer);
            if let Some((outer, is_same)) = self.outers.iter().rev().find_map(with) {
                let hint = if is_same && outer.list == *list {
                    Some(format!("write size({list}.map(i, ...).distinct()) == size({list}), which is asked once"))
                } else {
                    instead(outer.asked, list, &outer.list)
                };
                let outer = outer.list.clone();
                self.found(node, list, &outer, hint);
            }
        }
        let asked = asked(comprehension);
        let depth = self.outers.len();
        self.outers.extend(list.map(|list| Outer { item: comprehension.iter_var.clone(), list, asked }));
        self.walk(&comprehension.loop_step);
        self.outers.truncate(depth);
    }

    /// `item in list`, which goes through the list.
    fn membership(&mut self, item: &IdedExpr, list: &IdedExpr, node: &IdedExpr) {
        let Some(list) = source(list, self.surroundings) else { return };
        let Some(outer) = self.outers.iter().rev().find(|outer| mentions(item, &outer.item)) else { return };
        let (asked, outer) = (outer.asked, outer.list.clone());
        if asked != Asked::Each {
            self.found(node, &list, &outer, instead(asked, &list, &outer));
        }
    }

    fn found(&mut self, node: &IdedExpr, list: &str, outer: &str, hint: Option<String>) {
        let Some(hint) = hint else { return };
        let at = self.expression.at(node.id, &self.report.sources);
        let message =
            format!("`{list}` is gone through again for each item of `{outer}`: the time grows with the product");
        self.report.warning(at, message).hint(hint);
    }
}

/// The function that compares two lists in one go.
fn instead(asked: Asked, list: &str, outer: &str) -> Option<String> {
    let function = match asked {
        Asked::All => format!("sets.contains({list}, {outer})"),
        Asked::Any => format!("sets.intersects({list}, {outer})"),
        Asked::Each => return None,
    };
    Some(format!("write {function}, with .map(i, ...) behind a list of which only a member is compared"))
}

/// The list of the request that a node is, or that its items are taken from.
fn source(node: &IdedExpr, surroundings: &Surroundings<'_, '_>) -> Option<String> {
    match &node.expr {
        Expr::Comprehension(comprehension) => source(&comprehension.iter_range, surroundings),
        _ => chain(node).filter(|_| is_list(node, surroundings)),
    }
}

/// By the shape that CEL gives `all` and `exists`.
fn asked(comprehension: &ComprehensionExpr) -> Asked {
    match (&comprehension.accu_init.expr, &comprehension.loop_step.expr) {
        (Expr::Literal(LiteralValue::Boolean(_)), Expr::Call(step)) if step.func_name == operators::LOGICAL_AND => {
            Asked::All
        }
        (Expr::Literal(LiteralValue::Boolean(_)), Expr::Call(step)) if step.func_name == operators::LOGICAL_OR => {
            Asked::Any
        }
        _ => Asked::Each,
    }
}

/// Whether something of an item is compared with something of the other list's, and if so,
/// whether it is the same of both.
fn compared<'o>(node: &IdedExpr, inner: &str, outer: &'o Outer) -> Option<(&'o Outer, bool)> {
    match &node.expr {
        Expr::Call(CallExpr { func_name, args, target }) => {
            if let (operators::EQUALS, [left, right]) = (func_name.as_str(), args.as_slice()) {
                let of_inner = |node| mentions(node, inner) && !mentions(node, &outer.item);
                let of_outer = |node| mentions(node, &outer.item) && !mentions(node, inner);
                let sides = match (of_inner(left), of_outer(left)) {
                    (true, _) if of_outer(right) => Some((left, right)),
                    (_, true) if of_inner(right) => Some((right, left)),
                    _ => None,
                };
                if let Some((of_inner, of_outer)) = sides {
                    let member =
                        |node, item: &str| chain(node).and_then(|chain| chain.strip_prefix(item).map(str::to_owned));
                    let is_same = member(of_inner, inner) == member(of_outer, &outer.item);
                    return Some((outer, is_same));
                }
            }
            target.as_deref().into_iter().chain(args).find_map(|part| compared(part, inner, outer))
        }
        Expr::Comprehension(comprehension) => compared(&comprehension.loop_step, inner, outer),
        _ => None,
    }
}

fn mentions(node: &IdedExpr, name: &str) -> bool {
    match &node.expr {
        Expr::Ident(known) => known == name,
        Expr::Select(select) => mentions(&select.operand, name),
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).any(|part| mentions(part, name)),
        Expr::List(list) => list.elements.iter().any(|item| mentions(item, name)),
        Expr::Comprehension(comprehension) => {
            mentions(&comprehension.iter_range, name) || mentions(&comprehension.loop_step, name)
        }
        _ => false,
    }
}
