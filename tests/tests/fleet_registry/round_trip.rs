//! A policy goes into a registry, and comes out of it.

use serde_json::Value;
use solgate_tests::registry::Registry;

use super::desk::{Desk, policies};

const CHECKED: &str = "DELETE /vnflcm/v2/vnf_instances/i HTTP/1.1\r\nVersion: 2.0.0\r\n\r\n";

/// The same wherever the registry is.
pub fn goes_there_and_back(desk: &Desk) {
    desk.good(&["sign", "first.wasm", "--key", "team.key", "--version", "3"]);
    let digest = desk.push("first.wasm", "team/policy:1.0.0", &["--tag", "stable"]);
    // However often, and with the time that is asked for.
    assert_eq!(desk.push("first.wasm", "team/policy:again", &[]), digest);
    assert_ne!(desk.push("first.wasm", "team/policy:later", &["--created", "2026-01-31T12:00:00Z"]), digest);

    let (stable, exact) = (desk.name("team/policy:stable"), desk.name(&format!("team/policy@{digest}")));
    for name in [&stable, &exact] {
        desk.good(&["pull", name, "-o", "back.wasm", "--public-key", "team.key.pub"]);
        assert_eq!(std::fs::read(desk.path("back.wasm")).expect("it is there"), policies().first);
        desk.good(&["verify", "back.wasm", "--public-key", "team.key.pub", "--least-version", "3"]);
        std::fs::remove_file(desk.path("back.wasm.sig")).expect("it is there");
    }
    let refused = desk.bad(1, &["pull", &stable, "-o", "none.wasm", "--public-key", "other.key.pub"]);
    assert!(refused.contains("which is none of other.key.pub"), "{refused}");
    assert!(!desk.path("none.wasm").exists());

    // Wherever a policy can be named.
    std::fs::write(desk.path("request.http"), CHECKED).expect("it is written");
    let by_file = desk.run(&["check", "request.http", "--policy", "first.wasm", "--format", "json"]);
    let by_name = desk.run(&["check", "request.http", "--policy", &stable, "--format", "json"]);
    assert_eq!((by_name.status, by_name.stdout), (by_file.status, by_file.stdout));
    desk.good(&["verify", &stable, "--public-key", "team.key.pub", "--least-version", "3"]);
    desk.bad(1, &["verify", &stable, "--public-key", "other.key.pub"]);
    desk.bad(1, &["verify", &stable, "--public-key", "team.key.pub", "--least-version", "4"]);
    assert!(desk.good(&["test", &stable]).contains("passed"));
    let inspected: Value = serde_json::from_str(&desk.good(&["inspect", &exact, "--format", "json"])).expect("JSON");
    assert_eq!(inspected["policy"]["name"], "my-policy");

    // Another tag is another name of the same.
    let promoted = desk.good(&["tag", &desk.name("team/policy:later"), "stable", "--format", "json"]);
    assert!(!promoted.contains(&digest), "{promoted}");
    let back = desk.good(&["tag", &desk.name("team/policy:1.0.0"), "stable", "--format", "json"]);
    assert!(back.contains(&digest), "{back}");
    let missing = desk.bad(2, &["tag", &desk.name("team/policy:2.0.0"), "stable"]);
    assert!(missing.contains("team/policy:2.0.0 is not there"), "{missing}");
}

