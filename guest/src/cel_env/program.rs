//! Expressions, compiled once.

use std::sync::{Arc, LazyLock};

use cel::{
    Context, Env, ExecutionError, IdedExpr, Value,
    common::{
        ast::{
            CallExpr, EntryExpr, Expr, ListExpr, LiteralValue, MapEntryExpr, MapExpr, SelectExpr, SourceInfo, operators,
        },
        types::CelInt,
        value::{CowVal, Val},
    },
};
use regex::Regex;

use super::{
    ExprError, ExprInfo,
    analyse::analyse,
    functions::{
        EQUAL, FORMAT, FUNCTIONS, HOST, IN_CIDR, IN_LIST, IN_WINDOW, MAP, MATCHES, SCHEME, SHOWN, environment,
        is_namespace,
    },
    list::List,
    networks,
    numbers::{self, is_plain, may_be_numbers},
    opaque::Pattern,
    parts::{self, PartValue},
    tables::{DATA, LIST, Tables, WINDOW},
    texts::{self, EXTRACT},
    time::{ZONED, Zone, Zones},
    value::view,
    window::Window,
};
use crate::json::{Document, Node};

/// Start of the names under which what is compiled ahead is a variable; no source
/// can spell them.
pub(super) const PATTERN: &str = "@pattern";
const ZONE: &str = "@zone";

/// Compiles expressions and keeps the patterns that they match with.
pub(crate) struct Compiler {
    env: Arc<Env>,
    patterns: Vec<Pattern>,
    zones: Zones,
    tables: Tables,
}

/// What all expressions of an engine share at run time.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub env: Arc<Env>,
    pub patterns: Arc<[Pattern]>,
    lists: Arc<[List]>,
    windows: Arc<[Window]>,
    zones: Arc<[Zone]>,
    data: Option<Arc<Document<'static>>>,
}

impl Runtime {
    /// What was compiled ahead and put into an expression under that name.
    pub(super) fn compiled<'r>(&'r self, name: &str) -> Option<CowVal<'r, 'r>> {
        fn at<'r, T: Val + 'r>(known: &'r [T], index: &str) -> Option<CowVal<'r, 'r>> {
            known.get(index.parse::<usize>().ok()?).map(|value| CowVal::Borrowed(value))
        }
        if let Some(index) = name.strip_prefix(PATTERN) {
            return at(&self.patterns, index);
        }
        if let Some(index) = name.strip_prefix(LIST) {
            return at(&self.lists, index);
        }
        if let Some(index) = name.strip_prefix(ZONE) {
            return at(&self.zones, index);
        }
        if let Some(index) = name.strip_prefix(WINDOW) {
            return at(&self.windows, index);
        }
        self.data(name).map(view)
    }

    /// What is read as `data`.
    pub(super) fn data(&self, name: &str) -> Option<Node<'_>> {
        self.data.as_ref().filter(|_| name == DATA).map(|data| data.root())
    }
}

/// A compiled expression.
pub(crate) struct Program {
    expression: IdedExpr,
}

impl Program {
    /// The tree, as it is evaluated.
    pub(super) fn expression(&self) -> &IdedExpr {
        &self.expression
    }

    /// Evaluates to a value that no longer borrows the context.
    pub(crate) fn value<'v>(&self, context: &Context<'_, 'v>) -> Result<Box<dyn Val + 'v>, ExecutionError> {
        Value::resolve_val(&self.expression, context).map(CowVal::into_owned)
    }

    /// The values of the parts of the expression.
    pub(crate) fn parts(&self, context: &Context<'_, '_>) -> Vec<PartValue> {
        parts::values(self, context)
    }

    /// The smallest part that cannot be evaluated, if there is one that can be written down.
    pub(crate) fn failing_part(&self, context: &Context<'_, '_>) -> Option<String> {
        parts::failing(&self.expression, context).and_then(parts::written)
    }

