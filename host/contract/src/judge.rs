//! Whoever gives verdicts, as seen by those who only compare them.

use std::error::Error;

use crate::verdict::{Context, Outcome, Request};

/// What judges requests and may fail at it: a policy in its sandbox, the engine without
/// one, or something that watches another judge.
pub trait Judge {
    /// The members that the template of a fact declares; `None` if the policy has
    /// no such fact.
    fn fact_members(&self, fact: &str) -> Option<&[String]>;

    /// Judges one request.
    ///
    /// # Errors
    /// If it comes to no verdict, as a sandbox may.
    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError>;
}

/// Why a judge gave no outcome.
pub type JudgeError = Box<dyn Error + Send + Sync>;
