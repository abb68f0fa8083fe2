//! rules/*.yaml.

mod calls;
mod given;
mod inherit;
mod kind;
mod severity;
mod shared;
mod stage;

pub(crate) use calls::expand;
pub(crate) use given::check_definitions as check_given;
pub(crate) use inherit::{Written, collect};
pub(crate) use shared::spread;

use std::collections::BTreeSet;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::Node;
use solgate_engine::ir::{Operation, Rule};
use solgate_engine::{ENGINE_RULES, EngineRule};

use crate::openapi::{Api, Op};
use crate::policy::Policy;

/// A rule and where its id stands.
#[derive(Debug)]
pub(crate) struct Declared {
    pub id: String,
    pub at: At,
    /// Absent if the rule could not be understood.
    pub rule: Option<Rule>,
    pub uses: Uses,
    /// Nothing is wrong with it.
    pub is_sound: bool,
}

/// What a rule uses of policy.yaml, and time zones, by name.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    pub facts: Vec<String>,
    pub lists: Vec<String>,
    pub windows: Vec<String>,
    pub zones: Vec<String>,
    pub data: Vec<String>,
}

/// What rules are checked against.
pub(crate) struct Against<'a> {
    pub policy: &'a Policy,
    pub api: &'a Api<'a>,
    /// Ids that `x-rule` and `x-rule-map` name.
    pub referenced: BTreeSet<&'a str>,
}

impl<'a> Against<'a> {
    pub fn new(policy: &'a Policy, api: &'a Api<'a>) -> Self {
        let mapped = api.operations.iter().flat_map(|op| op.def.rule_map.values().map(String::as_str));
        let used = api.rule_uses.iter().chain(&api.schema_rules);
        Self { policy, api, referenced: used.map(|rule| rule.id.as_str()).chain(mapped).collect() }
    }
}

/// Reads one rule.
pub(crate) fn read(written: &Written, against: &Against<'_>, report: &mut Report) -> Option<Declared> {
    let mut members = Members::open(written.node(), "a rule", report)?;
    members.get("id");
    // In place of `id`, which it has become by now.
    members.get("replace");
    let mut uses = Uses::default();
    let mistakes = report.mistakes();
    let rule = rule(written.id(), written.at(), members, against, &mut uses, report);
    Some(Declared {
        id: written.id().to_owned(),
        at: written.at(),
        rule,
        uses,
        is_sound: report.mistakes() == mistakes,
    })
}

fn rule_id<'n>(node: &'n Node, report: &mut Report) -> Option<&'n str> {
    let id = reader::line(node, "the id of a rule", report)?;
    let right = id.len() <= 128
        && id.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
    if !right {
        report
            .mistake(node.at, format!("`{id}` cannot be the id of a rule"))
            .hint("letters, digits, `.` and `-`, beginning with a lower-case letter or a digit, at most 128");
    }
    right.then_some(id)
}

/// The members of a rule, whatever its kind.
struct Source<'n> {
    id: &'n str,
    at: At,
    when: Option<&'n Node>,
    variables: Option<&'n Node>,
    for_each: Option<&'n Node>,
    require: Option<&'n Node>,
    exists: Option<&'n Node>,
    if_match: Option<&'n Node>,
    pointer: Option<&'n Node>,
    header: Option<&'n Node>,
    parameter: Option<&'n Node>,
    on_error: Option<&'n Node>,
    stage: Option<&'n Node>,
    ages: Option<&'n Node>,
    detail: Option<&'n Node>,
    status: Option<&'n Node>,
}

fn rule<'n>(
    id: &'n str,
    at: At,
    mut members: Members<'n>,
    against: &Against<'_>,
    uses: &mut Uses,
    report: &mut Report,
) -> Option<Rule> {
    let operations = members.get("operations");
    let mut source = Source {
        id,
        at,
        when: members.get("when"),
        variables: members.get("variables"),
        for_each: members.get("forEach"),
        require: members.get("require"),
        exists: members.get("exists"),
        if_match: members.get("ifMatch"),
        pointer: members.get("pointer"),
        header: members.get("header"),
        parameter: members.get("parameter"),
        on_error: members.get("onError"),
        stage: members.get("stage"),
        ages: members.get("ages"),
        detail: None,
        status: None,
    };
    let otherwise = members.get("otherwise");
    let severity = members.get("severity");
    let clause = members.get("clause");
    let doc = members.get("doc");
    members.finish(report);

    let mut title = None;
    if let Some(mut members) = otherwise.and_then(|node| Members::open(node, "`otherwise`", report)) {
        title = members.get("title");
        source.status = members.get("status");
        source.detail = members.get("detail");
        members.finish(report);
    }
    let names = operations.map(|node| operation_names(node, against.api, report));
    let applies: Vec<&Op<'_>> = match &names {
        Some(names) => names.iter().filter_map(|n| against.api.operation(n)).collect(),
        None => against.api.operations.iter().collect(),
    };
    let engine = ENGINE_RULES.iter().find(|rule| rule.id == id);
    let status = status(&source, engine, report);
    let kind = kind::read(&source, status, applies, against, uses, report);
    let title = title.and_then(|node| reader::line(node, "`title`", report).map(str::to_owned));
    let title = title.or_else(|| engine.map(|rule| rule.title.to_owned()));
    if kind.is_some() && title.is_none() && otherwise.is_none_or(|node| node.get("title").is_none()) {
        report
            .mistake(at, format!("the rule `{id}` has no title"))
            .hint("`otherwise: { title: ... }`: what is wrong, in the same words every time");
    }
    let severity = severity::read(severity, engine, &against.policy.options, report);
    let ages = source.ages.and_then(|node| reader::boolean(node, "`ages`", report)).unwrap_or(false);
    let clause = clause.and_then(|node| reader::line(node, "`clause`", report));
    let doc = doc.and_then(|node| reader::text(node, "`doc`", report));
    Some(Rule {
        id: id.to_owned(),
        kind: kind?,
        operations: names.unwrap_or_default(),
        title: title?,
        status: status?,
        severity: severity?,
        clause: clause.map(str::to_owned),
        doc: doc.unwrap_or_default().trim().to_owned(),
        ages: engine.map_or(ages, |rule| rule.ages),
        inherited: false,
    })
}

