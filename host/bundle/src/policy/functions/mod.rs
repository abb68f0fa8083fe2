//! Functions that a bundle defines. A call means what it would if the function's value stood
//! in its place, with the arguments in the places of the parameters.

mod calls;
mod text;

use std::collections::BTreeSet;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::{At, Sources};
use solgate_document::yaml::{Key, Node, Style, Value};
use solgate_engine::cel_env::{FUNCTIONS, is_namespace};
use solgate_engine::ir;

use self::text::Text;
use crate::variables::{is_identifier, is_word_of_cel};

/// A function.
#[derive(Debug)]
pub(crate) struct Function {
    pub name: String,
    pub parameters: Vec<String>,
    /// Its name in policy.yaml.
    pub at: At,
    pub doc: String,
    /// The value as it is written.
    value: Node,
    /// The value, with the values of other functions in the places of their calls.
    body: Text,
    /// The names that macros in it give to items.
    bound: BTreeSet<String>,
    /// The other names in it.
    free: BTreeSet<String>,
    /// The functions that it calls.
    calls: BTreeSet<String>,
    /// Nothing is wrong with it.
    is_sound: bool,
}

impl Function {
    /// How it is called.
    pub fn usage(&self) -> String {
        format!("{}({})", self.name, self.parameters.join(", "))
    }

    pub fn def(&self) -> ir::Function {
        ir::Function {
            name: self.name.clone(),
            parameters: self.parameters.clone(),
            value: self.value.text.clone(),
            doc: self.doc.clone(),
        }
    }
}

/// The functions of a bundle, and which of them are called.
#[derive(Debug, Default)]
pub(crate) struct Functions {
    all: Vec<Function>,
    called: BTreeSet<String>,
}

impl Functions {
    pub fn iter(&self) -> impl Iterator<Item = &Function> {
        self.all.iter()
    }

    pub fn find(&self, name: &str) -> Option<&Function> {
        self.all.iter().find(|function| function.name == name)
    }

    /// The values of those that this bundle defines, with the values of others in the place
    /// of their calls.
    pub fn own_values(&self, sources: &Sources) -> Vec<(String, Node)> {
        let own = self.all.iter().filter(|function| function.is_sound && !sources.is_inherited(function.at.file));
        own.map(|function| (function.name.clone(), function.body.clone().into_node(&function.value))).collect()
    }

    /// Calls of this function are wrong, which has been reported.
    pub fn is_refused(&mut self, name: &str) {
        if let Some(function) = self.all.iter_mut().find(|function| function.name == name) {
            function.is_sound = false;
        }
    }

    /// Whether an expression calls one of them.
    pub fn are_called_in(&self, source: &str) -> bool {
        !calls::calls(source, &self.all).is_empty()
    }

    /// The parts of an expression that are not calls of these functions, in their order.
    pub fn between_calls<'s>(&self, source: &'s str) -> Vec<&'s str> {
        let mut parts = Vec::new();
        let mut from = 0;
        for call in calls::calls(source, &self.all) {
            let whole = call.whole();
            parts.extend(source.get(from..whole.start));
            from = whole.end;
        }
        parts.extend(source.get(from..));
        parts
    }

    /// Puts values in the place of all calls in an expression.
    pub fn expand(&mut self, node: &mut Node, report: &mut Report) {
        if !matches!(node.value, Value::String) || !self.are_called_in(&node.text) {
            return;
        }
        let source = Text::of(node, &report.sources);
        *node = calls::expanded(&source, &self.all, &mut self.called, report).into_node(node);
    }

    /// An expression by itself with values in the place of calls; as it is, if a call is wrong.
    pub fn expand_text(&self, source: &str) -> String {
        let mut report = Report::default();
        let file = report.sources.add("", source);
        let text = Text::plain(source, At::start_of(file));
        let made = calls::expanded(&text, &self.all, &mut BTreeSet::new(), &mut report);
        if report.has_mistakes() { source.to_owned() } else { made.as_str().to_owned() }
    }

    /// Warns of what nothing calls.
    pub fn warn_of_unused(&self, report: &mut Report) {
        let mut called = self.called.clone();
        let mut next: Vec<String> = called.iter().cloned().collect();
        while let Some(name) = next.pop() {
            let calls = self.find(&name).into_iter().flat_map(|function| &function.calls);
            next.extend(calls.filter(|name| called.insert((*name).clone())).cloned());
        }
        for function in self.all.iter().filter(|function| function.is_sound && !called.contains(&function.name)) {
            report
                .warning(function.at, format!("nothing calls the function `{}`", function.name))
                .hint("remove it, or add the rule that should call it");
        }
    }
}

