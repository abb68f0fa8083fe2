//! Which policies have a say in a request.

use std::borrow::Cow;
use std::sync::Arc;

use solgate_contract::claims::Claims;
use solgate_contract::ownership::Belongs;
use solgate_contract::verdict::Setting;

use super::Gate;
use super::operations::Path;
use crate::policy::Policy;

/// A policy that is asked, and its settings.
#[derive(Clone, Copy)]
pub(super) struct Member<'g> {
    pub(super) policy: &'g Arc<Policy>,
    pub(super) settings: &'g [Setting],
}

/// The policies that are asked about one request.
pub(super) struct Asked<'g> {
    /// By their index, in the order of the gate.
    pub(super) members: Cow<'g, [usize]>,
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

/// The policies of a gate by what they judge.
pub(super) struct Owners {
    claims: Claims,
    /// The indices of all.
    all: Vec<usize>,
}

impl Owners {
    pub(super) fn new(policies: &[Arc<Policy>]) -> Self {
        Self {
            claims: Claims::new(policies.iter().map(|policy| policy.manifest().claim())),
            all: (0..policies.len()).collect(),
        }
    }

    /// About what is nobody's, all are asked.
    pub(super) fn asked(&self, path: &Path<'_>) -> Asked<'_> {
        let all = Cow::Borrowed(self.all.as_slice());
        if self.all.len() < 2 {
            return Asked { members: all, whose: Whose::Theirs };
        }
        match self.claims.belongs(path.target, path.normal()) {
            Belongs::To(asked) => Asked { members: asked, whose: Whose::Theirs },
            Belongs::ToAny(asked) => Asked { members: asked, whose: Whose::AnyOnes },
            Belongs::ToNobody => Asked { members: all, whose: Whose::Nobodys },
        }
    }

    /// Index of the first policy that a request belongs to; 0 if it belongs to none.
    pub(super) fn first(&self, target: &str) -> usize {
        if self.all.len() < 2 {
            return 0;
        }
        self.asked(&Path::of(target)).members.first().copied().unwrap_or_default()
    }
}

impl Gate {
    /// The policies of these indices.
    pub(super) fn members<'g, 'i>(&'g self, indices: &'i [usize]) -> impl Iterator<Item = Member<'g>> + use<'g, 'i> {
        indices.iter().filter_map(|index| self.member(*index))
    }

    pub(super) fn member(&self, index: usize) -> Option<Member<'_>> {
        let settings = self.settings_of.get(index)?;
        Some(Member { policy: self.policies.get(index)?, settings })
    }
}
