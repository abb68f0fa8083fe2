//! What policy.yaml and openapi.yaml say.

use solgate_document::yaml::Node;
use solgate_engine::ir::{ApiRoot, Bundle, FactDef, Limits, Operation, OptionDef, OptionKind};
use solgate_engine::version::ApiVersion;

use super::{Checked, entries, is_named, items, kept, one_or_more};
use crate::layer::Layer;

pub(super) fn check(layers: &[Layer], bundle: &Bundle) -> Checked {
    let policies: Vec<&Node> = layers.iter().filter_map(|layer| layer.policy.as_ref()).collect();
    for policy in &policies {
        check_definitions(policy, bundle)?;
    }
    check_last_words(&policies, bundle)?;
    layers
        .iter()
        .filter_map(|layer| layer.openapi.as_ref())
        .try_for_each(|document| check_api(document, None, bundle))?;
    let mut dialects = layers.iter().flat_map(|layer| &layer.dialects);
    dialects.try_for_each(|dialect| check_api(&dialect.document, Some(dialect.option.as_str()), bundle))
}

/// What one layer defines, as far as a later one cannot take it back.
fn check_definitions(policy: &Node, bundle: &Bundle) -> Checked {
    for (name, node) in entries(policy.get("options")) {
        let option = bundle.options.iter().find(|option| option.name == name);
        kept(option.is_some_and(|option| holds_option(node, option)), node.at, || format!("the option `{name}`"))?;
    }
    for (name, node) in entries(policy.get("facts")) {
        let fact = bundle.facts.iter().find(|fact| fact.name == name);
        kept(fact.is_some_and(|fact| holds_fact(node, fact)), node.at, || format!("the fact `{name}`"))?;
    }
    for (name, node) in entries(policy.get("lists")) {
        kept(bundle.lists.iter().any(|list| list.name == name), node.at, || format!("the list `{name}`"))?;
    }
    for (usage, node) in entries(policy.get("functions")) {
        let name = usage.split('(').next().unwrap_or_default().trim();
        let value = node.get("value").unwrap_or(node);
        let is_kept = bundle.functions.iter().any(|known| known.name == name && known.value == value.text);
        kept(is_kept, node.at, || format!("the function `{name}`"))?;
    }
    for (name, node) in entries(policy.get("data")) {
        kept(bundle.data.iter().any(|data| data.name == name), node.at, || format!("the data `{name}`"))?;
    }
    for (name, node) in entries(policy.get("windows")) {
        kept(bundle.windows.iter().any(|window| window.name == name), node.at, || format!("the window `{name}`"))?;
    }
    Ok(())
}

/// What the last layer that says something about it decides.
fn check_last_words(policies: &[&Node], bundle: &Bundle) -> Checked {
    let last = |section: &str, name: &str| {
        policies.iter().rev().find_map(|policy| policy.get(section).and_then(|section| section.get(name)))
    };
    for option in bundle.options.iter().filter(|option| !option.set) {
        let defaults =
            policies.iter().rev().filter_map(|policy| policy.get("options")?.get(&option.name)?.get("default"));
        if let Some(node) = defaults.into_iter().next() {
            kept(node.to_json() == option.default, node.at, || format!("`default` of the option `{}`", option.name))?;
        }
    }
    for window in &bundle.windows {
        if let Some(node) = last("windows", &window.name) {
            let periods = one_or_more(node.get("periods").unwrap_or(node)).len();
            kept(periods == window.periods.len(), node.at, || format!("a period of the window `{}`", window.name))?;
            for (node, period) in one_or_more(node.get("periods").unwrap_or(node)).iter().zip(&window.periods) {
                let are_kept = (node.get("dates").is_none() || !period.dates.is_empty())
                    && (node.get("except").is_none() || !period.except.is_empty());
                kept(are_kept, node.at, || format!("the dates of a period of the window `{}`", window.name))?;
            }
        }
    }
    for (name, value) in limits(&bundle.limits) {
        if let Some(node) = last("limits", name) {
            kept(node.to_json() == value, node.at, || format!("the limit `{name}`"))?;
        }
    }
    if let Some(node) = policies.iter().rev().find_map(|policy| policy.get("apiRoots")) {
        let roots = items(Some(node));
        let are_kept =
            roots.len() == bundle.api_roots.len() && roots.iter().zip(&bundle.api_roots).all(|(a, b)| is_root(a, b));
        kept(are_kept, node.at, || "one of `apiRoots`".to_owned())?;
    }
    Ok(())
}

