//! Members of a body or of a fact that may be absent, read without a test for them,
//! and names that look like a slip.

use solgate_document::diagnostic::{Draft, Report};
use solgate_document::pointer::unescape;
use solgate_document::source::At;
use solgate_document::suggest::nearest;
use solgate_document::yaml::Node;

use super::Written;
use super::follow::Followed;
use crate::expression::{Origin, Read, Step};
use crate::openapi::{Api, Op, Presence, presence};
use crate::policy::Policy;
use crate::types::{Described, Effect, Kinds, Member, mistake_or_warning};
use crate::variables::is_identifier;

pub(super) fn check(rule: &Written<'_>, followed: &Followed, policy: &Policy, api: &Api<'_>, report: &mut Report) {
    let mut reported: Vec<&Origin> = Vec::new();
    let effect = |index: usize| match rule.node.get("onError") {
        _ if index >= followed.deciding => Effect::NoDetail,
        // Who says what a fault of the expression means has thought of it.
        Some(_) => Effect::Chosen,
        None => Effect::Refusal,
    };
    for (index, read) in followed.reads.iter().enumerate() {
        let steps = &read.origin.steps;
        // One remark per member; the next reads are as the first.
        if steps.is_empty() || reported.contains(&&read.origin) {
            continue;
        }
        if let ("path", [Step::Member(name)]) = (read.origin.root.as_str(), steps.as_slice())
            && policy.has_root_variable(name)
            && !policy.all_roots_have(name)
            && !is_safe(read, &followed.reads)
        {
            let of = "the path, because not every API root has this variable";
            absent(read, of, effect(index), policy, report).map(|draft| draft.or_value(Some("''")));
            reported.push(&read.origin);
        }
        if let Some(of) = perhaps_absent(rule, &read.origin)
            && !is_safe(read, &followed.reads)
        {
            if let Some(draft) = absent(read, of, effect(index), policy, report) {
                draft.or_value(Some("''"));
                reported.push(&read.origin);
            }
            continue;
        }
        for (schema, of) in rule.schemas(&read.origin, policy, api) {
            let found = presence(api, schema, steps);
            if misspelt(&found, steps, &of, read.at, report) {
                reported.push(&read.origin);
                break;
            }
            let may_lack = match found {
                Presence::Required => false,
                Presence::Optional => true,
                // Where another operation's body has it, that is told of all of them below.
                Presence::Unknown(_) => rule.operations.len() == 1 || read.origin.root != "body",
                Presence::Open => may_lack(api, schema, steps),
            };
            if may_lack && !is_safe(read, &followed.reads) {
                if let Some(draft) = absent(read, &of, effect(index), policy, report) {
                    draft.or_value(or_value(api, schema, last_of_chain(&followed.reads, index)));
                    reported.push(&read.origin);
                }
                break;
            }
        }
    }
    for (index, read) in followed.reads.iter().enumerate() {
        if reported.contains(&&read.origin) || is_safe(read, &followed.reads) {
            continue;
        }
        let of = lacking(rule, &read.origin, api).or_else(|| without_body(rule, &read.origin));
        if let Some(of) = of
            && let Some(draft) = absent(read, &of, effect(index), policy, report)
        {
            let schemas = rule.operations.iter().filter_map(|op| op.schema);
            let chain = last_of_chain(&followed.reads, index);
            draft.or_value(schemas.into_iter().find_map(|schema| or_value(api, schema, chain)));
            reported.push(&read.origin);
        }
    }
    if let Some(node) = rule.node.get("pointer") {
        pointer(rule, node, api, report);
    }
}

/// Whether a member may be absent of which the schemas say only by alternatives, or
/// nothing, what it is.
fn may_lack(api: &Api<'_>, schema: &Node, steps: &[Step]) -> bool {
    let Some((Step::Member(name), before)) = steps.split_last() else { return false };
    // What an expression makes is not what the schemas describe.
    if before.iter().any(|step| matches!(step, Step::Any | Step::Collected)) {
        return false;
    }
    let current = described(api, schema, before);
    let requires = |schema: &Node| {
        let names = schema.get("required").and_then(Node::as_list);
        names.unwrap_or_default().iter().any(|known| known.text == *name)
    };
    !current.is_some_and(|schemas| schemas.all(requires))
}

/// Of an operation that can be asked for without its body, a member of the body.
fn without_body(rule: &Written<'_>, origin: &Origin) -> Option<String> {
    let [Step::Member(_)] = origin.steps.as_slice() else { return None };
    let is_optional = |op: &&&Op<'_>| op.def.body.as_ref().is_some_and(|body| !body.required);
    let op = rule.operations.iter().find(is_optional).filter(|_| origin.root == "body")?;
    Some(format!("`{}`, which may be sent without a body", op.def.id))
}

