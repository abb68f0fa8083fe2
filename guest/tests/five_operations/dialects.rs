//! Operations that stand in for others while an option is on, and API roots with
//! variables.

use crate::support::*;
use serde_json::{Value, json};
use solgate_engine::{
    Engine, InitError,
    verdict::{Context, FactQuery, Outcome, Setting},
};

/// The bundle with a dialect `tongue`, which is on below `/orgs/{org}/v2`.
fn spoken() -> Value {
    let mut bundle = bundle();
    let roots = bundle["apiRoots"].as_array_mut().unwrap();
    roots.push(json!({"path": "/orgs/{org}/v2", "options": {"tongue": true}}));
    let options = bundle["options"].as_array_mut().unwrap();
    options.push(json!({"name": "tongue", "kind": "boolean", "default": false, "doc": ""}));
    bundle["schemas"]["Spoken"] = json!({
        "type": "object", "required": ["terminationType"], "x-rule": "terminate.body",
        "properties": {"terminationType": {"type": "array"}, "zones": {"type": "array"}},
    });
    let mut terminate = bundle["operations"][0].clone();
    terminate["dialect"] = json!("tongue");
    terminate["shortVersion"] = json!(true);
    terminate["bareCredentials"] = json!(true);
    terminate["credentials"] = json!(["x-key"]);
    terminate["body"]["schema"] = json!("Spoken");
    terminate["body"]["nullIsAbsent"] = json!(true);
    let mut more = bundle["operations"][4].clone();
    more["id"] = json!("special");
    more["dialect"] = json!("tongue");
    more["path"] = json!("/vnf_instances/special");
    let operations = bundle["operations"].as_array_mut().unwrap();
    operations.extend([terminate, more]);
    bundle
}

fn engine() -> Engine {
    Engine::new(serde_json::from_value(spoken()).unwrap()).unwrap()
}

/// The status and rule of a denial, or what is asked for.
fn judged(outcome: Outcome) -> String {
    match outcome {
        Outcome::Allow(_) => "allowed".to_owned(),
        Outcome::Deny(denial) => format!("{} {}", denial.status, denial.rule),
        Outcome::Need(facts) => facts.iter().map(|fact| fact.name.as_str()).collect::<Vec<_>>().join(" "),
    }
}

fn tongue(on: bool) -> Vec<Setting> {
    vec![Setting::Option { name: "tongue".to_owned(), value: json!(on) }]
}

const HERE: &str = "/vnflcm/v2";
const THERE: &str = "/orgs/acme/v2";
const LIST: &str = r#"{"terminationType":["FORCEFUL"]}"#;
const TEXT: &str = r#"{"terminationType":"FORCEFUL"}"#;
const FACTS: &str = "vnfInstance openOps";

#[test]
fn the_operation_of_a_dialect_stands_in_while_its_option_is_on() {
    let engine = engine();
    let (on, off, unset) = (tongue(true), tongue(false), Vec::new());
    let cases: [(&str, &str, &[Setting], &str); 8] = [
        (HERE, TEXT, &unset, FACTS),
        (HERE, LIST, &unset, "400 terminate.type.enum"),
        (HERE, TEXT, &on, "400 terminate.body"),
        (HERE, LIST, &on, FACTS),
        (THERE, LIST, &unset, FACTS),
        (THERE, TEXT, &unset, "400 terminate.body"),
        (THERE, LIST, &off, "400 terminate.type.enum"),
        (THERE, TEXT, &off, FACTS),
    ];
    for (root, body, settings, expected) in cases {
        let case = Case { target: format!("{root}/vnf_instances/{ID}/terminate"), ..terminate(body) };
        let outcome = case.judge_by(&engine, &Context { settings, ..Context::default() });
        assert_eq!(judged(outcome), expected, "{root} {body} {settings:?}");
    }
}

#[test]
fn an_operation_may_exist_in_a_dialect_only() {
    let engine = engine();
    let delete = |root: &str, settings: &[Setting]| {
        let case = Case { target: format!("{root}/vnf_instances/special"), ..call("DELETE", "") };
        judged(case.judge_by(&engine, &Context { settings, ..Context::default() }))
    };
    // Where it does not, the path is that of an instance called `special`.
    assert_eq!(delete(HERE, &[]), "vnfInstance");
    assert_eq!(delete(HERE, &tongue(true)), "allowed");
    assert_eq!(delete(THERE, &[]), "allowed");
    let other = Case { target: format!("{THERE}/vnf_instances/special"), ..call("POST", "") };
    let denial = denial(other.judge_by(&engine, &Context::default()));
    assert_eq!((denial.status, field(&denial, "allow")), (405, Some("DELETE")));
    assert_eq!(engine.route("DELETE", "/vnflcm/v2/vnf_instances/special"), Some("special"));
}

