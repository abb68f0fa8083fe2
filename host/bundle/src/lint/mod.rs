//! Warnings: things that a bundle can be built with, but that its author probably did
//! not intend.

mod conditions;
mod follow;
mod members;
mod quadratic;
mod roots;
mod secrets;
mod shadowed;
mod undescribed;
mod unused;

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::yaml::Node;
use solgate_engine::ir::{Require, Rule, RuleKind, Severity};

use crate::expression::Origin;
use crate::openapi::{Api, Op, answer};
use crate::policy::Policy;
use crate::rules::{self, Declared};
use crate::types::{self, Surroundings};

/// A rule that was understood, and where it is written.
struct Written<'a> {
    rule: &'a Rule,
    node: &'a Node,
    /// Where its id stands.
    at: At,
    operations: Vec<&'a Op<'a>>,
}

impl<'a> Written<'a> {
    fn require(&self) -> Option<&Require> {
        match &self.rule.kind {
            RuleKind::Require(require) => Some(require),
            _ => None,
        }
    }

    /// The schemas that a value from this place has, and what each is the schema
    /// of: bodies of the rule's operations, or the VNFM's answer that a fact is.
    fn schemas<'n>(&self, origin: &Origin, policy: &Policy, api: &Api<'n>) -> Vec<(&'n Node, String)>
    where
        'a: 'n,
    {
        if origin.root == "body" {
            let body = |op: &&'a Op<'a>| Some((op.schema?, format!("the body of `{}`", op.def.id)));
            return self.operations.iter().filter_map(body).collect();
        }
        let schema = policy.fact(&origin.root).and_then(|fact| answer(api, &fact.def.path));
        schema.map(|schema| (schema, format!("the fact `{}`", origin.root))).into_iter().collect()
    }

    /// A member of the rule, or the place of its id.
    fn at_member(&self, name: &str) -> At {
        self.node.get(name).map_or(self.at, |node| node.at)
    }
}

/// Warns of what is suspicious. What takes a view of the whole bundle waits until
/// nothing is wrong with it.
pub(crate) fn check(
    policy: &Policy,
    api: &Api<'_>,
    sources: &[rules::Written],
    declared: &[Declared],
    report: &mut Report,
) {
    let written: Vec<Written<'_>> = declared
        .iter()
        .filter_map(|declared| {
            let rule = declared.rule.as_ref().filter(|_| declared.is_sound)?;
            let node = sources.iter().find(|source| source.at() == declared.at)?.node();
            // A rule that a dialect switches off does not see its bodies.
            let is_off = |op: &Op<'_>| match (&op.def.dialect, rule.severity.by_option.first()) {
                (Some(dialect), Some((option, Severity::Off))) => dialect == option,
                _ => false,
            };
            let is_meant =
                |op: &&Op<'_>| (rule.operations.is_empty() || rule.operations.contains(&op.def.id)) && !is_off(op);
            let operations = api.operations.iter().filter(is_meant).collect();
            Some(Written { rule, node, at: declared.at, operations })
        })
        .collect();
    let mut reads = Vec::new();
    for rule in written.iter().filter(|rule| rule.require().is_some()) {
        let followed = follow::follow(rule.node, &report.sources);
        conditions::check(rule, report);
        members::check(rule, &followed, policy, api, report);
        secrets::check(rule, &followed, policy, api, report);
        let surroundings = Surroundings { policy, api, operations: &rule.operations };
        types::check(rule.node, &surroundings, report);
        quadratic::check(rule, &surroundings, report);
        unused::variables(rule, &followed, report);
        reads.extend(followed.reads);
    }
    shadowed::check(&written, report);
    roots::check(policy, api, report);
    if !report.has_mistakes() {
        undescribed::check(policy, api, declared, report);
        unused::options(policy, api, &written, &reads, report);
        unused::schemas(api, report);
    }
}
