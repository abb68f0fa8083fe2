//! Facts, and the rules that look at them.

use crate::support::*;
use serde_json::json;
use solgate_engine::{
    Engine,
    ir::Severity,
    verdict::{Caller, Context, FactAnswer, Location, Outcome},
};

#[test]
fn facts_are_asked_for_once_and_decide() {
    let case = terminate(r#"{"terminationType":"FORCEFUL"}"#);
    let Outcome::Need(needed) = case.judge(&Context::default()) else { panic!("no facts are asked for") };
    let names: Vec<_> = needed.iter().map(|query| (query.name.as_str(), query.variables.clone())).collect();
    let variables = vec![("vnfInstanceId".to_owned(), ID.to_owned())];
    assert_eq!(names, [("vnfInstance", variables.clone()), ("openOps", variables)]);

    let one = [("vnfInstance", found(INSTANTIATED, None))];
    let Outcome::Need(needed) = case.judge(&Context { facts: &one, ..Context::default() }) else {
        panic!("openOps is still unknown")
    };
    assert_eq!(needed.iter().map(|query| query.name.as_str()).collect::<Vec<_>>(), ["openOps"]);

    let open = r#"[{"id":"o-1","operationState":"PROCESSING"}]"#;
    let judge = |instance: FactAnswer<&'static [u8]>, ops: FactAnswer<&'static [u8]>| {
        case.judge(&Context { facts: &[("vnfInstance", instance), ("openOps", ops)], ..Context::default() })
    };
    assert_eq!(judge(found(INSTANTIATED, None), found("[]", None)), Outcome::Allow(vec![]));
    let absent = denial(judge(FactAnswer::Absent, found("[]", None)));
    assert_eq!((absent.status, absent.rule.as_str()), (404, "resource.vnf-instance.exists"));
    assert!(absent.detail.contains(ID));
    assert_eq!(absent.violations[0].location, Location::Path("vnfInstanceId".to_owned()));
    let both = denial(judge(found(r#"{"id":"i-1","instantiationState":"NOT_INSTANTIATED"}"#, None), found(open, None)));
    assert_eq!(both.status, 409);
    assert_eq!(
        both.violations.iter().map(|violation| violation.detail.as_str()).collect::<Vec<_>>(),
        ["i-1 is NOT_INSTANTIATED".to_owned(), format!("the operation occurrence o-1 is open on {ID}")]
    );

    // Without an answer, the VNFM decides, and a warning says so.
    for (answer, expected) in [
        (FactAnswer::Withheld, "fact.withheld"),
        (FactAnswer::Unavailable, "fact.unavailable"),
        (found("{}", None), "fact.unavailable"),
        (FactAnswer::Absent, "fact.absent"),
    ] {
        let outcome = findings(judge(found(INSTANTIATED, None), answer));
        assert_eq!(rules(&outcome), [(expected, Severity::Warn)]);
    }
    // A member that the rule reads is not there: the policy cannot judge.
    let broken = denial(judge(found("{}", None), found("[]", None)));
    assert_eq!(
        (broken.status, broken.rule.as_str(), broken.title.as_str()),
        (500, "terminate.state.instantiated", "Rule could not be evaluated")
    );
}

#[test]
fn a_rule_does_not_judge_an_answer_that_is_not_as_the_api_describes_it() {
    let mut bundle = bundle();
    bundle["answers"] = json!({"vnfInstance": {
        "type": "object", "required": ["id", "instantiationState"],
        "properties": {"id": {"type": "string"}, "instantiationState": {"type": "string"}},
    }});
    let engine = Engine::new(serde_json::from_value(bundle).unwrap()).unwrap();
    let case = terminate(r#"{"terminationType":"FORCEFUL"}"#);
    let judge = |instance: &str| {
        let facts = [("vnfInstance", found(instance, None)), ("openOps", found("[]", None))];
        case.judge_by(&engine, &Context { facts: &facts, ..Context::default() })
    };
    // The member is absent: the VNFM does not keep to its API, and it decides.
    let outcome = findings(judge("{}"));
    assert_eq!(rules(&outcome), [("fact.unavailable", Severity::Warn)]);
    assert!(outcome[0].violation.detail.contains("form that the API describes"), "{outcome:?}");
    // A rule that can be evaluated all the same is not left out.
    assert_eq!(denial(judge(r#"{"id":"i-1","instantiationState":"LOST"}"#)).status, 409);
    // What no rule reads is not looked at.
    assert_eq!(judge(r#"{"id":7,"instantiationState":"INSTANTIATED"}"#), Outcome::Allow(vec![]));
}

#[test]
fn what_is_not_there_for_the_caller_is_not_spoken_of() {
    let mut bundle = bundle();
    bundle["rules"].as_array_mut().unwrap().push(rule(
        "instance.owner",
        404,
        json!({"require": {"stage": "existence", "require": "vnfInstance.id == caller.tenant", "detail": "'no such instance'"}}),
        &["terminate"],
    ));
    let engine = Engine::new(serde_json::from_value(bundle).unwrap()).unwrap();
    let case = terminate(r#"{"terminationType":"FORCEFUL"}"#);
    let caller = |tenant: &str| Caller { tenant: Some(tenant.to_owned()), ..Caller::default() };
    let judge = |tenant: &str, state: &str| {
        let instance = format!(r#"{{"id":"i-1","instantiationState":"{state}"}}"#);
        let facts = [
            ("vnfInstance", found(&instance, None)),
            ("openOps", found(r#"[{"id":"o-1","operationState":"PROCESSING"}]"#, None)),
        ];
        denial(case.judge_by(&engine, &Context { caller: Some(&caller(tenant)), facts: &facts, ..Context::default() }))
    };
    for state in ["INSTANTIATED", "NOT_INSTANTIATED"] {
        let denial = judge("i-2", state);
        assert_eq!((denial.status, denial.violations.len()), (404, 1), "{denial:?}");
        assert_eq!(denial.detail, "no such instance");
    }
    // The same facts serve the stage after it.
    let denial = judge("i-1", "NOT_INSTANTIATED");
    assert_eq!((denial.status, denial.violations.len()), (409, 2), "{denial:?}");
}

#[test]
fn a_guard_spares_facts() {
    let case = call("DELETE", "/vnf_instances/x");
    let names = |outcome: Outcome| match outcome {
        Outcome::Need(needed) => needed.into_iter().map(|query| query.name).collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(names(case.judge(&Context::default())), ["vnfInstance"]);
    let idle = [("vnfInstance", found(r#"{"id":"x","instantiationState":"NOT_INSTANTIATED"}"#, None))];
    assert_eq!(case.judge(&Context { facts: &idle, ..Context::default() }), Outcome::Allow(vec![]));
    let running = [("vnfInstance", found(INSTANTIATED, None))];
    assert_eq!(names(case.judge(&Context { facts: &running, ..Context::default() })), ["openOps"]);
}

#[test]
fn if_match_is_compared_strongly() {
    let tags: &[(&str, Option<&str>, Option<Severity>)] = &[
        ("\"1\"", Some("\"1\""), None),
        ("\"0\", \"1\"", Some("\"1\""), None),
        ("*", Some("\"1\""), None),
        ("\"x\"", None, None),
        ("\"x\"", Some("\"1\""), Some(Severity::Deny)),
        ("1", Some("\"1\""), Some(Severity::Deny)),
        ("W/\"1\"", Some("\"1\""), Some(Severity::Warn)),
        ("W/\"1\"", Some("W/\"1\""), Some(Severity::Warn)),
    ];
    for (sent, current, expected) in tags {
        let case = call("DELETE", "/vnf_instances/x").with("if-match", sent);
        let facts = [("vnfInstance", found(r#"{"id":"x","instantiationState":"NOT_INSTANTIATED"}"#, *current))];
        match (case.judge(&Context { facts: &facts, ..Context::default() }), expected) {
            (Outcome::Allow(found), None) => assert_eq!(found, [], "{sent}"),
            (Outcome::Allow(found), Some(severity)) => {
                assert_eq!((rules(&found), found[0].status), (vec![("header.if-match", *severity)], 412), "{sent}")
            }
            (Outcome::Deny(denial), Some(Severity::Deny)) => {
                assert!(denial.status == 412 && denial.detail.contains("If-Match"), "{sent}")
            }
            (other, _) => panic!("{sent}: {other:?}"),
        }
    }
}
