//! A policy that loops, panics, hoards memory or lies costs one request, which is
//! refused, and nothing else.

use std::sync::Arc;
use std::time::Duration;

use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use solgate::gate::{Gate, Mode, Severity, Verdict};
use solgate::policy::{Engine, EngineConfig, EvaluationLimits, LoadError, Policy};
use solgate_tests::{artifact, engine, request};

struct NoFacts;

impl FactSource for NoFacts {
    fn fetch<'a>(&'a self, _: FactRequest<'a>) -> futures_util::future::BoxFuture<'a, Fact> {
        Box::pin(async { Fact { answer: FactAnswer::Absent, cached: false } })
    }
}

fn hostile(engine: &Engine) -> Arc<Policy> {
    let module = std::fs::read(artifact("hostile.wasm")).expect("it is readable");
    let component = solgate_bundle::bake::encode(&module).expect("it is a component");
    Arc::new(Policy::from_bytes(engine, &component).expect("it loads"))
}

/// An engine with the limits that a gateway has by default.
fn as_a_gateway() -> Engine {
    Engine::new(EngineConfig::default()).expect("it starts")
}

fn gate(policy: Arc<Policy>) -> Gate {
    Gate::new(vec![policy], Arc::new(NoFacts))
}

/// Path, and the status and rule with which the host answers.
const MISDEEDS: [(&str, u16, &str); 16] = [
    ("loop", 503, "gate.policy-deadline"),
    ("panic", 500, "gate.policy-trap"),
    ("recursion", 500, "gate.policy-trap"),
    ("memory", 503, "gate.policy-memory"),
    ("output", 500, "gate.policy-outcome"),
    ("violations", 500, "gate.policy-outcome"),
    ("flood", 500, "gate.policy-outcome"),
    ("status", 500, "gate.policy-outcome"),
    ("crlf", 500, "gate.policy-outcome"),
    ("field", 500, "gate.policy-outcome"),
    ("title", 500, "gate.policy-outcome"),
    ("empty", 500, "gate.policy-outcome"),
    ("undeclared", 500, "gate.policy-outcome"),
    ("undeclared-violation", 500, "gate.policy-outcome"),
    ("need", 500, "gate.policy-outcome"),
    ("need-nothing", 500, "gate.policy-outcome"),
];

#[tokio::test]
async fn each_misdeed_costs_one_request() {
    let gate = gate(hostile(&as_a_gateway()));
    for (path, status, rule) in MISDEEDS {
        let decision = gate.judge(&request("GET", &format!("/hostile/{path}"), &[], b"")).await;
        let Verdict::Deny(problem) = decision.verdict else { panic!("{path} was allowed") };
        assert_eq!((problem.status.as_u16(), problem.rule.as_str()), (status, rule), "{path}: {}", problem.detail);
        let answer = problem.response(gate.style());
        assert_eq!(answer.headers()["content-type"], "application/problem+json", "{path}");
        assert!(answer.headers().get("set-cookie").is_none(), "{path}");
        assert_eq!(answer.headers().contains_key("retry-after"), status == 503, "{path}");

        let next = gate.judge(&request("GET", "/hostile/well", &[], b"")).await;
        assert!(matches!(next.verdict, Verdict::Allow), "after {path}");
    }
}

