//! The default policy with much in it that does not apply.

use solgate_engine::ir::{Bundle, OnError, Operation, Require, Rule, RuleKind, Severity, SeveritySpec, Stage};

/// Operations that are added.
pub const OPERATIONS: usize = 200;
/// Rules that are added, to those operations alone.
pub const RULES: usize = 1000;

/// `bundle` with [`OPERATIONS`] and [`RULES`] more. The operations have the paths,
/// parameters and bodies of those that the bundle has, below segments of their own.
///
/// # Panics
/// If the bundle has no operation.
#[must_use]
pub fn enlarged(mut bundle: Bundle) -> Bundle {
    let models = bundle.operations.clone();
    let operations = (0..OPERATIONS).map(|number| {
        let model = &models[number % models.len()];
        Operation { id: format!("extra-{number}"), path: format!("/extra_{number}{}", model.path), ..model.clone() }
    });
    bundle.operations.extend(operations);
    bundle.rules.extend((0..RULES).map(rule));
    bundle.name = format!("{}-enlarged", bundle.name);
    bundle
}

fn rule(number: usize) -> Rule {
    let require = Require {
        stage: Stage::Body,
        when: Some(format!("has(body.member{number})")),
        variables: Vec::new(),
        for_each: None,
        require: format!("body.member{number} != 'value {number}'"),
        pointer: Some(format!("/member{number}")),
        header: None,
        parameter: None,
        detail: Some(format!("'member{number} is ' + body.member{number}")),
        on_error: OnError::Deny,
    };
    Rule {
        id: format!("extra.rule-{number}"),
        kind: RuleKind::Require(Box::new(require)),
        operations: vec![format!("extra-{}", number % OPERATIONS)],
        title: format!("Member {number} has the wrong value"),
        status: 400,
        severity: SeveritySpec { default: Severity::Deny, by_option: Vec::new() },
        clause: None,
        doc: String::new(),
        ages: false,
        inherited: false,
    }
}
