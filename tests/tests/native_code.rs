//! Policies of a release need no compiler: their code is the engine's, which the
//! release has compiled, with the memory of each policy in it.

use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use solgate::policy::{Engine, EngineConfig, LoadError, NativeCode, Policy};
use solgate_bundle::bake::loadable_engine;
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_native::settings::{self, MEMORY, Machine};
use solgate_native::{NativeError, Parts, engine_with};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::{default_component, hostile_policy, minimal, workspace};

fn release() -> NativeCode {
    let [code] = EngineConfig::default().native else { panic!("not one machine") };
    *code
}

fn engine(native: &'static [NativeCode]) -> Engine {
    Engine::new(EngineConfig { native, ..EngineConfig::default() }).expect("it starts")
}

fn operator() -> Vec<u8> {
    let compiled = compile_dir(&workspace().join("policies/example-operator"), &BuildOptions::default());
    compiled.expect("it compiles").bake().expect("it is baked")
}

/// A value that lives as long as the process.
fn leaked(code: Vec<u8>) -> &'static [NativeCode] {
    Box::leak(Box::new([NativeCode::new(Box::leak(code.into_boxed_slice()))]))
}

#[test]
fn policies_of_the_release_are_loaded_without_a_compiler() {
    let engine = engine(EngineConfig::default().native);
    for (policy, name) in [
        (default_component().to_vec(), "vnflcm-v2"),
        (operator(), "example-operator"),
        (minimal::policy(&[]), "my-policy"),
    ] {
        let policy = Policy::from_bytes(&engine, &policy).expect("it loads");
        assert!(policy.id().name.contains(name), "{}", policy.id().name);
    }
    let bundle = solgate_bundle::bake::bundle_of(default_component()).expect("it carries its bundle");
    let json = serde_json::to_vec(&bundle).expect("it is plain data");
    Policy::from_bundle(&engine, &loadable_engine().expect("it is encoded"), json).expect("it loads");
    assert_eq!(engine.compilations(), 0);
}

/// What wasmtime compiles a component to, for the machine that the release is for.
fn compiled(component: &[u8]) -> Vec<u8> {
    let machine = Machine::of(std::env::consts::ARCH).expect("there is one");
    let engine = wasmtime::Engine::new(&machine.config().expect("it is known")).expect("it starts");
    engine.precompile_component(component).expect("it is compiled")
}

#[test]
fn the_code_with_a_memory_in_it_is_what_the_compiler_makes_of_both() {
    let here = wasmtime::Engine::new(&settings::config()).expect("it starts");
    let loadable = loadable_engine().expect("it is encoded");
    for policy in [default_component().to_vec(), loadable.clone()] {
        let parts = Parts::of(&policy).expect("it is of the release");
        let loaded = release().with(&parts).expect("it has the engine's code");
        let given = loaded.component(&here).expect("it fits").serialize().expect("it is native code");

        let mut memory = vec![0; MEMORY as usize];
        for (address, bytes) in &parts.image {
            let address = usize::try_from(*address).expect("it fits");
            memory[address..][..bytes.len()].copy_from_slice(bytes);
        }
        // wasmtime cuts zeros off at both ends, and keeps them where they stand between.
        assert_eq!((memory[0], memory[MEMORY as usize - 1]), (0, 0));
        memory[0] = 1;
        memory[MEMORY as usize - 1] = 1;
        let whole = compiled(&engine_with(&loadable, &memory).expect("it is a component"));
        assert_eq!(given.len(), whole.len());
        let differences: Vec<usize> = (0..given.len()).filter(|at| given[*at] != whole[*at]).collect();
        let [first, last] = differences[..] else { panic!("{} bytes differ", differences.len()) };
        assert_eq!(last - first, MEMORY as usize - 1, "both ends of the memory");
    }
}

