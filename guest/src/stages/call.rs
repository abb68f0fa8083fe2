//! A request on its way through the stages.

use std::borrow::Cow;

use super::query_string::Query;
use crate::{
    cel_env::{Activation, FactValue},
    compiled::{CompiledBundle, CompiledOperation},
    ir::{ApiRoot, Operation},
    json::Node,
    settings::Profile,
    verdict::{Context, Request},
    version::ApiVersion,
};

/// A request on its way, once its operation is known.
pub(crate) struct Call<'a> {
    pub bundle: &'a CompiledBundle,
    pub request: &'a Request<'a>,
    pub context: &'a Context<'a>,
    pub profile: &'a Profile,
    pub root: &'a ApiRoot,
    pub operation: &'a Operation,
    pub compiled: &'a CompiledOperation,
    /// Path variables, decoded.
    pub path: &'a [(&'a str, Cow<'a, str>)],
    pub query: &'a Query<'a>,
    /// The version of the API that the request asks for, once that is known.
    pub version: Option<ApiVersion>,
}

impl<'a> Call<'a> {
    /// The version of the API by which the request is judged.
    pub(crate) fn release(&self) -> ApiVersion {
        self.version.unwrap_or_else(|| self.profile.version())
    }

    /// Values of a header field, by its name in lower case.
    pub(crate) fn fields<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + Clone + use<'a, 'n> {
        fields(self.request, name)
    }

    /// Most faults of one kind that are looked for.
    pub(crate) fn violations(&self) -> usize {
        usize::try_from(self.bundle.ir.limits.violations).unwrap_or(usize::MAX).max(1)
    }

    /// The variables for expressions, with what is known by now.
    pub(crate) fn activation<'x>(&'x self, body: Option<Node<'x>>, facts: &'x [FactValue<'x>]) -> Activation<'x> {
        Activation {
            runtime: &self.bundle.runtime,
            method: self.request.method,
            operation: &self.operation.id,
            api_root: &self.root.path,
            received_at: self.context.received_at,
            body_bytes: self.request.body.len(),
            options: self.profile.options.root(),
            fields: self.request.fields,
            query: &self.query.pairs,
            path: self.path,
            caller: self.context.caller,
            body,
            facts,
            built: Default::default(),
        }
    }
}

/// Values of a header field, by its name in lower case.
pub(super) fn fields<'a, 'n>(
    request: &Request<'a>,
    name: &'n str,
) -> impl Iterator<Item = &'a str> + Clone + use<'a, 'n> {
    request.fields.iter().filter(move |(known, _)| *known == name).map(|(_, value)| *value)
}
