//! `solgate diff`: in what two policies differ, and what they judge differently.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use solgate_tests::process::solgate;
use solgate_tests::{copy_folder, workspace};

const CASES: &str = "\
bases:
  plain:
    method: POST
    path: /vnf_instances/a/terminate
    headers: { Version: 2.0.0, Accept: application/json, Content-Type: application/json }
    body: { terminationType: FORCEFUL }
    facts: { vnfInstance: { id: a, instantiationState: INSTANTIATED }, openOps: [] }
cases:
  - { name: by force, base: plain, expect: allow }
  - { name: with a timeout, base: plain, set: { /body/gracefulTerminationTimeout: 1 }, expect: { allow: true, warns: [terminate.timeout.only-graceful] } }
  - { name: of a kind that is not known, base: plain, set: { /body/terminationType: GENTLE }, expect: { status: 400 } }
";

/// Two copies of the smallest bundle, each with cases.
struct Pair(tempfile::TempDir);

impl Pair {
    fn new() -> Self {
        let pair = Self(tempfile::tempdir().expect("a folder"));
        for name in ["a", "b"] {
            copy_folder(&workspace().join("host/bundle/tests/bundles/minimal"), &pair.at(name));
            fs::create_dir(pair.at(name).join("tests")).expect("it is made");
            fs::write(pair.at(name).join("tests/a.yaml"), CASES).expect("it is written");
        }
        pair
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces a part of a file of the second.
    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.at("b").join(file);
        let text = fs::read_to_string(&path).expect("it is there");
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replacen(from, to, 1)).expect("it is written");
    }

    fn diff(&self) -> (i32, Value) {
        diff(&self.at("a"), &self.at("b"))
    }
}

fn diff(before: &Path, after: &Path) -> (i32, Value) {
    let output = solgate().arg("diff").args([before, after]).args(["--format", "json"]).output().expect("it runs");
    let code = output.status.code().expect("a status");
    assert!(code < 2, "{output:?}");
    (code, serde_json::from_slice(&output.stdout).expect("JSON"))
}

/// Part, name, kind, and the members with both values, of each change.
fn changes(found: &Value) -> Vec<String> {
    let member = |one: &Value| format!("{}: {} -> {}", one["name"].as_str().unwrap_or_default(), one["was"], one["is"]);
    let change = |one: &Value| {
        let members: Vec<String> = one["members"].as_array().expect("a list").iter().map(member).collect();
        let text = |name: &str| one[name].as_str().expect("text").to_owned();
        let members = if text("kind") == "changed" { members.join("; ") } else { String::new() };
        format!("{} {} {} [{members}]", text("part"), text("name"), text("kind"))
    };
    found["changes"].as_array().expect("a list").iter().map(change).collect()
}

#[test]
fn the_same_is_the_same() {
    let pair = Pair::new();
    let (code, found) = pair.diff();
    assert_eq!((code, &found["same"], changes(&found)), (0, &Value::Bool(true), Vec::new()));
    assert_eq!(found["cases"]["judged"], 3, "each is put once");
    // Words judge nothing.
    pair.change("rules/body.yaml", "terminationType is missing", "There is no terminationType");
    let (code, found) = pair.diff();
    let expected = "rule terminate.type.required changed [title: \"terminationType is missing\" -> \"There is no terminationType\"]";
    assert_eq!((code, changes(&found)), (0, vec![expected.to_owned()]));
}

#[test]
fn each_kind_of_change_is_named() {
    let pair = Pair::new();
    pair.change("rules/body.yaml", "{ default: warn, strict: deny }", "deny");
    pair.change("rules/state.yaml", "instantiationState == 'INSTANTIATED'", "instantiationState != 'NOT_INSTANTIATED'");
    pair.change("rules/state.yaml", "- id: access.role", "- id: access.any-role");
    pair.change("openapi.yaml", "enum: [FORCEFUL, GRACEFUL]", "enum: [GENTLE, FORCEFUL]");
    pair.change("openapi.yaml", "minimum: 0", "minimum: 1");
    pair.change("policy.yaml", "strict: { type: boolean, default: false", "strict: { type: boolean, default: true");
    pair.change(
        "policy.yaml",
        "members: [id, operation, operationState]",
        "members: [id, operation, operationState, startTime]",
    );
    let (code, found) = pair.diff();
    assert_eq!(code, 1);
    let shown = changes(&found).join("\n");
    for expected in [
        "rule access.role removed",
        "rule access.any-role added",
        "rule terminate.timeout.only-graceful changed [severity: ",
        "rule terminate.state.instantiated changed [require: ",
        "schema TerminateVnfRequest/terminationType changed [enum: [\"GRACEFUL\"] -> [\"GENTLE\"]]",
        "schema TerminateVnfRequest/gracefulTerminationTimeout changed [minimum: 0 -> 1]",
        "option strict changed [default: false -> true]",
        "fact opOcc changed [members: ",
    ] {
        assert!(shown.contains(expected), "{expected} is not in\n{shown}");
    }
    let differing = found["cases"]["differing"].as_array().expect("a list");
    let names: Vec<_> = differing.iter().map(|one| one["name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["with a timeout", "of a kind that is not known"]);
    assert_eq!(differing[0]["before"]["findings"][0], "warn terminate.timeout.only-graceful");
    assert_eq!(differing[0]["after"]["status"], 400);
    assert_eq!(differing[1]["before"]["rules"][0], "terminate.type.enum");
    assert!(differing[1]["after"].get("status").is_none(), "{differing:?}");
}

#[test]
fn a_case_that_one_cannot_judge_is_a_difference() {
    let pair = Pair::new();
    // It asks for a fact that the cases do not give.
    pair.change("rules/state.yaml", "exists: vnfInstance", "exists: other");
    pair.change(
        "policy.yaml",
        "facts:\n",
        "facts:\n  other:\n    get: /vnf_instances/{vnfInstanceId}\n    members: [id]\n",
    );
    fs::remove_dir_all(pair.at("b").join("tests")).expect("it is removed");
    let (code, found) = pair.diff();
    assert_eq!(code, 1);
    let reason = found["cases"]["differing"][0]["after"]["noVerdict"].as_str().expect("a reason");
    assert!(reason.contains("`other`"), "{reason}");
}

#[test]
fn a_file_is_compared_with_a_folder() {
    let pair = Pair::new();
    let file = pair.at("a.wasm");
    let built = solgate().arg("build").arg(pair.at("a")).arg("-o").arg(&file).output().expect("it runs");
    assert!(built.status.success(), "{built:?}");
    assert_eq!(diff(&file, &pair.at("b")).0, 0);
    pair.change("rules/body.yaml", "{ default: warn, strict: deny }", "deny");
    assert_eq!(diff(&pair.at("b"), &file).0, 1);
}

#[test]
fn what_cannot_be_read_is_said() {
    let pair = Pair::new();
    fs::write(pair.at("a.wasm"), "nonsense").expect("it is written");
    pair.change("rules/state.yaml", "- id: body.size", "- idd: body.size");
    for (before, after) in [("a", "b"), ("a", "nothing"), ("a.wasm", "a")] {
        let output = solgate().arg("diff").args([pair.at(before), pair.at(after)]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert!(!output.stderr.is_empty() && output.stdout.is_empty(), "{output:?}");
    }
}