#[test]
fn a_policy_goes_into_a_registry_and_back() {
    let registry = Registry::start();
    let desk = Desk::new(&registry.address.to_string());
    goes_there_and_back(&desk);

    // As the layout of the CNCF has it.
    let manifest: Value = serde_json::from_slice(&registry.content("/v2/team/policy/manifests/1.0.0")).expect("JSON");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.wasm.config.v0+json");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(manifest["annotations"]["org.opencontainers.image.title"], "my-policy");
    let config = manifest["config"]["digest"].as_str().expect("a digest");
    let config = registry.content(&format!("/v2/team/policy/blobs/{config}"));
    let config: Value = serde_json::from_slice(&config).expect("JSON");
    assert_eq!((&config["created"], &config["architecture"]), (&"1970-01-01T00:00:00Z".into(), &"wasm".into()));
    assert_eq!(config["layerDigests"][0], manifest["layers"][0]["digest"]);
    assert_eq!(config["component"]["imports"], Value::Array(Vec::new()));
    let date = desk
        .command()
        .args(["push", "first.wasm", &registry.name("dated:1")])
        .env("SOURCE_DATE_EPOCH", "86400")
        .status();
    assert!(date.expect("it runs").success());
    let manifest: Value = serde_json::from_slice(&registry.content("/v2/dated/manifests/1")).expect("JSON");
    let config = manifest["config"]["digest"].as_str().expect("a digest");
    let config = String::from_utf8(registry.content(&format!("/v2/dated/blobs/{config}"))).expect("text");
    assert!(config.contains("1970-01-02T00:00:00Z"), "{config}");

    // Only a policy is stored, and only under a tag.
    std::fs::write(desk.path("text.wasm"), "text").expect("it is written");
    desk.bad(2, &["push", "text.wasm", &registry.name("a:b")]);
    desk.bad(2, &["push", "first.wasm", &registry.name(&format!("a@sha256:{}", "0".repeat(64)))]);
}

#[test]
fn what_belongs_to_a_policy_is_attached_to_it() {
    let registry = Registry::start();
    let desk = Desk::new(&registry.address.to_string());
    desk.good(&["sign", "first.wasm", "--key", "team.key"]);
    std::fs::write(desk.path("sbom.json"), r#"{"bomFormat": "CycloneDX"}"#).expect("it is written");
    let more = ["--sbom", "sbom.json", "--format", "json"];
    let pushed = desk.good(&[&["push", "first.wasm", &registry.name("p:1")][..], &more].concat());
    let pushed: Value = serde_json::from_str(&pushed).expect("JSON");
    let types: Vec<&str> =
        pushed["attached"].as_array().expect("a list").iter().filter_map(|one| one["artifactType"].as_str()).collect();
    let expected = [
        "application/vnd.solgate.policy.signature.v1",
        "application/vnd.solgate.policy.cases.v1+yaml",
        "application/vnd.solgate.policy.rule-book.v1+markdown",
        "application/vnd.cyclonedx+json",
    ];
    assert_eq!(types, expected);
    for one in pushed["attached"].as_array().expect("a list") {
        let manifest = registry.content(&format!("/v2/p/manifests/{}", one["digest"].as_str().expect("a digest")));
        let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
        assert_eq!(manifest["subject"]["digest"], pushed["digest"]);
    }
}

#[test]
fn who_asks_says_who_it_is() {
    let registry = Registry::with_user("gate:secret-of-the-gate");
    let desk = Desk::new(&registry.address.to_string());
    let name = registry.name("p:1");
    let denied = desk.bad(2, &["push", "first.wasm", &name]);
    assert!(denied.contains("access is denied"), "{denied}");
    let auth = data_encoding::BASE64.encode(b"gate:secret-of-the-gate");
    let file = format!(r#"{{"auths": {{"{}": {{"auth": "{auth}"}}}}}}"#, registry.address);
    std::fs::create_dir(desk.path(".docker")).expect("it is made");
    std::fs::write(desk.path(".docker/config.json"), file).expect("it is written");
    desk.good(&["push", "first.wasm", &name]);
    let mut wrong = desk.command();
    wrong.args(["pull", &name, "-o", "p.wasm"]);
    wrong.env("SOLGATE_REGISTRY_USERNAME", "gate").env("SOLGATE_REGISTRY_PASSWORD", "wrong-password");
    let wrong = wrong.output().expect("it runs");
    let said = String::from_utf8_lossy(&wrong.stderr);
    assert_eq!(wrong.status.code(), Some(2), "{said}");
    assert!(said.contains("access is denied") && !said.contains("wrong-password"), "{said}");
    desk.good(&["pull", &name, "-o", "p.wasm"]);
}
