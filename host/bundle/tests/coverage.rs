//! What cases show of the rules of a small bundle: coverage and mutants.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use solgate_bundle::coverage::{Coverage, RuleCoverage, Standing};
use solgate_bundle::mutation::{Change, Fate, Grain, Mutation, mutate};
use solgate_bundle::{BuildOptions, Source, compile_dir};
use solgate_cases::{Case, Vocabulary};
use solgate_engine::Engine;
use solgate_engine::ir::{Bundle, Severity};
use support::minimal;

const BASES: &str = r#"
bases:
  terminate:
    method: POST
    path: /vnf_instances/i1/terminate
    headers: { Version: 2.0.0, Accept: application/json, Content-Type: application/json }
    body: { terminationType: GRACEFUL }
    facts:
      vnfInstance: { id: i1, instantiationState: INSTANTIATED }
      openOps: []
cases:
"#;

/// The smallest bundle, some cases, and what these show.
fn measured(written: &[&str]) -> (Bundle, Vec<Case>, Coverage) {
    let bundle = compile_dir(&minimal(), &BuildOptions::default()).unwrap().bundle;
    let text = written.iter().fold(BASES.to_owned(), |text, case| text + "  - " + case + "\n");
    let file = Source { name: "tests/some.yaml".to_owned(), text };
    let engine = Engine::new(bundle.clone()).unwrap();
    let cases = solgate_cases::read(&[file], &Vocabulary::from(&engine.manifest()))
        .unwrap_or_else(|error| panic!("{}", error.render(false)));
    let coverage = Coverage::measure(&engine, &cases);
    (bundle, cases, coverage)
}

fn mutation(written: &[&str]) -> Mutation {
    let (bundle, cases, coverage) = measured(written);
    mutate(&bundle, &cases, &coverage, Grain::Rules, &|_, _| {}).unwrap()
}

const ALLOWED: &str = "{ name: allowed, base: terminate, expect: allow }";
const STATE: &str = "{ name: state, base: terminate, expect: { status: 409 }, set: { /facts/vnfInstance/instantiationState: NOT_INSTANTIATED } }";
const TIMEOUT: &str = "{ name: timeout, base: terminate, expect: allow, set: { /body/terminationType: FORCEFUL, /body/gracefulTerminationTimeout: 5 } }";
const GRACEFUL: &str =
    "{ name: graceful, base: terminate, expect: allow, set: { /body/gracefulTerminationTimeout: 5 } }";
const ENUM: &str = "{ name: type, base: terminate, expect: { status: 400 }, set: { /body/terminationType: SOON } }";
const ABSENT: &str =
    "{ name: absent, base: terminate, expect: { status: 404 }, facts: { vnfInstance: { status: 404 } } }";
const ROLE: &str = "{ name: role, base: terminate, expect: { status: 403 }, severity: { access.role: deny }, caller: { roles: [reader] } }";
const BROKEN: &str = "{ name: broken, base: terminate, expect: allow, facts: { openOps: [{ id: o1 }] }, options: { failedTempAllowed: [terminate] } }";

#[test]
fn a_rule_fails_holds_or_is_not_looked_at() {
    use Standing::{Counted, Off, Schema};
    // Cases; the rule, its standing, in how many cases it failed and held.
    let table: [(&[&str], &str, Standing, usize, usize); 14] = [
        (&[ALLOWED], "terminate.state.instantiated", Counted, 0, 1),
        (&[ALLOWED, STATE], "terminate.state.instantiated", Counted, 1, 1),
        // It is left out, because the instance does not exist.
        (&[ABSENT], "terminate.state.instantiated", Counted, 0, 0),
        (&[ABSENT, ALLOWED, STATE], "resource.vnf-instance.exists", Counted, 1, 2),
        // No case comes to its operation.
        (&[ALLOWED], "retry.state.failed-temp", Counted, 0, 0),
        // Its guard excludes the one; the other only warns, which is a failure, too.
        (&[ALLOWED], "terminate.timeout.only-graceful", Counted, 0, 0),
        (&[ALLOWED, TIMEOUT, GRACEFUL], "terminate.timeout.only-graceful", Counted, 1, 1),
        (&[ALLOWED, ENUM], "terminate.type.enum", Schema, 1, 1),
        (&[ALLOWED, ENUM], "body.size", Counted, 0, 2),
        (&[ALLOWED], "access.role", Off, 0, 0),
        (&[ALLOWED, ROLE], "access.role", Counted, 1, 0),
        // The operation has no state: the rule cannot be evaluated, which shows nothing.
        (&[BROKEN], "terminate.state.no-other-op", Counted, 0, 0),
        (&[ALLOWED], "header.priority.integer", Off, 0, 0),
        // The stages after that which denied are not reached.
        (&[ENUM], "terminate.state.instantiated", Counted, 0, 0),
    ];
    for (written, id, standing, failed, passed) in table {
        let (_, _, coverage) = measured(written);
        let rule = coverage.rules.iter().find(|rule| rule.rule == id).unwrap();
        assert_eq!((rule.standing, rule.failed, rule.passed), (standing, failed, passed), "{id} in {written:?}");
    }
}

