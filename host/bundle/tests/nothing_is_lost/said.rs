//! What a bundle says, by a reader of YAML that shares nothing with the compiler's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::Counts;
use super::support::folder;

/// Options that every bundle has.
pub const OF_ENGINE: [&str; 5] =
    ["supportedVersions", "knownVersions", "requireAuthorization", "schemaErrorStatus", "outsideApiRoot"];

pub struct Said {
    pub counts: Counts,
    /// Ids of all rules.
    pub ids: BTreeSet<String>,
    /// Of those, the ones that the last bundle declares itself.
    pub own: BTreeSet<String>,
}

fn parse(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap();
    yaml_serde::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The YAML files below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            found.push(path);
        }
    }
    found.sort();
}

fn documents(folder: &Path) -> Vec<Value> {
    let mut paths = Vec::new();
    files(folder, &mut paths);
    paths.iter().map(|path| parse(path)).collect()
}

/// A bundle and those below it, the last one first.
fn layers(dir: &Path) -> Vec<(PathBuf, Value)> {
    let mut layers = vec![(dir.to_owned(), parse(&dir.join("policy.yaml")))];
    while let Some(base) = layers.last().unwrap().1["extends"].as_str() {
        let dir = if base.starts_with('.') {
            layers.last().unwrap().0.join(base)
        } else {
            folder("../../../policies").join(base)
        };
        let policy = parse(&dir.join("policy.yaml"));
        layers.push((dir, policy));
    }
    layers
}

fn keys(value: &Value) -> impl Iterator<Item = &String> {
    value.as_object().into_iter().flat_map(|members| members.keys())
}

fn length(value: &Value) -> usize {
    value.as_array().map_or(0, Vec::len)
}

/// The API roots that a case runs below, which its base may say.
fn api_root<'v>(file: &'v Value, mut case: &'v Value) -> &'v Value {
    while case.get("apiRoot").is_none() && case.get("target").is_none() && case.get("base").is_some() {
        case = &file["bases"][case["base"].as_str().unwrap()];
    }
    &case["apiRoot"]
}

/// How many shared variables a rule reads, by itself or through others: it is as if it
/// had them.
fn taken(rule: &Value, shared: &BTreeMap<String, Value>) -> usize {
    let mut found: BTreeSet<&String> = BTreeSet::new();
    let mut texts = vec![rule];
    while let Some(value) = texts.pop() {
        let text = value.to_string();
        for (name, source) in shared {
            let reads = text.match_indices(&format!("variables.{name}")).any(|(at, read)| {
                let next = text[at + read.len()..].chars().next();
                !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
            });
            if reads && found.insert(name) {
                texts.push(source);
            }
        }
    }
    found.len()
}

/// Whether a bundle drops something of those that it extends.
fn drops(policy: &Value, kind: &str, name: &str) -> bool {
    policy["drop"][kind].as_array().is_some_and(|names| names.iter().any(|dropped| dropped == name))
}

pub fn read(dir: &Path) -> Said {
    let layers = layers(dir);
    let mut shared: BTreeMap<String, Value> = BTreeMap::new();
    let (mut options, mut lists, mut windows) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    // With how many members each has.
    let mut facts: BTreeMap<&String, usize> = BTreeMap::new();
    for (_, policy) in layers.iter().rev() {
        options.retain(|name: &&String| !drops(policy, "options", name));
        facts.retain(|name, _| !drops(policy, "facts", name));
        options.extend(keys(&policy["options"]).filter(|name| !OF_ENGINE.contains(&name.as_str())));
        lists.extend(keys(&policy["lists"]));
        windows.extend(keys(&policy["windows"]));
        for (name, source) in policy["variables"].as_object().into_iter().flatten() {
            shared.insert(name.clone(), source.clone());
        }
        for (name, fact) in policy["facts"].as_object().into_iter().flatten() {
            *facts.entry(name).or_default() += length(&fact["members"]) + length(&fact["addMembers"]);
        }
    }
    let mut rules: BTreeMap<String, Value> = BTreeMap::new();
    let (mut own, mut overridden, mut details) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (index, (dir, policy)) in layers.iter().enumerate().rev() {
        rules.retain(|id, _| !drops(policy, "rules", id));
        details.retain(|id: &String| !drops(policy, "rules", id));
        for item in documents(&dir.join("rules")).iter().flat_map(|file| file.as_array().unwrap()) {
            let id = ["id", "override", "replace"].iter().find_map(|name| item.get(name));
            let id = id.unwrap().as_str().unwrap().to_owned();
            if item.get("replace").is_some() {
                assert!(rules.remove(&id).is_some());
                details.remove(&id);
            }
            if !item["otherwise"]["detail"].is_null() {
                details.insert(id.clone());
            }
            if item.get("override").is_some() {
                if index == 0 {
                    overridden.insert(id);
                }
            } else {
                if index == 0 {
                    own.insert(id.clone());
                }
                assert!(rules.insert(id, item.clone()).is_none());
            }
        }
    }
    let has = |name: &str| rules.values().filter(|rule| rule.get(name).is_some()).count();
    let roots = layers.iter().find_map(|(_, policy)| policy["apiRoots"].as_array()).map_or(0, Vec::len);
    let files = documents(&dir.join("tests"));
    let cases =
        files.iter().flat_map(|file| file["cases"].as_array().into_iter().flatten().map(move |case| (file, case)));
    let cases = cases.map(|(file, case)| match api_root(file, case) {
        root if *root == "all" => roots,
        root => length(root).max(1),
    });
    Said {
        counts: BTreeMap::from([
            ("rules", rules.len()),
            ("overrides", overridden.len()),
            ("conditions", has("require") + has("exists") + has("ifMatch") + has("when") + has("forEach")),
            ("variables", rules.values().map(|rule| keys(&rule["variables"]).count() + taken(rule, &shared)).sum()),
            ("details", details.len()),
            ("facts", facts.len()),
            ("members of facts", facts.values().sum()),
            ("options", options.len()),
            ("lists", lists.len()),
            ("windows", windows.len()),
            ("cases", cases.sum()),
        ]),
        ids: rules.into_keys().collect(),
        own,
    }
}
