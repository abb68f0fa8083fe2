//! What templates of facts take from elsewhere than the path: `{caller.tenant}`,
//! `{body.vnfdId}`, `{vnfInstance.vnfdId}`.

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::Node;

use super::Against;
use crate::expression::Step;
use crate::openapi::{Api, Op, Presence, answer, presence, secret};
use crate::policy::{Fact, Policy};
use crate::template::Variable;

/// Members of `caller` that are texts.
const OF_CALLER: [&str; 3] = ["subject", "tenant", "sourceAddress"];

/// Whether a fact needs another one.
fn needs_a_fact<'v>(fact: &'v Fact, policy: &Policy) -> Option<&'v Variable> {
    fact.variables.iter().find(|variable| variable.taken().is_some_and(|(root, _)| policy.fact(root).is_some()))
}

/// Reports what no request could give.
pub(crate) fn check_definitions(policy: &Policy, api: &Api<'_>, report: &mut Report) {
    for fact in &policy.facts {
        for variable in &fact.variables {
            match variable.taken() {
                None => {}
                Some(("caller", steps)) => of_caller(variable, &steps, report),
                Some(("body", _)) => {}
                Some((root, steps)) => match policy.fact(root) {
                    Some(other) => of_fact(fact, variable, other, &steps, policy, api, report),
                    None => {
                        let names = policy.facts.iter().map(|fact| fact.def.name.as_str());
                        let names = names.chain(["caller", "body"]).collect::<Vec<_>>();
                        report
                            .mistake(variable.at, format!("`{root}` is neither `caller` nor `body` nor a fact"))
                            .maybe_hint(did_you_mean(root, names));
                    }
                },
            }
        }
    }
}

fn of_caller(variable: &Variable, steps: &[&str], report: &mut Report) {
    match steps {
        [member] if OF_CALLER.contains(member) => {}
        [member, ..] => {
            report
                .mistake(variable.at, format!("a template cannot take `{member}` of the caller"))
                .maybe_hint(did_you_mean(member, OF_CALLER))
                .hint_if_none("it takes a text: `subject`, `tenant` or `sourceAddress`");
        }
        [] => {}
    }
}

fn of_fact(
    fact: &Fact,
    variable: &Variable,
    other: &Fact,
    steps: &[&str],
    policy: &Policy,
    api: &Api<'_>,
    report: &mut Report,
) {
    let (name, other_name) = (&fact.def.name, &other.def.name);
    if name == other_name {
        report.mistake(variable.at, format!("the fact `{name}` needs itself"));
        return;
    }
    if let Some(first) = needs_a_fact(other, policy) {
        report
            .mistake(variable.at, format!("`{name}` needs the fact `{other_name}`, which needs a fact itself"))
            .hint("there are at most two rounds of questions, so the first fact must do with the request")
            .related(first.at, "it needs it here");
        return;
    }
    if other.def.list {
        report
            .mistake(variable.at, format!("the fact `{other_name}` is a list and has no members"))
            .related(other.at, "defined here");
        return;
    }
    let Some(first) = steps.first() else { return };
    if !other.def.members.iter().any(|member| member == first) {
        let known = other.def.members.iter().map(String::as_str);
        report
            .mistake(variable.at, format!("the fact `{other_name}` has no member `{first}`"))
            .maybe_hint(did_you_mean(first, known))
            .related(other.at, "its template lists the members that the host keeps");
        return;
    }
    if let Some(schema) = answer(api, &other.def.path)
        && let Some(found) = secret(api, schema, &members(steps))
    {
        reveals(variable, found, report);
    }
}

/// Reports operations that cannot give what a fact takes of their body.
pub(super) fn check(
    rule: &str,
    fact: &Fact,
    at: At,
    operations: &[&Op<'_>],
    against: &Against<'_>,
    report: &mut Report,
) {
    let (policy, api) = (against.policy, against.api);
    for variable in &fact.variables {
        match variable.taken() {
            Some(("body", steps)) => {
                for op in operations {
                    of_body(rule, fact, variable, &members(&steps), op, (at, api), report);
                }
            }
            Some((root, _)) => {
                // What it needs must be there for each operation as well.
                if let Some(other) = policy.fact(root).filter(|other| needs_a_fact(other, policy).is_none()) {
                    super::check_fact_variables(rule, &other.def.name, at, operations, against, report);
                }
            }
            None => {}
        }
    }
}

fn of_body(
    rule: &str,
    fact: &Fact,
    variable: &Variable,
    steps: &[Step],
    op: &Op<'_>,
    (at, api): (At, &Api<'_>),
    report: &mut Report,
) {
    let (id, name) = (&op.def.id, &fact.def.name);
    let Some(schema) = op.schema else {
        report
            .mistake(
                at,
                format!("the rule `{rule}` needs the fact `{name}` in the operation `{id}`, which has no body"),
            )
            .hint("name the operations that have one: `operations: [...]`")
            .related(variable.at, "the fact takes a member of it here");
        return;
    };
    if let Some(found) = secret(api, schema, steps) {
        reveals(variable, found, report);
    }
    if let (Presence::Unknown(known), Some(Step::Member(member))) = (presence(api, schema, steps), steps.last()) {
        report
            .mistake(variable.at, format!("the body of `{id}` has no member `{member}`"))
            .maybe_hint(did_you_mean(member, known));
    }
}

fn reveals(variable: &Variable, schema: &Node, report: &mut Report) {
    report
        .mistake(variable.at, format!("`{}` is or holds a secret, which would go into a target", variable.name))
        .hint("targets are written into logs, also by the VNFM: ask by something else")
        .related(schema.at, "secret by this schema");
}

fn members(steps: &[&str]) -> Vec<Step> {
    steps.iter().map(|step| Step::Member((*step).to_owned())).collect()
}
