//! Cases put before a loaded policy, and those that its file brings along.

use solgate_bundle::Diagnostics;
use solgate_bundle::cases::{self, Case, EmbedError, FactName, Judge, JudgeError, Vocabulary};
use solgate_engine::ir::{OptionDef, OptionKind};
use solgate_engine::verdict::{Context, Outcome, Request};

use super::Policy;
use super::manifest::{Manifest, OptionDefinition};

/// Why the cases of a policy's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CasesError {
    /// What the file holds is no list of cases.
    #[error(transparent)]
    Embedded(#[from] EmbedError),
    /// They do not fit the policy, or are not even cases.
    #[error("{}", .0.render(false))]
    Mistakes(Diagnostics),
}

impl Policy {
    /// The cases that `solgate build` has put into `component`, the bytes that
    /// this policy was loaded from: none, if it has put none there.
    ///
    /// # Errors
    /// If they cannot be read, with every mistake in them.
    pub fn embedded_cases(&self, component: &[u8]) -> Result<Vec<Case>, CasesError> {
        let files = cases::embedded(component)?;
        cases::read(&files, &vocabulary(self.manifest())).map_err(CasesError::Mistakes)
    }
}

/// Judges cases as the gate judges requests: in the sandbox, if it has one.
impl Judge for Policy {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.manifest().facts.get(fact).map(|template| template.members.as_slice())
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        // Only what the manifest asks for enters the sandbox.
        let wanted = &self.manifest().fields;
        let fields: Vec<(&str, &str)> =
            request.fields.iter().filter(|(name, _)| wanted.iter().any(|field| field == name)).copied().collect();
        Ok(Policy::evaluate(self, &Request { fields: &fields, ..*request }, context)?)
    }
}

/// The names that cases of a policy may use.
fn vocabulary(manifest: &Manifest) -> Vocabulary {
    Vocabulary {
        api_roots: manifest.api_roots.clone(),
        facts: manifest.facts.values().map(|fact| FactName { name: fact.name.clone(), list: fact.list }).collect(),
        options: manifest.options.iter().map(|(name, option)| definition(name, option)).collect(),
        rules: cases::with_engine_rules(manifest.rules.iter().map(|rule| rule.id.clone())),
    }
}

/// An option as a bundle defines it; its type is that of its default.
fn definition(name: &str, option: &OptionDefinition) -> OptionDef {
    let kind = match &option.default {
        serde_json::Value::Bool(_) => OptionKind::Boolean,
        serde_json::Value::Number(_) => OptionKind::Integer,
        serde_json::Value::Array(_) => OptionKind::Strings,
        _ => OptionKind::String,
    };
    OptionDef {
        name: name.to_owned(),
        kind,
        default: option.default.clone(),
        set: false,
        doc: option.doc.clone(),
        values: option.values.clone(),
    }
}
