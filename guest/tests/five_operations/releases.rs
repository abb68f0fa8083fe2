//! What belongs to some versions of the API only: operations, parameters, attributes, and
//! members, values and alternatives of bodies.

use crate::support::*;
use serde_json::{Value, json};
use solgate_engine::{
    Engine,
    verdict::{Context, Outcome, Setting},
};

/// Knows 2.0.0 and 2.3.0, and supports all that begin with 2; 2.10.0 is known from others.
fn engine() -> Engine {
    let mut value = bundle();
    let options = value["options"].as_array_mut().unwrap();
    options.iter_mut().find(|option| option["name"] == "supportedVersions").unwrap()["default"] = json!(["2.*.*"]);
    options.push(json!({"name": "knownVersions", "kind": "strings", "default": ["2.0.0", "2.3.0"], "doc": ""}));
    options.push(json!({"name": "role", "kind": "string", "default": "all", "values": ["all", "em"], "doc": ""}));
    let operations = value["operations"].as_array_mut().unwrap();
    let list = operations.iter_mut().find(|operation| operation["id"] == "list").unwrap();
    list["query"].as_array_mut().unwrap().push(json!(
        {"name": "sort", "kind": "opaque", "releases": {"since": "2.3.0"}}
    ));
    let fields =
        list["query"].as_array_mut().unwrap().iter_mut().find(|parameter| parameter["name"] == "fields").unwrap();
    fields["attributes"].as_array_mut().unwrap().push(json!("tags"));
    fields["attributeReleases"] = json!({"tags": {"since": "2.3.0"}, "metadata": {"until": "2.2.0"}});
    let task = |id: &str, releases: Value| {
        json!({
            "id": id, "method": "POST", "path": format!("/vnf_instances/{{vnfInstanceId}}/{id}"), "version": true,
            "acceptRequired": false, "produces": [], "body": {
                "required": true, "mediaTypes": [{"name": "application/json"}],
                "mediaTypeRule": "header.content-type.json", "schema": "Select",
            }, "releases": releases,
        })
    };
    operations.push(task("select", json!({"since": "2.10.0"})));
    operations.push(task("mark", json!({"since": "2.3.0", "until": "2.3.0"})));
    operations.push(json!({
        "id": "retry", "dialect": "role.em", "absent": true, "method": "POST",
        "path": "/vnf_lcm_op_occs/{vnfLcmOpOccId}/retry", "version": true, "acceptRequired": false, "produces": [],
        "body": null,
    }));
    value["schemas"]["Select"] = json!({
        "type": "object", "properties": {"modules": {"type": "array", "x-rule": "terminate.body"}},
    });
    let schema = &mut value["schemas"]["TerminateVnfRequest"];
    let members = schema["properties"].as_object_mut().unwrap();
    members.insert("label".to_owned(), json!({"x-since": "2.3.0", "type": "string"}));
    members.insert("place".to_owned(), json!({"x-since": "2.10.0", "type": "string"}));
    let type_ = &mut members["terminationType"];
    type_["enum"] = json!(["GRACEFUL", "FORCEFUL", "QUIET", "SLOW"]);
    type_["x-since"] = json!({"QUIET": "2.3.0"});
    type_["x-until"] = json!({"SLOW": "2.2.0"});
    schema["allOf"] = json!([{"anyOf": [
        {"not": {"required": ["zones"]}}, {"required": ["label"]}, {"x-since": "2.3.0", "required": ["place"]},
    ]}]);
    Engine::new(serde_json::from_value(value).unwrap()).unwrap()
}

fn verdict(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Deny(denial) => format!("{} {}", denial.status, denial.rule),
        Outcome::Need(_) => "passes".to_owned(),
        Outcome::Allow(findings) if findings.is_empty() => "passes".to_owned(),
        Outcome::Allow(findings) => {
            rules(findings).iter().map(|(rule, severity)| format!("{rule} {severity:?}")).collect()
        }
    }
}

