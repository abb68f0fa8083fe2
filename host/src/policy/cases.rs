//! Cases put before a loaded policy, and the names that they may use.

use solgate_cases::{FactName, Judge, JudgeError, Vocabulary};
use solgate_engine::ir::{OptionDef, OptionKind};
use solgate_engine::verdict::{Context, Outcome, Request};

use super::Policy;
use super::manifest::{Manifest, OptionDefinition};

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
impl From<&Manifest> for Vocabulary {
    fn from(manifest: &Manifest) -> Self {
        Self {
            api_roots: manifest.api_roots.clone(),
            facts: manifest.facts.values().map(|fact| FactName { name: fact.name.clone(), list: fact.list }).collect(),
            options: manifest.options.iter().map(|(name, option)| definition(name, option)).collect(),
            rules: solgate_cases::with_engine_rules(manifest.rules.iter().map(|rule| rule.id.clone())),
        }
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