/// What native code holds with these segments in its memory.
fn with(image: Vec<(u64, &[u8])>) -> Vec<u8> {
    let parts = Parts { image, ..Parts::of(default_component()).expect("it is of the release") };
    let here = wasmtime::Engine::new(&settings::config()).expect("it starts");
    let loaded = release().with(&parts).expect("it has the engine's code");
    loaded.component(&here).expect("it fits").serialize().expect("it is native code")
}

#[test]
fn segments_are_written_in_their_order() {
    let expected = with(vec![(0, b"zero"), (100, b"one"), (200, b"two"), (9000, b"nine")]);
    assert!(with(vec![(100, b"one"), (0, b"zero"), (200, b"two"), (9000, b"nine")]) == expected);
    assert!(with(vec![(9000, b"nine"), (200, b"two"), (100, b"one"), (0, b"zero")]) == expected);
    assert!(
        with(vec![(0, b"z"), (100, b"one"), (200, b"TWO"), (9000, b"nine"), (1, b"ero"), (200, b"two")]) == expected
    );
    assert!(with(vec![(0, b"zero"), (100, b"one"), (198, b"\0\0two"), (8999, b"\0nine"), (20_000, b"")]) == expected);
    assert!(with(vec![(0, b"zero"), (100, b"one"), (200, b"two")]) != expected);
}

#[test]
fn another_component_is_compiled() {
    let engine = engine(EngineConfig::default().native);
    let home = tempfile::tempdir().expect("a folder");
    let hostile = Policy::from_file(&engine, &hostile_policy(home.path())).expect("it loads");
    assert_eq!(hostile.manifest().name, "hostile");
    assert_eq!(engine.compilations(), 1);
}

/// The same policy with another number in its code: the stack begins 16 bytes lower.
fn with_another_stack() -> Vec<u8> {
    let stack = [0x7f, 0x01, 0x41, 0x80, 0x80, 0xc0, 0x00, 0x0b];
    let lower = [0x7f, 0x01, 0x41, 0xf0, 0xff, 0xbf, 0x00, 0x0b];
    let at = default_component().windows(stack.len()).position(|bytes| bytes == stack).expect("the stack pointer");
    let mut other = default_component().to_vec();
    other[at..][..lower.len()].copy_from_slice(&lower);
    other
}

#[test]
fn what_differs_in_more_than_its_memory_is_compiled() {
    let engine = engine(EngineConfig::default().native);
    Policy::from_bytes(&engine, &with_another_stack()).expect("it loads");
    assert_eq!(engine.compilations(), 1);
}

#[test]
fn a_policy_is_what_its_own_bytes_say() {
    let engine = engine(EngineConfig::default().native);
    let policy = Policy::from_bytes(&engine, default_component()).expect("it loads");
    let title = policy.manifest().rules[0].title.clone();
    // The bundle that it carries along comes last, and nobody believes it.
    let carried =
        default_component().windows(14).rposition(|bytes| bytes == b"solgate:bundle").expect("it carries its bundle");
    let other: String = title.chars().rev().collect();
    let mut changed = default_component().to_vec();
    let mut found = 0;
    for at in 0..carried {
        if changed[at..].starts_with(title.as_bytes()) {
            changed[at..][..other.len()].copy_from_slice(other.as_bytes());
            found += 1;
        }
    }
    assert!(found > 0, "{title}");
    let changed = Policy::from_bytes(&engine, &changed).expect("it loads");
    assert_eq!(changed.manifest().rules[0].title, other);
    assert_ne!(changed.component_digest(), policy.component_digest());
    assert_eq!(engine.compilations(), 0);
}