/// What may lack the member of that name, if it is no body and no fact.
fn perhaps_absent(rule: &Written<'_>, origin: &Origin) -> Option<&'static str> {
    let [Step::Member(name)] = origin.steps.as_slice() else { return None };
    match origin.root.as_str() {
        // The lists are always there.
        "caller" => matches!(name.as_str(), "subject" | "tenant" | "sourceAddress").then_some("`caller`"),
        "query" => Some("the query"),
        // A request without Version does not get as far as this.
        "headers" if name == "version" && rule.operations.iter().all(|op| op.def.version) => None,
        "headers" => Some("the header"),
        _ => None,
    }
}

/// What the body of an operation says of a member; `None` if there is no body.
fn in_body<'n>(op: &Op<'n>, api: &Api<'n>, origin: &Origin) -> Option<Presence<'n>> {
    op.schema.map(|schema| presence(api, schema, &origin.steps))
}

/// Of a rule for several operations, a body that lacks what that of another has.
fn lacking<'n>(rule: &Written<'n>, origin: &Origin, api: &Api<'n>) -> Option<String> {
    if origin.root != "body" || origin.member().is_none() {
        return None;
    }
    rule.operations
        .iter()
        .find(|op| matches!(in_body(op, api, origin), Some(Presence::Required | Presence::Optional)))?;
    let lacks =
        rule.operations.iter().find(|op| matches!(in_body(op, api, origin), None | Some(Presence::Unknown(_))))?;
    Some(match lacks.schema {
        Some(_) => format!("the body of `{}`", lacks.def.id),
        None => format!("`{}`, which has no body", lacks.def.id),
    })
}

/// Says that a member may be absent, unless nobody has to care.
fn absent<'r>(read: &Read, of: &str, effect: Effect, policy: &Policy, report: &'r mut Report) -> Option<&'r mut Draft> {
    if effect == Effect::Chosen {
        return None;
    }
    let name = read.origin.member().unwrap_or_default();
    let is_mistake = policy.types_are_checked && effect == Effect::Refusal;
    let message = format!("`{name}` may be absent from {of}: {}", effect.shown());
    Some(mistake_or_warning(is_mistake, read.at, message, report).hint(what_to_write(&read.origin)))
}

/// The end of the chain of members that a read belongs to.
fn last_of_chain(reads: &[Read], index: usize) -> &[Step] {
    let mut last: &[Step] = &[];
    for read in reads.iter().skip(index) {
        let goes_on = match read.origin.steps.split_last() {
            Some((Step::Member(_), before)) => last.is_empty() || before == last,
            _ => false,
        };
        if !goes_on {
            break;
        }
        last = &read.origin.steps;
    }
    last
}

/// What can be read in place of a value of which the schemas say what it is.
fn or_value(api: &Api<'_>, schema: &Node, steps: &[Step]) -> Option<&'static str> {
    let kinds = described(api, schema, steps)?.kinds();
    const VALUES: [(Kinds, &str); 5] =
        [(Kinds::TEXT, "''"), (Kinds::NUMBER, "0"), (Kinds::BOOL, "false"), (Kinds::LIST, "[]"), (Kinds::MAP, "{}")];
    VALUES.iter().find(|(kind, _)| *kind == kinds).map(|(_, value)| *value)
}

/// What the schemas say of the value at a place.
fn described<'n>(api: &Api<'n>, schema: &'n Node, steps: &[Step]) -> Option<Described<'n>> {
    let mut current = Described::new(api, [schema])?;
    for step in steps {
        let part = match step {
            Step::Item => current.item(),
            Step::Member(name) => current.member(name),
            // What an expression makes is not what the schemas describe.
            Step::Any | Step::Collected => return None,
        };
        let Member::Described(described) = part else { return None };
        current = described;
    }
    Some(current)
}

/// How what may be absent is read.
fn what_to_write(origin: &Origin) -> String {
    let Origin { root, steps } = origin;
    let [before @ .., Step::Member(last)] = steps.as_slice() else {
        return "test it first: `has(...) && ...`".to_owned();
    };
    let mut of = root.clone();
    for step in before {
        match step {
            Step::Member(name) if is_identifier(name) => of = format!("{of}.{name}"),
            _ => {
                return format!(
                    "read it with `.?`, as in `... .?{last}.orValue(...)`, or test it first: `has(...) && ...`"
                );
            }
        }
    }
    if is_identifier(last) {
        format!("read it with `.?`, as in `{of}.?{last}.orValue(...)`, or test it first: `has({of}.{last}) && ...`")
    } else {
        format!(
            "read it with `[?...]`, as in `{of}[?'{last}'].orValue(...)`, or test it first: `'{last}' in {of} && ...`"
        )
    }
}

fn is_safe(read: &Read, reads: &[Read]) -> bool {
    if read.is_test || read.is_certain {
        return true;
    }
    // Of items, a test says nothing about the order in which they are gone
    // through, so that any test in the rule is taken for the right one.
    let is_item = read.origin.steps.iter().any(|step| !matches!(step, Step::Member(_)));
    is_item && reads.iter().any(|other| other.is_test && other.origin == read.origin)
}

/// Reports a name that the schema does not have, but one that is nearly the same.
fn misspelt(found: &Presence<'_>, steps: &[Step], of: &str, at: At, report: &mut Report) -> bool {
    if let Presence::Unknown(known) = found
        && let Some(Step::Member(name)) = steps.last()
        && let Some(meant) = nearest(name, known)
    {
        report.warning(at, format!("{of} has no member `{name}`")).hint(format!("did you mean `{meant}`?"));
        return true;
    }
    false
}

/// The place in the body that an answer would point at.
fn pointer(rule: &Written<'_>, node: &Node, api: &Api<'_>, report: &mut Report) {
    let mut steps = Vec::new();
    for step in node.text.split('/').skip(1) {
        steps.push(match step {
            "{index}" => Step::Item,
            step if step.bytes().all(|b| b.is_ascii_digit()) => Step::Item,
            step => Step::Member(unescape(step)),
        });
        for op in &rule.operations {
            let Some(schema) = op.schema else { continue };
            let of = format!("the body of `{}`", op.def.id);
            if misspelt(&presence(api, schema, &steps), &steps, &of, node.at, report) {
                return;
            }
        }
    }
}
