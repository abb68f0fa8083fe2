//! The names that cases may use.

use std::collections::BTreeSet;

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::suggest::did_you_mean;
use solgate_engine::ENGINE_RULES;
use solgate_engine::ir::{Bundle, OptionDef};

/// What a policy defines, as far as cases name it.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// The first is where a case runs that names none.
    pub api_roots: Vec<String>,
    pub facts: Vec<FactName>,
    pub options: Vec<OptionDef>,
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

impl From<&Bundle> for Vocabulary {
    fn from(bundle: &Bundle) -> Self {
        Self {
            api_roots: bundle.api_roots.iter().map(|root| root.path.clone()).collect(),
            facts: bundle.facts.iter().map(|fact| FactName { name: fact.name.clone(), list: fact.list }).collect(),
            options: bundle.options.clone(),
            rules: with_engine_rules(bundle.rules.iter().map(|rule| rule.id.clone())),
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
    pub(crate) fn option(&self, name: &str, at: At, report: &mut Report) -> Option<&OptionDef> {
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