#[test]
fn it_judges_as_if_it_had_been_compiled() {
    let native = engine(EngineConfig::default().native);
    let without = engine(&[]);
    let policies = [&native, &without].map(|engine| Policy::from_bytes(engine, default_component()).expect("it loads"));
    assert_eq!((native.compilations(), without.compilations()), (0, 1));
    let [given, compiled] = &policies;
    assert_eq!(given.id(), compiled.id());
    assert_eq!(given.component_digest(), compiled.component_digest());
    assert_eq!(given.memory_at_start(), compiled.memory_at_start());
    assert_eq!(format!("{:?}", given.manifest()), format!("{:?}", compiled.manifest()));
    let cases = solgate_cases::embedded(default_component(), &given.manifest().into()).expect("they are readable");
    assert!(cases.len() > 200, "{} cases", cases.len());
    for case in &cases {
        for policy in &policies {
            solgate_cases::run(policy, case).expect("it is judged");
        }
    }
}

#[test]
fn native_code_that_does_not_fit_is_not_used() {
    let mut config = settings::config();
    config.consume_fuel(true);
    let loadable = loadable_engine().expect("it is encoded");
    let other = solgate_native::make(&config, &loadable, default_component()).expect("it is compiled");
    let parts = Parts::of(default_component()).expect("it is of the release");
    for code in [&b""[..], b"something else", &other[..40], &other[..other.len() / 2], &other[..other.len() - 1]] {
        let error = leaked(code.to_vec())[0].with(&parts).expect_err("it is damaged");
        assert!(matches!(error, NativeError::Format(_) | NativeError::Packed(_)), "{} bytes: {error}", code.len());
    }
    let engine = engine(leaked(other));
    Policy::from_bytes(&engine, default_component()).expect("it loads");
    assert_eq!(engine.compilations(), 1);
}

#[test]
fn the_compiler_says_what_is_wrong_with_a_damaged_policy() {
    let engine = engine(EngineConfig::default().native);
    let cut = [0, 7, 100, default_component().len() / 2, default_component().len() - 1]
        .map(|length| default_component()[..length].to_vec());
    for policy in cut.into_iter().chain([[default_component(), b"more"].concat()]) {
        let error = Policy::from_bytes(&engine, &policy).expect_err("it is damaged");
        assert!(matches!(error, LoadError::NotAComponent(_)), "{} bytes: {error}", policy.len());
    }
}

fn is_empty(cache: &Path) -> bool {
    std::fs::read_dir(cache).map_or(true, |mut entries| entries.next().is_none())
}

#[test]
fn the_commands_leave_nothing_in_the_cache() {
    let home = tempfile::tempdir().expect("a folder");
    let cache = home.path().join("cache");
    let own = home.path().join("own.wasm");
    std::fs::write(&own, operator()).expect("it is written");
    let run = |arguments: &[&str], code: i32| {
        let done = solgate().args(arguments).current_dir(workspace()).env("SOLGATE_CACHE_DIR", &cache).output();
        let done = done.expect("it runs");
        assert_eq!(done.status.code(), Some(code), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(is_empty(&cache), "{arguments:?}");
    };
    let request = "docs/examples/terminate.http";
    run(&["check", request], 1);
    run(&["check", request, "--policy", own.to_str().expect("it is text")], 1);
    run(&["test", "policies/example-operator"], 0);

    serve(&cache, &own);
    assert!(is_empty(&cache));

    let hostile = hostile_policy(home.path());
    serve(&cache, &hostile);
    assert!(!is_empty(&cache), "what is compiled is kept");
}

/// Starts a gate with this policy, and ends it when it listens.
fn serve(cache: &Path, policy: &Path) {
    let address = free_address();
    let mut gate = solgate();
    gate.args(["serve", "--upstream", "http://127.0.0.1:9", "--listen", &address.to_string(), "--policy"]).arg(policy);
    let mut gate = gate.env("SOLGATE_CACHE_DIR", cache).stdout(Stdio::null()).spawn().expect("it starts");
    while TcpStream::connect(address).is_err() {
        assert!(gate.try_wait().expect("its state is known").is_none(), "it ended");
        std::thread::sleep(Duration::from_millis(10));
    }
    gate.kill().expect("it runs");
    gate.wait().expect("it ends");
}
