//! Instances that are put back after each call: nothing that a policy does leaves anything
//! behind, and what it may not write to costs a request at most.

use std::sync::OnceLock;

use solgate::policy::{
    Engine, EngineConfig, EvaluateError, EvaluationLimits, Isolation, NativeCode, NotRewound, Policy,
};
use solgate_bundle::bake::encode;
use solgate_engine::verdict::{Context, FactAnswer, Outcome, Request};
use solgate_native::settings::{MEMORY, Machine};
use solgate_native::{Parts, engine_with};
use solgate_tests::minimal::{self, Door};
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::{artifact, default_component};

/// The misbehaving policy as if it were the engine of a release.
fn hostile() -> (&'static [u8], &'static [NativeCode]) {
    static HOSTILE: OnceLock<(Vec<u8>, [NativeCode; 1])> = OnceLock::new();
    let (component, native) = HOSTILE.get_or_init(|| {
        let module = std::fs::read(artifact("hostile.wasm")).expect("it is readable");
        let component = encode(&module).expect("it is a component");
        let machine = Machine::of(std::env::consts::ARCH).expect("there is one");
        let config = machine.config().expect("it is known");
        let code = solgate_native::make(&config, &component, &component).expect("it is compiled");
        (component, [NativeCode::new(Box::leak(code.into_boxed_slice()))])
    });
    (component, native)
}

fn hostile_policy(filler: u8, isolation: &str) -> Policy {
    let (component, native) = hostile();
    let engine = Engine::new(EngineConfig { native, filler, concurrency: 4, ..EngineConfig::default() });
    let policy = Policy::from_bytes(&engine.expect("it starts"), component).expect("it loads");
    policy.with_isolation(isolation.parse().expect("it is an isolation"))
}

fn call(policy: &Policy, target: &str) -> Result<Outcome, EvaluateError> {
    let request = Request { method: "GET", target, fields: &[], body: b"", body_complete: true };
    policy.evaluate(&request, &Context::default())
}

/// What the policy says when it looks for the mark.
fn look(policy: &Policy, place: &str) -> u16 {
    match call(policy, &format!("/look/{place}")) {
        Ok(Outcome::Deny(denial)) => denial.status,
        other => panic!("{place}: {other:?}"),
    }
}

const PLACES: [&str; 13] = [
    "zero",
    "stack",
    "deep-stack",
    "static",
    "constant",
    "copied",
    "copied-short",
    "filled",
    "window",
    "below-window",
    "above-window",
    "last",
    "everywhere",
];

#[test]
fn a_mark_is_found_where_nothing_is_put_back() {
    let policy = hostile_policy(0, "recycle:100");
    for place in PLACES.into_iter().filter(|place| !["everywhere", "stack"].contains(place)) {
        assert_eq!(look(&policy, place), 400, "{place}");
        call(&policy, &format!("/mark/{place}")).expect("it may");
        assert_eq!(look(&policy, place), 409, "{place}");
        assert!(call(&policy, "/hostile/panic").is_err(), "which ends the instance");
    }
}

#[test]
fn no_mark_is_left_anywhere() {
    for filler in [0, 0xa5] {
        let policy = hostile_policy(filler, "rewound");
        for place in PLACES {
            for times in 0..5 {
                // It may trap, where it writes over what it needs itself.
                let marked = call(&policy, &format!("/mark/{place}"));
                assert!(marked.is_ok() || place == "everywhere", "{place}: {marked:?}");
                assert_eq!(look(&policy, place), 400, "{place}, {times}");
            }
        }
        // In any order, with all pages known that it ever wrote to.
        for turn in 0..200 {
            let _ = call(&policy, &format!("/mark/{}", PLACES[turn * 7 % PLACES.len()]));
            assert_eq!(look(&policy, PLACES[turn * 5 % PLACES.len()]), 400, "{turn}");
        }
    }
}

#[test]
fn an_instance_has_seen_no_call_before() {
    let policy = hostile_policy(0xa5, "rewound");
    for path in
        ["count", "panic", "count", "recursion", "memory", "count", "loop", "status", "flood", "growth", "count"]
    {
        let outcome = call(&policy, &format!("/hostile/{path}"));
        match (path, outcome) {
            ("count", Ok(Outcome::Deny(denial))) => assert_eq!(denial.status, 401),
            ("growth", Ok(Outcome::Allow(_))) | ("panic" | "recursion", Err(EvaluateError::Trap(_))) => {}
            ("memory", Err(EvaluateError::Memory)) | ("loop", Err(EvaluateError::Deadline)) => {}
            ("status" | "flood", Err(EvaluateError::Outcome(_))) => {}
            (path, other) => panic!("{path}: {other:?}"),
        }
    }
}

