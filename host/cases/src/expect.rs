//! `expect`: the verdict that a case must get.

use std::collections::{BTreeMap, BTreeSet};

use solgate_contract::verdict::Mode;
use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::suggest::nearest;
use solgate_document::yaml::Node;

use crate::model::{Expect, Verdict};
use crate::text::plain;
use crate::vocabulary::Vocabulary;

/// Reads it for a case in that mode.
pub(crate) fn read(node: &Node, mode: Mode, names: &Vocabulary, report: &mut Report) -> Option<Expect> {
    if let Some(word) = node.as_str() {
        if word == "allow" {
            return Some(Expect::new(Verdict::Allow));
        }
        report
            .mistake(node.at, format!("`expect` is `allow` or a mapping, but here is {}", reader::shown(node)))
            .hint(nearest(word, &["allow"]).map_or("write { status: 400 } for a denial", |_| "did you mean `allow`?"));
        return None;
    }
    let mut members = Members::open(node, "`expect`", report)?;
    let verdict = verdict(node, &mut members, report);
    let rules = members.get("rules").map(|node| ids(node, "`rules`", names, report));
    let warns = members.get("warns").map(|node| ids(node, "`warns`", names, report));
    let audits = members.get("audits").map(|node| ids(node, "`audits`", names, report));
    let asks = members.get("asks").map(|node| facts(node, names, report));
    let pointers = members.get("pointers").map(|node| pointers(node, report)).unwrap_or_default();
    let header = members.get("header").and_then(|node| reader::line(node, "`header`", report));
    let parameter = members.get("parameter").and_then(|node| reader::line(node, "`parameter`", report));
    let mentions = members.get("mentions").map(|node| texts(node, "`mentions`", report)).unwrap_or_default();
    let omits = members.get("omits").map(|node| texts(node, "`omits`", report)).unwrap_or_default();
    let fields = members.get("fields").map(|node| fields(node, report)).unwrap_or_default();
    members.finish(report);
    let verdict = verdict?;
    if verdict == Verdict::Allow && mode == Mode::Enforce {
        check_allowed(node, report);
    }
    Some(Expect {
        verdict,
        rules,
        pointers,
        header: header.map(str::to_owned),
        parameter: parameter.map(str::to_owned),
        mentions,
        omits,
        warns,
        audits,
        fields,
        asks,
    })
}

/// Members that describe a denial cannot be fulfilled by a request that is allowed.
fn check_allowed(node: &Node, report: &mut Report) {
    for name in ["rules", "pointers", "header", "parameter", "fields"] {
        let Some((key, value)) = node.entry(name) else { continue };
        let is_empty = value.as_list().is_some_and(<[_]>::is_empty) || value.as_map().is_some_and(<[_]>::is_empty);
        if !is_empty {
            report
                .mistake(key.at, format!("a request that is allowed has no `{name}`"))
                .hint("rules that fail without denying stand under `warns` and `audits`");
        }
    }
}

fn verdict<'n>(node: &Node, members: &mut Members<'n>, report: &mut Report) -> Option<Verdict> {
    let (allow, status) = (members.get("allow"), members.get("status"));
    match (allow, status) {
        (Some(allow), None) => {
            if reader::boolean(allow, "`allow`", report)? {
                return Some(Verdict::Allow);
            }
            report.mistake(allow.at, "a denial is expected by its status").hint("write `status: 400`");
        }
        (None, Some(status)) => {
            let status = reader::integer(status, "the status of a denial", 400..=599, report)?;
            return u16::try_from(status).ok().map(Verdict::Deny);
        }
        (Some(_), Some(status)) => {
            report.mistake(status.at, "`allow` and `status` are alternatives").hint("keep one of them");
        }
        (None, None) => {
            report.mistake(node.at, "`expect` needs a verdict").hint("write `allow: true` or `status: N`");
        }
    }
    None
}

/// Ids of rules.
fn ids(node: &Node, what: &str, names: &Vocabulary, report: &mut Report) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for item in reader::list(node, what, report).unwrap_or_default() {
        if let Some(id) = reader::line(item, "the id of a rule", report)
            && names.rule(id, item.at, report)
        {
            ids.insert(id.to_owned());
        }
    }
    ids
}

/// Names of facts.
fn facts(node: &Node, names: &Vocabulary, report: &mut Report) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    for item in reader::list(node, "`asks`", report).unwrap_or_default() {
        if let Some(name) = reader::line(item, "the name of a fact", report)
            && names.fact(name, item.at, report).is_some()
        {
            facts.insert(name.to_owned());
        }
    }
    facts
}

fn pointers(node: &Node, report: &mut Report) -> Vec<String> {
    let mut pointers = Vec::new();
    for item in reader::list(node, "`pointers`", report).unwrap_or_default() {
        let Some(pointer) = plain(item, "a JSON Pointer", report) else { continue };
        if pointer.is_empty() || pointer.starts_with('/') {
            pointers.push(pointer.to_owned());
        } else {
            report
                .mistake(item.at, format!("`{pointer}` is not a JSON Pointer: a JSON Pointer begins with a slash"))
                .hint("write the way through the body, like /terminationType; \"\" is the body itself");
        }
    }
    pointers
}

fn texts(node: &Node, what: &str, report: &mut Report) -> Vec<String> {
    let items = reader::list(node, what, report).unwrap_or_default();
    let what = format!("an item of {what}");
    items.iter().filter_map(|item| reader::text(item, &what, report)).map(str::to_owned).collect()
}

fn fields(node: &Node, report: &mut Report) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (key, node) in reader::map(node, "`fields`", report).unwrap_or_default() {
        if let Some(value) = reader::line(node, "the value of a response field", report) {
            fields.insert(key.name.to_ascii_lowercase(), value.to_owned());
        }
    }
    fields
}