#[test]
fn rules_of_a_bundle_that_this_one_extends_are_neither_counted_nor_mutated() {
    let (mut bundle, cases, own) = measured(&[ALLOWED]);
    let inherited = ["terminate.state.instantiated", "body.size"];
    for rule in &mut bundle.rules {
        rule.inherited = inherited.contains(&rule.id.as_str());
    }
    let coverage = Coverage::measure(&Engine::new(bundle.clone()).unwrap(), &cases);
    let rule = coverage.rules.iter().find(|rule| rule.rule == "terminate.state.instantiated").unwrap();
    assert_eq!((rule.standing, rule.failed, rule.passed), (Standing::Inherited, 0, 1));
    assert_eq!(own.shown().1 - coverage.shown().1, 4);
    let mutants = mutate(&bundle, &cases, &coverage, Grain::Rules, &|_, _| {}).unwrap().mutants;
    assert!(!mutants.is_empty() && mutants.iter().all(|mutant| !inherited.contains(&mutant.rule.as_str())));
}

#[test]
fn what_has_been_shown_is_counted_for_rules_that_count() {
    let (_, _, coverage) = measured(&[ALLOWED, STATE]);
    let ids = |rules: Vec<&RuleCoverage>| -> Vec<String> { rules.iter().map(|rule| rule.rule.clone()).collect() };
    assert_eq!(
        ids(coverage.never_failed().collect()),
        [
            "terminate.timeout.only-graceful",
            "body.size",
            "resource.vnf-instance.exists",
            "terminate.state.no-other-op",
            "retry.state.failed-temp"
        ]
    );
    assert_eq!(ids(coverage.never_passed().collect()), ["terminate.timeout.only-graceful", "retry.state.failed-temp"]);
    assert_eq!((coverage.shown(), coverage.permille()), ((5, 12), 416));
}

#[test]
fn a_mutant_survives_if_no_case_that_holds_comes_out_otherwise() {
    use Change::{Disabled, Inverted};
    let noticed = |case| Fate::Noticed { case };
    let survived = |cases| Fate::Survived { cases };
    let wrong = &STATE.replace("409", "404");
    let asks = "{ name: asks, base: terminate, expect: { allow: true, asks: [vnfInstance, openOps] } }";
    // Cases; the rule, what is done to it, and what comes of that.
    let table: [(&[&str], &str, Change, Fate); 14] = [
        (&[ALLOWED], "terminate.state.instantiated", Disabled, survived(1)),
        (&[ALLOWED], "terminate.state.instantiated", Inverted, noticed(0)),
        (&[ALLOWED, STATE], "terminate.state.instantiated", Disabled, noticed(1)),
        // A case that fails anyway notices nothing.
        (&[ALLOWED, wrong], "terminate.state.instantiated", Disabled, survived(1)),
        (&[ALLOWED], "retry.state.failed-temp", Disabled, survived(0)),
        (&[ALLOWED], "retry.state.failed-temp", Inverted, survived(0)),
        // That a rule is gone shows in what is asked for, if the case minds.
        (&[ALLOWED], "terminate.state.no-other-op", Disabled, survived(1)),
        (&[asks], "terminate.state.no-other-op", Disabled, noticed(0)),
        (&[ALLOWED], "resource.vnf-instance.exists", Disabled, survived(1)),
        (&[ALLOWED, ABSENT], "resource.vnf-instance.exists", Disabled, noticed(1)),
        (&[ALLOWED], "terminate.type.enum", Disabled, survived(0)),
        (&[ALLOWED, ENUM], "terminate.type.enum", Disabled, noticed(1)),
        // It warns unless an option is set, and these cases say nothing of warnings.
        (&[TIMEOUT], "terminate.timeout.only-graceful", Disabled, survived(1)),
        (&[TIMEOUT, GRACEFUL], "terminate.timeout.only-graceful", Inverted, survived(2)),
    ];
    for (written, rule, change, fate) in table {
        let mutation = mutation(written);
        let found = mutation.mutants.iter().find(|mutant| mutant.rule == rule && mutant.change == change).unwrap();
        assert_eq!(found.fate, fate, "{rule} {change:?} in {written:?}");
        assert_eq!(mutation.failing, usize::from(written.contains(&wrong.as_str())), "{written:?}");
    }
}

