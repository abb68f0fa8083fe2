//! From CEL's tree to nodes.

use cel::{
    IdedExpr,
    common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, SelectExpr, operators},
};

use super::super::{
    functions::{EQUAL, MATCHES},
    numbers,
    program::PATTERN,
};
use super::{Chain, Direct, Each, Node, Parts, Step};

pub(super) fn rule<'p>(parts: &Parts<'p>) -> Option<Direct> {
    let mut scope = Scope { locals: Vec::new() };
    let when = |scope: &mut Scope<'p>| match parts.when {
        Some(program) => scope.node(program.expression()).map(Some),
        None => Some(None),
    };
    let before = if parts.variables_first { None } else { when(&mut scope)? };
    // A guard that comes first is enough for the requests that it excludes.
    let is_guarded = before.is_some();
    let or_cel = |node: Option<Node>| node.or(if is_guarded { Some(Node::Cel) } else { None });
    let mut variables = Vec::with_capacity(parts.variables.len());
    for (name, program) in parts.variables {
        variables.push(or_cel(scope.node(program.expression()))?);
        scope.locals.push(name);
    }
    let after = if parts.variables_first { when(&mut scope)? } else { None };
    let for_each = match parts.for_each {
        Some(program) => {
            let list = or_cel(scope.node(program.expression()))?;
            scope.locals.extend(["item", "index"]);
            Some(list)
        }
        None => None,
    };
    let require = or_cel(scope.node(parts.require.expression()))?;
    Some(Direct { when: before.or(after), variables_first: parts.variables_first, variables, for_each, require })
}

/// Names that have a place of their own, outermost first.
struct Scope<'p> {
    locals: Vec<&'p str>,
}

impl<'p> Scope<'p> {
    fn local(&self, name: &str) -> Option<Node> {
        self.locals.iter().rposition(|known| *known == name).map(Node::Local)
    }

    fn boxed(&mut self, expression: &'p IdedExpr) -> Option<Box<Node>> {
        self.node(expression).map(Box::new)
    }

    fn node(&mut self, expression: &'p IdedExpr) -> Option<Node> {
        match &expression.expr {
            Expr::Literal(literal) => Some(match literal {
                LiteralValue::Null => Node::Null,
                LiteralValue::Boolean(value) => Node::Bool(*value.inner()),
                LiteralValue::Int(value) => Node::Int(*value.inner()),
                LiteralValue::String(value) => Node::Text(value.inner().to_owned()),
                LiteralValue::Bytes(_) | LiteralValue::Double(_) | LiteralValue::UInt(_) => return None,
            }),
            Expr::Ident(name) => self.local(name).or_else(|| variable(name)),
            Expr::List(list) if list.optional_indices.is_empty() => {
                list.elements.iter().map(|item| self.node(item)).collect::<Option<_>>().map(Node::List)
            }
            Expr::Select(select) => self.select(select),
            Expr::Call(call) => self.call(call),
            Expr::Comprehension(comprehension) => self.comprehension(comprehension),
            Expr::List(_) | Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => None,
        }
    }

    fn select(&mut self, select: &'p SelectExpr) -> Option<Node> {
        if let Expr::Ident(root) = &select.operand.expr
            && self.local(root).is_none()
        {
            match (root.as_str(), select.test) {
                ("headers", false) => return Some(Node::Header(select.field.clone())),
                ("headers", true) => return Some(Node::HasHeader(select.field.clone())),
                ("path", false) => return Some(Node::Path(select.field.clone())),
                ("variables", false) => return self.local(&format!("variables.{}", select.field)),
                ("path", true) => return None,
                _ => {}
            }
        }
        let operand = self.boxed(&select.operand)?;
        Some(match select.test {
            true => Node::HasMember(operand, select.field.clone()),
            false => Node::Member(operand, select.field.clone()),
        })
    }

