//! The types of expressions: what cannot be evaluated, and what is the same for every
//! request, is found before there is one.
//!
//! Only what is certain is reported: where the schemas, the options and the functions
//! leave it open what a value is, nothing is said.

mod arithmetic;
mod calls;
mod fitting;
pub(crate) mod functions;
mod guards;
mod kinds;
mod lookup;
mod narrowing;
mod operators;
mod partial;
mod patterns;
pub(crate) mod reference;
mod roots;
mod schema;
mod sure;
mod value;
mod walk;
mod words;

use cel::IdedExpr;
use cel::common::ast::Expr;
use solgate_document::diagnostic::{Draft, Report};
use solgate_document::source::At;
use solgate_document::yaml::Node;

use crate::expression::{Known, parse};
use crate::openapi::{Api, Op};
use crate::policy::Policy;

pub(crate) use kinds::Kinds;
pub(crate) use lookup::{Lookup, Part};
pub(crate) use schema::{Described, Member};
pub(crate) use words::chain;

use roots::Names;
use value::{Parts, Value};

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
    /// What becomes of the rule if the expression cannot be evaluated.
    effect: Effect,
    /// For a look at what has been looked at.
    is_quiet: bool,
}

/// What it means that an expression cannot be evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The request is refused with 500.
    Refusal,
    /// What the rule says with `onError`: its author has thought of it.
    Chosen,
    /// The answer has no detail of its own.
    NoDetail,
}

impl Effect {
    /// For the end of a message.
    pub(crate) const fn shown(self) -> &'static str {
        match self {
            Self::Refusal | Self::Chosen => "the rule would then fail with 500",
            Self::NoDetail => "the answer would then say the title in place of this detail",
        }
    }
}

impl Findings<'_> {
    fn add(&mut self, at: At, message: String, hint: Option<String>) {
        if self.is_quiet {
            return;
        }
        mistake_or_warning(self.are_mistakes, at, message, self.report).maybe_hint(hint);
    }

    /// An expression that cannot be evaluated for some values.
    fn add_failure(&mut self, at: At, message: &str, hint: String) {
        if self.is_quiet || self.effect == Effect::Chosen {
            return;
        }
        let are_mistakes = self.are_mistakes && self.effect == Effect::Refusal;
        let message = format!("{message}: {}", self.effect.shown());
        mistake_or_warning(are_mistakes, at, message, self.report).hint(hint);
    }
}

/// A mistake, unless what is wrong is inherited: that is for somebody else to mend.
pub(crate) fn mistake_or_warning(is_mistake: bool, at: At, message: String, report: &mut Report) -> &mut Draft {
    let is_mistake = is_mistake && !report.sources.is_inherited(at.file);
    if is_mistake { report.mistake(at, message) } else { report.warning(at, message) }
}

/// Checks the expressions of one rule, in the order of evaluation.
pub(crate) fn check(rule: &Node, surroundings: &Surroundings<'_, '_>, report: &mut Report) {
    let are_mistakes = surroundings.policy.types_are_checked;
    let effect = if rule.get("onError").is_some() { Effect::Chosen } else { Effect::Refusal };
    let mut findings = Findings { report, are_mistakes, effect, is_quiet: false };
    let mut names = Names::new(surroundings);
    let guard = rule.get("when");
    // As the engine does: the guard comes first, unless it needs the variables.
    let variables_first = guard.is_some_and(reads_variables);
    if variables_first {
        variables(rule, &mut names, &mut findings);
    }
    if let Some(node) = guard {
        condition(node, "`when`", &mut names, &mut findings);
        let told = walk::told(node, &mut names);
        names.sure = names.sure.and(&told.when_true);
    }
    if !variables_first {
        variables(rule, &mut names, &mut findings);
    }
    if let Some(node) = rule.get("forEach") {
        let list = walk::value(node, &mut names, &mut findings);
        if !list.kinds.meets(Kinds::LIST | Kinds::MAP) {
            findings.add(node.at, format!("`forEach` goes through a list, but this is {}", list.kinds.name()), None);
        } else {
            walk::check(node, &list, Kinds::LIST | Kinds::MAP, &mut names, &mut findings);
        }
        names.item = Some(list.passed());
        let of_item = Known::of(walk::of_item(node, "item", &mut names));
        names.sure = names.sure.and(&of_item);
    }
    if let Some(node) = rule.get("require") {
        condition(node, "`require`", &mut names, &mut findings);
        let told = walk::told(node, &mut names);
        names.sure = names.sure.and(&told.when_false);
    }
    if let Some(node) = rule.get("otherwise").and_then(|otherwise| otherwise.get("detail")) {
        findings.effect = Effect::NoDetail;
        let detail = walk::value(node, &mut names, &mut findings);
        if !detail.kinds.meets(Kinds::TEXT) {
            let is = detail.kinds.name();
            let hint = detail.kinds.meets(Kinds::SHOWN).then(|| "write string(...) around it".to_owned());
            findings.add(node.at, format!("a detail is text, but this is {is}: the answer would say the title"), hint);
        } else {
            walk::check(node, &detail, Kinds::TEXT, &mut names, &mut findings);
        }
    }
}

fn variables(rule: &Node, names: &mut Names<'_, '_>, findings: &mut Findings<'_>) {
    for (key, node) in rule.get("variables").and_then(Node::as_map).unwrap_or_default() {
        walk::variable(&key.name, node, names, findings);
    }
}

/// Whether an expression reads variables of its rule.
pub(crate) fn reads_variables(node: &Node) -> bool {
    parse(node).is_ok_and(|expression| expression.parsed.info().variables.iter().any(|name| name == "variables"))
}

/// Whether a chain of members is a list in the body or in a fact.
pub(crate) fn is_list(node: &IdedExpr, surroundings: &Surroundings<'_, '_>) -> bool {
    request_value(node, surroundings).is_some_and(|value| value.kinds.is_within(Kinds::LIST))
}

fn request_value<'n>(node: &IdedExpr, surroundings: &Surroundings<'_, 'n>) -> Option<Value<'n>> {
    match &node.expr {
        Expr::Ident(name) if name == "body" || surroundings.policy.fact(name).is_some() => {
            Some(Names::new(surroundings).value(name))
        }
        Expr::Select(select) if !select.test => match request_value(&select.operand, surroundings)?.parts {
            Parts::Schemas(schemas) => match schemas.member(&select.field) {
                Member::Described(member) => Some(Value::described(member)),
                Member::Open => None,
            },
            _ => None,
        },
        _ => None,
    }
}

fn condition(node: &Node, what: &str, names: &mut Names<'_, '_>, findings: &mut Findings<'_>) {
    let value = walk::value(node, names, findings);
    if value.kinds.meets(Kinds::BOOL) {
        walk::check(node, &value, Kinds::BOOL, names, findings);
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
