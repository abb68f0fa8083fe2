//! Facts: what a policy may ask the VNFM.

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Key, Node, Value, locate};
use solgate_engine::ir::FactDef;

use crate::template::{self, Variable};
use crate::variables::{is_identifier, is_known_variable, is_word_of_cel};

/// A fact template and the places that messages about it point at.
#[derive(Debug)]
pub(crate) struct Fact {
    pub def: FactDef,
    pub at: At,
    pub variables: Vec<Variable>,
}

/// Reads `facts` and adds them to the inherited ones.
pub(super) fn read(node: Option<&Node>, mut facts: Vec<Fact>, report: &mut Report) -> Vec<Fact> {
    let inherited = facts.len();
    let entries = node.and_then(|node| reader::map(node, "`facts`", report));
    for (key, node) in entries.unwrap_or_default() {
        let base = facts.iter_mut().take(inherited).find(|fact| fact.def.name == key.name);
        if node.get("addMembers").is_some() || base.is_some() {
            match base {
                Some(fact) => widen(fact, key, node, report),
                None => {
                    let names = facts.iter().take(inherited).map(|fact| fact.def.name.as_str());
                    report
                        .mistake(key.at, format!("no bundle that is extended has a fact `{}`", key.name))
                        .maybe_hint(did_you_mean(&key.name, names))
                        .hint_if_none(
                            "a fact of this bundle has `get` and `members`; `addMembers` widens an inherited one",
                        );
                }
            }
            continue;
        }
        if !is_identifier(&key.name) || is_known_variable(&key.name) {
            let hint = if is_known_variable(&key.name) {
                "expressions already use this name for something else"
            } else {
                "letters, digits and `_`, so that expressions can read it"
            };
            report.mistake(key.at, format!("`{}` cannot be the name of a fact", key.name)).hint(hint);
        }
        if is_word_of_cel(&key.name) {
            report
                .warning(
                    key.at,
                    format!("no expression can read a fact called `{}`: it is a reserved word of CEL", key.name),
                )
                .hint("give the fact another name");
        }
        facts.extend(fact(key, node, report));
    }
    facts
}

/// Adds members to a fact of a bundle that is extended.
fn widen(fact: &mut Fact, key: &Key, node: &Node, report: &mut Report) {
    let Some(mut members) = Members::open(node, "a fact", report) else {
        return;
    };
    let Some(names) = members.get("addMembers") else {
        report
            .mistake(key.at, format!("the bundle that is extended has a fact `{}`", key.name))
            .hint("give this one another name, or read more of the inherited one: `addMembers: [...]`")
            .related(fact.at, "there");
        return;
    };
    let others: Vec<&Key> = node.as_map().unwrap_or_default().iter().map(|(key, _)| key).collect();
    if let Some(other) = others.iter().find(|key| key.name != "addMembers") {
        report
            .mistake(other.at, format!("`{}` cannot stand beside `addMembers`", other.name))
            .hint("an inherited fact can be widened, but not changed otherwise; define one of another name");
    }
    members.finish_except(&others, report);
    for name in member_names(names, "addMembers", report) {
        if fact.def.members.contains(&name) {
            report
                .mistake(names.at, format!("the fact `{}` has the member `{name}` already", key.name))
                .related(fact.at, "there");
        } else {
            fact.def.members.push(name);
        }
    }
}

fn fact(key: &Key, node: &Node, report: &mut Report) -> Option<Fact> {
    let mut members = Members::open(node, "a fact", report)?;
    let mut variables = Vec::new();
    let mut path = "";
    if let Some(get) = members.require("get", report)
        && let Some(text) = reader::line(get, "`get`", report)
    {
        path = text;
        variables.extend(template::members_and_variables(get, report));
        if let Some(fault) = template::path_fault(text) {
            let draft = report.mistake(get.at, format!("the path of the fact {fault}"));
            if text.contains('?') {
                draft.hint("write query parameters under `query:`");
            } else {
                draft.hint("write the path below the API root, like /vnf_instances/{vnfInstanceId}");
            }
        }
    }
    let mut query = Vec::new();
    if let Some(node) = members.get("query") {
        for (key, node) in reader::map(node, "`query`", report).unwrap_or_default() {
            if key.name.is_empty() || !key.name.chars().all(|c| c.is_ascii_graphic()) {
                report.mistake(key.at, "this cannot be the name of a query parameter");
            }
            let value = match &node.value {
                Value::Null => None,
                Value::List(_) | Value::Map(_) => {
                    report.mistake(node.at, format!("a query parameter is text, but here is {}", node.kind()));
                    None
                }
                _ => {
                    variables.extend(template::members_and_variables(node, report));
                    Some(node.text.clone())
                }
            };
            query.push((key.name.clone(), value));
        }
    }
    let mut flag =
        |name| members.get(name).and_then(|node| reader::boolean(node, &format!("`{name}`"), report)).unwrap_or(false);
    let plain_on_400 = flag("plainOn400");
    let list = flag("list");
    let on_demand = flag("onDemand");
    let names =
        members.require("members", report).map(|node| member_names(node, "members", report)).unwrap_or_default();
    members.finish(report);
    Some(Fact {
        def: FactDef {
            name: key.name.clone(),
            path: path.to_owned(),
            query,
            plain_on_400,
            members: names,
            list,
            on_demand,
        },
        at: key.at,
        variables,
    })
}

fn member_names(node: &Node, what: &str, report: &mut Report) -> Vec<String> {
    let items = reader::list(node, &format!("`{what}`"), report).unwrap_or_default();
    if items.is_empty() && node.as_list().is_some() {
        report
            .mistake(node.at, format!("`{what}` is empty"))
            .hint("list the members that rules read; the host drops all others");
    }
    let mut names: Vec<String> = Vec::new();
    for item in items {
        if let Some(name) = reader::line(item, "the name of a member", report) {
            if names.iter().any(|known| known == name) {
                report.mistake(item.at, format!("the member `{name}` is here twice"));
            } else if name.contains(['.', '/']) {
                report
                    .mistake(
                        locate(item, &report.sources, 0, item.text.len()),
                        format!("`{name}` is not a member at the top level"),
                    )
                    .hint("name the top-level member; all that it holds comes with it");
            } else {
                names.push(name.to_owned());
            }
        }
    }
    names
}
