//! The default policy's cases break every rule and pass every rule, and notice
//! when a rule is taken away or turned around.

use solgate_bundle::cases::Case;
use solgate_bundle::coverage::{Coverage, RuleCoverage, Standing};
use solgate_bundle::mutation::mutate;
use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;
use solgate_tests::workspace;

fn policy() -> (Bundle, Vec<Case>, Coverage) {
    let compiled = compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default());
    let Compiled { bundle, cases, inherited, .. } = compiled.expect("it compiles");
    let engine = Engine::new(bundle.clone()).expect("it starts");
    let coverage = Coverage::measure(&engine, &cases, &inherited);
    (bundle, cases, coverage)
}

fn names<'c>(rules: impl Iterator<Item = &'c RuleCoverage>) -> Vec<&'c str> {
    rules.map(|rule| rule.rule.as_str()).collect()
}

#[test]
fn every_rule_fails_in_some_case_and_holds_in_another() {
    let (_, _, coverage) = policy();
    assert_eq!(names(coverage.never_failed()), Vec::<&str>::new(), "no case breaks them");
    assert_eq!(names(coverage.never_passed()), Vec::<&str>::new(), "no case keeps to them");
    assert_eq!(coverage.permille(), 1000);
    // Keywords of schemas need not be covered, but here they are, too.
    let schema = || coverage.rules.iter().filter(|rule| rule.standing == Standing::Schema);
    assert_eq!(names(schema().filter(|rule| rule.failed == 0 || rule.passed == 0)), Vec::<&str>::new());
    assert!(schema().count() > 30, "{} rules of schemas", schema().count());
}

/// Nothing that a policy sees can show them: they only document what the VNFM does.
#[test]
fn only_rules_that_nothing_can_show_are_switched_on_nowhere() {
    let (_, _, coverage) = policy();
    assert_eq!(
        names(coverage.rules.iter().filter(|rule| rule.standing == Standing::Off)),
        ["retry.state.error-handling", "rollback.state.error-handling", "subscribe.endpoint-test"]
    );
}

#[test]
fn no_mutant_survives() {
    let (bundle, cases, coverage) = policy();
    let mutation = mutate(&bundle, &cases, &coverage, &|_, _| {}).expect("the engine takes it");
    let survivors: Vec<_> = mutation.survivors().map(|mutant| (&mutant.rule, mutant.change)).collect();
    assert!(survivors.is_empty(), "no case notices {survivors:?}");
    assert_eq!(mutation.failing, 0, "cases that fail notice nothing");
    assert!(mutation.mutants.len() > 200, "{} mutants", mutation.mutants.len());
}
