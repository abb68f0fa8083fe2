//! Versions whose lists a bundle does not know, queries that expressions read, and
//! facts that are asked for on demand.

use crate::support::*;
use serde_json::{Value, json};
use solgate_engine::{
    Engine,
    ir::Severity,
    verdict::{Context, FactAnswer, Outcome, Setting},
};

fn changed(change: impl Fn(&mut Value)) -> Engine {
    let mut value = bundle();
    change(&mut value);
    Engine::new(serde_json::from_value(value).unwrap()).unwrap()
}

/// A bundle that knows the lists of 2.0.0 alone, and supports 2.1.
fn ageing(change: impl Fn(&mut Value)) -> Engine {
    changed(|bundle| {
        let options = bundle["options"].as_array_mut().unwrap();
        options.push(json!({"name": "knownVersions", "kind": "strings", "default": ["2.0.0"], "doc": ""}));
        change(bundle);
    })
}

fn verdict(outcome: Outcome) -> String {
    match outcome {
        Outcome::Deny(denial) => format!("{} {}", denial.status, denial.rule),
        Outcome::Need(needed) => {
            let names: Vec<&str> = needed.iter().map(|fact| fact.name.as_str()).collect();
            format!("needs {}", names.join(" "))
        }
        Outcome::Allow(findings) => {
            let found: Vec<String> =
                rules(&findings).iter().map(|(rule, severity)| format!("{rule} {severity:?}")).collect();
            format!("allowed {}", found.join(" "))
        }
    }
}

const FACTS: [(&str, FactAnswer<&[u8]>); 2] = [
    ("vnfInstance", FactAnswer::Found { etag: None, body: INSTANTIATED.as_bytes() }),
    ("openOps", FactAnswer::Found { etag: None, body: b"[]" }),
];