/// Names of operations; an empty list would silently stand for all of them.
fn operation_names(node: &Node, api: &Api<'_>, report: &mut Report) -> Vec<String> {
    let Some(items) = reader::list(node, "`operations`", report) else {
        return Vec::new();
    };
    if items.is_empty() {
        report
            .mistake(node.at, "`operations` is empty")
            .hint("leave it out if the rule is for all operations; `severity: off` switches a rule off");
    }
    let mut names: Vec<String> = Vec::new();
    for item in items {
        let Some(name) = reader::line(item, "the name of an operation", report) else {
            continue;
        };
        if names.iter().any(|known| known == name) {
            report.mistake(item.at, format!("the operation `{name}` is here twice"));
        } else if api.operation(name).is_none() {
            if api.is_incomplete {
                continue;
            }
            let known = api.operations.iter().map(|op| op.def.id.as_str());
            report
                .mistake(item.at, format!("openapi.yaml has no operation `{name}`"))
                .maybe_hint(did_you_mean(name, known));
        } else {
            names.push(name.to_owned());
        }
    }
    names
}

/// The status of a denial. Kinds with a natural status need not give it.
fn status(source: &Source<'_>, engine: Option<&EngineRule>, report: &mut Report) -> Option<u16> {
    if let Some(engine) = engine {
        if let Some(node) = source.status
            && node.text != engine.status.to_string()
        {
            report
                .mistake(
                    node.at,
                    format!("the engine answers `{}` with {}, which a bundle cannot change", engine.id, engine.status),
                )
                .hint("leave `status` out");
        }
        return Some(engine.status);
    }
    match source.status {
        Some(node) => {
            reader::integer(node, "`status`", 400..=499, report).and_then(|status| u16::try_from(status).ok())
        }
        None if source.require.is_some() => {
            report
                .mistake(source.at, format!("the rule `{}` has no status", source.id))
                .hint("`otherwise: { status: 409, ... }`: 400 to 499");
            None
        }
        None if source.exists.is_some() => Some(404),
        None if source.if_match.is_some() => Some(412),
        None => Some(400),
    }
}

/// Operations whose path lacks a variable of a fact that a rule needs there.
fn check_fact_variables(
    rule: &str,
    fact_name: &str,
    at: At,
    operations: &[&Op<'_>],
    against: &Against<'_>,
    report: &mut Report,
) {
    let (policy, api) = (against.policy, against.api);
    let Some(fact) = policy.fact(fact_name) else {
        return;
    };
    given::check(rule, fact, at, operations, against, report);
    for variable in fact.variables.iter().filter(|variable| variable.taken().is_none()) {
        // A variable that no path has is a mistake of the fact.
        if !api.has_path_variable(&variable.name) {
            continue;
        }
        let without: Vec<&Operation> =
            operations.iter().filter(|op| !op.path_variables.contains(&variable.name)).map(|op| &op.def).collect();
        if let Some(first) = without.first() {
            report
                .mistake(
                    at,
                    format!(
                        "the rule `{rule}` needs the fact `{fact_name}` in the operation `{}`, whose path {} has no variable `{}`",
                        first.id, first.path, variable.name
                    ),
                )
                .hint("name the operations that have it: `operations: [...]`")
                .related(variable.at, "the fact needs it here");
        }
    }
}

/// Whether the rule needs a declaration of its own to be known.
pub(crate) fn is_of_engine(id: &str) -> bool {
    ENGINE_RULES.iter().any(|rule| rule.id == id)
}

/// The rules that could be understood, in the order in which they were read; of
/// those in `inherited`, by id, this bundle changes nothing.
pub(crate) fn compiled(declared: Vec<Declared>, inherited: &BTreeSet<&str>) -> Vec<Rule> {
    let rules = declared.into_iter().filter_map(|rule| rule.rule);
    rules.map(|rule| Rule { inherited: inherited.contains(rule.id.as_str()), ..rule }).collect()
}
