//! The cases of our policies break every rule of their own and keep to every one,
//! and notice when a rule is taken away or turned around.

use solgate_bundle::coverage::{Coverage, RuleCoverage, Standing};
use solgate_bundle::mutation::{Grain, mutate};
use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_cases::Case;
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;
use solgate_tests::workspace;

/// A policy, and what its cases show of its own rules.
fn policy(name: &str) -> (Bundle, Vec<Case>, Coverage) {
    let compiled = compile_dir(&workspace().join("policies").join(name), &BuildOptions::default());
    let Compiled { bundle, cases, .. } = compiled.expect("it compiles");
    let engine = Engine::new(bundle.clone()).expect("it starts");
    let coverage = Coverage::measure(&engine, &cases);
    (bundle, cases, coverage)
}

fn names<'c>(rules: impl Iterator<Item = &'c RuleCoverage>) -> Vec<&'c str> {
    rules.map(|rule| rule.rule.as_str()).collect()
}

fn standing(coverage: &Coverage, standing: Standing) -> impl Iterator<Item = &RuleCoverage> {
    coverage.rules.iter().filter(move |rule| rule.standing == standing)
}

const POLICIES: [&str; 3] = ["vnflcm-v2", "vnflcm-v1", "example-operator"];

#[test]
fn every_rule_fails_in_some_case_and_holds_in_another() {
    for policy_name in POLICIES {
        let (_, _, coverage) = policy(policy_name);
        assert_eq!(names(coverage.never_failed()), Vec::<&str>::new(), "no case of {policy_name} breaks them");
        assert_eq!(names(coverage.never_passed()), Vec::<&str>::new(), "no case of {policy_name} keeps to them");
        assert_eq!(coverage.permille(), 1000);
        // Keywords of schemas need not be covered, but here they are, too.
        let schema = standing(&coverage, Standing::Schema);
        assert_eq!(names(schema.filter(|rule| rule.failed == 0 || rule.passed == 0)), Vec::<&str>::new());
    }
}

#[test]
fn what_is_not_counted_is_known() {
    let (_, _, coverage) = policy("vnflcm-v2");
    // Nothing that a policy sees can show them: they only document what the VNFM does.
    assert_eq!(
        names(standing(&coverage, Standing::Off)),
        ["retry.state.error-handling", "rollback.state.error-handling", "subscribe.endpoint-test"]
    );
    assert_eq!(standing(&coverage, Standing::Inherited).count(), 0);
    let (schema, counted) =
        (standing(&coverage, Standing::Schema).count(), standing(&coverage, Standing::Counted).count());
    assert!(schema > 30 && counted > 90, "{schema} of schemas, {counted} counted");
    // What the operator has from the default policy was shown there.
    let (_, _, coverage) = policy("example-operator");
    let inherited = standing(&coverage, Standing::Inherited).count();
    assert!(inherited > 150 && inherited < coverage.rules.len(), "{inherited} are inherited");
    assert_eq!(standing(&coverage, Standing::Off).count(), 0);
}

#[test]
fn no_mutant_survives() {
    for (policy_name, least) in POLICIES.into_iter().zip([200, 20, 10]) {
        let (bundle, cases, coverage) = policy(policy_name);
        let mutation = mutate(&bundle, &cases, &coverage, Grain::Rules, &|_, _| {}).expect("the engine takes it");
        let survivors: Vec<_> = mutation.survivors().map(|mutant| (&mutant.rule, mutant.change.clone())).collect();
        assert!(survivors.is_empty(), "no case of {policy_name} notices {survivors:?}");
        assert_eq!(mutation.failing, 0, "cases that fail notice nothing");
        assert!(mutation.mutants.len() > least, "{} mutants", mutation.mutants.len());
    }
}
