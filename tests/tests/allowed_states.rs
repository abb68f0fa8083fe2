//! The picture of the states says nothing that the engine does not do: every case of our
//! policies is judged, and what its rules about the state come to is compared.

use std::collections::BTreeMap;

use serde_json::Value;
use solgate_bundle::states::{Permit, States, states};
use solgate_bundle::watch::traces;
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_cases::{Case, FactGiven};
use solgate_engine::Engine;
use solgate_engine::trace::{RuleResult, RuleTrace};
use solgate_engine::verdict::Setting;
use solgate_tests::workspace;

#[test]
fn no_case_contradicts_the_picture() {
    for (policy, least) in [("vnflcm-v2", 200), ("vnflcm-v1", 100), ("nslcm-v2", 100), ("example-operator", 1)] {
        let folder = workspace().join("policies").join(policy);
        let compiled = compile_dir(&folder, &BuildOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        let engine = Engine::new(compiled.bundle.clone()).expect("the engine takes it");
        let mut pictures: BTreeMap<String, Vec<States>> = BTreeMap::new();
        let mut compared = 0;
        for case in &compiled.cases {
            let options: BTreeMap<String, Value> = case.settings.iter().filter_map(option).collect();
            let key = serde_json::to_string(&options).expect("it is JSON");
            let pictures = pictures.entry(key).or_insert_with(|| states(&compiled.bundle, &options));
            compared += compare(&engine, case, pictures);
        }
        assert!(compared >= least, "{policy}: only {compared} results of rules were compared");
    }
}

fn option(setting: &Setting) -> Option<(String, Value)> {
    match setting {
        Setting::Option { name, value } => Some((name.clone(), value.clone())),
        Setting::Severity { .. } => None,
    }
}

/// How many results of rules the picture has said.
fn compare(engine: &Engine, case: &Case, pictures: &[States]) -> usize {
    let traces = traces(engine, case);
    let Some(last) = traces.last() else { return 0 };
    let results: Vec<&RuleTrace> = last.stages.iter().flat_map(|stage| &stage.rules).collect();
    let mut compared = 0;
    for picture in pictures {
        let Some(FactGiven::Found { body, .. }) = case.facts.get(&picture.fact) else { continue };
        let pointer = format!("/{}", picture.member.replace('.', "/"));
        let Some(state) = body.pointer(&pointer).and_then(Value::as_str) else { continue };
        let operation = picture.operations.iter().find(|known| last.operation.as_ref() == Some(&known.operation));
        let Some((operation, permit)) = operation.and_then(|found| Some((found, found.states.get(state)?))) else {
            continue;
        };
        for rule in results.iter().filter(|rule| operation.rules.contains(&rule.rule)) {
            compared += usize::from(agree(rule, permit, case));
        }
    }
    compared
}

/// Whether the picture says what a rule comes to; then it must have come to that.
fn agree(rule: &RuleTrace, permit: &Permit, case: &Case) -> bool {
    let place = || format!("{}:{} {}: {rule:?}, {permit:?}", case.file, case.line, case.name);
    let is_seen = |result: &RuleResult| {
        !matches!(result, RuleResult::Off | RuleResult::Waits { .. } | RuleResult::LeftOut { .. })
    };
    if permit.depends.contains(&rule.rule) || !is_seen(&rule.result) {
        return false;
    }
    let failed = rule.result == RuleResult::Failed;
    assert_eq!(failed, permit.refused.contains(&rule.rule), "{}", place());
    true
}