    /// Evaluates to a boolean.
    pub(crate) fn holds(&self, context: &Context<'_, '_>) -> Result<bool, ExecutionError> {
        let value = Value::resolve_val(&self.expression, context)?;
        match value.downcast_ref::<cel::common::types::CelBool>() {
            Some(bool) => Ok(*bool.inner()),
            None => {
                Err(ExecutionError::UnexpectedType { got: value.get_type().name().to_owned(), want: "bool".to_owned() })
            }
        }
    }

    /// Evaluates to a string.
    pub(crate) fn text(&self, context: &Context<'_, '_>) -> Result<String, ExecutionError> {
        let value = Value::resolve_val(&self.expression, context)?;
        match value.downcast_ref::<cel::common::types::CelString>() {
            Some(text) => Ok(text.inner().to_owned()),
            None => Err(ExecutionError::UnexpectedType {
                got: value.get_type().name().to_owned(),
                want: "string".to_owned(),
            }),
        }
    }
}

impl Compiler {
    pub(crate) fn new(tables: Tables) -> Result<Self, ExprError> {
        /// Made once: it takes longer than most expressions.
        static ENVIRONMENT: LazyLock<Result<Arc<Env>, String>> =
            LazyLock::new(|| environment().map(Arc::new).map_err(|error| error.to_string()));
        match ENVIRONMENT.as_ref() {
            Ok(env) => Ok(Self { env: Arc::clone(env), patterns: Vec::new(), zones: Zones::default(), tables }),
            Err(message) => Err(ExprError { message: message.clone(), line: 1, column: 1, unknown_function: None }),
        }
    }

    pub(crate) fn finish(self) -> Runtime {
        let (lists, windows, data) = match self.tables {
            Tables::Any => (Vec::new(), Vec::new(), None),
            Tables::Of { lists, windows, data, .. } => (lists, windows, data),
        };
        Runtime {
            env: self.env,
            patterns: self.patterns.into(),
            lists: lists.into_iter().map(|(_, list)| list).collect(),
            windows: windows.into_iter().map(|(_, window)| window).collect(),
            zones: self.zones.finish(),
            data: data.map(Arc::new),
        }
    }

    /// Parses, checks and rewrites one expression.
    pub(crate) fn compile(&mut self, source: &str) -> Result<(Program, ExprInfo), ExprError> {
        let written = self.parse(source)?;
        let program = self.rewritten(&written)?;
        Ok((program, analyse(written.expression())))
    }

    /// Parses one expression. Nothing else does, so that there is one language.
    pub(super) fn parse(&self, source: &str) -> Result<cel::Program, ExprError> {
        self.env.compile(source).map_err(|errors| {
            let first = errors.errors.first();
            let position = |part: fn(&(isize, isize)) -> isize| {
                first.and_then(|error| usize::try_from(part(&error.pos)).ok()).unwrap_or(1).max(1)
            };
            ExprError {
                message: first.map_or_else(|| "it does not parse".to_owned(), |error| error.msg.clone()),
                line: position(|pos| pos.0),
                column: position(|pos| pos.1),
                unknown_function: None,
            }
        })
    }

    /// Checks what was parsed, and makes of it what is evaluated.
    pub(super) fn rewritten(&mut self, written: &cel::Program) -> Result<Program, ExprError> {
        let mut expression = written.expression().clone();
        self.rewrite(&mut expression, written.source_info())?;
        Ok(Program { expression })
    }

