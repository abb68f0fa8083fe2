//! policy.yaml.

use std::collections::BTreeMap;

use solgate_engine::ir::{ApiRoot, FactDef, Limits, OptionDef};

use crate::diagnostic::Report;
use crate::expression::is_known_variable;
use crate::options;
use crate::reader::{self, Members, is_identifier};
use crate::source::At;
use crate::suggest::did_you_mean;
use crate::template::{self, Variable};
use crate::yaml::{Key, Node, Value, locate};

/// What policy.yaml says, as far as it could be understood.
#[derive(Debug)]
pub(crate) struct Policy {
    pub name: String,
    pub version: String,
    pub api_roots: Vec<ApiRoot>,
    pub limits: Limits,
    pub options: Vec<OptionDef>,
    /// Where policy.yaml defines them.
    pub option_places: BTreeMap<String, At>,
    pub facts: Vec<Fact>,
    pub at: At,
}

/// A fact template and the places that messages about it point at.
#[derive(Debug)]
pub(crate) struct Fact {
    pub def: FactDef,
    pub at: At,
    pub variables: Vec<Variable>,
}

impl Policy {
    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.def.name == name)
    }
}

/// What holds where policy.yaml is silent.
const LIMITS: Limits = Limits { body_bytes: 1024 * 1024, target_bytes: 8192, depth: 64, violations: 32 };

pub(crate) fn read(node: &Node, set: &[(String, String)], report: &mut Report) -> Option<Policy> {
    let mut members = Members::open(node, "policy.yaml", report)?;
    let name = members.require("name", report).and_then(|node| name(node, report));
    let version = members.require("version", report).and_then(|node| reader::line(node, "`version`", report));
    if let Some((key, _)) = node.entry("extends") {
        members.get("extends");
        report
            .mistake(key.at, "`extends` is not supported yet")
            .hint("copy the other bundle's rules, or give the gate both policies");
    }
    let options_node = members.get("options");
    let option_places = options_node.and_then(Node::as_map).unwrap_or_default();
    let option_places = option_places.iter().map(|(key, _)| (key.name.clone(), key.at)).collect();
    let mut options = options::read(options_node, report);
    options::set(&mut options, set, report);
    let api_roots = members.require("apiRoots", report).map(|node| api_roots(node, &options, report));
    let limits = members.get("limits").and_then(|node| limits(node, report)).unwrap_or(LIMITS);
    let facts = members.get("facts").map(|node| facts(node, report)).unwrap_or_default();
    members.finish(report);
    Some(Policy {
        name: name.unwrap_or_default().to_owned(),
        version: version.unwrap_or_default().to_owned(),
        api_roots: api_roots.unwrap_or_default(),
        limits,
        options,
        option_places,
        facts,
        at: node.at,
    })
}

/// Whether a policy can have this name.
pub(crate) fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
}

fn name<'n>(node: &'n Node, report: &mut Report) -> Option<&'n str> {
    let name = reader::line(node, "`name`", report)?;
    let right = is_name(name);
    if !right {
        report
            .mistake(node.at, format!("`{name}` cannot be the name of a policy"))
            .hint("letters, digits, `.`, `-` and `_`, beginning with a letter or digit");
    }
    right.then_some(name)
}

fn api_roots(node: &Node, options: &[OptionDef], report: &mut Report) -> Vec<ApiRoot> {
    let mut roots: Vec<(ApiRoot, At)> = Vec::new();
    let items = reader::list(node, "`apiRoots`", report).unwrap_or_default();
    if items.is_empty() && node.as_list().is_some() {
        report.mistake(node.at, "`apiRoots` is empty").hint("name at least one: `- path: /vnflcm/v2`");
    }
    for item in items {
        let Some(mut members) = Members::open(item, "an API root", report) else {
            continue;
        };
        let path = members.require("path", report);
        let values = members.get("options");
        members.finish(report);
        let Some(path) = path else { continue };
        let Some(text) = reader::line(path, "the path of an API root", report) else {
            continue;
        };
        let fault = template::path_fault(text)
            .or_else(|| (text == "/" || text.contains(['{', '}'])).then_some("must be a path without variables"));
        if let Some(fault) = fault {
            report.mistake(path.at, format!("the API root `{text}` {fault}")).hint("write it like /vnflcm/v2");
            continue;
        }
        if let Some((_, first)) = roots.iter().find(|(root, _)| root.path == text) {
            report.mistake(path.at, format!("the API root `{text}` is here twice")).related(*first, "first here");
            continue;
        }
        let values = values.map_or_else(BTreeMap::new, |node| root_options(node, options, report));
        roots.push((ApiRoot { path: text.to_owned(), options: values }, path.at));
    }
    roots.into_iter().map(|(root, _)| root).collect()
}

