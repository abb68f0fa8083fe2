//! The engine as what cases are put before.

use solgate_contract::judge::{Judge, JudgeError};

use crate::engine::Engine;
use crate::verdict::{Context, Outcome, Request};

impl Judge for Engine {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.bundle().facts.iter().find(|known| known.name == fact).map(|known| known.members.as_slice())
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        Ok(Engine::evaluate(self, request, context))
    }
}
