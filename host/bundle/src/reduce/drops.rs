//! `drop` of policy.yaml.

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Node, Value};

use super::left::Gone;
use super::{DroppedOperation, edit};
use crate::layer::Layer;
use crate::options;

/// The kinds of parts that can be dropped: as `drop` calls them, and one of them.
const KINDS: [(&str, &str); 5] =
    [("operations", "operation"), ("schemas", "schema"), ("rules", "rule"), ("facts", "fact"), ("options", "option")];

/// What a bundle drops of those that it extends.
#[derive(Default)]
pub(super) struct Drops {
    /// Of `drop` itself.
    at: Option<At>,
    named: Vec<Dropped>,
}

/// A name below `drop`.
struct Dropped {
    /// As `drop` calls it.
    kind: &'static str,
    /// One of the kind, for messages.
    one: &'static str,
    name: String,
    at: At,
}

impl Drops {
    pub fn read(policy: &Node, report: &mut Report) -> Self {
        let Some(node) = policy.get("drop") else { return Self::default() };
        let Some(mut members) = Members::open(node, "`drop`", report) else { return Self::default() };
        if policy.get("extends").is_none() {
            report
                .mistake(node.at, "`drop` takes away what the extended bundle has, but this bundle extends nothing")
                .hint("leave it out, or say with `extends` which bundle is meant");
            return Self::default();
        }
        let mut named: Vec<Dropped> = Vec::new();
        for (kind, one) in KINDS {
            let Some(node) = members.get(kind) else { continue };
            for item in reader::list(node, &format!("`{kind}`"), report).unwrap_or_default() {
                let Some(name) = reader::line(item, &format!("the name of {}", with_article(one)), report) else {
                    continue;
                };
                if named.iter().any(|known| known.kind == kind && known.name == name) {
                    report.mistake(item.at, format!("the {one} `{name}` is here twice"));
                } else {
                    named.push(Dropped { kind, one, name: name.to_owned(), at: item.at });
                }
            }
        }
        members.finish(report);
        Self { at: Some(node.at), named }
    }

    /// Takes all of it out of the bases.
    pub fn take(&self, bases: &mut [Layer], gone: &mut Gone, report: &mut Report) -> Vec<DroppedOperation> {
        let mut operations = Vec::new();
        for dropped in &self.named {
            let name = dropped.name.as_str();
            // Each may have it: a dialect has the operation in another form.
            let found = edit::in_any(bases.iter_mut(), |base| take(base, dropped.kind, name, &mut operations));
            if found {
                gone.drop(dropped.kind, name, dropped.at);
                continue;
            }
            let draft = report
                .mistake(dropped.at, format!("no bundle that is extended has {} `{name}`", with_article(dropped.one)));
            draft.maybe_hint(did_you_mean(name, bases.iter().flat_map(|base| edit::names(base, dropped.kind))));
            if dropped.kind == "options" && options::built_in().iter().any(|option| option.name == name) {
                draft.hint("the engine reads this option in every bundle; give it another `default`");
            }
        }
        if let Some(at) = self.at {
            gone.begin(at);
        }
        operations
    }

    /// Takes the values of dropped options off the API roots of the bases: where these still
    /// count, that has been reported.
    pub fn take_values(&self, bases: &mut [Layer]) {
        let is_dropped =
            |name: &str| self.named.iter().any(|dropped| dropped.kind == "options" && dropped.name == name);
        for policy in bases.iter_mut().filter_map(|base| base.policy.as_mut()) {
            let Some(Value::List(roots)) = policy.get_mut("apiRoots").map(|node| &mut node.value) else { continue };
            for options in roots.iter_mut().filter_map(|root| edit::entries_mut(root, &["options"])) {
                options.retain(|(key, _)| !is_dropped(&key.name));
            }
        }
    }
}

/// Takes one thing out of a layer; whether it was there.
fn take(base: &mut Layer, kind: &str, name: &str, operations: &mut Vec<DroppedOperation>) -> bool {
    match kind {
        "operations" => edit::remove_operation(base, name, operations),
        "schemas" => edit::in_any(edit::documents_mut(base), |node| {
            edit::remove(node, &["components", "schemas"], name).is_some()
        }),
        "rules" => edit::remove_rule(base, name),
        section => {
            let removed = base.policy.as_mut().and_then(|policy| edit::remove(policy, &[section], name)).is_some();
            if removed && section == "options" {
                base.dialects.retain(|dialect| edit::option(&dialect.option) != name);
            }
            removed
        }
    }
}

fn with_article(one: &str) -> String {
    if one.starts_with('o') { format!("an {one}") } else { format!("a {one}") }
}