#[tokio::test]
async fn monitor_mode_lets_pass_and_reports() {
    let gate = gate(hostile(&as_a_gateway())).with_mode(Mode::Monitor);
    for (path, status, rule) in MISDEEDS {
        let decision = gate.judge(&request("GET", &format!("/hostile/{path}"), &[], b"")).await;
        assert!(matches!(decision.verdict, Verdict::Allow), "{path}");
        let [finding] = decision.findings.as_slice() else { panic!("{path}: {:?}", decision.findings) };
        assert_eq!(
            (finding.severity, finding.status, finding.violation.rule.as_str()),
            (Severity::Deny, status, rule),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_gate_may_set_limits_of_its_own() {
    let policy = hostile(&as_a_gateway());
    let rule = async |limits: EvaluationLimits, path: &str| {
        let gate = gate(Arc::clone(&policy)).with_evaluation_limits(limits);
        match gate.judge(&request("GET", &format!("/hostile/{path}"), &[], b"")).await.verdict {
            Verdict::Allow => String::new(),
            Verdict::Deny(problem) => format!("{}: {}", problem.rule, problem.detail),
        }
    };
    let usual = EvaluationLimits::default();
    let many = EvaluationLimits { violations: 300, ..usual };
    assert!(rule(many, "violations").await.starts_with("hostile: "), "as many as it may have");
    let said = rule(EvaluationLimits { violations: 299, ..usual }, "violations").await;
    assert!(said.ends_with("it has 300 violations; 299 is the most."), "{said}");
    let said = rule(EvaluationLimits { output: 4096, ..many }, "violations").await;
    assert!(said.contains("it cannot be read within the 4096 bytes that it may have"), "{said}");
    // `growth` takes 8 MiB beside what it starts with.
    assert!(policy.memory_at_start() < 8 << 20, "{}", policy.memory_at_start());
    assert_eq!(rule(EvaluationLimits { memory: 24 << 20, ..usual }, "growth").await, "");
    let said = rule(EvaluationLimits { memory: 8 << 20, ..usual }, "growth").await;
    assert!(said.starts_with("gate.policy-memory"), "{said}");
    let begun = std::time::Instant::now();
    let said = rule(EvaluationLimits { time: Duration::from_millis(20), ..usual }, "loop").await;
    assert!(said.starts_with("gate.policy-deadline") && begun.elapsed() >= Duration::from_millis(20), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn when_every_instance_is_busy_the_next_request_is_told_to_come_back() {
    let evaluation = EvaluationLimits { time: Duration::from_secs(2), ..EvaluationLimits::default() };
    let config = EngineConfig { concurrency: 1, evaluation, ..EngineConfig::default() };
    let gate = Arc::new(gate(hostile(&Engine::new(config).expect("it starts"))));
    let looping = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move {
            loop {
                let decision = gate.judge(&request("GET", "/hostile/loop", &[], b"")).await;
                // The other request may have been there first.
                if !matches!(&decision.verdict, Verdict::Deny(problem) if problem.rule == "gate.overload") {
                    break decision;
                }
            }
        }
    });
    // Until the loop holds the only instance, requests are judged; then they are not.
    let refused = loop {
        let decision = gate.judge(&request("GET", "/hostile/well", &[], b"")).await;
        if let Verdict::Deny(problem) = decision.verdict {
            break problem;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!((refused.status.as_u16(), refused.rule.as_str()), (503, "gate.overload"));
    assert!(refused.headers.contains_key("retry-after"));
    let cut = looping.await.expect("it ends");
    assert!(matches!(cut.verdict, Verdict::Deny(problem) if problem.rule == "gate.policy-deadline"));
    let next = gate.judge(&request("GET", "/hostile/well", &[], b"")).await;
    assert!(matches!(next.verdict, Verdict::Allow));
}

#[test]
fn what_is_no_policy_is_refused_when_it_is_loaded() {
    let core = std::fs::read(artifact("hostile.wasm")).expect("it is readable");
    assert!(matches!(Policy::from_bytes(engine(), &core), Err(LoadError::CoreModule)), "a core module");
    assert!(
        matches!(Policy::from_bytes(engine(), b"\0asm\x0d\0\x01\0"), Err(LoadError::Contract(_))),
        "an empty component"
    );
    assert!(matches!(Policy::from_bytes(engine(), b"#!/bin/sh"), Err(LoadError::NotAComponent(_))), "a script");
    // One that exports something else under the contract's name: an instance without functions.
    let name = b"solgate:policy/judge@1.0.0";
    let mut other = b"\0asm\x0d\0\x01\0\x05\x03\x01\x01\0\x0b\x20\x01\0\x1a".to_vec();
    other.extend_from_slice(name);
    other.extend_from_slice(b"\x05\0\0");
    let refusal = Policy::from_bytes(engine(), &other);
    assert!(matches!(refusal, Err(LoadError::Contract(_))), "{refusal:?}");
    // A component that imports a function `x` and does nothing else.
    let importing = b"\0asm\x0d\0\x01\0\x07\x05\x01\x40\0\x01\0\x0a\x06\x01\0\x01x\x01\0";
    let before = engine().compilations();
    let refusal = Policy::from_bytes(engine(), importing);
    assert!(matches!(&refusal, Err(LoadError::Imports(imports)) if imports.names == ["x"]), "{refusal:?}");
    assert_eq!(engine().compilations(), before, "that is known before it is compiled");
    // Those of other languages consist of many modules.
    for (instances, is_beyond) in [(38, false), (64, false), (65, true)] {
        match Policy::from_bytes(engine(), &with_instances(instances)) {
            Err(LoadError::Beyond(reason)) => {
                assert!(is_beyond && reason.contains("65 core module instances"), "{reason}")
            }
            Err(LoadError::Contract(_)) => assert!(!is_beyond, "{instances} instances"),
            other => panic!("{instances} instances: {other:?}"),
        }
    }
}

/// A component of an empty module, so many times instantiated, that exports nothing.
fn with_instances(count: u8) -> Vec<u8> {
    const MODULE: &[u8] = b"\0asm\x01\0\0\0";
    let mut component = b"\0asm\x0d\0\x01\0\x01\x08".to_vec();
    component.extend_from_slice(MODULE);
    // One after the other, each without arguments.
    let instances = [0_u8, 0, 0].repeat(usize::from(count));
    let length = instances.len() + 1;
    let leb = |number: usize| {
        [u8::try_from(number % 128 + 128).expect("a byte"), u8::try_from(number / 128).expect("a byte")]
    };
    component.push(2);
    component.extend(leb(length));
    component.push(count);
    component.extend(instances);
    component
}