#[test]
fn a_request_is_judged_by_the_version_that_it_asks_for() {
    let engine = engine();
    // Facts are not of interest here: whoever needs one has passed all that comes before.
    let off = ["terminate.state.instantiated", "terminate.state.in-progress", "terminate.zone"];
    let settings =
        off.map(|rule| Setting::Severity { rule: rule.to_owned(), severity: solgate_engine::ir::Severity::Off });
    let facts = [("vnfInstance", found(INSTANTIATED, None)), ("openOps", found("[]", None))];
    let context = Context { settings: &settings, facts: &facts, ..Context::default() };
    let task = |id: &str, body: &str| {
        let mut case = terminate(body);
        case.target = case.target.replace("/terminate", &format!("/{id}"));
        case
    };
    let (enums, body) = ("400 terminate.type.enum", "400 terminate.body");
    let (warned, by_body) = ("terminate.type.enum Warn", "terminate.body Warn");
    let gone = "404 route.unknown";
    let unknown = "route.unknown Warn";
    // In 2.0.0, just below 2.3.0, in 2.3.0, just below 2.10.0, in 2.10.0.
    for (name, case, expected) in [
        (
            "a value that comes",
            terminate(r#"{"terminationType":"QUIET"}"#),
            [enums, warned, "passes", "passes", "passes"],
        ),
        ("a value that goes", terminate(r#"{"terminationType":"SLOW"}"#), ["passes", "passes", enums, warned, warned]),
        ("a member", terminate(r#"{"terminationType":"GRACEFUL","label":1}"#), ["passes", "passes", body, body, body]),
        (
            "a member that only others know",
            terminate(r#"{"terminationType":"GRACEFUL","place":1}"#),
            ["passes", "passes", "passes", "passes", by_body],
        ),
        (
            "an alternative",
            terminate(r#"{"terminationType":"GRACEFUL","zones":[],"place":"a"}"#),
            [body, by_body, "passes", "passes", "passes"],
        ),
        ("an operation", task("mark", "{}"), [gone, unknown, "passes", unknown, unknown]),
        ("an operation that only others know", task("select", "{}"), [gone, unknown, gone, unknown, "passes"]),
        (
            "the body of an operation that only others know",
            task("select", r#"{"modules":1}"#),
            [gone, unknown, gone, unknown, by_body],
        ),
        (
            "a parameter",
            call("GET", "/vnf_instances?sort=id"),
            ["400 query.unknown", "query.unknown Warn", "passes", "passes", "passes"],
        ),
        (
            "an attribute that comes",
            call("GET", "/vnf_instances?fields=tags"),
            ["400 query.selector.unknown-field", "query.selector.unknown-field Warn", "passes", "passes", "passes"],
        ),
        (
            "an attribute that goes",
            call("GET", "/vnf_instances?fields=metadata"),
            [
                "passes",
                "passes",
                "400 query.selector.unknown-field",
                "query.selector.unknown-field Warn",
                "query.selector.unknown-field Warn",
            ],
        ),
    ] {
        for (version, expected) in ["2.0.0", "2.2.0", "2.3.0", "2.9.0", "2.10.0"].into_iter().zip(expected) {
            let outcome = case.clone().set("version", version).judge_by(&engine, &context);
            assert_eq!(verdict(&outcome), expected, "{name}, in {version}");
        }
    }
}

#[test]
fn without_a_version_an_operation_is_there_if_a_supported_one_has_it() {
    let engine = engine();
    let mut case = terminate("{}");
    case.target = case.target.replace("/terminate", "/select");
    let judge = |case: &Case| verdict(&case.judge_by(&engine, &Context::default()));
    // The fault is in the field, and not in the path.
    assert_eq!(judge(&case.clone().without("version")), "400 header.version.required");
    assert_eq!(judge(&case.clone().set("version", "banana")), "400 header.version.format");
    assert_eq!(judge(&case.clone().set("version", "2.10.0").with("version", "2.10.0")), "400 header.version.duplicate");
    // With the API's own field for what is not supported.
    assert_eq!(judge(&case.set("version", "3.0.0")), "406 header.version.supported");
}

#[test]
fn an_option_with_values_switches_a_dialect_on() {
    let engine = engine();
    let case = call("POST", &format!("/vnf_lcm_op_occs/{ID}/retry"));
    assert_eq!(verdict(&case.judge_by(&engine, &Context::default())), "passes");
    for (role, expected) in [("em", "404 route.unknown"), ("all", "passes")] {
        let settings = [Setting::Option { name: "role".to_owned(), value: role.into() }];
        let context = Context { settings: &settings, ..Context::default() };
        assert_eq!(verdict(&case.judge_by(&engine, &context)), expected, "{role}");
    }
}

#[test]
fn a_request_without_a_version_is_judged_by_the_highest_that_is_supported() {
    let engine = engine();
    let case = terminate(r#"{"terminationType":"QUIET"}"#).without("version");
    for (supported, expected) in [("2.0.0", "400 terminate.type.enum"), ("2.0.0 - 2.3.0", "passes")] {
        let settings = [
            Setting::Option { name: "supportedVersions".to_owned(), value: json!([supported]) },
            Setting::Severity {
                rule: "header.version.required".to_owned(),
                severity: solgate_engine::ir::Severity::Off,
            },
        ];
        let context = Context { settings: &settings, ..Context::default() };
        assert_eq!(verdict(&case.judge_by(&engine, &context)), expected, "{supported}");
    }
}
