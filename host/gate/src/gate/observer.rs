//! What happens while a request is judged, for those who measure it.

use std::time::Instant;

use crate::fault::Fault;
use crate::policy::{EvaluateError, Policy};

/// Is told of what happens while one request is judged. Does nothing unless a method
/// is implemented.
pub trait Observer: Send + Sync {
    /// An evaluation of a policy that began then has ended now.
    fn evaluated(&mut self, policy: &Policy, begun: Instant, ended: Instant) {
        let _ = (policy, begun, ended);
    }

    /// A policy gave no verdict, and that ends the request. Why is for those who run the gate;
    /// clients are told by the fault that follows.
    fn gave_no_verdict(&mut self, policy: &Policy, error: &EvaluateError) {
        let _ = (policy, error);
    }

    /// The gate, a policy or the VNFM failed.
    fn failed(&mut self, fault: &Fault) {
        let _ = fault;
    }
}

/// Observes nothing.
impl Observer for () {}
