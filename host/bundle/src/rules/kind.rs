//! What makes a rule fail.

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::Node;
use solgate_engine::ir::{OnError, Require, RuleKind};

use super::{Against, Source, Uses, check_fact_variables, is_of_engine, stage};
use crate::expression::{self, Scope, Type};
use crate::openapi::Op;
use crate::variables::is_identifier;

const ON_ERROR: [(&str, OnError); 3] = [("deny", OnError::Deny), ("skip", OnError::Skip), ("warn", OnError::Warn)];

pub(super) fn read(
    source: &Source<'_>,
    status: Option<u16>,
    operations: Vec<&Op<'_>>,
    against: &Against<'_>,
    uses: &mut Uses,
    report: &mut Report,
) -> Option<RuleKind> {
    let kinds = [("require", source.require), ("exists", source.exists), ("ifMatch", source.if_match)];
    let given: Vec<(&str, &Node)> = kinds.iter().filter_map(|(name, node)| node.map(|node| (*name, node))).collect();
    if let [(first, _), (second, node), ..] = given.as_slice() {
        report.mistake(node.at, format!("a rule has `{first}` or `{second}`, not both")).hint("write two rules");
        return None;
    }
    if source.require.is_none() {
        only_with_require(source, report);
    }
    if let Some((name, node)) = given.first()
        && is_of_engine(source.id)
    {
        report
            .mistake(node.at, format!("the engine itself decides `{}`, so it takes no `{name}`", source.id))
            .hint("give the rule an id of its own");
        return None;
    }
    if source.require.is_some() {
        return require(source, status, operations, against, uses, report)
            .map(|require| RuleKind::Require(Box::new(require)));
    }
    if let Some(node) = source.exists {
        let fact = fact(source, node, &operations, against, report)?;
        uses.facts.push(fact.clone());
        return Some(RuleKind::Exists { fact });
    }
    if let Some(node) = source.if_match {
        let names = if_match(source, node, operations, against, report)?;
        uses.facts.extend_from_slice(&names);
        return Some(RuleKind::IfMatch { facts: names });
    }
    if is_of_engine(source.id) {
        return Some(RuleKind::Engine);
    }
    if against.referenced.contains(source.id) {
        return Some(RuleKind::Schema);
    }
    if against.api.is_incomplete {
        return None;
    }
    let engine = solgate_engine::ENGINE_RULES.iter().map(|rule| rule.id);
    let candidates: Vec<&str> = engine.chain(against.referenced.iter().copied()).collect();
    let meant = solgate_document::suggest::nearest(source.id, &candidates);
    report
        .mistake(source.at, format!("nothing makes the rule `{}` fail", source.id))
        .maybe_hint(meant.map(|meant| format!("did you mean `{meant}`?")))
        .hint_if_none("give it `require`, `exists` or `ifMatch`, or name it in an `x-rule` of openapi.yaml");
    None
}

fn only_with_require(source: &Source<'_>, report: &mut Report) {
    let members = [
        ("when", source.when),
        ("variables", source.variables),
        ("forEach", source.for_each),
        ("pointer", source.pointer),
        ("header", source.header),
        ("parameter", source.parameter),
        ("onError", source.on_error),
        ("stage", source.stage),
        ("ages", source.ages),
        ("detail", source.detail),
    ];
    for (name, node) in members {
        if let Some(node) = node {
            let hint = match name {
                "detail" => Some("a schema's `x-rule` can hold a `detail`; other rules find their own words"),
                "ages" => {
                    Some("of a schema's keywords say so with `x-ages`; the engine knows which of its own rules do")
                }
                _ => None,
            };
            report.mistake(node.at, format!("`{name}` goes with `require` only")).maybe_hint(hint.map(str::to_owned));
        }
    }
}

