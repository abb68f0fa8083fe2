//! Which policies have a say in a request.

use std::sync::Arc;

use solgate_contract::ownership::Belongs;
use solgate_contract::verdict::Setting;

use super::Gate;
use crate::policy::Policy;

/// A policy that is asked, and its settings.
#[derive(Clone, Copy)]
pub(super) struct Member<'g> {
    pub(super) policy: &'g Arc<Policy>,
    pub(super) settings: &'g [Setting],
}

/// The policies that are asked about one request.
pub(super) struct Asked<'g> {
    /// In the order of the gate.
    pub(super) members: Vec<Member<'g>>,
    pub(super) whose: Whose,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// All that are asked must let it pass.
    Theirs,
    /// One of them judges it: the first that lets it pass.
    AnyOnes,
    /// It is answered once: by the first policy that does not let it pass.
    Nobodys,
}

impl<'g> Asked<'g> {
    /// About what is nobody's, all are asked.
    pub(super) fn about(target: &str, gate: &'g Gate) -> Self {
        let members = gate.policies.iter().zip(&gate.settings_of);
        let members = members.map(|(policy, settings)| Member { policy, settings });
        if gate.policies.len() < 2 {
            return Self { members: members.collect(), whose: Whose::Theirs };
        }
        let (asked, whose) = match belongs(gate, target) {
            Belongs::To(asked) => (asked, Whose::Theirs),
            Belongs::ToAny(asked) => (asked, Whose::AnyOnes),
            Belongs::ToNobody => return Self { members: members.collect(), whose: Whose::Nobodys },
        };
        let members = members.enumerate().filter(|(index, _)| asked.contains(index)).map(|(_, member)| member);
        Self { members: members.collect(), whose }
    }
}

/// Index of the first policy that a request belongs to; 0 if it belongs to none.
pub(super) fn first(gate: &Gate, target: &str) -> usize {
    if gate.policies.len() < 2 {
        return 0;
    }
    match belongs(gate, target) {
        Belongs::To(asked) | Belongs::ToAny(asked) => asked.first().copied().unwrap_or_default(),
        Belongs::ToNobody => 0,
    }
}

fn belongs(gate: &Gate, target: &str) -> Belongs {
    Belongs::of(target, gate.policies.iter().map(|policy| policy.manifest().claim()))
}