    fn rewrite(&mut self, node: &mut IdedExpr, source: &SourceInfo) -> Result<(), ExprError> {
        match &mut node.expr {
            Expr::Call(call) => {
                for child in call.target.as_deref_mut().into_iter().chain(&mut call.args) {
                    self.rewrite(child, source)?;
                }
                if let Some(replacement) = self.rewrite_call(call, node.id, source)? {
                    node.expr = replacement;
                }
            }
            Expr::Comprehension(comprehension) => {
                self.rewrite(&mut comprehension.iter_range, source)?;
                self.rewrite(&mut comprehension.accu_init, source)?;
                self.rewrite(&mut comprehension.loop_cond, source)?;
                self.rewrite(&mut comprehension.loop_step, source)?;
                self.rewrite(&mut comprehension.result, source)?;
            }
            Expr::List(list) => {
                for item in &mut list.elements {
                    self.rewrite(item, source)?;
                }
            }
            Expr::Map(map) => {
                let made = self.rewrite_map(std::mem::take(map), node.id, source)?;
                node.expr = made;
            }
            Expr::Select(SelectExpr { operand, test: false, .. }) if matches!(&operand.expr, Expr::Ident(name) if is_variables(name)) =>
                {}
            Expr::Select(select) => self.rewrite(&mut select.operand, source)?,
            Expr::Struct(_) => {
                return Err(fault("messages cannot be constructed here", node.id, source));
            }
            Expr::Unspecified => {
                return Err(fault("the expression is not complete", node.id, source));
            }
            // Each has a place of its own; there is no map that holds them.
            Expr::Ident(name) if is_variables(name) => {
                return Err(fault(
                    "the variables of a rule are always there, and each is read by its name, as in variables.NAME",
                    node.id,
                    source,
                ));
            }
            Expr::Ident(_) | Expr::Literal(_) => {}
        }
        Ok(())
    }

    /// A map literal becomes a call that makes a map of one order, see [`map::make`].
    ///
    /// [`map::make`]: super::map::make
    fn rewrite_map(&mut self, map: MapExpr, id: u64, source: &SourceInfo) -> Result<Expr, ExprError> {
        let list = |elements| IdedExpr { id, expr: Expr::List(ListExpr::new(elements)) };
        let mut known: Vec<LiteralValue> = Vec::new();
        let mut parts = Vec::with_capacity(map.entries.len().saturating_mul(2));
        let mut optional = Vec::new();
        for (index, entry) in map.entries.into_iter().enumerate() {
            let EntryExpr::MapEntry(MapEntryExpr { mut key, mut value, optional: is_optional }) = entry.expr else {
                return Err(fault("messages cannot be constructed here", id, source));
            };
            if is_optional {
                let index = LiteralValue::Int(CelInt::from(i64::try_from(index).unwrap_or(i64::MAX)));
                optional.push(IdedExpr { id, expr: Expr::Literal(index) });
            } else if let Expr::Literal(literal) = &key.expr {
                if known.contains(literal) {
                    return Err(fault("the map has this key twice", key.id, source));
                }
                known.push(literal.clone());
            }
            self.rewrite(&mut key, source)?;
            self.rewrite(&mut value, source)?;
            parts.extend([key, value]);
        }
        let mut args = vec![list(parts)];
        if !optional.is_empty() {
            args.push(list(optional));
        }
        Ok(Expr::Call(CallExpr { func_name: MAP.to_owned(), target: None, args }))
    }