    fn call(&mut self, call: &'p CallExpr) -> Option<Node> {
        if let (MATCHES, None, [text, pattern]) = (call.func_name.as_str(), &call.target, call.args.as_slice()) {
            let Expr::Ident(name) = &pattern.expr else { return None };
            let index = name.strip_prefix(PATTERN)?.parse().ok()?;
            return Some(Node::Matches(self.boxed(text)?, index));
        }
        match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
            ("size", Some(value), []) | ("size", None, [value]) => Some(Node::Size(self.boxed(value)?)),
            (operators::LOGICAL_NOT, None, [value]) => Some(Node::Not(self.boxed(value)?)),
            (operators::NEGATE, None, [value]) => Some(Node::Negate(self.boxed(value)?)),
            (operators::CONDITIONAL, None, [test, yes, no]) => {
                let test = self.node(test)?;
                // One of them is enough for the requests that take it.
                match (self.node(yes), self.node(no)) {
                    (None, None) => None,
                    (yes, no) => Some(Node::If(Box::new([test, yes.unwrap_or(Node::Cel), no.unwrap_or(Node::Cel)]))),
                }
            }
            ("hasValue", Some(optional), []) => Some(Node::HasValue(Box::new(self.chain(optional)?))),
            ("orValue", Some(optional), [other]) => {
                Some(Node::OrValue(Box::new(self.chain(optional)?), self.boxed(other)?))
            }
            (name, None, [left, right]) => self.operator(name, left, right),
            _ => None,
        }
    }

    /// An optional value: from the first `.?` or `[?]` on, each step may lead nowhere.
    fn chain(&mut self, expression: &'p IdedExpr) -> Option<Chain> {
        let (of, step) = match &expression.expr {
            Expr::Select(SelectExpr { operand, field, test: false }) => {
                let mut chain = self.chain(operand)?;
                chain.steps.push(Step::Member(field.clone()));
                return Some(chain);
            }
            Expr::Call(CallExpr { func_name, target: None, args }) => match (func_name.as_str(), args.as_slice()) {
                (operators::OPT_SELECT | operators::OPT_INDEX, [of, name]) => match &name.expr {
                    Expr::Literal(LiteralValue::String(name)) => (of, Step::Member(name.inner().to_owned())),
                    _ => (of, Step::At(self.node(name)?)),
                },
                _ => return None,
            },
            _ => return None,
        };
        let mut chain = match self.chain(of) {
            Some(chain) => chain,
            None => Chain { of: self.node(of)?, steps: Vec::new() },
        };
        chain.steps.push(step);
        Some(chain)
    }

    fn operator(&mut self, name: &str, left: &'p IdedExpr, right: &'p IdedExpr) -> Option<Node> {
        if let (operators::INDEX, Expr::Ident(root), Expr::Literal(LiteralValue::String(field))) =
            (name, &left.expr, &right.expr)
            && root == "headers"
            && self.local(root).is_none()
        {
            return Some(Node::Header(field.inner().to_owned()));
        }
        if let (operators::IN, Expr::Literal(LiteralValue::String(field)), Expr::Ident(root)) =
            (name, &left.expr, &right.expr)
            && root == "headers"
            && self.local(root).is_none()
        {
            return Some(Node::HasHeader(field.inner().to_owned()));
        }
        let left = self.boxed(left)?;
        let right = match name {
            // The left one is often enough.
            operators::LOGICAL_AND | operators::LOGICAL_OR => Box::new(self.node(right).unwrap_or(Node::Cel)),
            _ => self.boxed(right)?,
        };
        Some(match name {
            operators::LOGICAL_AND => Node::And(left, right),
            operators::LOGICAL_OR => Node::Or(left, right),
            operators::EQUALS | EQUAL => Node::Equal(left, right),
            operators::NOT_EQUALS => Node::Not(Box::new(Node::Equal(left, right))),
            operators::LESS | numbers::LESS => Node::Less(left, right),
            operators::GREATER => Node::Less(right, left),
            operators::LESS_EQUALS | numbers::LESS_OR_EQUAL => Node::LessOrEqual(left, right),
            operators::GREATER_EQUALS => Node::LessOrEqual(right, left),
            operators::ADD | numbers::ADD => Node::Add(left, right),
            operators::SUBSTRACT | numbers::SUBTRACT => Node::Subtract(left, right),
            operators::MULTIPLY | numbers::MULTIPLY => Node::Multiply(left, right),
            operators::INDEX => Node::Index(left, right),
            operators::IN => match texts(&right) {
                Some(texts) => Node::InTexts(left, texts),
                None => Node::In(left, right),
            },
            _ => return None,
        })
    }

    /// The macros `exists`, `all` and `filter`, by the shape that CEL gives them.
    fn comprehension(&mut self, macro_: &'p ComprehensionExpr) -> Option<Node> {
        let Expr::Call(step) = &macro_.loop_step.expr else { return None };
        let is_result =
            |expression: &IdedExpr| matches!(&expression.expr, Expr::Ident(name) if *name == macro_.accu_var);
        if macro_.iter_var2.is_some() || !is_result(&macro_.result) {
            return None;
        }
        type Make = fn(Box<Each>) -> Node;
        let (make, test): (Make, &IdedExpr) =
            match (&macro_.accu_init.expr, step.func_name.as_str(), step.args.as_slice()) {
                (
                    Expr::Literal(LiteralValue::Boolean(start)),
                    operators::LOGICAL_OR | operators::LOGICAL_AND,
                    [accu, test],
                ) if is_result(accu) && *start.inner() == (step.func_name == operators::LOGICAL_AND) => {
                    (if *start.inner() { Node::All } else { Node::Exists }, test)
                }
                (Expr::List(start), operators::CONDITIONAL, [test, taken, accu])
                    if start.elements.is_empty() && is_result(accu) && appends(taken, macro_) =>
                {
                    (Node::Filter, test)
                }
                _ => return None,
            };
        let list = self.node(&macro_.iter_range)?;
        let local = self.locals.len();
        self.locals.push(&macro_.iter_var);
        let test = self.node(test);
        self.locals.pop();
        Some(make(Box::new(Each { list, local, test: test? })))
    }
}