#[test]
fn a_dialect_may_take_null_for_absent_short_versions_and_bare_keys() {
    let engine = engine();
    let target = format!("{THERE}/vnf_instances/{ID}/terminate");
    let case = |body: &str| Case { target: target.clone(), ..terminate(body) };
    let required = [Setting::Option { name: "requireAuthorization".to_owned(), value: json!(true) }];
    let null = r#"{"terminationType":["FORCEFUL"],"zones":null}"#;
    let absent = r#"{"terminationType":null}"#;
    let cases = [
        (case(null), FACTS),
        (case(absent), "400 terminate.body"),
        (case(LIST).set("version", "2"), FACTS),
        (case(LIST).set("version", "2.1"), FACTS),
        (case(LIST).set("version", "2.2"), "406 header.version.supported"),
        (case(LIST).set("version", "two"), "400 header.version.format"),
        (case(LIST).with("authorization", "a:b:c"), FACTS),
        (case(LIST).with("authorization", ""), FACTS),
        (case(LIST).with("authorization", "a").with("authorization", "b"), "400 header.auth.malformed"),
    ];
    for (case, expected) in cases {
        assert_eq!(judged(case.judge_by(&engine, &Context::default())), expected, "{:?}", case.fields);
    }
    let needs = |case: Case| judged(case.judge_by(&engine, &Context { settings: &required, ..Context::default() }));
    assert_eq!(needs(case(LIST)), "401 header.auth.required");
    assert_eq!(needs(case(LIST).with("authorization", "")), "401 header.auth.required");
    assert_eq!(needs(case(LIST).with("x-key", "")), "401 header.auth.required");
    assert_eq!(needs(case(LIST).with("x-key", "k")), FACTS);
    assert_eq!(needs(terminate(TEXT).with("x-key", "k")), "401 header.auth.required");
    let plain = |case: Case| judged(case.judge_by(&engine, &Context::default()));
    assert_eq!(plain(terminate(TEXT).set("version", "2")), "400 header.version.format");
    assert_eq!(plain(terminate(TEXT).with("authorization", "a:b:c")), "400 header.auth.malformed");
    assert_eq!(
        plain(terminate(r#"{"terminationType":"FORCEFUL","gracefulTerminationTimeout":null}"#)),
        "400 terminate.timeout.type"
    );
    assert!(engine.wanted_fields().contains(&"x-key".to_owned()));
}

#[test]
fn the_variables_of_an_api_root_are_read_as_those_of_a_path() {
    let mut bundle = spoken();
    let rules = bundle["rules"].as_array_mut().unwrap();
    let require = "!has(path.org) || path.org == 'a b'";
    rules.push(rule(
        "access.tenant",
        403,
        json!({"require": {"stage": "access", "require": require, "detail": "path.org"}}),
        &["terminate"],
    ));
    let engine = Engine::new(serde_json::from_value(bundle).unwrap()).unwrap();
    let judge = |root: &str, body: &str| {
        let case = Case { target: format!("{root}/vnf_instances/{ID}/terminate"), ..terminate(body) };
        case.judge_by(&engine, &Context::default())
    };
    assert_eq!(judged(judge("/orgs/a%20b/v2", LIST)), FACTS);
    assert_eq!(denial(judge("/orgs/b/v2", LIST)).detail, "b");
    assert_eq!(judged(judge(HERE, TEXT)), FACTS);
    assert_eq!(judged(judge("/orgs/%FF/v2", LIST)), "404 route.unknown");
    assert_eq!(judged(judge("/orgs//v2", LIST)), "404 route.unknown");
    let Outcome::Need(facts) = judge("/orgs/a%20b/v2", LIST) else { panic!("facts are needed") };
    let instance =
        FactQuery { name: "vnfInstance".to_owned(), variables: vec![("vnfInstanceId".to_owned(), ID.to_owned())] };
    assert_eq!(facts.first(), Some(&instance));
}

/// A root that stands for many paths is found behind as many disguises.
#[test]
fn what_may_pass_outside_of_all_roots_is_not_a_root_in_disguise() {
    let engine = engine();
    let pass = [Setting::Option { name: "outsideApiRoot".to_owned(), value: json!("pass") }];
    let judge = |target: &str| {
        let case = Case { target: target.to_owned(), ..call("GET", "") };
        judged(case.judge_by(&engine, &Context { settings: &pass, ..Context::default() }))
    };
    for target in [
        "/ORGS/acme/v2/x",
        "/orgs;a=b/acme/v2/x",
        "/orgs/acme/V2/x",
        "/orgs%2Facme/v2/x",
        "/orgs/acme/%76%32;x/y",
        "/orgs/acme/../acme/v2/x",
        "/orgs//acme/v2/x",
        "/orgs/acme/v2%",
        "/orgs/\u{e4}/v2/x",
    ] {
        assert!(judge(target).starts_with("404"), "{target}: {}", judge(target));
    }
    for target in ["/orgs", "/orgs/acme", "/orgs/acme/w2", "/elsewhere/acme/v2", "/metrics"] {
        assert_eq!(judge(target), "allowed", "{target}");
    }
}

#[test]
fn dialects_that_cannot_be_compiled() {
    let refused = |change: fn(&mut Value)| {
        let mut bundle = spoken();
        change(&mut bundle);
        Engine::new(serde_json::from_value(bundle).unwrap()).expect_err("it is not valid")
    };
    assert!(matches!(
        refused(|b| b["operations"][5]["dialect"] = json!("nope")),
        InitError::Option { name, .. } if name == "nope"
    ));
    assert!(matches!(
        refused(|b| b["operations"][5]["dialect"] = json!("schemaErrorStatus")),
        InitError::Option { .. }
    ));
    assert!(matches!(refused(|b| b["operations"][5]["path"] = json!("/other")), InitError::Duplicate { .. }));
    assert!(matches!(
        refused(|b| {
            let again = b["operations"][5].clone();
            b["operations"].as_array_mut().unwrap().push(again);
        }),
        InitError::Duplicate { .. }
    ));
    assert!(matches!(
        refused(|b| b["apiRoots"].as_array_mut().unwrap().push(json!({"path": "/orgs/{other}/v2"}))),
        InitError::Duplicate { .. }
    ));
    assert!(matches!(
        refused(|b| b["apiRoots"].as_array_mut().unwrap().push(json!({"path": "/x/{vnfInstanceId}/v2"}))),
        InitError::Duplicate { .. }
    ));
}