fn limits(limits: &Limits) -> [(&'static str, serde_json::Value); 5] {
    [
        ("bodyBytes", limits.body_bytes.into()),
        ("targetBytes", limits.target_bytes.into()),
        ("depth", limits.depth.into()),
        ("members", limits.members.into()),
        ("violations", limits.violations.into()),
    ]
}

fn holds_option(node: &Node, option: &OptionDef) -> bool {
    let is_type = |kind: &Node| match option.kind {
        OptionKind::Map(of) => kind.text == "map" && node.get("of").is_none_or(|node| is_named(node, of)),
        other => is_named(kind, other),
    };
    node.get("type").is_none_or(is_type)
        && (node.get("doc").is_none() || !option.doc.is_empty())
        && (items(node.get("values")).is_empty() || !option.values.is_empty())
}

fn holds_fact(node: &Node, fact: &FactDef) -> bool {
    let mut names = items(node.get("members")).iter().chain(items(node.get("addMembers")));
    let query = entries(node.get("query")).map(|(name, _)| name);
    let is_flag = |name: &str, value: bool| node.get(name).is_none_or(|node| node.to_json() == value);
    names.all(|name| fact.members.iter().any(|known| known == name.text.trim_end()))
        && node.get("get").is_none_or(|path| path.text.trim_end() == fact.path)
        && (node.get("query").is_none() || query.eq(fact.query.iter().map(|(name, _)| name.as_str())))
        && is_flag("list", fact.list)
        && is_flag("plainOn400", fact.plain_on_400)
        && is_flag("onDemand", fact.on_demand)
}

fn is_root(node: &Node, root: &ApiRoot) -> bool {
    node.get("path").is_some_and(|path| path.text.trim_end() == root.path)
        && entries(node.get("options")).count() == root.options.len()
        && entries(node.get("options")).all(|(name, value)| root.options.get(name) == Some(&value.to_json()))
}

/// What a document of operations says; `dialect` is the option that switches it on.
fn check_api(document: &Node, dialect: Option<&str>, bundle: &Bundle) -> Checked {
    for (path, item) in entries(document.get("paths")).filter(|(path, _)| !path.starts_with("x-")) {
        for (method, node) in entries(Some(item)).filter(|(method, _)| !method.starts_with("x-")) {
            if let Some(id) = node.get("operationId") {
                let mut operations = bundle.operations.iter().filter(|known| known.dialect.as_deref() == dialect);
                let operation = operations.find(|operation| operation.id == id.text.trim_end());
                let is_kept = operation.is_some_and(|operation| is_operation(path, method, node, operation));
                kept(is_kept, id.at, || format!("the operation `{}`", id.text))?;
            }
        }
    }
    for (name, node) in entries(document.get("components").and_then(|components| components.get("schemas"))) {
        kept(bundle.schemas.get(name) == Some(&node.to_json()), node.at, || format!("the schema `{name}`"))?;
    }
    Ok(())
}

fn is_version(node: Option<&Node>, version: Option<ApiVersion>) -> bool {
    node.map(|node| node.text.trim_end().to_owned()) == version.map(|version| version.to_string())
}

fn is_operation(path: &str, method: &str, node: &Node, operation: &Operation) -> bool {
    operation.path == path
        && operation.method.eq_ignore_ascii_case(method)
        && node.get("requestBody").is_some() == operation.body.is_some()
        && is_version(node.get("x-since"), operation.releases.since)
        && is_version(node.get("x-until"), operation.releases.until)
        && node.get("x-absent").is_some_and(|absent| absent.to_json() == true) == operation.absent
        && entries(node.get("x-rule-map"))
            .all(|(name, other)| operation.rule_map.get(name).is_some_and(|known| known == other.text.trim_end()))
}
