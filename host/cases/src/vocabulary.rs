//! The names that cases may use.

use std::collections::BTreeSet;

use serde_json::Value;
use solgate_contract::catalogue::ENGINE_RULES;
use solgate_contract::manifest::{Manifest, OptionDefinition, OptionKind};
use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;

/// What a policy defines, as far as cases name it.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// The first is where a case runs that names none.
    pub api_roots: Vec<String>,
    pub facts: Vec<FactName>,
    pub options: Vec<OptionName>,
    /// Ids of rules, those of the engine included.
    pub rules: BTreeSet<String>,
}

/// A fact that a policy may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactName {
    pub name: String,
    /// Its body is an array.
    pub list: bool,
}

/// An option that a policy has.
#[derive(Debug, Clone, PartialEq)]
pub struct OptionName {
    pub name: String,
    pub kind: OptionKind,
    /// If not empty, the only values allowed.
    pub values: Vec<Value>,
}

impl From<&Manifest> for Vocabulary {
    fn from(manifest: &Manifest) -> Self {
        let option = |(name, option): (&String, &OptionDefinition)| OptionName {
            name: name.clone(),
            kind: option.kind,
            values: option.values.clone(),
        };
        Self {
            api_roots: manifest.api_roots.clone(),
            facts: manifest.facts.values().map(|fact| FactName { name: fact.name.clone(), list: fact.list }).collect(),
            options: manifest.options.iter().map(option).collect(),
            rules: with_engine_rules(manifest.rules.iter().map(|rule| rule.id.clone())),
        }
    }
}

/// The ids of a policy's own rules and those that the engine brings along.
pub fn with_engine_rules(own: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    own.into_iter().chain(ENGINE_RULES.iter().map(|rule| rule.id.to_owned())).collect()
}

impl Vocabulary {
    /// The fact of that name; reports one that there is not.
    pub(crate) fn fact(&self, name: &str, at: At, report: &mut Report) -> Option<&FactName> {
        let found = self.facts.iter().find(|fact| fact.name == name);
        if found.is_none() {
            report
                .mistake(at, format!("the policy has no fact `{name}`"))
                .maybe_hint(did_you_mean(name, self.facts.iter().map(|fact| fact.name.as_str())));
        }
        found
    }

    /// The same for an option.
    pub(crate) fn option(&self, name: &str, at: At, report: &mut Report) -> Option<&OptionName> {
        let found = self.options.iter().find(|option| option.name == name);
        if found.is_none() {
            report
                .mistake(at, format!("the policy has no option `{name}`"))
                .maybe_hint(did_you_mean(name, self.options.iter().map(|option| option.name.as_str())));
        }
        found
    }

    /// Whether there is such a rule; reports one that there is not.
    pub(crate) fn rule(&self, id: &str, at: At, report: &mut Report) -> bool {
        let found = self.rules.contains(id);
        if !found {
            report
                .mistake(at, format!("the policy has no rule `{id}`"))
                .maybe_hint(did_you_mean(id, self.rules.iter().map(String::as_str)));
        }
        found
    }
}