#[test]
fn keywords_that_list_values_deny_where_the_list_is_known() {
    let body = |type_: Value| terminate(&json!({"terminationType": type_}).to_string());
    let context = Context { facts: &FACTS, ..Context::default() };
    let by_default = ageing(|_| {});
    let pinned = ageing(|bundle| {
        bundle["schemas"]["TerminateVnfRequest"]["properties"]["terminationType"]["x-ages"] = json!([]);
    });
    let optional = ageing(|bundle| {
        bundle["schemas"]["TerminateVnfRequest"]["properties"]["terminationType"]["x-ages"] = json!(["required"]);
    });
    let of_object = ageing(|bundle| bundle["schemas"]["TerminateVnfRequest"]["x-ages"] = json!(["required"]));
    let choice = ageing(|bundle| {
        bundle["schemas"]["TerminateVnfRequest"]["anyOf"] = json!([{"required": ["a"]}, {"required": ["b"]}]);
    });
    let kinds = ageing(|bundle| {
        bundle["schemas"]["TerminateVnfRequest"]["properties"]["zones"] =
            json!({"anyOf": [{"type": "string"}, {"type": "integer"}]});
    });
    let zones = || terminate(r#"{"terminationType":"FORCEFUL","zones":true}"#);
    let warned = "allowed terminate.type.enum Warn";
    for (name, engine, case, known, later) in [
        ("a value", &by_default, body(json!("QUIET")), "400 terminate.type.enum", warned),
        ("a type", &by_default, body(json!(5)), "400 terminate.type.enum", "400 terminate.type.enum"),
        ("a value that stays", &pinned, body(json!("QUIET")), "400 terminate.type.enum", "400 terminate.type.enum"),
        ("no value", &by_default, terminate("{}"), "400 terminate.type.required", "400 terminate.type.required"),
        (
            "no value, which is right later",
            &optional,
            terminate("{}"),
            "400 terminate.type.required",
            "allowed terminate.type.required Warn",
        ),
        (
            "no value in an object",
            &of_object,
            terminate("{}"),
            "400 terminate.type.required",
            "allowed terminate.type.required Warn",
        ),
        (
            "a value where only absence is right later",
            &optional,
            body(json!("QUIET")),
            "400 terminate.type.enum",
            "400 terminate.type.enum",
        ),
        ("an alternative", &choice, body(json!("FORCEFUL")), "400 terminate.body", "allowed terminate.body Warn"),
        ("alternatives of types", &kinds, zones(), "400 terminate.body", "400 terminate.body"),
    ] {
        assert_eq!(verdict(case.judge_by(engine, &context)), known, "{name}, in a version that is known");
        let later_case = case.set("version", "2.1.0");
        assert_eq!(verdict(later_case.judge_by(engine, &context)), later, "{name}, in a later version");
        let all = [Setting::Option { name: "knownVersions".to_owned(), value: json!(["*.*.*"]) }];
        let all = Context { settings: &all, ..context };
        assert_eq!(verdict(later_case.judge_by(engine, &all)), known, "{name}, where all are known");
    }
}

#[test]
fn conditions_age_where_a_bundle_says_so() {
    let context = Context { facts: &FACTS, ..Context::default() };
    let case = terminate(r#"{"terminationType":"FORCEFUL","zones":[{"name":""}]}"#).set("version", "2.1.0");
    let mark = |bundle: &mut Value| {
        let rules = bundle["rules"].as_array_mut().unwrap();
        rules.iter_mut().find(|rule| rule["id"] == "terminate.zone").unwrap()["ages"] = json!(true);
    };
    assert_eq!(verdict(case.judge_by(&ageing(|_| {}), &context)), "400 terminate.zone");
    assert_eq!(verdict(case.judge_by(&ageing(mark), &context)), "allowed terminate.zone Warn");
    let off = [Setting::Severity { rule: "terminate.zone".to_owned(), severity: Severity::Off }];
    let off = Context { settings: &off, ..context };
    assert_eq!(verdict(case.judge_by(&ageing(mark), &off)), "allowed ");
}

#[test]
fn a_bundle_that_does_not_say_what_it_knows_knows_everything() {
    let case = terminate(r#"{"terminationType":"QUIET"}"#).set("version", "2.1.0");
    assert_eq!(verdict(case.judge(&Context::default())), "400 terminate.type.enum");
    assert_eq!(
        verdict(call("GET", "/vnf_modules").set("version", "2.1.0").judge(&Context::default())),
        "404 route.unknown"
    );
}

#[test]
fn a_query_is_refused_for_two_readings_where_an_expression_reads_it() {
    let list = |query: &str| call("GET", &format!("/vnf_instances?{query}"));
    let reading = changed(|bundle| {
        let marker = json!({"require": {"stage": "query", "require": "!('nextpage_opaque_marker' in query) || query.nextpage_opaque_marker != 'a b'"}});
        bundle["rules"].as_array_mut().unwrap().push(rule("list.marker", 400, marker, &["list"]));
    });
    for query in [
        "filter=(eq,vnfInstanceName,my+vnf)",
        "filter=(eq,id,a;b)",
        "nextpage_opaque_marker=a+b",
        "nextpage_opaque_marker=a;fields=id",
        "nextpage_opaque_marker=%FF",
    ] {
        assert_eq!(verdict(list(query).judge(&Context::default())), "allowed ", "{query}");
        assert_eq!(verdict(list(query).judge_by(&reading, &Context::default())), "400 query.encoding", "{query}");
    }
    let twice = "nextpage_opaque_marker=a&nextpage_opaque_marker=b";
    assert_eq!(verdict(list(twice).judge(&Context::default())), "allowed ");
    assert_eq!(verdict(list(twice).judge_by(&reading, &Context::default())), "400 query.repeated");
    let encoded = "nextpage_opaque_marker=a%2Bb&filter=(eq,id,a);(eq,id,b)";
    assert_eq!(verdict(list(encoded).judge_by(&reading, &Context::default())), "allowed ");
    for query in ["filter=(eq,id,%FF)", "fields=%FF", "nextpage_opaque_marker=%F", "%FF=a"] {
        assert_eq!(verdict(list(query).judge(&Context::default())), "400 query.encoding", "{query}");
    }
}

#[test]
fn null_is_no_body_where_none_is_needed() {
    let optional = changed(|bundle| {
        let operations = bundle["operations"].as_array_mut().unwrap();
        operations.iter_mut().find(|operation| operation["id"] == "terminate").unwrap()["body"]["required"] =
            json!(false);
    });
    let context = Context { facts: &FACTS, ..Context::default() };
    assert_eq!(verdict(terminate(" null ").judge_by(&optional, &context)), "allowed ");
    assert_eq!(verdict(terminate("").judge_by(&optional, &context)), "allowed ");
    assert_eq!(verdict(terminate("null").judge(&context)), "400 body.json.object");
    assert_eq!(verdict(terminate("nul").judge_by(&optional, &context)), "400 body.json.malformed");
}

#[test]
fn a_fact_on_demand_is_asked_for_when_an_expression_gets_to_it() {
    let engine = changed(|bundle| {
        bundle["facts"].as_array_mut().unwrap().push(json!({
            "name": "others", "path": "/vnf_lcm_op_occs", "members": ["id"], "list": true, "onDemand": true,
        }));
        let others = json!({"require": {
            "stage": "state",
            "variables": [["all", "size(openOps) > 0 ? openOps : others.filter(o, string(o.id).lowerAscii() == 'x')"]],
            "require": "size(variables.all) == 0", "detail": "'the operation ' + variables.all[0].id",
        }});
        bundle["rules"].as_array_mut().unwrap().push(rule("terminate.others", 409, others, &["terminate"]));
        let rules = bundle["rules"].as_array_mut().unwrap();
        rules.retain(|rule| rule["id"] != "terminate.state.in-progress");
    });
    let case = terminate(r#"{"terminationType":"FORCEFUL"}"#);
    let judge =
        |facts: &[(&str, FactAnswer<&[u8]>)]| verdict(case.judge_by(&engine, &Context { facts, ..Context::default() }));
    let [instance, none] = FACTS;
    let some = ("openOps", found(r#"[{"id":"o"}]"#, None));
    let others = |answer| ("others", answer);
    assert_eq!(judge(&[]), "needs vnfInstance openOps");
    assert_eq!(judge(&[instance.clone(), some]), "409 terminate.others");
    assert_eq!(judge(&[instance.clone(), none.clone()]), "needs others");
    for (answer, expected) in [
        (found("[]", None), "allowed "),
        (found(r#"[{"id":"X"}]"#, None), "409 terminate.others"),
        (FactAnswer::Withheld, "allowed fact.withheld Warn"),
        (FactAnswer::Unavailable, "allowed fact.unavailable Warn"),
        (found("{}", None), "allowed fact.unavailable Warn"),
    ] {
        assert_eq!(judge(&[instance.clone(), none.clone(), others(answer)]), expected);
    }
    // What denies without it, denies at once.
    let idle = ("vnfInstance", found(r#"{"id":"i-1","instantiationState":"NOT_INSTANTIATED"}"#, None));
    assert_eq!(judge(&[idle, none]), "409 terminate.state.instantiated");
}
