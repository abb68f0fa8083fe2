//! What an expression reads, from its syntax tree.

use std::collections::BTreeSet;

use cel::{
    IdedExpr,
    common::ast::{CallExpr, EntryExpr, Expr, LiteralValue, operators},
};

use super::{ExprInfo, Selection, is_namespace};

/// Any item of a list, or any value of a map.
const ANY: &str = "[]";

/// Analyses a parsed expression, before it is rewritten.
pub(super) fn analyse(expression: &IdedExpr) -> ExprInfo {
    let mut walker = Walker::default();
    walker.walk(expression);
    let tested = walker.tested;
    ExprInfo {
        variables: walker.variables.into_iter().collect(),
        selections: walker
            .selections
            .into_iter()
            .chain(tested.iter().cloned())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .map(|path| Selection { guarded: tested.contains(&path), path })
            .collect(),
        functions: walker.functions.into_iter().collect(),
        whole: walker.whole.into_iter().collect(),
    }
}

#[derive(Default)]
struct Walker {
    /// Variables that comprehensions bind, innermost last, and the path that
    /// they stand for, if it is known.
    bound: Vec<(String, Option<Vec<String>>)>,
    variables: BTreeSet<String>,
    selections: BTreeSet<Vec<String>>,
    tested: BTreeSet<Vec<String>>,
    functions: BTreeSet<String>,
    whole: BTreeSet<String>,
}

impl Walker {
    fn walk(&mut self, node: &IdedExpr) {
        match &node.expr {
            Expr::Ident(_) | Expr::Select(_) => self.path(node),
            Expr::Call(call) => self.call(node, call),
            Expr::Comprehension(comprehension) => {
                self.walk(&comprehension.iter_range);
                self.walk(&comprehension.accu_init);
                let range = self.resolve(&comprehension.iter_range).map(|(mut path, _)| {
                    path.push(ANY.to_owned());
                    path
                });
                let depth = self.bound.len();
                self.bound.push((comprehension.accu_var.clone(), None));
                self.bound.push((comprehension.iter_var.clone(), range));
                if let Some(second) = &comprehension.iter_var2 {
                    self.bound.push((second.clone(), None));
                }
                self.walk(&comprehension.loop_cond);
                self.walk(&comprehension.loop_step);
                self.walk(&comprehension.result);
                self.bound.truncate(depth);
            }
            Expr::List(list) => list.elements.iter().for_each(|item| self.walk(item)),
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        self.walk(&entry.key);
                        self.walk(&entry.value);
                    }
                }
            }
            Expr::Struct(_) | Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) {
        self.functions.insert(call.func_name.clone());
        match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::INDEX | operators::OPT_INDEX | operators::OPT_SELECT, [_, index]) => {
                self.path(node);
                if !matches!(index.expr, Expr::Literal(_)) {
                    self.walk(index);
                }
            }
            // `'name' in map` tests for the member, as `has` does.
            (operators::IN, [IdedExpr { expr: Expr::Literal(LiteralValue::String(name)), .. }, map])
                if self.resolve(map).is_some() =>
            {
                if let Some((mut path, _)) = self.resolve(map) {
                    self.root(&path);
                    path.push(name.inner().to_owned());
                    self.tested.insert(path);
                }
            }
            _ => {
                let namespace = matches!(call.target.as_deref(), Some(IdedExpr { expr: Expr::Ident(name), .. }) if is_namespace(name));
                if let Some(target) = call.target.as_deref().filter(|_| !namespace) {
                    self.walk(target);
                }
                call.args.iter().for_each(|arg| self.walk(arg));
            }
        }
    }

    /// A chain of members and indices.
    fn path(&mut self, node: &IdedExpr) {
        if let Some((path, tested)) = self.resolve(node) {
            self.root(&path);
            if let [only] = path.as_slice() {
                self.whole.insert(only.clone());
            } else if tested {
                self.tested.insert(path);
            } else {
                self.selections.insert(path);
            }
            return;
        }
        // Not rooted in a known variable: look below.
        match &node.expr {
            Expr::Select(select) => self.walk(&select.operand),
            Expr::Call(call) => {
                if let Some(operand) = call.args.first() {
                    self.walk(operand);
                }
            }
            _ => {}
        }
    }

    fn root(&mut self, path: &[String]) {
        if let Some(root) = path.first() {
            self.variables.insert(root.clone());
        }
    }

    /// The path that a chain spells, from a free variable, and whether its last
    /// step tests rather than reads.
    fn resolve(&self, node: &IdedExpr) -> Option<(Vec<String>, bool)> {
        match &node.expr {
            Expr::Ident(name) => match self.bound.iter().rev().find(|(bound, _)| bound == name) {
                Some((_, path)) => path.clone().map(|path| (path, false)),
                None => Some((vec![name.trim_start_matches('.').to_owned()], false)),
            },
            Expr::Select(select) => {
                let (mut path, _) = self.resolve(&select.operand)?;
                path.push(select.field.clone());
                Some((path, select.test))
            }
            Expr::Call(call) => {
                let [operand, index] = call.args.as_slice() else {
                    return None;
                };
                let optional = match call.func_name.as_str() {
                    operators::INDEX => false,
                    operators::OPT_INDEX | operators::OPT_SELECT => true,
                    _ => return None,
                };
                let (mut path, _) = self.resolve(operand)?;
                path.push(match &index.expr {
                    Expr::Literal(LiteralValue::String(name)) => name.inner().to_owned(),
                    _ => ANY.to_owned(),
                });
                Some((path, optional))
            }
            _ => None,
        }
    }
}