/// `result + [item]`.
fn appends(expression: &IdedExpr, macro_: &ComprehensionExpr) -> bool {
    let is = |expression: &IdedExpr, variable: &str| matches!(&expression.expr, Expr::Ident(name) if name == variable);
    let Expr::Call(CallExpr { func_name, target: None, args }) = &expression.expr else { return false };
    match args.as_slice() {
        [accu, added] if func_name == operators::ADD && is(accu, &macro_.accu_var) => match &added.expr {
            Expr::List(list) => matches!(list.elements.as_slice(), [item] if is(item, &macro_.iter_var)),
            _ => false,
        },
        _ => false,
    }
}

fn variable(name: &str) -> Option<Node> {
    Some(match name {
        "body" => Node::Body,
        "options" => Node::Options,
        "method" => Node::Method,
        "operation" => Node::Operation,
        "apiRoot" => Node::ApiRoot,
        "receivedAt" => Node::ReceivedAt,
        "bodyBytes" => Node::BodyBytes,
        // Built on demand for CEL, or not a value.
        "headers" | "query" | "path" | "caller" | "variables" | "item" | "index" | "now" => return None,
        name if name.starts_with(|c: char| c.is_ascii_alphabetic()) => Node::Fact(name.to_owned()),
        _ => return None,
    })
}

/// The items of a list that consists of texts.
fn texts(node: &Node) -> Option<Vec<String>> {
    let Node::List(items) = node else { return None };
    let text = |item: &Node| match item {
        Node::Text(text) => Some(text.clone()),
        _ => None,
    };
    items.iter().map(text).collect()
}
