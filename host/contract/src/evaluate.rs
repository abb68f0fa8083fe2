//! The contract as a trait.

use crate::manifest::Manifest;
use crate::verdict::{Context, Outcome, Request};

/// What judges requests: the two functions that a component exports, for a policy that
/// runs in the process of its host.
pub trait Evaluate: Send + Sync {
    /// What it is and what it needs. Called once.
    fn describe(&self) -> Manifest;

    /// Judges one request. Pure: the same arguments give the same outcome.
    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Outcome;
}
