//! Files that are edited: saved, compiled, completed and explained.

use serde_json::{Value, json};

use crate::bench::{Bench, bundle, printed};
use solgate_tests::process::solgate;

const RULES: &str = "rules/terminate.yaml";

#[test]
fn a_file_is_saved_unless_somebody_else_has_changed_it() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let was = bench.text(RULES);
    let new = format!("{was}# mine\n");
    let saved = bench.ask("PUT", &format!("/api/files/{RULES}"), &json!({ "text": new, "was": was }));
    assert_eq!((saved.status, saved.json()), (200, json!({ "path": RULES, "saved": true })));
    assert_eq!(std::fs::read_to_string(folder.join(RULES)).expect("it is there"), new);

    let theirs = format!("{new}# theirs\n");
    std::fs::write(folder.join(RULES), &theirs).expect("it is written");
    let refused = bench.ask("PUT", &format!("/api/files/{RULES}"), &json!({ "text": "lost", "was": new }));
    assert_eq!((refused.status, refused.json()["text"].as_str()), (409, Some(theirs.as_str())));
    assert_eq!(std::fs::read_to_string(folder.join(RULES)).expect("it is there"), theirs);

    let added = json!({ "text": "cases: []\n", "was": null });
    assert_eq!(bench.ask("PUT", "/api/files/tests/more%20cases.yaml", &added).status, 200);
    assert_eq!(bench.ask("PUT", "/api/files/tests/more%20cases.yaml", &added).status, 409);
    let listed = bench.get("/api/workbench").json();
    let new = listed["files"].as_array().expect("files").iter().find(|file| file["path"] == "tests/more cases.yaml");
    assert_eq!(new.expect("it is listed")["section"], "cases");
}

#[test]
fn a_slip_is_shown_where_it_is_and_gone_when_it_is_mended() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    assert_eq!(bench.get("/api/workbench").json()["path"], json!(folder.canonicalize().expect("it is there")));
    let good = bench.post("compile", &json!({}));
    assert_eq!((&good["ok"], &good["diagnostics"]), (&json!(true), &json!([])));
    assert_eq!(good["places"]["terminate.state"]["path"], RULES);

    // Behind a character of two UTF-16 units.
    let files = bench.edited(RULES, "  require: vnfInstance.inst", "  require: \"'\u{1f600}' == '' || vnfInstanc.inst");
    let text = files[RULES].as_str().expect("a text").replacen("'INSTANTIATED'\n", "'INSTANTIATED'\"\n", 1);
    let files = json!({ RULES: text });
    let found = bench.post("compile", &json!({ "files": files, "page": "one" }));
    assert_eq!((&found["ok"], &found["digest"]), (&json!(false), &Value::Null));
    let diagnostic = &found["diagnostics"][0];
    let line = text.lines().position(|line| line.contains("vnfInstanc.inst")).expect("it has the line");
    let before = text.lines().nth(line).and_then(|line| line.split("vnfInstanc.inst").next()).expect("a start");
    let character = before.encode_utf16().count();
    assert_eq!(diagnostic["path"], RULES);
    assert_eq!(diagnostic["severity"], "error");
    assert_eq!(diagnostic["range"]["start"], json!({ "line": line, "character": character }), "{diagnostic}");
    assert!(diagnostic["message"].as_str().expect("a text").contains("vnfInstanc"), "{diagnostic}");
    assert!(diagnostic["help"].as_str().expect("a text").contains("vnfInstance"), "{diagnostic}");

    // What needs a bundle says the same, and the files are as they were.
    for name in ["judge", "cases", "examples", "book", "states", "options", "export"] {
        let question = json!({ "files": files, "request": { "method": "GET", "target": "/" } });
        let question = if name == "judge" { question } else { json!({ "files": files }) };
        let answer = bench.ask("POST", &format!("/api/{name}"), &question);
        assert_eq!(answer.status, 422, "{name}");
        assert_eq!(answer.json()["diagnostics"], found["diagnostics"], "{name}");
    }
    assert_eq!(bench.post("compile", &json!({}))["digest"], good["digest"]);

    // As `solgate lint` says it, once it is saved.
    std::fs::write(folder.join(RULES), &text).expect("it is written");
    let lint = solgate().args(["lint", "--format", "json"]).arg(&folder).output().expect("it runs");
    let lint: Value = serde_json::from_slice(&lint.stdout).expect("it is JSON");
    let messages = |found: &Value| -> Vec<Value> {
        found.as_array().expect("a list").iter().map(|one| one["message"].clone()).collect()
    };
    assert_eq!(messages(&lint["diagnostics"]), messages(&found["diagnostics"]), "{lint}");
    let shown = bench.get("/api/workbench").json();
    assert_eq!((&shown["name"], &shown["digest"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_place_is_completed_and_explained() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let files = bench.edited(RULES, "== 'INSTANTIATED'\n", "== '\n");
    let text = files[RULES].as_str().expect("a text");
    let line = text.lines().position(|line| line.ends_with("== '")).expect("it has the line");
    let character = text.lines().nth(line).expect("it is there").len();
    let position = json!({ "line": line, "character": character });
    let items = bench.post("complete", &json!({ "files": files, "path": RULES, "position": position }));
    let labels: Vec<&str> =
        items["items"].as_array().expect("items").iter().filter_map(|item| item["label"].as_str()).collect();
    assert!(labels.contains(&"INSTANTIATED") && labels.contains(&"NOT_INSTANTIATED"), "{items}");
    assert_eq!(items["items"][0]["range"]["end"], position, "{items}");

    let original = bench.text(RULES);
    let line = original.lines().position(|line| line.contains("vnfInstance.instantiationState ==")).expect("a line");
    let at = original.lines().nth(line).and_then(|line| line.find("instantiationState")).expect("a place");
    let position = json!({ "line": line, "character": at + 2 });
    let hover = bench.post("hover", &json!({ "path": RULES, "position": position }));
    assert!(hover["markdown"].as_str().expect("words").contains("instantiationState"), "{hover}");
    assert_eq!(hover["range"]["start"], json!({ "line": line, "character": at }), "{hover}");
    let nothing = bench.post("hover", &json!({ "path": RULES, "position": { "line": 9999, "character": 0 } }));
    assert_eq!(nothing, json!({ "markdown": null, "range": null }));
}

#[test]
fn the_exported_file_is_the_one_that_is_built() {
    let (home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let exported = bench.ask("POST", "/api/export", &json!({}));
    assert_eq!((exported.status, exported.field("content-type")), (200, Some("application/wasm")));
    assert_eq!(exported.field("content-disposition"), Some("attachment; filename=\"my-policy-0.1.0.wasm\""));
    let built = home.path().join("built.wasm");
    let said = printed(solgate().args(["build", "--format", "json"]).arg(&folder).arg("-o").arg(&built));
    let said: Value = serde_json::from_str(&said).expect("it is JSON");
    assert_eq!(exported.field("x-solgate-digest"), said["digest"].as_str());
    assert!(exported.body == std::fs::read(built).expect("it is there"), "the bytes are not the same");
}
