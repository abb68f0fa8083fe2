//! The picture of a small bundle, and that of the default policy.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Permit, States, states};
use crate::{BuildOptions, compile_built_in};

fn of(name: &str, options: &[(&str, Value)]) -> Vec<States> {
    let compiled = compile_built_in(name, &BuildOptions::default()).unwrap().unwrap();
    let options: BTreeMap<String, Value> =
        options.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    states(&compiled.bundle, &options)
}

/// The states that let an operation through, and those that do not.
fn split(picture: &States, operation: &str) -> (Vec<String>, Vec<String>) {
    let found = picture.operations.iter().find(|known| known.operation == operation).unwrap();
    let with = |allowed: bool| {
        let is_so = |state: &&String| found.states[*state].allowed == Some(allowed);
        picture.states.iter().filter(is_so).cloned().collect()
    };
    (with(true), with(false))
}

#[test]
fn the_tasks_of_an_operation_occurrence_are_those_of_the_standard() {
    let all = of("vnflcm-v2", &[]);
    let picture = all.iter().find(|states| states.member == "operationState").unwrap();
    for (operation, through) in [
        ("retry", &["FAILED_TEMP"][..]),
        ("rollback", &["FAILED_TEMP"]),
        ("fail", &["FAILED_TEMP"]),
        ("cancel", &["STARTING", "PROCESSING", "ROLLING_BACK"]),
    ] {
        let (yes, no) = split(picture, operation);
        assert_eq!(yes, through, "{operation}");
        assert_eq!(yes.len() + no.len(), picture.states.len(), "{operation}");
    }
}

#[test]
fn what_other_things_decide_is_left_open() {
    let all = of("vnflcm-v2", &[]);
    let picture = all.iter().find(|states| states.member == "instantiationState").unwrap();
    assert_eq!(split(picture, "instantiate"), (vec!["NOT_INSTANTIATED".to_owned()], vec!["INSTANTIATED".to_owned()]));
    let heal = picture.operations.iter().find(|known| known.operation == "heal").unwrap();
    assert_eq!(heal.states["NOT_INSTANTIATED"].allowed, Some(false));
    assert!(heal.states["NOT_INSTANTIATED"].refused.contains(&"heal.state.instantiated".to_owned()));
}

/// The verdict of one condition on `fact.state`, which is A or B.
fn alone(condition: Value, state: &str) -> Permit {
    let rule = json!({
        "id": "r", "kind": { "require": condition }, "title": "t", "status": 409,
        "severity": { "default": "deny" }, "doc": "",
    });
    let bundle = json!({
        "format": solgate_engine::ir::FORMAT, "name": "n", "version": "1.0.0", "digest": "",
        "apiRoots": [{ "path": "/a/v1", "options": { "of_root": true } }],
        "limits": { "bodyBytes": 1000, "targetBytes": 1000, "depth": 9, "members": 9, "violations": 9 },
        "options": [
            { "name": "strict", "kind": "boolean", "default": false, "doc": "" },
            { "name": "of_root", "kind": "boolean", "default": false, "doc": "" },
            { "name": "open", "kind": "strings", "default": ["B"], "doc": "" },
        ],
        "facts": [{ "name": "fact", "path": "/things/{id}", "members": ["id", "state", "info"] }],
        "answers": { "fact": {
            "properties": { "id": { "type": "string" }, "state": { "$ref": "#/components/schemas/S" } },
            "components": { "schemas": { "S": { "type": "string", "enum": ["A", "B"] } } },
        } },
        "operations": [{
            "id": "act", "method": "POST", "path": "/things/{id}/act", "version": true, "acceptRequired": false,
            "produces": [], "body": null,
        }],
        "schemas": {}, "rules": [rule],
    });
    let found = states(&serde_json::from_value(bundle).unwrap(), &BTreeMap::new());
    found[0].operations[0].states[state].clone()
}

#[test]
fn a_state_lets_through_only_what_it_decides_alone() {
    for (condition, a, b) in [
        ("fact.state == 'A'", Some(true), Some(false)),
        ("fact.state != 'A'", Some(false), Some(true)),
        ("!(fact.state in ['A', 'C'])", Some(false), Some(true)),
        ("has(fact.state) && fact.state == 'A'", Some(true), Some(false)),
        ("fact.?state.orValue('') == 'A'", Some(true), Some(false)),
        ("fact.state == 'A' || body.force", Some(true), None),
        ("fact.state == 'A' && body.force", None, Some(false)),
        ("body.force ? fact.state == 'A' : fact.state in ['A']", Some(true), Some(false)),
        ("operation == 'act' && fact.state == 'A'", Some(true), Some(false)),
        ("options.strict || fact.state == 'A'", Some(true), Some(false)),
        ("options.of_root || fact.state == 'A'", Some(true), None),
        ("fact.state in options.open", Some(false), Some(true)),
        ("fact.state in ['A', body.other]", Some(true), None),
        ("fact.id == 'A' && fact.state == 'A'", None, Some(false)),
        ("!has(fact.info) || fact.state == 'A'", Some(true), None),
        ("fact.state.startsWith('A')", None, None),
        ("headers.exists(h, h == fact.state) || fact.state == 'A'", Some(true), None),
    ] {
        let require = json!({ "stage": "state", "require": condition });
        let found = ["A", "B"].map(|state| alone(require.clone(), state).allowed);
        assert_eq!(found, [a, b], "{condition}");
    }
}

#[test]
fn guards_and_variables_count_and_items_do_not() {
    let guarded = json!({ "stage": "state", "when": "fact.state == 'A'", "require": "body.force" });
    assert_eq!(["A", "B"].map(|state| alone(guarded.clone(), state).allowed), [None, Some(true)]);
    let named = json!({
        "stage": "state", "variables": [["s", "fact.state"], ["is_a", "variables.s == 'A'"]], "require": "variables.is_a",
    });
    assert_eq!(["A", "B"].map(|state| alone(named.clone(), state).allowed), [Some(true), Some(false)]);
    let items = json!({ "stage": "state", "forEach": "body.list", "require": "fact.state == 'A'" });
    let permit = alone(items, "B");
    assert_eq!((permit.allowed, permit.depends), (None, vec!["r".to_owned()]));
}