#[test]
fn code_that_the_release_has_not_compiled_gets_fresh_instances() {
    let (component, native) = hostile();
    let mut memory = vec![0; MEMORY as usize];
    for (address, bytes) in Parts::of(component).expect("it has a memory").image {
        memory[usize::try_from(address).expect("it fits")..][..bytes.len()].copy_from_slice(bytes);
    }
    // It offers all that an engine offers.
    let offers = engine_with(component, &memory).expect("it is a component");
    for (bytes, native, rewound) in [(component, native, true), (component, &[][..], false), (&offers, native, false)] {
        let engine = Engine::new(EngineConfig { native, concurrency: 4, ..EngineConfig::default() });
        let policy = Policy::from_bytes(&engine.expect("it starts"), bytes).expect("it loads");
        let policy = policy.with_isolation(Isolation::Rewound);
        assert_eq!(policy.not_rewound(), rewound.then(NotRewound::default));
    }
}

/// The default policy, once with instances that are put back and once with fresh ones.
fn default_policies() -> [Policy; 2] {
    // What is tested here is not how soon verdicts come.
    let evaluation = EvaluationLimits { time: std::time::Duration::from_secs(60), ..EvaluationLimits::default() };
    ["rewound", "fresh"].map(|isolation| {
        let engine = Engine::new(EngineConfig { filler: 0xa5, evaluation, ..EngineConfig::default() });
        let policy = Policy::from_bytes(&engine.expect("it starts"), default_component()).expect("it loads");
        policy.with_isolation(isolation.parse().expect("it is an isolation"))
    })
}

/// The process would end at a write of the host's to where it may not write.
#[test]
fn no_size_of_body_or_facts_ends_the_process() {
    let [rewound, fresh] = default_policies();
    let fields = [("version", "2.0.0"), ("accept", "application/json"), ("content-type", "application/json")];
    let id = "6fc3539c-e602-4afa-8e13-962fb5a7d81f";
    let limit = rewound.body_limit();
    for size in (0..limit + 4096).step_by(4096) {
        let target = format!("/vnflcm/v2/vnf_instances/{id}/instantiate");
        let text = "x".repeat(size.saturating_sub(60));
        let body = format!(r#"{{"flavourId":"f","additionalParams":{{"text":"{text}"}}}}"#);
        let request = Request {
            method: "POST",
            target: &target,
            fields: &fields,
            body: body.as_bytes(),
            body_complete: size <= limit,
        };
        let given = rewound.evaluate(&request, &Context::default()).expect("it comes to a verdict");
        assert_eq!(given, fresh.evaluate(&request, &Context::default()).expect("as well"), "{size}");

        let target = format!("/vnflcm/v2/vnf_instances/{id}/terminate");
        let instance = format!(r#"{{"id":"{id}","instantiationState":"INSTANTIATED","vnfInstanceName":"{text}"}}"#);
        let found = |body| FactAnswer::Found { etag: None, body };
        let facts = [("vnfInstance", found(instance.as_bytes())), ("openOps", found(&b"[]"[..]))];
        let request = Request {
            method: "POST",
            target: &target,
            fields: &fields,
            body: br#"{"terminationType":"FORCEFUL"}"#,
            body_complete: true,
        };
        let context = Context { facts: &facts, ..Context::default() };
        let given = rewound.evaluate(&request, &context).expect("it comes to a verdict");
        assert_eq!(given, fresh.evaluate(&request, &context).expect("as well"), "{size}");
    }
}

/// The same in a program of its own.
#[test]
fn no_size_of_body_ends_a_door() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.wasm");
    std::fs::write(&policy, default_component()).expect("it is written");
    let vnfm = Vnfm::start();
    let (url, id) = (vnfm.url(), "6fc3539c-e602-4afa-8e13-962fb5a7d81f");
    vnfm.instance(id, "NOT_INSTANTIATED", &serde_json::json!([]));
    let mut door = Door::open("serve", &url, folder.path(), &policy, &["--isolation", "rewound"]);
    let target = format!("/vnflcm/v2/vnf_instances/{id}/instantiate");
    for size in (0..(1 << 20)).step_by(16 << 10) {
        let text = "x".repeat(size);
        let body = format!(r#"{{"flavourId":"f","additionalParams":{{"text":"{text}"}}}}"#);
        let answer = send(door.address, &message("POST", &target, &minimal::HEAD, &body));
        assert!(answer.status < 500, "{size}: {}", answer.status);
        assert!(door.server.is_running(), "{size}: {}", door.server.said());
    }
}