#[test]
fn rules_that_cannot_deny_or_are_off_everywhere_have_no_mutants() {
    let without: Vec<String> = mutation(&[ALLOWED]).mutants.into_iter().map(|mutant| mutant.rule).collect();
    for rule in ["body.size", "access.role", "header.priority.integer"] {
        assert!(!without.iter().any(|known| known == rule), "{rule}");
    }
    // Only what an expression demands can be inverted.
    let changes = |rule: &str| without.iter().filter(|known| *known == rule).count();
    assert_eq!((changes("terminate.state.instantiated"), changes("resource.vnf-instance.exists")), (2, 1));
}

#[test]
fn fine_changes_survive_until_a_case_is_at_the_edge() {
    let open = "{ name: open, base: terminate, expect: { status: 409, rules: [terminate.state.no-other-op] }, set: { /facts/openOps: [{ id: o1, operation: HEAL, operationState: PROCESSING }] } }";
    let kept = &open.replace("name: open", "name: kept, options: { failedTempAllowed: [terminate] }");
    let survivors = |written: &[&str]| {
        let (bundle, cases, coverage) = measured(written);
        let mutation = mutate(&bundle, &cases, &coverage, Grain::Fine, &|_, _| {}).unwrap();
        let of_rule = mutation.mutants.into_iter().filter(|mutant| mutant.rule == "terminate.state.no-other-op");
        let survived = of_rule.filter(|mutant| matches!(mutant.fate, Fate::Survived { .. }));
        let edits = survived.filter_map(|mutant| match mutant.change {
            Change::Edited(edit) => {
                Some(format!("{} in {}: {} -> {}", edit.what, edit.member, edit.before, edit.after))
            }
            _ => None,
        });
        edits.collect::<Vec<_>>()
    };
    let all = "openOps.filter(o, !(o.operationState == 'FAILED_TEMP' && operation in options.failedTempAllowed))";
    let dropped = format!(
        "condition dropped in variables.others: {all} -> openOps.filter(o, !(operation in options.failedTempAllowed))"
    );
    assert!(survivors(&[ALLOWED, open]).contains(&dropped), "{:?}", survivors(&[ALLOWED, open]));
    assert!(!survivors(&[ALLOWED, open, kept]).contains(&dropped), "{:?}", survivors(&[ALLOWED, open, kept]));
    // The bound is known from both sides.
    let bound = |edit: &String| edit.starts_with("bound") || edit.starts_with("equality negated in require");
    assert_eq!(survivors(&[ALLOWED, open]).into_iter().filter(bound).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_variable_that_rules_share_is_changed_in_all_of_them_at_once() {
    let (mut bundle, cases, _) = measured(&[ALLOWED]);
    let mut twin = bundle.rules.iter().find(|rule| rule.id == "terminate.state.no-other-op").unwrap().clone();
    twin.id = "twin".to_owned();
    twin.severity.default = Severity::Warn;
    twin.severity.by_option = vec![("strict".to_owned(), Severity::Deny)];
    bundle.rules.push(twin);
    let coverage = Coverage::measure(&Engine::new(bundle.clone()).unwrap(), &cases);
    let mutation = mutate(&bundle, &cases, &coverage, Grain::Fine, &|_, _| {}).unwrap();
    let edited = |rule: &str, of_variables: bool| {
        let edits = mutation.mutants.iter().filter(|mutant| mutant.rule == rule).filter(
            |mutant| matches!(&mutant.change, Change::Edited(edit) if edit.member.starts_with("variables.") == of_variables),
        );
        edits.count()
    };
    assert!(edited("terminate.state.no-other-op", true) > 0);
    assert_eq!(edited("twin", true), 0);
    assert_eq!(edited("twin", false), edited("terminate.state.no-other-op", false));
}
