//! Facts of which nothing is known but their members' names.

use solgate_document::diagnostic::Report;
use solgate_engine::ir::{Rule, RuleKind};

use crate::openapi::{Api, answer};
use crate::policy::Policy;
use crate::rules::Declared;

/// Warns of facts that expressions read and whose types are not checked, in a bundle whose author
/// counts on that.
pub(super) fn check(policy: &Policy, api: &Api<'_>, declared: &[Declared], report: &mut Report) {
    if !policy.types_are_checked {
        return;
    }
    let is_condition = |rule: &&Declared| matches!(&rule.rule, Some(Rule { kind: RuleKind::Require(_), .. }));
    let is_read = |name: &String| declared.iter().filter(is_condition).any(|rule| rule.uses.facts.contains(name));
    for fact in &policy.facts {
        let (name, path) = (&fact.def.name, &fact.def.path);
        let is_inherited = report.sources.is_inherited(fact.at.file);
        if !is_inherited && answer(api, path).is_none() && is_read(name) {
            report
                .warning(fact.at, format!("nothing says what the VNFM answers for the fact `{name}`, so no types are checked where it is read"))
                .hint(format!(
                    "if the policy judges `get` of {path}, describe its 200 response in openapi.yaml; else test what is read, as in `type(x) == string`"
                ));
        }
    }
}
