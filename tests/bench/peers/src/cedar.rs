//! Cedar: the document is the context of a request.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use cedar_policy::{Authorizer, Context, Entities, EntityUid, PolicyId, PolicySet, Request};
use solgate_slices::Peer;

const RULES: &str = include_str!("../../rules/rules.cedar");

/// Policies and the parts of a request that are always the same.
pub struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    /// What the rules are called in their annotations.
    names: BTreeMap<PolicyId, String>,
    entities: Entities,
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
}

impl Cedar {
    pub fn new() -> anyhow::Result<Self> {
        let policies: PolicySet = RULES.parse()?;
        let named =
            policies.policies().filter_map(|policy| Some((policy.id().clone(), policy.annotation("id")?.to_owned())));
        Ok(Self {
            authorizer: Authorizer::new(),
            names: named.collect(),
            policies,
            entities: Entities::empty(),
            principal: r#"Client::"nfvo""#.parse()?,
            action: r#"Action::"scale""#.parse()?,
            resource: r#"Vnf::"instance""#.parse()?,
        })
    }
}

impl Peer for Cedar {
    fn name(&self) -> String {
        "Cedar 4.14.1".to_owned()
    }

    fn broken(&mut self, document: &str) -> anyhow::Result<Vec<String>> {
        let context = Context::from_json_str(document, None)?;
        let request = Request::new(self.principal.clone(), self.action.clone(), self.resource.clone(), context, None)?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &self.entities);
        let diagnostics = response.diagnostics();
        ensure!(diagnostics.errors().next().is_none(), "a policy could not be evaluated");
        if response.decision() == cedar_policy::Decision::Allow {
            return Ok(Vec::new());
        }
        diagnostics.reason().map(|id| self.names.get(id).cloned().context("a policy without a name denies")).collect()
    }
}