/// Reads `functions` and adds them to the inherited ones.
pub(super) fn read(node: Option<&Node>, mut functions: Functions, report: &mut Report) -> Functions {
    let inherited = functions.all.len();
    let entries = node.and_then(|node| reader::map(node, "`functions`", report));
    for (key, node) in entries.unwrap_or_default() {
        let Some((name, parameters)) = signature(key, report) else { continue };
        if let Some((first, is_inherited)) = functions
            .all
            .iter()
            .enumerate()
            .find(|(_, known)| known.name == name)
            .map(|(at, known)| (known.at, at < inherited))
        {
            let (message, label) = match is_inherited {
                true => (format!("another bundle has a function `{name}`"), "there"),
                false => (format!("the function `{name}` is here twice"), "the first"),
            };
            report.mistake(key.at, message).hint("give it another name").related(first, label);
            continue;
        }
        let Some((value, doc)) = value(node, report) else { continue };
        functions.all.push(Function {
            name,
            parameters,
            at: key.at,
            doc,
            value: value.clone(),
            body: Text::of(value, &report.sources),
            bound: BTreeSet::new(),
            free: BTreeSet::new(),
            calls: BTreeSet::new(),
            is_sound: true,
        });
    }
    for at in inherited..functions.all.len() {
        let calls = functions.all.get(at).map(|function| names(function, &functions.all)).unwrap_or_default();
        if let Some(function) = functions.all.get_mut(at) {
            function.calls = calls;
        }
    }
    report_circles(&mut functions.all, inherited, report);
    complete(&mut functions.all, inherited, report);
    functions.all.iter_mut().skip(inherited).for_each(|function| check(function, report));
    functions
}

/// Those of a compiled bundle.
impl From<&[ir::Function]> for Functions {
    fn from(defs: &[ir::Function]) -> Self {
        let at = At::start_of(Sources::default().add("", ""));
        let all = defs.iter().map(|def| Function {
            name: def.name.clone(),
            parameters: def.parameters.clone(),
            at,
            doc: def.doc.clone(),
            value: scalar(&def.value, at),
            body: Text::plain(&def.value, at),
            bound: BTreeSet::new(),
            free: BTreeSet::new(),
            calls: BTreeSet::new(),
            is_sound: true,
        });
        let mut all: Vec<Function> = all.collect();
        for index in 0..all.len() {
            let calls = all.get(index).map(|function| names(function, &all)).unwrap_or_default();
            if let Some(function) = all.get_mut(index) {
                function.calls = calls;
            }
        }
        complete(&mut all, 0, &mut Report::default());
        Self { all, called: BTreeSet::new() }
    }
}

fn scalar(text: &str, at: At) -> Node {
    Node { value: Value::String, at, text: text.to_owned(), style: Style::Plain, made_of: None }
}

/// `NAME(PARAMETER, ...)`.
fn signature(key: &Key, report: &mut Report) -> Option<(String, Vec<String>)> {
    let text = key.name.trim();
    let parts = text.strip_suffix(')').and_then(|text| text.split_once('('));
    let parameters = |list: &str| -> Vec<String> {
        let list = list.trim();
        if list.is_empty() { Vec::new() } else { list.split(',').map(|name| name.trim().to_owned()).collect() }
    };
    let (name, parameters) = parts.map(|(name, list)| (name.trim().to_owned(), parameters(list))).unwrap_or_default();
    if !is_identifier(&name) || !parameters.iter().all(|name| is_identifier(name)) {
        report
            .mistake(key.at, format!("`{text}` is not the name of a function with its parameters"))
            .hint("write it as it is called, such as isOpen(occurrence)");
        return None;
    }
    if is_taken(&name) {
        report
            .mistake(key.at, format!("expressions have a function `{name}` already"))
            .hint("give this one another name");
        return None;
    }
    let odd = parameters.iter().enumerate().find_map(|(at, name)| {
        let is_twice = parameters.iter().take(at).any(|before| before == name);
        let is_reserved = is_word_of_cel(name) || is_namespace(name);
        (is_twice || is_reserved).then_some((name, is_twice))
    });
    if let Some((parameter, is_twice)) = odd {
        let message = match is_twice {
            true => format!("the function `{name}` has the parameter `{parameter}` twice"),
            false => format!("`{parameter}` cannot be the name of a parameter: it means something else in CEL"),
        };
        report.mistake(key.at, message).hint("give it another name");
        return None;
    }
    Some((name, parameters))
}

