//! What facts are asked for by: variables of the path, and what their templates take from
//! the caller, the body and other facts.

use super::{
    call::Call,
    content::Content,
    known::{Answer, State},
};
use crate::{
    json::{Kind, Node},
    rules::{Dependent, Given, Source},
    verdict::FactQuery,
};

/// Longest value that is taken, in bytes: it goes into a target.
const LONGEST: usize = 1024;

/// What there is for a variable of a template.
enum Taken {
    Value(String),
    /// It is in a fact that is not known yet.
    Later,
    /// Nothing, or nothing that can be in a target.
    Nothing,
}

/// Says which facts cannot be asked for, because they need what is not there.
pub(super) fn settle<'a>(state: &mut State<'a>, call: &Call<'a>, content: &Content<'_>) {
    let bundle = call.bundle;
    // Those that need a fact come last.
    for needs_a_fact in [false, true] {
        let dependents = bundle.dependents.iter().filter(|dependent| dependent.needs_a_fact() == needs_a_fact);
        for dependent in dependents.filter(|dependent| state.answer(dependent.fact).is_none()).collect::<Vec<_>>() {
            let lacks = |given: &&Given| matches!(take(state, call, content, given), Taken::Nothing);
            if let Some(given) = dependent.needs.iter().find(lacks) {
                state.unasked(dependent.fact, &given.name);
            }
        }
    }
}

/// The facts, not known yet, that one needs before it can be asked for.
pub(super) fn first(state: &State<'_>, call: &Call<'_>, fact: usize) -> Vec<usize> {
    let is_asked = state.answer(fact).is_none();
    let of = call.bundle.dependents.iter().filter(|dependent| is_asked && dependent.fact == fact);
    of.flat_map(Dependent::facts).filter(|needed| state.answer(*needed).is_none()).collect()
}

/// The questions for these facts, or first for those that they need.
pub(super) fn queries(state: &State<'_>, call: &Call<'_>, content: &Content<'_>, facts: &[usize]) -> Vec<FactQuery> {
    let mut asked: Vec<usize> = Vec::new();
    for fact in facts {
        let first = first(state, call, *fact);
        for fact in if first.is_empty() { std::slice::from_ref(fact) } else { &first } {
            if !asked.contains(fact) {
                asked.push(*fact);
            }
        }
    }
    asked.into_iter().filter_map(|fact| query(state, call, content, fact)).collect()
}

fn query(state: &State<'_>, call: &Call<'_>, content: &Content<'_>, fact: usize) -> Option<FactQuery> {
    let definition = call.bundle.ir.facts.get(fact)?;
    let mut variables = of_path(call, fact);
    let dependents = call.bundle.dependents.iter().filter(|dependent| dependent.fact == fact);
    for given in dependents.flat_map(|dependent| &dependent.needs) {
        if let Taken::Value(value) = take(state, call, content, given) {
            variables.push((given.name.clone(), value));
        }
    }
    Some(FactQuery { name: definition.name.clone(), variables })
}

/// The variables of the path that a fact is asked for by.
pub(super) fn of_path(call: &Call<'_>, fact: usize) -> Vec<(String, String)> {
    let value = |name: &String| {
        let found = call.path.iter().find(|(known, _)| known == name);
        found.map(|(name, value)| ((*name).to_owned(), value.to_string()))
    };
    call.bundle.fact_variables.get(fact).into_iter().flatten().filter_map(value).collect()
}

fn take(state: &State<'_>, call: &Call<'_>, content: &Content<'_>, given: &Given) -> Taken {
    let value = match given.source {
        Source::Caller => call.context.caller.and_then(|caller| {
            let member = match given.steps.first().map(String::as_str) {
                Some("subject") => &caller.subject,
                Some("tenant") => &caller.tenant,
                Some("sourceAddress") => &caller.source_address,
                _ => &None,
            };
            member.clone()
        }),
        Source::Body => content.value().and_then(|body| text(body, &given.steps)),
        Source::Fact(fact) => match state.answer(fact) {
            None => return Taken::Later,
            Some(Answer::Found { .. }) => {
                let name = call.bundle.ir.facts.get(fact).map_or("", |fact| fact.name.as_str());
                state.value(name).and_then(|fact| text(fact, &given.steps))
            }
            Some(_) => None,
        },
    };
    match value.filter(|value| is_usable(value, given.is_in_path)) {
        Some(value) => Taken::Value(value),
        None => Taken::Nothing,
    }
}

/// What is below a value, if it can be written in a target.
fn text(node: Node<'_>, steps: &[String]) -> Option<String> {
    let found = steps.iter().try_fold(node, |node, step| match node.kind() {
        Kind::Object(object) => object.get(step),
        _ => None,
    })?;
    match found.kind() {
        Kind::Text(text) => Some(text.to_owned()),
        Kind::Bool(value) => Some(value.to_string()),
        Kind::Number(number) => Some(number.to_string()),
        Kind::Null | Kind::Array(_) | Kind::Object(_) => None,
    }
}

/// Whether a value can be in a target without changing what else is in there. The host
/// encodes it, and some servers decode before they split: so no slashes in a path.
fn is_usable(value: &str, is_in_path: bool) -> bool {
    let is_segment = || !value.contains(['/', '\\']) && !value.bytes().all(|byte| byte == b'.');
    !value.is_empty() && value.len() <= LONGEST && !value.chars().any(char::is_control) && (!is_in_path || is_segment())
}
