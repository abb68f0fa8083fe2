//! Puts the values of functions in the place of their calls.

use std::collections::BTreeSet;
use std::ops::Range;

use solgate_document::diagnostic::Report;
use solgate_document::source::At;

use super::Function;
use super::text::Text;
use crate::tokens::{Kind, Token, tokens};

/// Longest expression that calls may make, in bytes.
const LONGEST: usize = 64 * 1024;

/// A call of one of the functions.
pub(super) struct Call<'f> {
    function: &'f Function,
    name: Range<usize>,
    whole: Range<usize>,
    arguments: Vec<Range<usize>>,
}

impl Call<'_> {
    /// From the name to the closing bracket, in bytes.
    pub fn whole(&self) -> Range<usize> {
        self.whole.clone()
    }
}

/// The names of the functions that an expression calls.
pub(super) fn names(source: &str, functions: &[Function], found: &mut BTreeSet<String>) {
    for call in calls(source, functions) {
        found.insert(call.function.name.clone());
        for argument in call.arguments {
            names(source.get(argument).unwrap_or_default(), functions, found);
        }
    }
}

/// The calls in an expression that are not in the arguments of others.
pub(super) fn calls<'f>(source: &str, functions: &'f [Function]) -> Vec<Call<'f>> {
    // Most call none, and taking a text apart takes its time.
    if !functions.iter().any(|function| source.contains(&function.name)) {
        return Vec::new();
    }
    let tokens = tokens(source);
    let mut found: Vec<Call<'f>> = Vec::new();
    for at in 0..tokens.len() {
        if let Some(call) = call(source, &tokens, at, functions)
            && found.last().is_none_or(|before| before.whole.end <= call.whole.start)
        {
            found.push(call);
        }
    }
    found
}

fn call<'f>(source: &str, tokens: &[Token<'_>], at: usize, functions: &'f [Function]) -> Option<Call<'f>> {
    let name = tokens.get(at).filter(|token| token.kind == Kind::Word && !is_member(tokens, at))?;
    let function = functions.iter().find(|function| function.name == name.text)?;
    let open = tokens.get(at.checked_add(1)?).filter(|token| token.text == "(")?;
    let close = tokens.iter().skip(at).find(|token| token.kind == Kind::Close && token.id == open.id)?;
    let commas = tokens.iter().filter(|token| token.text == "," && token.group == Some(open.id));
    let mut arguments = Vec::new();
    let mut from = open.end;
    for comma in commas {
        arguments.push(trimmed(source, from..comma.start));
        from = comma.end;
    }
    let has_any = tokens.get(at.checked_add(2)?).is_some_and(|token| token.start < close.start);
    if has_any {
        arguments.push(trimmed(source, from..close.start));
    }
    Some(Call { function, name: name.start..name.end, whole: name.start..close.end, arguments })
}

/// A part of a text without the white space at its ends.
fn trimmed(source: &str, part: Range<usize>) -> Range<usize> {
    let text = source.get(part.clone()).unwrap_or_default();
    let start = part.start.saturating_add(text.len().saturating_sub(text.trim_start().len()));
    start..start.saturating_add(text.trim().len())
}

/// Whether a word is the name of a member, or of a function that stands behind a dot.
fn is_member(tokens: &[Token<'_>], at: usize) -> bool {
    at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| before.text == ".")
}