    fn rewrite_call(&mut self, call: &mut CallExpr, id: u64, source: &SourceInfo) -> Result<Option<Expr>, ExprError> {
        match call.func_name.as_str() {
            MATCHES => {
                let (text, pattern) = match (call.target.take(), std::mem::take(&mut call.args)) {
                    (Some(text), mut args) if args.len() == 1 => (*text, args.pop()),
                    (None, mut args) if args.len() == 2 => {
                        let pattern = args.pop();
                        (args.pop().unwrap_or_default(), pattern)
                    }
                    _ => return Err(fault("matches takes a string and a pattern", id, source)),
                };
                self.with_pattern(MATCHES, text, pattern, id, source).map(Some)
            }
            "extract" if matches!(call.target.as_deref(), Some(IdedExpr { expr: Expr::Ident(name), .. }) if name == "regex") =>
            {
                let (Some(pattern), Some(text), None) = (call.args.pop(), call.args.pop(), call.args.pop()) else {
                    return Err(fault("regex.extract takes a string and a pattern", id, source));
                };
                self.with_pattern(EXTRACT, text, Some(pattern), id, source).map(Some)
            }
            name if let Some(function) = texts::replacement(name)
                && let Some(target) = call.target.take() =>
            {
                let args = std::iter::once(*target).chain(std::mem::take(&mut call.args)).collect();
                Ok(Some(Expr::Call(CallExpr { func_name: function.to_owned(), target: None, args })))
            }
            operators::EQUALS | operators::NOT_EQUALS
                if !call.args.iter().any(|arg| matches!(&arg.expr, Expr::Literal(literal) if is_plain(literal))) =>
            {
                let equal = Expr::Call(CallExpr {
                    func_name: EQUAL.to_owned(),
                    target: None,
                    args: std::mem::take(&mut call.args),
                });
                if call.func_name == operators::EQUALS {
                    return Ok(Some(equal));
                }
                let args = vec![IdedExpr { id, expr: equal }];
                Ok(Some(Expr::Call(CallExpr { func_name: operators::LOGICAL_NOT.to_owned(), target: None, args })))
            }
            operators::NEGATE if !call.args.iter().any(|arg| matches!(arg.expr, Expr::Literal(_))) => {
                let mut args = vec![IdedExpr { id, expr: Expr::Literal(LiteralValue::Int(CelInt::from(0))) }];
                args.append(&mut call.args);
                Ok(Some(Expr::Call(CallExpr { func_name: numbers::SUBTRACT.to_owned(), target: None, args })))
            }
            name if let Some((function, exchanged)) = numbers::replacement(name)
                && may_be_numbers(&call.args) =>
            {
                let mut args = std::mem::take(&mut call.args);
                if exchanged {
                    args.reverse();
                }
                Ok(Some(Expr::Call(CallExpr { func_name: function.to_owned(), target: None, args })))
            }
            "int" if call.target.is_none() && call.args.len() == 1 => {
                let args = std::mem::take(&mut call.args);
                Ok(Some(Expr::Call(CallExpr { func_name: numbers::INT.to_owned(), target: None, args })))
            }
            HOST | SCHEME if call.target.is_some() || call.args.len() != 1 => {
                Err(fault(&format!("{0} is called with a URI: {0}(...)", call.func_name), id, source))
            }
            IN_CIDR => {
                if let [_, IdedExpr { expr: Expr::Literal(LiteralValue::String(network)), id }] = call.args.as_slice()
                    && !networks::is_cidr(network.inner())
                {
                    let network = crate::text::clean(network.inner());
                    return Err(fault(&format!("'{network}' is not a network, such as 10.0.0.0/8"), *id, source));
                }
                Ok(None)
            }
            name if ZONED.contains(&name)
                && call.target.is_some()
                && let [zone] = call.args.as_mut_slice() =>
            {
                let Expr::Literal(LiteralValue::String(text)) = &zone.expr else {
                    let message =
                        format!("the zone of {name} is a string literal, such as 'Europe/Berlin' or '+02:00'");
                    return Err(fault(&message, zone.id, source));
                };
                let variable = self.zone(text.inner()).map_err(|message| fault(&message, zone.id, source))?;
                zone.expr = Expr::Ident(variable);
                Ok(None)
            }
            FORMAT => {
                for list in &mut call.args {
                    let args = vec![std::mem::take(list)];
                    let shown = CallExpr { func_name: SHOWN.to_owned(), target: None, args };
                    *list = IdedExpr { id, expr: Expr::Call(shown) };
                }
                Ok(None)
            }
            name @ (IN_LIST | IN_WINDOW) => {
                let second = if name == IN_LIST { "text" } else { "now" };
                let usage = || format!("{name} is called with a name and a value: {name}('name', {second})");
                let (None, [first, _]) = (&call.target, call.args.as_mut_slice()) else {
                    return Err(fault(&usage(), id, source));
                };
                let Expr::Literal(LiteralValue::String(text)) = &first.expr else {
                    return Err(fault(&format!("{}; the name is a string literal", usage()), first.id, source));
                };
                let variable = self.tables.variable(name, text.inner()).ok_or_else(|| {
                    let what = if name == IN_LIST { "list" } else { "window" };
                    fault(&format!("there is no {what} {}", crate::text::clean(text.inner())), first.id, source)
                })?;
                first.expr = Expr::Ident(variable);
                Ok(None)
            }
            name => {
                let operator = name.starts_with(['_', '@', '!', '-']);
                let qualified = match call.target.as_deref() {
                    Some(IdedExpr { expr: Expr::Ident(namespace), .. }) => Some(format!("{namespace}.{name}")),
                    _ => None,
                };
                // Of `regex.replace(...)` the whole name counts.
                let name = match &qualified {
                    Some(qualified) if qualified.split_once('.').is_some_and(|(space, _)| is_namespace(space)) => {
                        qualified.as_str()
                    }
                    _ => name,
                };
                if operator || FUNCTIONS.contains(&name) {
                    return Ok(None);
                }
                let unknown_function = Some(name.to_owned());
                Err(ExprError { unknown_function, ..fault(&format!("there is no function {name}"), id, source) })
            }
        }
    }

