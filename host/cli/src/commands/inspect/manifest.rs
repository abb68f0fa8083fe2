//! What a policy says of itself.

use std::fmt::Write as _;

use serde_json::{Value, json};
use solgate::facts::FactTemplate;
use solgate::policy::Manifest;
use solgate::policy::manifest::Severity;

pub fn title(manifest: &Manifest) -> String {
    format!("{} {}\n", manifest.name, manifest.version)
}

pub fn pretty(manifest: &Manifest) -> String {
    let mut page = String::new();
    let mut line = |label: &str, value: &str| {
        let _ = writeln!(page, "  {label:<14}{value}");
    };
    line("source", &manifest.digest);
    line("API roots", &manifest.api_roots.join(", "));
    line("body", &format!("at most {} bytes", manifest.limits.body_bytes));
    line("reads", &manifest.fields.join(", "));
    let counts: Vec<String> = severities(manifest).map(|(name, count)| format!("{count} {name}")).collect();
    line("rules", &format!("{}: {}", manifest.rules.len(), counts.join(", ")));

    let _ = writeln!(page, "\n{} operations", manifest.operations.len());
    let width = manifest.operations.iter().map(|operation| operation.id.len()).max().unwrap_or_default();
    for operation in &manifest.operations {
        let _ = writeln!(page, "  {:<width$}  {:<6} {}", operation.id, operation.method, operation.path);
    }
    let _ = writeln!(page, "\n{} facts", manifest.facts.len());
    let width = manifest.facts.keys().map(String::len).max().unwrap_or_default();
    for (name, fact) in &manifest.facts {
        let _ = writeln!(page, "  {name:<width$}  GET {}: {}", target(fact), fact.members.join(", "));
    }
    let _ = writeln!(page, "\n{} options", manifest.options.len());
    let width = manifest.options.keys().map(String::len).max().unwrap_or_default();
    for (name, option) in &manifest.options {
        let values: Vec<String> = option.values.iter().map(Value::to_string).collect();
        let values = if values.is_empty() { String::new() } else { format!(", one of {}", values.join(", ")) };
        let _ = writeln!(page, "  {name:<width$}  {}{values}", option.default);
    }
    page
}

pub fn json(manifest: &Manifest) -> Value {
    json!({
        "name": manifest.name,
        "version": manifest.version,
        "digest": manifest.digest,
        "apiRoots": manifest.api_roots,
        "bodyLimit": manifest.limits.body_bytes,
        "headerFields": manifest.fields,
        "rules": {
            "count": manifest.rules.len(),
            "severities": severities(manifest).collect::<std::collections::BTreeMap<_, _>>(),
        },
        "operations": manifest.operations.iter().map(|operation| json!({
            "id": operation.id, "method": operation.method, "path": operation.path,
        })).collect::<Vec<_>>(),
        "facts": manifest.facts.values().map(|fact| json!({
            "name": fact.name, "get": target(fact), "members": fact.members, "list": fact.list,
        })).collect::<Vec<_>>(),
        "options": manifest.options.iter().map(|(name, option)| json!({
            "name": name, "default": option.default, "values": option.values, "doc": option.doc,
        })).collect::<Vec<_>>(),
    })
}

/// How many rules have which severity unless options or settings say otherwise.
fn severities(manifest: &Manifest) -> impl Iterator<Item = (&'static str, usize)> {
    Severity::NAMES
        .iter()
        .map(|(name, severity)| (*name, manifest.rules.iter().filter(|rule| rule.severity == *severity).count()))
}

/// Path and query of a fact's template.
fn target(fact: &FactTemplate) -> String {
    let query: Vec<String> = fact
        .query
        .iter()
        .map(|(name, value)| value.as_ref().map_or_else(|| name.clone(), |value| format!("{name}={value}")))
        .collect();
    if query.is_empty() { fact.path.clone() } else { format!("{}?{}", fact.path, query.join("&")) }
}