/// Whether a word stands for a value: it is no member and no function.
fn is_variable(tokens: &[Token<'_>], at: usize) -> bool {
    let is_called = at.checked_add(1).and_then(|next| tokens.get(next)).is_some_and(|next| next.text == "(");
    tokens.get(at).is_some_and(|token| token.kind == Kind::Word) && !is_member(tokens, at) && !is_called
}

/// The words of an expression that stand for values.
pub(super) fn variables(source: &str) -> BTreeSet<String> {
    let tokens = tokens(source);
    let words = tokens.iter().enumerate().filter(|(at, _)| is_variable(&tokens, *at));
    words.map(|(_, token)| token.text.to_owned()).collect()
}

/// The names that the macros of an expression give to items.
pub(super) fn bound(source: &str) -> BTreeSet<String> {
    let tokens = tokens(source);
    let mut found = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate().filter(|(at, _)| is_member(&tokens, *at)) {
        let is_macro =
            ["exists", "all", "exists_one", "existsOne", "map", "filter", "optMap", "optFlatMap"].contains(&token.text);
        let next = |by: usize| at.checked_add(by).and_then(|at| tokens.get(at));
        if let (true, Some(open), Some(name), Some(comma)) = (is_macro, next(1), next(2), next(3))
            && open.text == "("
            && name.kind == Kind::Word
            && comma.text == ","
        {
            found.insert(name.text.to_owned());
        }
    }
    found
}

/// The names in the value of a function that are neither its parameters nor those of items.
pub(super) fn free(function: &Function) -> BTreeSet<String> {
    let mut names = variables(function.body.as_str());
    names.retain(|name| !function.parameters.contains(name) && !function.bound.contains(name));
    names
}

/// An expression with the value of each function in the place of its calls, whose names
/// `called` learns.
pub(super) fn expanded(
    source: &Text,
    functions: &[Function],
    called: &mut BTreeSet<String>,
    report: &mut Report,
) -> Text {
    let around = bound(source.as_str());
    within(source, functions, &around, called, report)
}

fn within(
    source: &Text,
    functions: &[Function],
    around: &BTreeSet<String>,
    called: &mut BTreeSet<String>,
    report: &mut Report,
) -> Text {
    let mut made = Text::default();
    let mut from = 0;
    for call in calls(source.as_str(), functions) {
        made.add(&source.part(from..call.whole.start), 0);
        from = call.whole.end;
        called.insert(call.function.name.clone());
        let place = source.at(call.name.clone()).unwrap_or(call.function.at);
        let arguments: Vec<Text> = call
            .arguments
            .iter()
            .map(|bytes| within(&source.part(bytes.clone()), functions, around, called, report))
            .collect();
        // A call that is wrong stays, which nobody takes for a function of CEL.
        let mut instead = source.part(call.whole.clone());
        if is_right(call.function, &arguments, around, place, report) {
            let value = value(call.function, &arguments, place);
            if made.as_str().len().saturating_add(value.as_str().len()) <= LONGEST {
                instead = value;
            } else {
                report
                    .mistake(place, format!("with the value of `{}` the expression is too long", call.function.name))
                    .hint(format!("calls make an expression of at most {LONGEST} bytes"));
            }
        }
        made.add(&instead, 0);
    }
    made.add(&source.part(from..source.as_str().len()), 0);
    made
}

/// Reports what is wrong with a call.
fn is_right(function: &Function, arguments: &[Text], around: &BTreeSet<String>, at: At, report: &mut Report) -> bool {
    let usage = format!("{}({})", function.name, function.parameters.join(", "));
    if arguments.len() != function.parameters.len()
        || arguments.iter().any(|argument| argument.as_str().trim().is_empty())
    {
        let needed = function.parameters.len();
        let plural = if needed == 1 { "" } else { "s" };
        report
            .mistake(at, format!("`{}` takes {needed} argument{plural}", function.name))
            .hint(format!("write {usage}"))
            .related(function.at, "defined here");
        return false;
    }
    if let Some(name) = function.free.iter().find(|name| around.contains(*name)) {
        report
            .mistake(at, format!("the function `{}` reads `{name}`, which is the name of an item here", function.name))
            .hint("give the item another name")
            .related(function.at, "defined here");
        return false;
    }
    function.is_sound
}

/// The value of a function for these arguments. What is wrong with it there is wrong at the call:
/// the function may be another's.
fn value(function: &Function, arguments: &[Text], at: At) -> Text {
    let body = function.body.as_str();
    let tokens = tokens(body);
    let read: BTreeSet<String> = arguments.iter().flat_map(|argument| variables(argument.as_str())).collect();
    let mut made = Text::plain("(", at);
    let say = |made: &mut Text, text: &str| made.add(&Text::plain(text, at), 1);
    let mut from = 0;
    for (_, token) in tokens.iter().enumerate().filter(|(index, _)| is_variable(&tokens, *index)) {
        say(&mut made, body.get(from..token.start).unwrap_or_default());
        from = token.end;
        let parameter = function.parameters.iter().position(|name| name == token.text);
        if let Some(argument) = parameter.and_then(|index| arguments.get(index)) {
            let (open, close) = if is_chain(argument.as_str()) { ("", "") } else { ("(", end(argument.as_str())) };
            say(&mut made, open);
            made.add(argument, 2);
            say(&mut made, close);
        } else if function.bound.contains(token.text) && read.contains(token.text) {
            // An argument that reads something of that name means something else.
            let mut name = format!("{}_", token.text);
            while read.contains(&name) || function.free.contains(&name) || function.bound.contains(&name) {
                name.push('_');
            }
            say(&mut made, &name);
        } else {
            say(&mut made, token.text);
        }
    }
    say(&mut made, body.get(from..).unwrap_or_default());
    made.say(end(body), at);
    made
}

/// The bracket that closes a text, which may end with a comment.
fn end(text: &str) -> &'static str {
    if text.contains("//") { "\n)" } else { ")" }
}

/// Whether an argument is a name, a text, a number, a chain of members, or in brackets.
fn is_chain(source: &str) -> bool {
    let tokens = tokens(source);
    let is_plain =
        |token: &Token<'_>| matches!(token.kind, Kind::Word | Kind::Text | Kind::Number) || token.text == ".";
    let is_bracketed = matches!(tokens.as_slice(), [first, .., last] if first.text == "(" && last.id == first.id);
    let ends_here = tokens.last().is_some_and(|last| last.end == source.len());
    ends_here && (is_bracketed || tokens.iter().all(is_plain) && !source.contains('?') && !source.contains("//"))
}