    /// A call whose second argument is a pattern that is compiled ahead.
    fn with_pattern(
        &mut self,
        function: &str,
        text: IdedExpr,
        pattern: Option<IdedExpr>,
        id: u64,
        source: &SourceInfo,
    ) -> Result<Expr, ExprError> {
        let Some(IdedExpr { expr: Expr::Literal(LiteralValue::String(pattern)), id: pattern_id }) = pattern else {
            let name = if function == EXTRACT { "regex.extract" } else { function };
            let message = format!("the pattern of {name} must be a string literal, so that it can be compiled ahead");
            return Err(fault(&message, id, source));
        };
        let name = self.pattern(pattern.inner()).map_err(|message| fault(&message, pattern_id, source))?;
        let of_groups = |known: &&Pattern| known.0.as_str() == pattern.inner() && known.0.captures_len() > 2;
        if function == EXTRACT && self.patterns.iter().any(|known| of_groups(&known)) {
            let message = "the pattern of regex.extract has more than one group: write (?:...) for the others";
            return Err(fault(message, pattern_id, source));
        }
        let pattern = IdedExpr { id: pattern_id, expr: Expr::Ident(name) };
        Ok(Expr::Call(CallExpr { func_name: function.to_owned(), target: None, args: vec![text, pattern] }))
    }

    /// The variable that holds a time zone. Where there are no tables, the zone is not
    /// known, and no value of it either.
    fn zone(&mut self, name: &str) -> Result<String, String> {
        match (self.zones.place(name, || self.tables.zone(name)), &self.tables) {
            (Some(place), _) => Ok(format!("{ZONE}{place}")),
            (None, Tables::Any) => Ok(ZONE.to_owned()),
            (None, Tables::Of { .. }) => Err(format!("there is no time zone {}", crate::text::clean(name))),
        }
    }

    /// The variable that holds a compiled pattern.
    fn pattern(&mut self, pattern: &str) -> Result<String, String> {
        let index = match self.patterns.iter().position(|known| known.0.as_str() == pattern) {
            Some(index) => index,
            None => {
                let regex = Regex::new(pattern).map_err(|error| {
                    format!("the pattern does not compile: {}", crate::text::clean(&error.to_string()))
                })?;
                self.patterns.push(Pattern(Arc::new(regex)));
                self.patterns.len().saturating_sub(1)
            }
        };
        Ok(format!("{PATTERN}{index}"))
    }
}

/// The name below which the variables of a rule are.
fn is_variables(name: &str) -> bool {
    name.trim_start_matches('.') == "variables"
}

/// A fault of a node of the tree.
pub(super) fn fault(message: &str, id: u64, source: &SourceInfo) -> ExprError {
    let offset = source.offset_for(id).map_or(0, |(start, _)| usize::try_from(start).unwrap_or(0));
    // The parser counts bytes.
    let before = source.source.get(..source.source.floor_char_boundary(offset)).unwrap_or(&source.source);
    let line = before.matches('\n').count().saturating_add(1);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    ExprError { message: message.to_owned(), line, column, unknown_function: None }
}