fn root_options(node: &Node, options: &[OptionDef], report: &mut Report) -> BTreeMap<String, serde_json::Value> {
    let mut values = BTreeMap::new();
    for (key, node) in reader::map(node, "`options`", report).unwrap_or_default() {
        let Some(option) = options.iter().find(|option| option.name == key.name) else {
            unknown_option(key, options, report);
            continue;
        };
        if let Some(value) = options::value(node, option.kind, &option.values, &key.name, report) {
            values.insert(key.name.clone(), value);
        }
    }
    values
}

/// Reports a name that is none of the bundle's options.
pub(crate) fn unknown_option(key: &Key, options: &[OptionDef], report: &mut Report) {
    report
        .mistake(key.at, format!("policy.yaml defines no option `{}`", key.name))
        .maybe_hint(did_you_mean(&key.name, options.iter().map(|option| option.name.as_str())));
}

fn limits(node: &Node, report: &mut Report) -> Option<Limits> {
    let mut members = Members::open(node, "`limits`", report)?;
    let mut limit = |name, most, default| {
        members
            .get(name)
            .and_then(|node| reader::integer(node, &format!("`{name}`"), 1..=most, report))
            .unwrap_or(default)
    };
    let body_bytes = limit("bodyBytes", 64 * 1024 * 1024, LIMITS.body_bytes);
    let target_bytes = limit("targetBytes", 1024 * 1024, LIMITS.target_bytes.into());
    let depth = limit("depth", 128, LIMITS.depth.into());
    let violations = limit("violations", 1000, LIMITS.violations.into());
    members.finish(report);
    // The ranges above fit.
    let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Some(Limits {
        body_bytes,
        target_bytes: narrow(target_bytes),
        depth: narrow(depth),
        violations: narrow(violations),
    })
}

fn facts(node: &Node, report: &mut Report) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (key, node) in reader::map(node, "`facts`", report).unwrap_or_default() {
        if !is_identifier(&key.name) || is_known_variable(&key.name) {
            let hint = if is_known_variable(&key.name) {
                "expressions already use this name for something else"
            } else {
                "letters, digits and `_`, so that expressions can read it"
            };
            report.mistake(key.at, format!("`{}` cannot be the name of a fact", key.name)).hint(hint);
        }
        facts.extend(fact(key, node, report));
    }
    facts
}

fn fact(key: &Key, node: &Node, report: &mut Report) -> Option<Fact> {
    let mut members = Members::open(node, "a fact", report)?;
    let mut variables = Vec::new();
    let mut path = "";
    if let Some(get) = members.require("get", report)
        && let Some(text) = reader::line(get, "`get`", report)
    {
        path = text;
        variables.extend(template::variables(get, report));
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
                    variables.extend(template::variables(node, report));
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
    let names = members.require("members", report).map(|node| member_names(node, report)).unwrap_or_default();
    members.finish(report);
    Some(Fact {
        def: FactDef { name: key.name.clone(), path: path.to_owned(), query, plain_on_400, members: names, list },
        at: key.at,
        variables,
    })
}

fn member_names(node: &Node, report: &mut Report) -> Vec<String> {
    let items = reader::list(node, "`members`", report).unwrap_or_default();
    if items.is_empty() && node.as_list().is_some() {
        report
            .mistake(node.at, "`members` is empty")
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
