//! What the gate itself adds to its policies: rounds, facts, several policies,
//! settings.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use solgate::Request;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use solgate::gate::{Decision, FactFailure, Gate, Mode, Setting, SettingError, Severity, Verdict};
use solgate::policy::Policy;
use solgate::request::Caller;
use solgate_tests::doors::{self, Said, library};
use solgate_tests::{default_policy, engine, minimal, request};

const ID: &str = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";

/// Answers from a table, and keeps what it was asked: name and `fresh`.
#[derive(Clone, Default)]
struct Script {
    answers: Vec<(&'static str, FactAnswer, bool)>,
    asked: Arc<Mutex<Vec<(String, bool)>>>,
}

impl Script {
    /// The state of an instance with nothing going on.
    fn instance(state: &str, cached: bool) -> Self {
        let found = |body: serde_json::Value| FactAnswer::Found { etag: None, body: body.to_string().into() };
        let instance = found(serde_json::json!({"id": ID, "instantiationState": state}));
        Self {
            answers: vec![("vnfInstance", instance, cached), ("openOps", found(serde_json::json!([])), cached)],
            ..Self::default()
        }
    }

    fn with(mut self, name: &str, answer: FactAnswer) -> Self {
        for entry in &mut self.answers {
            if entry.0 == name {
                entry.1 = answer.clone();
            }
        }
        self
    }

    fn asked(&self) -> Vec<(String, bool)> {
        let mut asked = std::mem::take(&mut *self.asked.lock().expect("nobody panicked"));
        asked.sort();
        asked
    }
}

impl FactSource for Script {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        self.asked.lock().expect("nobody panicked").push((request.template.name.clone(), request.fresh));
        let fact = self.answers.iter().find(|(name, ..)| *name == request.template.name).map_or(
            Fact { answer: FactAnswer::Unavailable("not in the script".to_owned()), cached: false },
            |(_, answer, cached)| Fact { answer: answer.clone(), cached: *cached && !request.fresh },
        );
        Box::pin(async move { fact })
    }
}

fn terminate(body: &str) -> Request {
    let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")];
    request("POST", &format!("/vnflcm/v2/vnf_instances/{ID}/terminate"), &fields, body.as_bytes())
}

fn gate(script: &Script) -> Gate {
    Gate::new(vec![default_policy()], Arc::new(script.clone()))
}

fn rule(decision: &Decision) -> Option<(u16, &str)> {
    match &decision.verdict {
        Verdict::Allow => None,
        Verdict::Deny(problem) => Some((problem.status.as_u16(), &problem.rule)),
    }
}

fn warnings(decision: &Decision) -> Vec<&str> {
    decision.findings.iter().map(|finding| finding.violation.rule.as_str()).collect()
}

const GOOD: &str = r#"{"terminationType":"FORCEFUL"}"#;

#[tokio::test]
async fn facts_are_asked_for_once_and_only_when_the_request_is_right_in_itself() {
    let script = Script::instance("INSTANTIATED", false);
    let gate = gate(&script);
    assert_eq!(rule(&gate.judge(&terminate("{}")).await), Some((400, "terminate.type.required")));
    assert_eq!(script.asked(), []);
    assert_eq!(rule(&gate.judge(&terminate(GOOD)).await), None);
    assert_eq!(script.asked(), [("openOps".to_owned(), false), ("vnfInstance".to_owned(), false)]);
}

#[tokio::test]
async fn no_denial_rests_on_a_cached_fact() {
    let script = Script::instance("NOT_INSTANTIATED", true);
    let decision = gate(&script).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), Some((409, "terminate.state.instantiated")));
    let asked = script.asked();
    assert_eq!(asked.iter().filter(|(_, fresh)| *fresh).count(), 2, "{asked:?}");

    let script = Script::instance("INSTANTIATED", true);
    assert_eq!(rule(&gate(&script).judge(&terminate(GOOD)).await), None);
    assert_eq!(
        script.asked().iter().filter(|(_, fresh)| *fresh).count(),
        0,
        "an allowed request is not asked about again"
    );
}

