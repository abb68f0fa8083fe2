//! How many evaluations an instance serves, and when it ends before that.

use std::num::NonZeroU32;

use solgate::policy::{Engine, EngineConfig, EvaluateError, Isolation, PageMap, Policy};
use solgate_engine::verdict::{Context, Outcome, Request};
use solgate_tests::artifact;
use solgate_tests::minimal::{self, Door};

fn engine(concurrency: u32) -> Engine {
    Engine::new(EngineConfig { concurrency, ..EngineConfig::default() }).expect("it starts")
}

fn policy(engine: &Engine, isolation: &str) -> Policy {
    let module = std::fs::read(artifact("hostile.wasm")).expect("it is readable");
    let component = solgate_bundle::bake::encode(&module).expect("it is a component");
    let isolation = isolation.parse().expect("it is an isolation");
    Policy::from_bytes(engine, &component).expect("it loads").with_isolation(isolation)
}

fn call(policy: &Policy, path: &str) -> Result<Outcome, EvaluateError> {
    let target = format!("/hostile/{path}");
    let request = Request { method: "GET", target: &target, fields: &[], body: b"", body_complete: true };
    policy.evaluate(&request, &Context::default())
}

/// How many calls the instance has seen with this one.
fn count(policy: &Policy) -> u16 {
    match call(policy, "count") {
        Ok(Outcome::Deny(denial)) => denial.status - 400,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_instance_serves_as_many_calls_as_the_isolation_says() {
    let engine = engine(4);
    for (isolation, seen) in
        [("fresh", [1, 1, 1, 1, 1]), ("recycle:1", [1, 1, 1, 1, 1]), ("recycle:3", [1, 2, 3, 1, 2])]
    {
        let policy = policy(&engine, isolation);
        assert_eq!([(); 5].map(|()| count(&policy)), seen, "{isolation}");
    }
}

#[test]
fn one_that_failed_or_has_grown_is_never_used_again() {
    let engine = engine(4);
    let policy = policy(&engine, "recycle:100");
    for path in ["panic", "recursion", "memory", "loop", "status", "growth"] {
        assert_eq!((count(&policy), count(&policy)), (1, 2), "before {path}");
        assert_eq!(call(&policy, path).is_ok(), path == "growth", "{path}");
        assert_eq!(count(&policy), 1, "after {path}");
        // Ends the instance.
        assert!(call(&policy, "panic").is_err());
    }
}

#[test]
fn one_that_waits_makes_room_for_another_policy() {
    let engine = engine(1);
    let (first, second) = (policy(&engine, "recycle:100"), policy(&engine, "recycle:100"));
    assert_eq!((count(&first), count(&first)), (1, 2));
    assert_eq!((count(&second), count(&second)), (1, 2));
    assert_eq!(count(&first), 1);
    drop(first);
    assert_eq!(count(&second), 1);
}

#[test]
fn isolations_are_written_as_they_are_read() {
    for text in ["fresh", "rewound", "recycle:1", "recycle:64", "recycle:4294967295"] {
        assert_eq!(text.parse::<Isolation>().map(|isolation| isolation.to_string()).as_deref(), Ok(text));
    }
    assert_eq!("recycle:64".parse(), Ok(Isolation::Recycle(NonZeroU32::new(64).expect("it is not 0"))));
    for text in
        ["", "Fresh", "rewound:1", "recycle", "recycle:", "recycle:0", "recycle:-1", "recycle:+1", "recycle:4294967296"]
    {
        let error = text.parse::<Isolation>().expect_err(text);
        assert!(error.to_string().contains("recycle:64"), "{error}");
    }
}

#[test]
fn every_door_says_at_its_start_how_memory_is_reset() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.wasm");
    std::fs::write(&policy, minimal::policy(&[])).expect("it is written");
    let expected = format!("solgate: isolation: {}", engine(1).memory_reset());
    for door in ["serve", "ext-authz", "forward-auth"] {
        let door = Door::open(door, "http://127.0.0.1:9", folder.path(), &policy, &[]);
        let said = door.server.said_with(&expected);
        assert_eq!(said.lines().filter(|line| *line == expected).count(), 1, "{expected:?} in {said}");
    }
}

#[test]
fn memory_is_reset_in_whole_where_the_engine_is_told_so() {
    let config = EngineConfig { concurrency: 1, page_map: PageMap::Never, ..EngineConfig::default() };
    let engine = Engine::new(config).expect("it starts");
    assert!(!engine.memory_reset().uses_page_map());
    let policy = policy(&engine, "fresh");
    assert_eq!([(); 3].map(|()| count(&policy)), [1, 1, 1]);
}
