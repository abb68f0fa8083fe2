//! A loaded policy as what cases are put before.

use solgate_contract::judge::{Judge, JudgeError};
use solgate_contract::verdict::{Context, Outcome, Request};

use super::Policy;

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