/// Macros, which have no signatures.
const MACROS: [&str; 9] = ["has", "exists", "all", "exists_one", "existsOne", "map", "filter", "optMap", "optFlatMap"];

fn is_taken(name: &str) -> bool {
    FUNCTIONS.contains(&name) || MACROS.contains(&name) || is_namespace(name) || is_word_of_cel(name)
}

/// An expression, or `{value: EXPRESSION, doc: TEXT}`.
fn value<'n>(node: &'n Node, report: &mut Report) -> Option<(&'n Node, String)> {
    if node.as_map().is_none() {
        return expression(node, report).map(|node| (node, String::new()));
    }
    let mut members = Members::open(node, "a function", report)?;
    let value = members.require("value", report);
    let doc =
        members.get("doc").and_then(|node| reader::text(node, "`doc`", report)).unwrap_or_default().trim().to_owned();
    members.finish(report);
    Some((expression(value?, report)?, doc))
}

fn expression<'n>(node: &'n Node, report: &mut Report) -> Option<&'n Node> {
    match node.value {
        Value::String | Value::Bool(_) | Value::Number(_) if !node.text.trim().is_empty() => Some(node),
        _ => {
            report
                .mistake(node.at, format!("the value of a function is an expression, but here is {}", node.kind()))
                .hint("write `NAME(PARAMETER): EXPRESSION`, or `NAME(PARAMETER): { value: EXPRESSION, doc: TEXT }`");
            None
        }
    }
}

/// The functions that one calls, also in the arguments of calls.
fn names(function: &Function, all: &[Function]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    calls::names(function.body.as_str(), all, &mut found);
    found
}

fn report_circles(all: &mut [Function], inherited: usize, report: &mut Report) {
    let circles: Vec<Option<Vec<String>>> = all.iter().map(|function| circle(function, all)).collect();
    for (function, circle) in all.iter_mut().zip(circles).skip(inherited) {
        if let Some(circle) = circle {
            let way = circle.join(" calls ");
            report
                .mistake(function.at, format!("the function `{}` needs itself: {way}", function.name))
                .hint("a function is made of others, and those not of it");
            function.is_sound = false;
            // Whoever follows the calls shall come to an end.
            function.calls.clear();
        }
    }
}

/// The way from a function back to it.
fn circle(from: &Function, all: &[Function]) -> Option<Vec<String>> {
    let mut ways: Vec<Vec<String>> = vec![vec![from.name.clone()]];
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    while let Some(way) = ways.pop() {
        let last = way.last().and_then(|name| all.iter().find(|function| function.name == *name));
        for name in last.into_iter().flat_map(|function| &function.calls) {
            let mut next = way.clone();
            next.push(name.clone());
            if *name == from.name {
                return Some(next);
            }
            if seen.insert(name) {
                ways.push(next);
            }
        }
    }
    None
}

/// Puts functions into each other, those first that need no other.
fn complete(all: &mut [Function], inherited: usize, report: &mut Report) {
    let mut done: BTreeSet<String> = all.iter().take(inherited).map(|function| function.name.clone()).collect();
    loop {
        let is_next = |function: &Function| !done.contains(&function.name) && function.calls.is_subset(&done);
        let Some(index) = all.iter().position(is_next) else { return };
        let before = report.mistakes();
        let body = all.get(index).map(|function| match function.calls.is_empty() {
            true => function.body.clone(),
            false => calls::expanded(&function.body, all, &mut BTreeSet::new(), report),
        });
        if let Some((function, body)) = all.get_mut(index).zip(body) {
            function.is_sound &= report.mistakes() == before;
            function.bound = calls::bound(body.as_str());
            function.body = body;
            function.free = calls::free(function);
            done.insert(function.name.clone());
        }
    }
}

/// Reports what is wrong with the value of a function by itself.
fn check(function: &mut Function, report: &mut Report) {
    if !function.is_sound {
        return;
    }
    if let Some(name) = function.parameters.iter().find(|name| function.bound.contains(*name)) {
        report
            .mistake(function.value.at, format!("`{name}` is a parameter, and the name of an item in the value"))
            .hint("give one of them another name");
        function.is_sound = false;
    }
    let words = calls::variables(&function.value.text);
    if let Some(name) = function.parameters.iter().find(|name| !words.contains(*name)) {
        report
            .warning(function.at, format!("the function `{}` does not read its parameter `{name}`", function.name))
            .hint("remove the parameter");
    }
}
