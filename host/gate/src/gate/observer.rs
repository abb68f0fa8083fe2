//! What happens while a request is judged, for those who measure it.

use std::time::Instant;

use crate::fault::Fault;
use crate::policy::Policy;

/// Is told of what happens while one request is judged. Does nothing unless a method
/// is implemented.
pub trait Observer: Send + Sync {
    /// An evaluation of a policy that began then has ended now.
    fn evaluated(&mut self, policy: &Policy, begun: Instant, ended: Instant) {
        let _ = (policy, begun, ended);
    }

    /// The gate, a policy or the VNFM failed.
    fn failed(&mut self, fault: &Fault) {
        let _ = fault;
    }
}

/// Observes nothing.
impl Observer for () {}
