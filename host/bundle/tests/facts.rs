//! Facts that are asked for by the caller, by a member of the body, or by another fact.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod support;

use std::fs;

use solgate_bundle::{BuildOptions, compile_dir};
use solgate_engine::Engine;
use solgate_engine::verdict::{Caller, Context, FactAnswer, Mode, Outcome, Request};
use support::{copy, minimal};

/// An engine of the minimal bundle with these facts, and a rule for `terminate`.
fn engine(facts: &str, rules: &str) -> Engine {
    let dir = tempfile::tempdir().unwrap();
    copy(&minimal(), dir.path());
    let path = dir.path().join("policy.yaml");
    let policy = fs::read_to_string(&path).unwrap().replace("  opOcc:\n", &format!("{facts}  opOcc:\n"));
    fs::write(&path, policy).unwrap();
    // The rules that are there would ask for facts of their own.
    let state = fs::read_to_string(dir.path().join("rules/state.yaml")).unwrap();
    fs::write(
        dir.path().join("rules/state.yaml"),
        state.replace("operations: [terminate]\n", "operations: [terminate]\n  severity: off\n"),
    )
    .unwrap();
    fs::write(dir.path().join("rules/given.yaml"), rules).unwrap();
    let compiled = compile_dir(dir.path(), &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
    Engine::new(compiled.bundle).unwrap()
}

fn rule(id: &str, when: &str, require: &str) -> String {
    format!(
        "- id: {id}\n  operations: [terminate]\n  when: {when}\n  require: {require}\n  otherwise: {{ status: 409, title: Not now }}\n"
    )
}

/// A fact by its name, and what its template takes.
type Question = (String, Vec<(String, String)>);

struct Asked {
    /// Names, variables and values, of each round.
    rounds: Vec<Vec<Question>>,
    outcome: Outcome,
}

impl Asked {
    fn names(&self) -> Vec<Vec<&str>> {
        self.rounds.iter().map(|round| round.iter().map(|(name, _)| name.as_str()).collect()).collect()
    }

    fn variable(&self, fact: &str) -> Option<(&str, &str)> {
        let (_, variables) = self.rounds.iter().flatten().find(|(name, _)| name == fact)?;
        variables.first().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// What the findings say of facts that could not be asked for.
    fn left_out(&self) -> Vec<&str> {
        let Outcome::Allow(findings) = &self.outcome else { panic!("{:?}", self.outcome) };
        let of_facts = findings.iter().filter(|finding| finding.violation.rule == "fact.unasked");
        of_facts.map(|finding| finding.violation.detail.as_str()).collect()
    }

    fn is_denied(&self) -> bool {
        matches!(&self.outcome, Outcome::Deny(denial) if denial.status == 409)
    }
}

/// Asks as a gate does: at most three evaluations.
fn ask(engine: &Engine, body: &str, caller: Option<&Caller>, answers: &[(&str, FactAnswer<&str>)]) -> Asked {
    let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")];
    let request = Request {
        method: "POST",
        target: "/vnflcm/v2/vnf_instances/1/terminate",
        fields: &fields,
        body: body.as_bytes(),
        body_complete: true,
    };
    let mut rounds: Vec<Vec<Question>> = Vec::new();
    let mut known: Vec<(&str, FactAnswer<&[u8]>)> = Vec::new();
    for _ in 0..3 {
        let context = Context { received_at: 0, mode: Mode::Enforce, caller, facts: &known, settings: &[] };
        match engine.evaluate(&request, &context) {
            Outcome::Need(queries) => {
                for query in &queries {
                    let (name, answer) = answers.iter().find(|(name, _)| *name == query.name).unwrap();
                    assert!(known.iter().all(|(known, _)| known != name), "{name} is asked for again");
                    known.push((
                        name,
                        match answer {
                            FactAnswer::Found { etag, body } => {
                                FactAnswer::Found { etag: etag.clone(), body: body.as_bytes() }
                            }
                            FactAnswer::Absent => FactAnswer::Absent,
                            FactAnswer::Withheld => FactAnswer::Withheld,
                            FactAnswer::Unavailable => FactAnswer::Unavailable,
                        },
                    ));
                }
                rounds.push(queries.into_iter().map(|query| (query.name, query.variables)).collect());
            }
            outcome => return Asked { rounds, outcome },
        }
    }
    panic!("it still needs facts after three evaluations: {rounds:?}");
}

fn found(body: &str) -> FactAnswer<&str> {
    FactAnswer::Found { etag: None, body }
}

fn tenant(name: &str) -> Caller {
    Caller { tenant: Some(name.to_owned()), ..Caller::default() }
}

const BODY: &str = r#"{"terminationType": "GRACEFUL"}"#;
const OF_TENANT: &str = "  ofTenant: { get: /vnf_instances, query: { filter: \"(eq,metadata/tenant,{caller.tenant})\" }, list: true, members: [id] }\n";

#[test]
fn a_fact_is_asked_for_by_the_caller() {
    let engine = engine(OF_TENANT, &rule("given", "\"true\"", "size(ofTenant) < 2"));
    let answers = [("ofTenant", found(r#"[{"id": "1"}, {"id": "2"}]"#))];
    let asked = ask(&engine, BODY, Some(&tenant("a,b")), &answers);
    assert_eq!(asked.variable("ofTenant"), Some(("caller.tenant", "a,b")));
    assert!(asked.is_denied());
    // Nobody is asked for nothing.
    for caller in [None, Some(Caller::default()), Some(tenant("")), Some(tenant("a\nb"))] {
        let asked = ask(&engine, BODY, caller.as_ref(), &answers);
        assert!(asked.rounds.is_empty(), "{caller:?}");
        assert_eq!(
            asked.left_out(),
            [
                "Rules that look at ofTenant were left out, because there is no usable caller.tenant to ask for it by; the VNFM or NFVO decides."
            ]
        );
    }
}

#[test]
fn a_fact_is_asked_for_by_a_member_of_the_body() {
    let facts = "  ofType: { get: \"/types/{body.terminationType}\", members: [id] }\n";
    let engine = engine(facts, &rule("given", "\"true\"", "ofType.id == 'x'"));
    let answers = [("ofType", found(r#"{"id": "y"}"#))];
    let asked = ask(&engine, BODY, None, &answers);
    assert_eq!(asked.variable("ofType"), Some(("body.terminationType", "GRACEFUL")));
    assert!(asked.is_denied());
}

#[test]
fn no_value_becomes_another_path() {
    let facts = "  ofTenant: { get: \"/tenants/{caller.tenant}\", members: [id] }\n";
    let engine = engine(facts, &rule("given", "\"true\"", "ofTenant.id == 'x'"));
    let answers = [("ofTenant", found(r#"{"id": "x"}"#))];
    for name in ["a/b", "..", ".", "...", "a\\b"] {
        let asked = ask(&engine, BODY, Some(&tenant(name)), &answers);
        assert!(asked.rounds.is_empty() && asked.left_out().len() == 1, "{name}");
    }
    for name in ["a b", "a?b", "a%2Fb", "a.b", "\u{e4}"] {
        let asked = ask(&engine, BODY, Some(&tenant(name)), &answers);
        assert_eq!(asked.variable("ofTenant"), Some(("caller.tenant", name)));
    }
}

const PACKAGE: &str = "  vnfPackage: { get: /vnf_packages, query: { filter: \"(eq,vnfdId,{vnfInstance.id})\" }, list: true, members: [id] }\n  late: { get: /late, onDemand: true, list: true, members: [id] }\n";

#[test]
fn a_fact_that_needs_another_comes_in_the_second_round() {
    let rules = rule("given", "\"true\"", "size(vnfPackage) > 0");
    let engine = engine(PACKAGE, &rules);
    let answers = [("vnfInstance", found(r#"{"id": "v1"}"#)), ("vnfPackage", found("[]"))];
    let asked = ask(&engine, BODY, None, &answers);
    assert_eq!(asked.names(), [vec!["vnfInstance"], vec!["vnfPackage"]]);
    assert_eq!(asked.variable("vnfPackage"), Some(("vnfInstance.id", "v1")));
    assert!(asked.is_denied());
    for answer in
        [FactAnswer::Absent, FactAnswer::Withheld, FactAnswer::Unavailable, found("{}"), found(r#"{"id": []}"#)]
    {
        let asked = ask(&engine, BODY, None, &[("vnfInstance", answer)]);
        assert_eq!(asked.names(), [vec!["vnfInstance"]]);
        assert_eq!(
            asked.left_out(),
            [
                "Rules that look at vnfPackage were left out, because there is no usable vnfInstance.id to ask for it by; the VNFM or NFVO decides."
            ]
        );
    }
}

#[test]
fn there_are_never_more_than_two_rounds() {
    let answers = [
        ("vnfInstance", found(r#"{"id": "v1", "instantiationState": "INSTANTIATED"}"#)),
        ("vnfPackage", found(r#"[{"id": "p"}]"#)),
        ("openOps", found("[]")),
        ("late", found("[]")),
    ];
    let guards =
        ["\"true\"", "vnfInstance.id == 'v1'", "size(vnfPackage) > 0", "size(openOps) == 0", "size(late) == 0"];
    let conditions = [
        "size(vnfPackage) > 0",
        "vnfInstance.id == 'v1'",
        "size(openOps) > 0 || size(late) == 0",
        "size(vnfPackage) > 0 && size(openOps) == 0 && size(late) == 0",
    ];
    for (first_when, first) in guards.iter().flat_map(|when| conditions.iter().map(move |require| (when, require))) {
        for (second_when, second) in guards.iter().flat_map(|when| conditions.iter().map(move |other| (when, other))) {
            let rules = format!("{}{}", rule("one", first_when, first), rule("two", second_when, second));
            if !rules.contains("vnfPackage") || !rules.contains("late") {
                continue;
            }
            let asked = ask(&engine(PACKAGE, &rules), BODY, None, &answers);
            assert!(matches!(asked.outcome, Outcome::Allow(_)), "{rules}: {:?}", asked.outcome);
        }
    }
}