#[tokio::test]
async fn an_unavailable_fact_denies_or_passes_as_the_operator_says() {
    let script =
        Script::instance("INSTANTIATED", false).with("vnfInstance", FactAnswer::Unavailable("slow".to_owned()));
    let decision = gate(&script).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), Some((503, "gate.fact-unavailable")));
    let decision = gate(&script).with_fact_failure(FactFailure::Pass).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), None);
    assert_eq!(warnings(&decision), ["fact.unavailable"]);

    let script = Script::instance("INSTANTIATED", false).with("vnfInstance", FactAnswer::Withheld);
    let decision = gate(&script).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), None);
    assert_eq!(warnings(&decision), ["fact.withheld"]);
}

#[tokio::test]
async fn a_fact_that_is_not_what_the_api_says_counts_as_unavailable() {
    // The VNFM leaves out what its API demands.
    let odd = FactAnswer::Found { etag: None, body: serde_json::json!({"id": ID}).to_string().into() };
    let script = Script::instance("INSTANTIATED", false).with("vnfInstance", odd);
    let denied = gate(&script).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&denied), Some((503, "gate.fact-unavailable")));
    let passed = gate(&script).with_fact_failure(FactFailure::Pass).judge(&terminate(GOOD)).await;
    assert!(matches!(passed.verdict, Verdict::Allow), "{passed:?}");
    assert_eq!(warnings(&passed), ["fact.unavailable"]);
}

