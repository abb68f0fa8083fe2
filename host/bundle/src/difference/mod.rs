//! In what two bundles differ: by rules, operations, schemas, options, facts, lists, data,
//! windows, API roots and limits.

mod documents;
mod schemas;

use std::collections::BTreeSet;

pub use documents::of_documents;

use serde::Serialize;
use serde_json::{Value, json};
use solgate_engine::ir::{Bundle, Data, Rule, RuleKind};

/// Which part of a policy something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Part {
    Rule,
    Operation,
    Schema,
    Option,
    Fact,
    List,
    Data,
    Window,
    ApiRoot,
    Limits,
}

impl Part {
    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rule => "rules",
            Self::Operation => "operations",
            Self::Schema => "schemas",
            Self::Option => "options",
            Self::Fact => "facts",
            Self::List => "lists",
            Self::Data => "data",
            Self::Window => "windows",
            Self::ApiRoot => "API roots",
            Self::Limits => "limits",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Added,
    Removed,
    Changed,
}

/// Something that one bundle has and the other has not, or has otherwise.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    pub part: Part,
    /// Its name; of a schema, with the path to the place, such as
    /// `TerminateVnfRequest/terminationType`.
    pub name: String,
    pub kind: Kind,
    /// Whether requests may be judged otherwise by it: false if only words are others.
    pub judges: bool,
    pub members: Vec<Member>,
}

/// A member that is other. What is absent is `None`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Member {
    pub name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is: Option<Value>,
}

/// Members that say something and decide nothing.
const WORDS: [&str; 5] = ["title", "detail", "clause", "doc", "inherited"];

/// All differences, from the first bundle to the second, by part and name.
#[must_use]
pub fn differences(before: &Bundle, after: &Bundle) -> Vec<Change> {
    let mut found = Vec::new();
    compare(Part::Rule, &rules(before), &rules(after), &mut found);
    let operations = |bundle: &Bundle| -> Vec<(String, Value)> {
        let named = bundle.operations.iter().map(|op| match &op.dialect {
            Some(dialect) => (format!("{} ({dialect})", op.id), value(op)),
            None => (op.id.clone(), value(op)),
        });
        named.collect()
    };
    compare(Part::Operation, &operations(before), &operations(after), &mut found);
    schemas::compare(&before.schemas, &after.schemas, &mut found);
    macro_rules! named {
        ($part:expr, $list:ident, $name:ident) => {
            let all = |bundle: &Bundle| -> Vec<(String, Value)> {
                bundle.$list.iter().map(|one| (one.$name.clone(), value(one))).collect()
            };
            compare($part, &all(before), &all(after), &mut found);
        };
    }
    named!(Part::Option, options, name);
    named!(Part::Fact, facts, name);
    named!(Part::List, lists, name);
    let data = |bundle: &Bundle| -> Vec<(String, Value)> {
        let one = |data: &Data| (data.name.clone(), json!({ "file": data.file, "sha256": data.digest }));
        bundle.data.iter().map(one).collect()
    };
    compare(Part::Data, &data(before), &data(after), &mut found);
    named!(Part::Window, windows, name);
    named!(Part::ApiRoot, api_roots, path);
    let limits = |bundle: &Bundle| vec![("limits".to_owned(), value(&bundle.limits))];
    compare(Part::Limits, &limits(before), &limits(after), &mut found);
    found
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

/// Rules by id, each as one object without levels.
fn rules(bundle: &Bundle) -> Vec<(String, Value)> {
    bundle.rules.iter().map(|rule| (rule.id.clone(), flat(rule))).collect()
}

fn flat(rule: &Rule) -> Value {
    let mut all = json!({
        "operations": rule.operations,
        "status": rule.status,
        "severity": rule.severity,
        "ages": rule.ages,
        "title": rule.title,
        "clause": rule.clause,
        "doc": rule.doc,
    });
    let kind = match &rule.kind {
        RuleKind::Engine => json!({ "kind": "engine" }),
        RuleKind::Schema => json!({ "kind": "schema" }),
        RuleKind::Exists { fact } => json!({ "exists": fact }),
        RuleKind::IfMatch { facts } => json!({ "ifMatch": facts }),
        RuleKind::Require(require) => value(require),
    };
    if let (Value::Object(all), Value::Object(kind)) = (&mut all, kind) {
        all.extend(kind);
        all.retain(|_, value| !value.is_null());
    }
    all
}

fn compare(part: Part, before: &[(String, Value)], after: &[(String, Value)], found: &mut Vec<Change>) {
    let find = |all: &[(String, Value)], name: &str| {
        all.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let names: BTreeSet<&str> = before.iter().chain(after).map(|(name, _)| name.as_str()).collect();
    for name in names {
        let (was, is) = (find(before, name), find(after, name));
        let change = |kind, members: Vec<Member>| {
            let judges = members.iter().any(|member| !WORDS.contains(&member.name.as_str()));
            Change { part, name: name.to_owned(), kind, judges, members }
        };
        match (was, is) {
            (None, Some(is)) => found.push(Change { judges: true, ..change(Kind::Added, members(&json!({}), &is)) }),
            (Some(was), None) => {
                found.push(Change { judges: true, ..change(Kind::Removed, members(&was, &json!({}))) })
            }
            (Some(was), Some(is)) if was != is => found.push(change(Kind::Changed, members(&was, &is))),
            _ => {}
        }
    }
}

/// The members of two objects that are not the same.
fn members(was: &Value, is: &Value) -> Vec<Member> {
    let names: BTreeSet<&String> =
        [was, is].into_iter().filter_map(Value::as_object).flat_map(|object| object.keys()).collect();
    let other = names.into_iter().filter(|name| was.get(name) != is.get(name));
    other.map(|name| Member { name: name.clone(), was: was.get(name).cloned(), is: is.get(name).cloned() }).collect()
}