/// The facts of `ifMatch`, of which each operation takes the first that its path
/// has the variables of.
fn if_match(
    source: &Source<'_>,
    node: &Node,
    mut operations: Vec<&Op<'_>>,
    against: &Against<'_>,
    report: &mut Report,
) -> Option<Vec<String>> {
    let nodes = node.as_list().unwrap_or(std::slice::from_ref(node));
    let Some((last, others)) = nodes.split_last() else {
        report.mistake(node.at, "`ifMatch` names at least one fact");
        return None;
    };
    let mut names = Vec::new();
    for node in others {
        let variables = node.as_str().and_then(|name| against.policy.fact(name)).map(|fact| &fact.variables);
        let fits = |op: &&Op<'_>| {
            variables.is_some_and(|all| all.iter().all(|variable| op.path_variables.contains(&variable.name)))
        };
        let (fitting, rest): (Vec<_>, Vec<_>) = operations.into_iter().partition(fits);
        operations = rest;
        names.push(fact(source, node, &fitting, against, report)?);
    }
    names.push(fact(source, last, &operations, against, report)?);
    Some(names)
}

/// The fact of `exists`, or one of `ifMatch`.
fn fact(
    source: &Source<'_>,
    node: &Node,
    operations: &[&Op<'_>],
    against: &Against<'_>,
    report: &mut Report,
) -> Option<String> {
    let name = reader::line(node, "the name of a fact", report)?;
    let Some(fact) = against.policy.fact(name) else {
        let known = against.policy.facts.iter().map(|f| f.def.name.as_str());
        report.mistake(node.at, format!("policy.yaml defines no fact `{name}`")).maybe_hint(did_you_mean(name, known));
        return None;
    };
    if fact.def.list {
        report
            .mistake(node.at, format!("the fact `{name}` is a list"))
            .hint("a list is never absent and has no ETag: name a fact that is one resource")
            .related(fact.at, "defined here");
    }
    if let Some(variable) = fact.variables.iter().find(|variable| variable.taken().is_some()) {
        report
            .mistake(node.at, format!("the fact `{name}` is not what the path names"))
            .hint("name a fact all of whose variables are those of the path")
            .related(variable.at, "it takes this");
    }
    check_fact_variables(source.id, name, node.at, operations, against, report);
    Some(name.to_owned())
}

fn require(
    source: &Source<'_>,
    status: Option<u16>,
    operations: Vec<&Op<'_>>,
    against: &Against<'_>,
    uses: &mut Uses,
    report: &mut Report,
) -> Option<Require> {
    let mut scope = Scope::new(against.policy, against.api, operations);
    // In the order of evaluation, so that each sees what is there by then.
    let variables = variables(source.variables, &mut scope, report);
    let when = source.when.map(|node| expression::check(node, &mut scope, report));
    let for_each = source.for_each.map(|node| expression::check(node, &mut scope, report));
    if source.for_each.is_some() {
        scope.item = Some(match for_each.as_ref().and_then(Option::as_ref) {
            Some((_, Type::Facts(fact))) => Type::Fact(*fact),
            Some((_, Type::Body(path))) => {
                let mut path = path.clone();
                path.push("[]".to_owned());
                Type::Body(path)
            }
            _ => Type::Any,
        });
    }
    let require = source.require.and_then(|node| expression::check(node, &mut scope, report));
    let detail = source.detail.map(|node| expression::check(node, &mut scope, report));
    for (name, at) in &scope.reads.facts {
        uses.facts.push(name.clone());
        check_fact_variables(source.id, name, *at, &scope.operations, against, report);
    }
    uses.lists.extend(std::mem::take(&mut scope.reads.lists));
    uses.windows.extend(std::mem::take(&mut scope.reads.windows));
    uses.zones.extend(std::mem::take(&mut scope.reads.zones));
    uses.data.extend(std::mem::take(&mut scope.reads.data));
    let stage = stage::read(source.stage, &scope.reads, status, report);
    let pointer = source.pointer.map(|node| pointer(source, node, report));
    let header = source.header.map(|node| header(node, report));
    let parameter = source.parameter.map(|node| parameter(node, &scope, report));
    one_place(source, report);
    let on_error = match source.on_error {
        Some(node) => reader::choice(node, "`onError`", &ON_ERROR, report)?,
        None => OnError::Deny,
    };
    Some(Require {
        stage: stage?,
        when: text(when)?,
        variables: variables?,
        for_each: text(for_each)?,
        require: require?.0,
        pointer: sound(pointer)?,
        header: sound(header)?,
        parameter: sound(parameter)?,
        detail: text(detail)?,
        on_error,
    })
}

/// `None` if an expression was given and is wrong.
#[allow(clippy::option_option)]
fn text(checked: Option<Option<(String, Type)>>) -> Option<Option<String>> {
    sound(checked.map(|found| found.map(|(text, _)| text)))
}

#[allow(clippy::option_option)]
fn sound<T>(given: Option<Option<T>>) -> Option<Option<T>> {
    match given {
        None => Some(None),
        Some(None) => None,
        Some(found) => Some(found),
    }
}

fn variables(node: Option<&Node>, scope: &mut Scope<'_>, report: &mut Report) -> Option<Vec<(String, String)>> {
    let Some(node) = node else {
        return Some(Vec::new());
    };
    let mut compiled = Vec::new();
    let mut all_sound = true;
    for (key, node) in reader::map(node, "`variables`", report)? {
        if !is_identifier(&key.name) {
            report
                .mistake(key.at, format!("`{}` cannot be the name of a variable", key.name))
                .hint("letters, digits and `_`, so that expressions can read variables.NAME");
            all_sound = false;
            continue;
        }
        match expression::check(node, scope, report) {
            Some((text, found)) => {
                compiled.push((key.name.clone(), text));
                scope.variables.push((key.name.clone(), found));
            }
            None => {
                all_sound = false;
                // Reported; its name is known all the same.
                scope.variables.push((key.name.clone(), Type::Any));
            }
        }
    }
    all_sound.then_some(compiled)
}

/// A JSON Pointer (RFC 6901), in which `{index}` stands for the item's index, and
/// `{item}` for the item itself.
fn pointer(source: &Source<'_>, node: &Node, report: &mut Report) -> Option<String> {
    let Some(text) = node.as_str() else {
        report.mistake(node.at, format!("`pointer` is text, but here is {}", node.kind()));
        return None;
    };
    if !text.is_empty() && !text.starts_with('/') {
        report
            .mistake(node.at, format!("`{text}` is not a JSON Pointer"))
            .hint("begin it with a slash, like /terminationType; \"\" is the whole body");
        return None;
    }
    let escapes = text.replace("~0", "").replace("~1", "");
    if escapes.contains('~') {
        report
            .mistake(node.at, format!("`{text}` is not a JSON Pointer"))
            .hint("in a member's name, ~ is written ~0 and / is written ~1");
        return None;
    }
    let placeholder = ["{index}", "{item}"].into_iter().find(|name| text.contains(name));
    if let Some(name) = placeholder.filter(|_| source.for_each.is_none()) {
        report.mistake(node.at, format!("there is no `{name}` without `forEach`"));
        return None;
    }
    Some(text.to_owned())
}

/// Looks whether a rule says more than one place.
fn one_place(source: &Source<'_>, report: &mut Report) {
    let places = [("pointer", source.pointer), ("header", source.header), ("parameter", source.parameter)];
    let mut given = places.into_iter().filter_map(|(name, node)| node.map(|node| (name, node)));
    if let (Some((first, known)), Some((second, node))) = (given.next(), given.next()) {
        report
            .mistake(node.at, format!("a rule is about a `{first}` or a `{second}`, not both"))
            .related(known.at, format!("the {first}"));
    }
}

fn header(node: &Node, report: &mut Report) -> Option<String> {
    let name = reader::line(node, "`header`", report)?;
    let is_token = name.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c));
    if !is_token {
        report.mistake(node.at, format!("`{name}` cannot be the name of a header field"));
        return None;
    }
    Some(name.to_owned())
}

/// A variable of the path of each operation, or a parameter of the query, which may be one
/// that openapi.yaml does not have.
fn parameter(node: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<String> {
    let name = reader::line(node, "`parameter`", report)?;
    let in_path = scope.path_variables();
    let defined = || scope.operations.iter().flat_map(|op| &op.def.query).map(|parameter| parameter.name.as_str());
    let is_known = in_path.contains(name) || defined().any(|known| known == name) || scope.operations.is_empty();
    if !is_known {
        report
            .warning(node.at, format!("no operation of the rule has a parameter `{name}`"))
            .maybe_hint(did_you_mean(name, in_path.iter().copied().chain(defined())))
            .hint_if_none("name a variable of the path or a parameter of the query");
    }
    Some(name.to_owned())
}
