//! Which policies have a say in a request.

use std::sync::Arc;

use solgate_contract::ownership::normal_path;

use crate::policy::Policy;

/// The policies that are asked about one request.
pub(super) struct Asked<'g> {
    /// In the order of the gate.
    pub(super) policies: Vec<&'g Arc<Policy>>,
    /// The request is that of a policy. What is nobody's is answered once: by the first
    /// policy that does not let it pass.
    pub(super) owned: bool,
}

impl<'g> Asked<'g> {
    /// Whoever judges what has this path, and whoever would be reached by it in disguise:
    /// that policy knows how to refuse it. About what is nobody's, all are asked.
    pub(super) fn about(target: &str, policies: &'g [Arc<Policy>]) -> Self {
        let all = |owned| Self { policies: policies.iter().collect(), owned };
        if policies.len() < 2 {
            return all(true);
        }
        // What every server may read in its own way is nobody's alone.
        let Some(path) = normal_path(target) else {
            return all(false);
        };
        let owns: Vec<bool> = policies.iter().map(|policy| policy.manifest().holds(&path)).collect();
        if !owns.contains(&true) {
            return all(false);
        }
        let asked = policies.iter().zip(owns).filter(|(policy, owns)| *owns || policy.manifest().is_feigned_by(target));
        Self { policies: asked.map(|(policy, _)| policy).collect(), owned: true }
    }
}
