//! Policies that are looked at and cannot be changed.

use std::path::Path;

use serde_json::{Value, json};
use solgate_tests::artifact;
use solgate_tests::process::solgate;

use crate::bench::{Bench, bundle, printed};

#[test]
fn a_file_is_shown_and_not_changed() {
    let (home, folder) = bundle();
    let file = home.path().join("my-policy.wasm");
    printed(solgate().arg("build").arg(&folder).arg("-o").arg(&file));
    let bench = Bench::open(&[&file]);
    let shown = bench.get("/api/workbench").json();
    assert_eq!((&shown["kind"], &shown["readOnly"], &shown["bundle"]), (&json!("file"), &json!(true), &json!(true)));
    assert_eq!(shown["name"], "my-policy");
    assert_eq!(shown["files"], json!([{ "path": "tests/terminate.yaml", "section": "cases", "readOnly": true }]));
    let text = bench.text("tests/terminate.yaml");
    assert_eq!(text, std::fs::read_to_string(folder.join("tests/terminate.yaml")).expect("it is there"));
    let saved = bench.ask("PUT", "/api/files/tests/terminate.yaml", &json!({ "text": "", "was": text }));
    assert_eq!(saved.status, 403);

    let cases = bench.post("cases", &json!({}));
    assert_eq!((&cases["passed"], &cases["failed"]), (&json!(8), &json!(0)));
    assert!(cases["coverage"]["percent"].as_f64().is_some_and(|percent| percent > 90.0), "{cases}");
    let book = bench.post("book", &json!({}));
    assert_eq!(book["markdown"].as_str(), Some(printed(solgate().arg("docs").arg(&folder)).as_str()));
    let question = bench.post("example", &json!({ "file": "tests/terminate.yaml", "name": "two hours are too long" }));
    let judged = bench.post("judge", &question);
    assert_eq!((&judged["status"], &judged["explanation"]["deniedIn"]), (&json!(400), &json!("body")));
    let exported = bench.ask("POST", "/api/export", &json!({}));
    assert!(exported.body == std::fs::read(&file).expect("it is there"));
}

#[test]
fn a_built_in_policy_is_opened_by_its_name() {
    let bench = Bench::open(&[Path::new("vnflcm-v2")]);
    let shown = bench.get("/api/workbench").json();
    assert_eq!((&shown["name"], &shown["kind"]), (&json!("vnflcm-v2"), &json!("file")));
    let states = bench.post("states", &json!({}));
    let members: Vec<&Value> = states["facts"].as_array().expect("facts").iter().map(|fact| &fact["member"]).collect();
    assert!(
        members.contains(&&json!("operationState")) && members.contains(&&json!("instantiationState")),
        "{members:?}"
    );
}

#[test]
fn a_policy_in_another_language_shows_its_verdicts_and_not_its_rules() {
    let (home, _) = bundle();
    let module = std::fs::read(artifact("hostile.wasm")).expect("it is readable");
    let file = home.path().join("other.wasm");
    std::fs::write(&file, solgate_bundle::bake::encode(&module).expect("it is a component")).expect("it is written");
    let bench = Bench::open(&[&file]);
    let shown = bench.get("/api/workbench").json();
    assert_eq!((&shown["bundle"], &shown["kind"]), (&json!(false), &json!("file")));
    for name in ["book", "states"] {
        let answer = bench.ask("POST", &format!("/api/{name}"), &json!({}));
        assert_eq!(answer.status, 422, "{name}");
        assert!(answer.json()["detail"].as_str().expect("words").contains("does not carry the bundle"), "{name}");
    }
    let judged = bench.post("judge", &json!({ "request": { "method": "GET", "target": "/hostile/anything" } }));
    assert_eq!(judged["explanation"], Value::Null);
    assert_eq!(judged["verdict"], "allow", "{judged}");
}
