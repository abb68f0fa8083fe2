//! policy.yaml.

mod data;
mod dates;
mod facts;
mod functions;
mod lists;
mod shared;
pub(crate) mod windows;

pub(crate) use data::Data;
pub(crate) use facts::Fact;
pub(crate) use functions::{Function, Functions};
pub(crate) use lists::List;
pub(crate) use shared::{Shared, connect};
pub(crate) use windows::Window;

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Key, Node, Value};
use solgate_engine::api_root;
use solgate_engine::ir::{self, ApiRoot, Limits, OptionDef};

use crate::files::{Home, IoError};
use crate::options;
use crate::template::{self, Variable};
use crate::variables::DATA;

/// An expression with the values of a bundle's functions in the place of their calls. As it is, if
/// a call is wrong.
#[must_use]
pub fn expanded(source: &str, functions: &[ir::Function]) -> String {
    Functions::from(functions).expand_text(source)
}

/// What policy.yaml says, as far as it could be understood, on top of what those
/// of the bundles that it extends say.
#[derive(Debug)]
pub(crate) struct Policy {
    pub name: String,
    pub version: String,
    pub api_roots: Vec<ApiRoot>,
    /// The variables of API roots, and where they stand.
    pub root_variables: Vec<Variable>,
    pub limits: Limits,
    pub options: Vec<OptionDef>,
    /// Where a policy.yaml last defines them.
    pub option_places: BTreeMap<String, At>,
    pub facts: Vec<Fact>,
    pub lists: Vec<List>,
    pub windows: Vec<Window>,
    pub data: Vec<Data>,
    pub shared: Vec<Shared>,
    pub functions: Functions,
    /// Whether what the types of expressions tell is a mistake, and not a warning: the
    /// bundle says `language: 2`.
    pub types_are_checked: bool,
    pub at: At,
}

/// The language of rules in which findings of the types are mistakes. Bundles that do
/// not say otherwise are written in the first.
const TYPED: u64 = 2;

impl Policy {
    /// Whether the path of an API root has such a variable.
    pub fn has_root_variable(&self, name: &str) -> bool {
        self.root_variables.iter().any(|variable| variable.name == name)
    }

    /// Whether the paths of all API roots have such a variable.
    pub fn all_roots_have(&self, name: &str) -> bool {
        let mut roots = self.api_roots.iter();
        roots.all(|root| api_root::variables(&root.path, &root.path).any(|(known, _)| known == name))
    }

    pub fn shared(&self, name: &str) -> Option<&Shared> {
        self.shared.iter().find(|shared| shared.name == name)
    }

    pub fn fact(&self, name: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.def.name == name)
    }
}

/// What holds where policy.yaml is silent.
const LIMITS: Limits =
    Limits { body_bytes: 1024 * 1024, target_bytes: 8192, depth: 64, members: 65536, violations: 32 };

/// Reads policy.yaml, perhaps of a library. `base` is what the bundles before it come to: those
/// that are extended, and libraries.
///
/// # Errors
/// If a list that is there cannot be read.
pub(crate) fn read(
    node: &Node,
    home: &Home,
    is_library: bool,
    base: Option<Policy>,
    report: &mut Report,
) -> Result<Option<Policy>, IoError> {
    let Some(mut members) = Members::open(node, "policy.yaml", report) else {
        return Ok(None);
    };
    let name = members.require("name", report).and_then(|node| name(node, report));
    let version = members.require("version", report).and_then(|node| reader::line(node, "`version`", report));
    members.get("extends");
    // They are among those before.
    members.get("imports");
    // What it names is gone by now.
    members.get("drop");
    let has_base = is_library || node.get("extends").is_some();
    let base = base.unwrap_or_else(|| Policy {
        name: String::new(),
        version: String::new(),
        api_roots: Vec::new(),
        root_variables: Vec::new(),
        limits: LIMITS,
        options: options::built_in(),
        option_places: BTreeMap::new(),
        facts: Vec::new(),
        lists: Vec::new(),
        windows: Vec::new(),
        data: Vec::new(),
        shared: Vec::new(),
        functions: Functions::default(),
        types_are_checked: false,
        at: node.at,
    });
    let types_are_checked = members.get("language").is_some_and(|node| is_typed(node, report));
    let options_node = members.get("options");
    let mut option_places = base.option_places;
    for (key, _) in options_node.and_then(Node::as_map).unwrap_or_default() {
        option_places.insert(key.name.clone(), key.at);
    }
    let options = options::read(options_node, base.options, report);
    let roots = if has_base { members.get("apiRoots") } else { members.require("apiRoots", report) };
    let (api_roots, root_variables) = match roots {
        Some(node) => api_roots(node, &options, report),
        None => (base.api_roots, base.root_variables),
    };
    let limits = members.get("limits").and_then(|node| limits(node, &base.limits, report)).unwrap_or(base.limits);
    let facts = facts::read(members.get("facts"), base.facts, report);
    let lists = lists::read(members.get("lists"), base.lists, home, report)?;
    let windows = windows::read(members.get("windows"), base.windows, report);
    let functions = functions::read(members.get("functions"), base.functions, report);
    let shared = shared::read(members.get("variables"), base.shared, report);
    let data = data::read(members.get("data"), base.data, home, report)?;
    if let Some(fact) = facts.iter().find(|fact| fact.def.name == DATA && !data.is_empty()) {
        report
            .mistake(fact.at, format!("`{DATA}` cannot be the name of a fact in a bundle with data"))
            .hint("expressions read the data under this name: give the fact another");
    }
    members.finish(report);
    Ok(Some(Policy {
        name: name.unwrap_or_default().to_owned(),
        version: version.unwrap_or_default().to_owned(),
        api_roots,
        root_variables,
        limits,
        options,
        option_places,
        facts,
        lists,
        windows,
        data,
        shared,
        functions,
        types_are_checked,
        at: node.at,
    }))
}

