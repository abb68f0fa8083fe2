//! Policies: components loaded once and instantiated per call.

/// A policy that is ready to judge.
pub struct Policy {}

impl Policy {
    /// The largest body that the policy judges, in bytes.
    #[must_use]
    pub fn body_limit(&self) -> usize {
        1 << 20
    }
}
