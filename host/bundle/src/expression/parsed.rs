//! An expression as the engine parses it, and where its parts stand in the file.

use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use cel::IdedExpr;
use cel::common::ast::{Expr, LiteralValue, operators};
use solgate_document::source::{At, Sources};
use solgate_document::yaml::{Node, Places};
use solgate_engine::cel_env::{ExprError, Parsed, parse_expression};

/// A parsed expression and the scalar that holds it.
pub(crate) struct Expression<'n> {
    pub node: &'n Node,
    pub parsed: Rc<Parsed>,
    /// Found when the first of them is asked for.
    places: OnceCell<Places>,
    /// Where the characters begin, in bytes; empty if each is one byte.
    characters: OnceCell<Vec<usize>>,
}

/// Longest stretch of a line in which a member is looked for, in bytes.
const STRETCH: usize = 4096;

impl Expression<'_> {
    /// Where a node of the syntax tree stands in the file.
    pub fn at(&self, id: u64, sources: &Sources) -> At {
        match self.parsed.place(id) {
            Some((start, end)) => self.places(sources).at(self.character(start), self.character(end).saturating_add(1)),
            None => self.node.at,
        }
    }

    fn places(&self, sources: &Sources) -> &Places {
        self.places.get_or_init(|| Places::of(self.node, sources))
    }

    /// Whether a node is part of a function's value, and its place the call.
    fn is_of_function(&self, id: u64, sources: &Sources) -> bool {
        self.parsed.place(id).is_some_and(|(start, end)| {
            self.places(sources).stand_in(self.character(start), self.character(end).saturating_add(1))
        })
    }

    /// The character that a byte of the text belongs to: the parser counts bytes.
    fn character(&self, byte: u32) -> usize {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        let text = &self.node.text;
        let starts = self.characters.get_or_init(|| match text.is_ascii() {
            true => Vec::new(),
            false => text.char_indices().map(|(at, _)| at).collect(),
        });
        if starts.is_empty() { byte } else { starts.partition_point(|start| *start <= byte).saturating_sub(1) }
    }

    /// The name of a member: the parser places a selection at its dot, also that of
    /// `.?`, or, of `has()`, at the call.
    pub fn member_at(&self, id: u64, operand: &IdedExpr, field: &str, sources: &Sources) -> At {
        let whole = self.at(id, sources);
        if self.is_of_function(id, sources) {
            return whole;
        }
        let from = self.at(operand.id, sources);
        let text = sources.text(whole.file);
        let start = from.start.max(whole.start);
        // Names do not hold line breaks, so the member follows on this line.
        let rest = text.get(start..).unwrap_or("");
        let line = rest.get(..rest.floor_char_boundary(STRETCH)).unwrap_or(rest);
        let line = line.lines().next().unwrap_or("");
        let found = [".?", "."].into_iter().find_map(|dot| {
            let found = line.find(&format!("{dot}{field}"))?;
            Some(found.saturating_add(dot.len()))
        });
        match found {
            Some(found) => {
                let start = start.saturating_add(found);
                At { file: whole.file, start, end: start.saturating_add(field.len()) }
            }
            None => whole,
        }
    }

    /// The name of the last member of a chain that ends with `.?`, else the node.
    pub fn end_of_chain(&self, node: &IdedExpr, sources: &Sources) -> At {
        match &node.expr {
            Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
                (operators::OPT_SELECT, [of, name]) => match literal(name) {
                    Some(field) => self.member_at(name.id, of, field, sources),
                    None => self.at(node.id, sources),
                },
                _ => self.at(node.id, sources),
            },
            _ => self.at(node.id, sources),
        }
    }
}

pub(crate) fn parse(node: &Node) -> Result<Expression<'_>, ExprError> {
    Ok(Expression { node, parsed: parsed(&node.text)?, places: OnceCell::new(), characters: OnceCell::new() })
}

thread_local! {
    /// What was parsed last: several passes look at the expressions of a rule.
    static RECENT: RefCell<VecDeque<(String, Rc<Parsed>)>> = const { RefCell::new(VecDeque::new()) };
}

/// A rule seldom has more expressions.
const KEPT: usize = 16;

/// Parses an expression, or takes it from those that were parsed last.
pub(crate) fn parsed(source: &str) -> Result<Rc<Parsed>, ExprError> {
    let known =
        RECENT.with_borrow(|recent| recent.iter().find(|(text, _)| text == source).map(|(_, parsed)| parsed.clone()));
    if let Some(parsed) = known {
        return Ok(parsed);
    }
    let parsed = Rc::new(parse_expression(source)?);
    RECENT.with_borrow_mut(|recent| {
        if recent.len() >= KEPT {
            recent.pop_front();
        }
        recent.push_back((source.to_owned(), Rc::clone(&parsed)));
    });
    Ok(parsed)
}

/// The text of a literal.
pub(crate) fn literal(node: &IdedExpr) -> Option<&str> {
    match &node.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}