/// What is asked for by the tenant is not there for a caller without one: no failure of
/// the VNFM's.
#[tokio::test]
async fn a_fact_that_cannot_be_asked_for_is_no_failure() {
    let policy = minimal::policy(&[
        (
            "facts:\n  vnfInstance:\n    get",
            "facts:\n  ofTenant: { get: /vnf_instances, query: { filter: \"(eq,tenant,{caller.tenant})\" }, list: true, members: [id] }\n  vnfInstance:\n    get",
        ),
        (
            "- id: terminate.state\n",
            "- id: terminate.tenant\n  operations: [terminate]\n  require: size(ofTenant) < 2\n  otherwise: { status: 409, title: Too many, detail: \"'the tenant has more than one.'\" }\n  doc: It may have one.\n\n- id: terminate.state\n",
        ),
    ]);
    let policy = Arc::new(Policy::from_bytes(engine(), &policy).expect("it loads"));
    let gate = |script: &Script| Gate::new(vec![Arc::clone(&policy)], Arc::new(script.clone()));
    let script = Script::instance("INSTANTIATED", false);
    let passed = gate(&script).judge(&terminate(GOOD)).await;
    assert_eq!((rule(&passed), warnings(&passed)), (None, vec!["fact.unasked"]));
    assert_eq!(script.asked(), [("vnfInstance".to_owned(), false)]);
    let of_tenant =
        Request { caller: Some(Caller { tenant: Some("a".to_owned()), ..Caller::default() }), ..terminate(GOOD) };
    let many = |body: &str| FactAnswer::Found { etag: None, body: body.to_owned().into() };
    let judged = |answer| {
        let mut script = script.clone();
        script.answers.push(("ofTenant", answer, false));
        let (gate, request) = (gate(&script), of_tenant.clone());
        async move { gate.judge(&request).await }
    };
    assert_eq!(rule(&judged(many(r#"[{"id":"1"}]"#)).await), None);
    assert_eq!(rule(&judged(many(r#"[{"id":"1"},{"id":"2"}]"#)).await), Some((409, "terminate.tenant")));
    let slow = judged(FactAnswer::Unavailable("slow".to_owned())).await;
    assert_eq!(rule(&slow), Some((503, "gate.fact-unavailable")));
}

#[tokio::test]
async fn of_several_policies_the_first_denial_answers_and_facts_are_shared() {
    let script = Script::instance("INSTANTIATED", false);
    let gate = Gate::new(vec![default_policy(), default_policy()], Arc::new(script.clone()));
    assert_eq!(rule(&gate.judge(&terminate("{}")).await), Some((400, "terminate.type.required")));
    assert_eq!(script.asked(), []);
    let decision = gate.judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), None);
    assert_eq!(decision.policies.len(), 2);
    assert_eq!(script.asked().len(), 2, "policies share what they ask");
}

#[tokio::test]
async fn settings_relax_rules_and_switch_options() {
    let script = Script::instance("INSTANTIATED", false);
    let set = |settings| gate(&script).with_settings(settings).expect("they are known");
    let severity = |rule: &str, severity| Setting::Severity { rule: rule.to_owned(), severity };
    let option = |name: &str, value: &str| Setting::Option { name: name.to_owned(), value: value.into() };
    let wrong = terminate(r#"{"terminationType":"NOW"}"#);

    let decision = set(vec![severity("terminate.type.enum", Severity::Warn)]).judge(&wrong).await;
    assert_eq!((rule(&decision), warnings(&decision)), (None, vec!["terminate.type.enum"]));
    let decision = set(vec![severity("terminate.type.enum", Severity::Off)]).judge(&wrong).await;
    assert_eq!((rule(&decision), warnings(&decision)), (None, vec![]));
    let decision = set(vec![option("schemaErrorStatus", "422")]).judge(&wrong).await;
    assert_eq!(rule(&decision), Some((422, "terminate.type.enum")));
    let decision = set(vec![option("supportedVersions", "2.1.0,2.2.*")]).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), Some((406, "header.version.supported")));
    let decision = set(vec![option("supportedVersions", "2.*.*")]).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), None);
    let decision = set(vec![option("requireAuthorization", "true")]).judge(&terminate(GOOD)).await;
    assert_eq!(rule(&decision), Some((401, "header.auth.required")));

    let off = vec![severity("terminate.state.in-progress", Severity::Off)];
    let _ = script.asked();
    assert_eq!(rule(&set(off).judge(&terminate(GOOD)).await), None);
    assert_eq!(script.asked(), [("vnfInstance".to_owned(), false)], "a rule that is off asks for nothing");
}

#[test]
fn settings_that_no_policy_knows_are_refused() {
    let refusal = |setting| gate(&Script::default()).with_settings(vec![setting]).err().expect("it is refused");
    let option = |name: &str, value: serde_json::Value| Setting::Option { name: name.to_owned(), value };
    assert!(matches!(refusal(option("stict", true.into())), SettingError::UnknownOption { .. }));
    assert!(matches!(refusal(option("strict", "maybe".into())), SettingError::WrongType { .. }));
    assert!(matches!(refusal(option("schemaErrorStatus", 500.into())), SettingError::NotAllowed { .. }));
    let unknown = refusal(Setting::Severity { rule: "terminate.typ.enum".to_owned(), severity: Severity::Warn });
    assert_eq!(
        unknown,
        SettingError::UnknownRule { id: "terminate.typ.enum".to_owned(), near: Some("terminate.type.enum".to_owned()) }
    );
}

/// A bundle whose paths cross, each with a rule that denies its operation.
fn crossing(operations: &[(&str, &str, &str)]) -> serde_json::Value {
    let rule_of = |id: &str| {
        let kind = serde_json::json!({"require": {"stage": "access", "require": "false", "onError": "deny"}});
        serde_json::json!({
            "id": format!("{id}.denied"), "kind": kind, "operations": [id], "title": id, "status": 409,
            "severity": {"default": "deny"}, "doc": "", "clause": null,
        })
    };
    let operation_of = |(id, method, path): &(&str, &str, &str)| {
        serde_json::json!({
            "id": id, "method": method, "path": path, "version": false, "acceptRequired": false, "produces": [], "body": null,
        })
    };
    serde_json::json!({
        "format": solgate_engine::ir::FORMAT, "name": "p", "version": "1.0.0", "digest": "00",
        "apiRoots": [{"path": "/vnflcm/v2"}],
        "limits": {"bodyBytes": 100, "targetBytes": 500, "depth": 8, "members": 50, "violations": 4},
        "options": [], "schemas": {}, "facts": [],
        "operations": operations.iter().map(operation_of).collect::<Vec<_>>(),
        "rules": operations.iter().map(|(id, ..)| rule_of(id)).collect::<Vec<_>>(),
    })
}

#[tokio::test]
async fn the_gate_names_the_operation_that_the_engine_judges_by() {
    let by_literals = [("two", "GET", "/b/{first}/{second}"), ("one", "GET", "/{any}/c/d")];
    let by_method = [("get", "GET", "/a/x"), ("change", "POST", "/a/{id}"), ("apiVersions", "GET", "/api_versions")];
    for (operations, method, target, named, decided) in [
        (&by_literals[..], "GET", "/vnflcm/v2/b/c/d", Some("two"), "two.denied"),
        (&by_literals[..], "GET", "/vnflcm/v2/a/c/d", Some("one"), "one.denied"),
        (&by_method[..], "POST", "/vnflcm/v2/a/x", None, "route.method"),
        (&by_method[..], "POST", "/vnflcm/v2/a/y", Some("change"), "change.denied"),
        (&by_method[..], "POST", "/vnflcm/v2/a/%zz", None, "route.unknown"),
        (&by_method[..], "GET", "/vnflcm/api_versions", Some("apiVersions"), "apiVersions.denied"),
    ] {
        let bundle = serde_json::from_value(crossing(operations)).expect("it is a bundle");
        let policy = Arc::new(Policy::without_sandbox(solgate_unsandboxed::judge(bundle).expect("it compiles")));
        let gate = Gate::new(vec![policy], Arc::new(Script::default()));
        let decision = gate.judge(&request(method, target, &[], b"")).await;
        assert_eq!(rule(&decision).map(|(_, rule)| rule), Some(decided), "{method} {target}");
        assert_eq!(gate.operation(method, target), named, "{method} {target}");
        assert_eq!(decision.operation.as_deref(), named, "{method} {target}");
    }
}

#[tokio::test]
async fn a_fact_that_turns_out_to_be_stale_may_make_others_needed() {
    let expression = |when: &str, require: &str| serde_json::json!({"require": {"stage": "state", "when": when, "require": require, "onError": "deny"}});
    let rule_of = |id: &str, kind: serde_json::Value| {
        serde_json::json!({
            "id": id, "kind": kind, "operations": ["delete"], "title": id, "status": 409,
            "severity": {"default": "deny"}, "doc": "", "clause": null,
        })
    };
    let bundle = serde_json::json!({
        "format": solgate_engine::ir::FORMAT, "name": "p", "version": "1.0.0", "digest": "00",
        "apiRoots": [{"path": "/vnflcm/v2"}],
        "limits": {"bodyBytes": 100, "targetBytes": 500, "depth": 8, "members": 50, "violations": 4},
        "options": [], "schemas": {},
        "facts": [
            {"name": "vnfInstance", "path": "/vnf_instances/{vnfInstanceId}", "members": ["instantiationState"]},
            {"name": "openOps", "path": "/vnf_lcm_op_occs", "members": ["id"], "list": true},
        ],
        "operations": [{"id": "delete", "method": "DELETE", "path": "/vnf_instances/{vnfInstanceId}", "version": false,
            "acceptRequired": false, "produces": [], "body": null}],
        "rules": [
            rule_of("known", expression("true", "vnfInstance.instantiationState != 'UNKNOWN'")),
            rule_of("idle", expression("vnfInstance.instantiationState == 'INSTANTIATED'", "openOps.size() == 0")),
        ],
    });
    let judge = solgate_unsandboxed::judge(serde_json::from_value(bundle).expect("it is a bundle"));
    let policy = Arc::new(Policy::without_sandbox(judge.expect("it compiles")));
    let stale = Stale(Script::instance("INSTANTIATED", false));
    let gate = Gate::new(vec![policy], Arc::new(stale));
    let decision = gate.judge(&request("DELETE", &format!("/vnflcm/v2/vnf_instances/{ID}"), &[], b"")).await;
    assert_eq!(rule(&decision), None, "{decision:?}");
}

/// Has an old state of the instance in its cache.
struct Stale(Script);

impl FactSource for Stale {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        if request.fresh || request.template.name != "vnfInstance" {
            return self.0.fetch(request);
        }
        let body = serde_json::json!({"instantiationState": "UNKNOWN"}).to_string().into();
        let fact = Fact { answer: FactAnswer::Found { etag: None, body }, cached: true };
        Box::pin(async move { fact })
    }
}

/// Answers as the script does, and keeps below which root it was asked.
struct Below(Script, Mutex<Vec<String>>);

impl FactSource for Below {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        let target = solgate::facts::expand::expand(request.template, request.variables, request.api_root)
            .map(|t| t.to_string());
        self.1.lock().expect("nobody panicked").push(target.expect("it can be asked for"));
        self.0.fetch(request)
    }
}

#[tokio::test]
async fn facts_are_asked_for_below_the_api_root_as_the_request_has_it() {
    for (root, asked) in [
        ("/vnflcm/v%32", "/vnflcm/v2"),
        ("/tca/etsi/orgs/acme/direct/v271/vnflcm/v2", "/tca/etsi/orgs/acme/direct/v271/vnflcm/v2"),
        ("/tca/etsi/orgs/a%20b;c/direct/v271/vnflcm/v2", "/tca/etsi/orgs/a%20b%3Bc/direct/v271/vnflcm/v2"),
    ] {
        let source = Arc::new(Below(Script::instance("INSTANTIATED", false), Mutex::default()));
        let mut request = terminate(GOOD);
        request.target = format!("{root}/vnf_instances/{ID}/terminate");
        let decision = Gate::new(vec![default_policy()], source.clone()).judge(&request).await;
        assert_eq!(rule(&decision), None, "{root}");
        let targets = source.1.lock().expect("nobody panicked").clone();
        assert!(targets.contains(&format!("{asked}/vnf_instances/{ID}")), "{targets:?}");
        assert!(targets.iter().all(|target| target.starts_with(asked)), "{targets:?}");
    }
}

#[tokio::test]
async fn long_and_odd_texts_of_a_client_do_not_make_a_verdict_invalid() {
    let gate = gate(&Script::instance("INSTANTIATED", false));
    let get = |query: &str| {
        let fields = [("version", "2.0.0"), ("accept", "application/json")];
        request("GET", &format!("/vnflcm/v2/vnf_instances?{query}"), &fields, b"")
    };
    let long = "k".repeat(5000);
    let table = [
        (get(&format!("{}=1", "q".repeat(300))), Some((400, "query.unknown"))),
        (get(&format!("{}=1", "%F0%9F%9A%A8".repeat(300))), Some((400, "query.unknown"))),
        (terminate(r#"{"a\u0001":1,"a\u0001":2}"#), Some((400, "body.json.duplicate-key"))),
        (terminate(&format!(r#"{{"{long}":1,"{long}":2}}"#)), Some((400, "body.json.duplicate-key"))),
        (
            terminate(r#"{"terminationType":"FORCEFUL","additionalParams":{"\n":{"a":1,"a":2}}}"#),
            Some((400, "body.json.duplicate-key")),
        ),
        (
            terminate(r#"{"terminationType":"FORCEFUL","additionalParams":{"\n":1e400}}"#),
            Some((400, "body.json.number")),
        ),
        (terminate(r#"{"terminationType":"FORCEFUL","additionalParams":{"\n":1e300}}"#), None),
    ];
    for (request, expected) in table {
        let decision = gate.judge(&request).await;
        assert_eq!(rule(&decision), expected, "{}", request.target);
    }
    let mut request = terminate(GOOD);
    request.target = format!("/vnflcm/v2/vnf_instances/{long}/terminate");
    assert_eq!(rule(&gate.judge(&request).await), None);
}

#[tokio::test]
async fn an_object_may_have_as_many_members_as_the_policy_says() {
    let parameters = |count: usize| {
        let members: Vec<String> = (0..count).map(|index| format!("\"p{index}\":0")).collect();
        terminate(&format!(r#"{{"terminationType":"FORCEFUL","additionalParams":{{{}}}}}"#, members.join(",")))
    };
    let strict = gate(&Script::instance("INSTANTIATED", false));
    for (count, expected) in [(3000, None), (65_536, None), (65_537, Some((400, "body.json.members")))] {
        assert_eq!(rule(&strict.judge(&parameters(count)).await), expected, "{count}");
    }
}

#[tokio::test]
async fn what_the_vnfm_could_read_differently_is_refused_by_the_gate_itself() {
    let gate = gate(&Script::instance("INSTANTIATED", false));
    let with = |name: &'static str, value: &'static str| {
        let mut request = terminate(GOOD);
        request.headers.append(name, http::HeaderValue::from_static(value));
        request
    };
    for (name, value, expected) in [
        ("content-encoding", "gzip", Some((415, "transport.content-coding"))),
        ("content-encoding", "identity, deflate", Some((415, "transport.content-coding"))),
        ("content-encoding", "identity", None),
        ("content_encoding", "deflate", Some((400, "transport.field.alias"))),
        ("if_match", "*", Some((400, "transport.field.alias"))),
        ("x_other", "y", None),
    ] {
        let decision = gate.judge(&with(name, value)).await;
        assert_eq!(rule(&decision), expected, "{name}: {value}");
    }
}

#[test]
fn answers_name_the_version_that_holds_in_the_end() {
    let option = |value: &str| Setting::Option { name: "supportedVersions".to_owned(), value: value.into() };
    let gate = gate(&Script::default()).with_settings(vec![option("2.0.0"), option("2.3.0")]).expect("they are known");
    assert_eq!(gate.style().version.as_ref().map(http::HeaderValue::as_bytes), Some(&b"2.3.0"[..]));
}

#[test]
fn a_digest_tells_settings_apart_and_nothing_else() {
    let plain = || gate(&Script::default());
    let with = |settings: &[Setting]| plain().with_settings(settings.to_vec()).expect("they fit");
    let severity = |rule: &str, severity| Setting::Severity { rule: rule.to_owned(), severity };
    let strict = Setting::Option { name: "strict".to_owned(), value: true.into() };
    let relaxed = severity("terminate.type.enum", Severity::Warn);
    let gates = [
        plain(),
        plain().with_mode(Mode::Monitor),
        plain().with_fact_failure(FactFailure::Pass),
        with(std::slice::from_ref(&strict)),
        with(std::slice::from_ref(&relaxed)),
        with(&[severity("terminate.type.enum", Severity::Audit)]),
        with(&[severity("query.unknown", Severity::Warn)]),
        with(&[relaxed.clone(), strict.clone()]),
        with(std::slice::from_ref(&relaxed)).with_mode(Mode::Monitor),
    ];
    let digests: BTreeSet<_> = gates.iter().map(|gate| gate.settings_digest().to_string()).collect();
    assert_eq!(digests.len(), gates.len());
    assert!(digests.contains(&**with(&[strict, relaxed]).settings_digest()), "the order means nothing");
    // One that was asked for its digest, and changed then.
    let asked = plain();
    let before = asked.settings_digest().clone();
    assert_ne!(*asked.with_mode(Mode::Monitor).settings_digest(), before);
}

/// Metrics name the rules that are declared, and no others.
#[test]
fn every_rule_of_the_default_policy_is_declared() {
    let mut rules = BTreeSet::new();
    for asked in doors::of_the_bundle() {
        let (said, _) = library::judge(&asked);
        rules.extend(Said::rules(&said).into_iter().map(str::to_owned));
    }
    let gate = gate(&Script::default());
    let of_faults = |rule: &str| ["gate.", "transport."].iter().any(|start| rule.starts_with(start));
    let unknown: Vec<&String> = rules.iter().filter(|rule| !gate.declares(rule) && !of_faults(rule)).collect();
    assert!(unknown.is_empty() && rules.len() > 100, "{unknown:?} of {}", rules.len());
}