/// Reads `language`.
fn is_typed(node: &Node, report: &mut Report) -> bool {
    let number = match &node.value {
        Value::Number(number) => number.as_u64().filter(|number| (1..=TYPED).contains(number)),
        _ => None,
    };
    if number.is_none() {
        report
            .mistake(node.at, format!("`language` is 1 or {TYPED}"))
            .hint("with 2, an expression whose types do not fit is a mistake; with 1, or nothing, it is a warning");
    }
    number == Some(TYPED)
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

fn api_roots(node: &Node, options: &[OptionDef], report: &mut Report) -> (Vec<ApiRoot>, Vec<Variable>) {
    let mut roots: Vec<(ApiRoot, At)> = Vec::new();
    let mut variables = Vec::new();
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
        let fault = template::path_fault(text).or_else(|| (text == "/").then_some("has no segment")).or_else(|| {
            (!api_root::is_root(text)).then_some("has a variable that is not a segment with a name of its own")
        });
        if let Some(fault) = fault {
            report
                .mistake(path.at, format!("the API root `{text}` {fault}"))
                .hint("write it like /vnflcm/v2, or /orgs/{org}/vnflcm/v2");
            continue;
        }
        let shape = api_root::shape(text);
        if let Some((_, first)) = roots.iter().find(|(root, _)| api_root::shape(&root.path) == shape) {
            report
                .mistake(path.at, format!("the API root `{text}` is here twice"))
                .related(*first, "first here")
                .maybe_hint((shape != text).then(|| "the names of variables do not tell API roots apart".to_owned()));
            continue;
        }
        variables.extend(template::variables(path, report));
        let values = values.map_or_else(BTreeMap::new, |node| root_options(node, options, report));
        roots.push((ApiRoot { path: text.to_owned(), options: values }, path.at));
    }
    (roots.into_iter().map(|(root, _)| root).collect(), variables)
}

fn root_options(node: &Node, options: &[OptionDef], report: &mut Report) -> BTreeMap<String, serde_json::Value> {
    let mut values = BTreeMap::new();
    for (key, node) in reader::map(node, "`options`", report).unwrap_or_default() {
        let Some(option) = options.iter().find(|option| option.name == key.name) else {
            unknown_option(key, options, report);
            continue;
        };
        if let Some(value) = solgate_cases::options::value(node, option.kind, &option.values, &key.name, report) {
            crate::options::check_versions(&key.name, &value, node.at, report);
            values.insert(key.name.clone(), value);
        }
    }
    values
}

/// Reports a name that is not one of the bundle's options.
pub(crate) fn unknown_option(key: &Key, options: &[OptionDef], report: &mut Report) {
    report
        .mistake(key.at, format!("policy.yaml defines no option `{}`", key.name))
        .maybe_hint(did_you_mean(&key.name, options.iter().map(|option| option.name.as_str())));
}

fn limits(node: &Node, base: &Limits, report: &mut Report) -> Option<Limits> {
    let mut members = Members::open(node, "`limits`", report)?;
    let mut limit = |name, most, default| {
        members
            .get(name)
            .and_then(|node| reader::integer(node, &format!("`{name}`"), 1..=most, report))
            .unwrap_or(default)
    };
    let body_bytes = limit("bodyBytes", 64 * 1024 * 1024, base.body_bytes);
    let target_bytes = limit("targetBytes", 1024 * 1024, base.target_bytes.into());
    let depth = limit("depth", 128, base.depth.into());
    let members_of_object = limit("members", 1024 * 1024, base.members.into());
    let violations = limit("violations", 1000, base.violations.into());
    members.finish(report);
    // The ranges above fit.
    let narrow = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    Some(Limits {
        body_bytes,
        target_bytes: narrow(target_bytes),
        depth: narrow(depth),
        members: narrow(members_of_object),
        violations: narrow(violations),
    })
}

/// The path of a file of the bundle, `what`'s, that looks like `example`.
fn file_name<'n>(node: &'n Node, what: &str, example: &str, report: &mut Report) -> Option<(&'n str, &'n Node)> {
    let name = reader::line(node, &format!("the file of {what}"), report)?;
    let is_inside = !name.contains(['\\', ':'])
        && name.split('/').all(|segment| !segment.is_empty() && segment != "." && segment != "..");
    if !is_inside {
        report
            .mistake(node.at, format!("`{name}` is not the path of a file in this bundle"))
            .hint(format!("write it like {example}: relative, with `/`, without dot segments"));
        return None;
    }
    Some((name, node))
}

/// Whether a list, data or a window may have this name: one that is inherited is replaced
/// only where that is said.
fn redefinition(what: &str, key: &Key, inherited: Option<At>, replaces: Option<&Node>, report: &mut Report) -> bool {
    let replaces = match replaces {
        Some(node) => match reader::boolean(node, "`override`", report) {
            Some(value) => value.then_some(node),
            None => return false,
        },
        None => None,
    };
    match (inherited, replaces) {
        (None, Some(node)) => {
            report
                .mistake(node.at, format!("no bundle that is extended has a {what} `{}`", key.name))
                .hint("leave `override` out");
            false
        }
        (Some(first), None) => {
            let long =
                if what == "window" { "{ periods: [...], override: true }" } else { "{ file: ..., override: true }" };
            report
                .mistake(key.at, format!("the bundle that is extended has a {what} `{}`", key.name))
                .hint(format!("give it another name, or replace the inherited one: {long}"))
                .related(first, "there");
            false
        }
        _ => true,
    }
}
