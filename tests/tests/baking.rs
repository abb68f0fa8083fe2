//! What `solgate build` makes: a component that imports nothing, the same bytes
//! for the same bundle wherever it lies.

use std::path::Path;

use solgate::policy::Policy;
use solgate_tests::process::solgate;
use solgate_tests::{default_component, engine, workspace};
use wasmtime::component::Component;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("it is created");
    for entry in std::fs::read_dir(from).expect("it is readable") {
        let entry = entry.expect("it is readable");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("it is copied");
        }
    }
}

fn build(bundle: &Path, output: &Path, more: &[&str]) -> Vec<u8> {
    let done = solgate().arg("build").arg(bundle).arg("-o").arg(output).args(more).output().expect("it runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    std::fs::read(output).expect("it is written")
}

#[test]
fn a_policy_imports_nothing_and_exports_the_contract() {
    let wasmtime = wasmtime::Engine::default();
    let component = Component::from_binary(&wasmtime, default_component()).expect("it is a component");
    let listed = component.component_type();
    assert_eq!(listed.imports(&wasmtime).map(|(name, _)| name.to_owned()).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(
        listed.exports(&wasmtime).map(|(name, _)| name.to_owned()).collect::<Vec<_>>(),
        ["solgate:policy/judge@1.0.0"]
    );
}

#[test]
fn the_same_bundle_gives_the_same_bytes_from_two_folders() {
    let home = tempfile::tempdir().expect("a folder");
    let source = workspace().join("policies/vnflcm-v2");
    let (one, two) = (home.path().join("one"), home.path().join("a/longer/way/two"));
    copy(&source, &one);
    copy(&source, &two);
    let first = build(&one, &home.path().join("1.wasm"), &[]);
    let second = build(&two, &home.path().join("2.wasm"), &[]);
    assert!(first == second, "{} and {} bytes", first.len(), second.len());
    assert!(first == default_component(), "not what the binary embeds");

    let strict = build(&one, &home.path().join("strict.wasm"), &["--set", "strict=true"]);
    assert!(strict != first, "--set changes nothing");
    let manifest = Policy::from_bytes(engine(), &strict).expect("it loads").manifest().clone();
    assert_eq!(manifest.options["strict"].default, serde_json::json!(true));
}
