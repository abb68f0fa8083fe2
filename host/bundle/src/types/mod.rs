//! The types of expressions: what cannot be evaluated, and what is the same for every
//! request, is found before there is one.
//!
//! Only what is certain is reported: where the schemas, the options and the functions
//! leave it open what a value is, nothing is said.

mod functions;
mod kinds;
mod operators;
#[cfg(test)]
mod reference;
mod roots;
mod schema;
mod value;
mod walk;
mod words;

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::yaml::Node;

use crate::openapi::{Api, Op};
use crate::policy::Policy;

use kinds::Kinds;
use roots::Names;
use value::Value;

/// What the names in a rule's expressions stand for.
pub(crate) struct Surroundings<'a, 'n> {
    pub policy: &'n Policy,
    pub api: &'a Api<'n>,
    /// The operations that the rule is for.
    pub operations: &'a [&'a Op<'n>],
}

/// Where findings go: into a report, as mistakes if the bundle says that it is written
/// for the types.
struct Findings<'r> {
    report: &'r mut Report,
    are_mistakes: bool,
}

impl Findings<'_> {
    fn add(&mut self, at: At, message: String, hint: Option<String>) {
        // What a bundle inherits is for somebody else to mend.
        let is_mistake = self.are_mistakes && !self.report.sources.is_inherited(at.file);
        let draft = if is_mistake { self.report.mistake(at, message) } else { self.report.warning(at, message) };
        draft.maybe_hint(hint);
    }
}

/// Checks the expressions of one rule, in the order of evaluation.
pub(crate) fn check(rule: &Node, surroundings: &Surroundings<'_, '_>, report: &mut Report) {
    let are_mistakes = surroundings.policy.types_are_checked;
    let mut findings = Findings { report, are_mistakes };
    let mut names = Names::new(surroundings);
    for (key, node) in rule.get("variables").and_then(Node::as_map).unwrap_or_default() {
        let value = walk::value(node, &mut names, &mut findings);
        names.variables.push((key.name.clone(), value));
    }
    if let Some(node) = rule.get("when") {
        condition(node, "`when`", &mut names, &mut findings);
    }
    if let Some(node) = rule.get("forEach") {
        let list = walk::value(node, &mut names, &mut findings);
        if !list.kinds.meets(Kinds::LIST | Kinds::MAP) {
            findings.add(node.at, format!("`forEach` goes through a list, but this is {}", list.kinds.name()), None);
        }
        // Of an object it goes through the names.
        let is_list = list.kinds.is_within(Kinds::LIST);
        let is_object = list.kinds.is_within(Kinds::MAP);
        names.item = Some(if is_list {
            list.item()
        } else if is_object {
            Value::of(Kinds::TEXT)
        } else {
            Value::ANY
        });
    }
    if let Some(node) = rule.get("require") {
        condition(node, "`require`", &mut names, &mut findings);
    }
    if let Some(node) = rule.get("otherwise").and_then(|otherwise| otherwise.get("detail")) {
        let detail = walk::value(node, &mut names, &mut findings);
        if !detail.kinds.meets(Kinds::TEXT) {
            let is = detail.kinds.name();
            let hint = detail.kinds.meets(Kinds::SHOWN).then(|| "write string(...) around it".to_owned());
            findings.add(node.at, format!("a detail is text, but this is {is}: the answer would say the title"), hint);
        }
    }
}

fn condition(node: &Node, what: &str, names: &mut Names<'_, '_>, findings: &mut Findings<'_>) {
    let value = walk::value(node, names, findings);
    if value.kinds.fits(Kinds::BOOL) {
        return;
    }
    let is = value.kinds.name();
    let hint = if value.kinds.meets(Kinds::SIZED | Kinds::NUMBER) {
        "compare it, as in `... == ...`; whether something is there is `has(...)`"
    } else {
        "write a comparison, such as `body.terminationType == 'GRACEFUL'`"
    };
    findings.add(node.at, format!("{what} is a condition, true or false, but this is {is}"), Some(hint.to_owned()));
}
