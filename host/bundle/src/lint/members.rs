//! Members of a body or of a fact that may be absent, read without a test for them,
//! and names that look like a slip.

use solgate_document::diagnostic::Report;
use solgate_document::pointer::unescape;
use solgate_document::source::At;
use solgate_document::suggest::nearest;
use solgate_document::yaml::Node;

use super::Written;
use super::follow::Followed;
use crate::expression::{Origin, Read, Step};
use crate::openapi::{Api, Op, Presence, presence};
use crate::policy::Policy;
use crate::variables::DATA;

pub(super) fn check(rule: &Written<'_>, followed: &Followed, policy: &Policy, api: &Api<'_>, report: &mut Report) {
    let mut reported: Vec<&Origin> = Vec::new();
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
            let is_detail = index >= followed.deciding;
            absent(read, "the path, because not every API root has this variable", is_detail, report);
            reported.push(&read.origin);
        }
        if let Some(of) = perhaps_absent(rule, &read.origin)
            && !is_safe(read, &followed.reads)
        {
            let is_detail = index >= followed.deciding;
            if is_detail || rule.node.get("onError").is_none() {
                absent(read, of, is_detail, report);
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
            if found == Presence::Optional && !is_safe(read, &followed.reads) {
                let is_detail = index >= followed.deciding;
                // Who says what a fault of the expression means has thought of it.
                if is_detail || rule.node.get("onError").is_none() {
                    absent(read, &of, is_detail, report);
                    reported.push(&read.origin);
                }
                break;
            }
        }
    }
    for (index, read) in followed.reads.iter().enumerate() {
        let is_detail = index >= followed.deciding;
        if reported.contains(&&read.origin) || is_safe(read, &followed.reads) {
            continue;
        }
        if let Some(of) = lacking(rule, &read.origin, api)
            && (is_detail || rule.node.get("onError").is_none())
        {
            absent(read, &of, is_detail, report);
            reported.push(&read.origin);
        }
    }
    if rule.node.get("onError").is_none() {
        keys(followed, policy, report);
    }
    if let Some(node) = rule.node.get("pointer") {
        pointer(rule, node, api, report);
    }
}

/// Reads of a table by a key that is computed, and that it may lack.
fn keys(followed: &Followed, policy: &Policy, report: &mut Report) {
    let mut reported: Vec<&Origin> = Vec::new();
    let is_tested = |read: &Read| followed.reads.iter().any(|other| other.is_test && other.origin == read.origin);
    for read in followed.reads.iter().filter(|read| !read.is_test && !is_tested(read)) {
        let [Step::Member(name), Step::Any] = read.origin.steps.as_slice() else { continue };
        let root = read.origin.root.as_str();
        let is_map = match root {
            DATA => policy.data.iter().any(|data| data.def.name == *name && data.is_object()),
            "options" => policy.options.iter().any(|option| option.name == *name && option.default.is_object()),
            _ => false,
        };
        if is_map && !reported.contains(&&read.origin) {
            reported.push(&read.origin);
            report
                .warning(
                    read.at,
                    format!("`{root}.{name}` may have nothing by this key: the rule would then fail with 500"),
                )
                .hint(format!("read it with {root}.{name}[?key].orValue(...), or ask `key in {root}.{name}` first"));
        }
    }
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

fn absent(read: &Read, of: &str, is_detail: bool, report: &mut Report) {
    let name = read.origin.member().unwrap_or_default();
    let effect = if is_detail {
        "the answer would then say the title in place of this detail"
    } else {
        "the rule would then fail with 500"
    };
    report
        .warning(read.at, format!("`{name}` may be absent from {of}: {effect}"))
        .hint("test it first: `when: has(...)`, `!has(...) || ...`, or `has(...) ? ... : ...`");
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
