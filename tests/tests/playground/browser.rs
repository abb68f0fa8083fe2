//! The site in Node and in Chromium, as `make test-workbench` installs them: every verdict is the
//! library's, and people can use the page.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use solgate::policy::Policy;
use solgate_cases::{Case, NoVerdict, Ran, embedded};
use solgate_engine::verdict::{Denial, Finding, Location, Violation};
use solgate_tests::process::{binary, solgate};
use solgate_tests::{artifact, engine, minimal, workspace};

use super::site::Site;

/// A policy's file, and what the library says of its cases.
pub struct Judged {
    file: PathBuf,
    pub cases: Vec<Case>,
    verdicts: Vec<Value>,
    pub manifest: solgate::policy::Manifest,
}

impl Judged {
    pub fn by_the_library(file: PathBuf) -> Self {
        let component = std::fs::read(&file).expect("it is readable");
        let policy = Policy::from_bytes(engine(), &component).expect("it loads");
        let cases = embedded(&component, &policy.manifest().into()).expect("they are readable");
        let verdicts = cases.iter().map(|case| verdict(solgate_cases::run(&policy, case))).collect();
        Self { file, cases, verdicts, manifest: policy.manifest().clone() }
    }

    /// Has a program of tests/pages/playground judge the same cases.
    fn agrees_with(&self, judge: &str, site: &Site) {
        self.is_what_was_said(judge, &node(judge, &["--site", site.folder.to_str().expect("text")]));
    }

    /// Compares what such a program has printed.
    pub fn is_what_was_said(&self, judge: &str, said: &str) {
        let mut lines = said.lines().map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
        let about = lines.next().expect("it says what it took");
        assert_eq!(about["manifest"]["name"], self.manifest.name);
        assert_eq!(about["manifest"]["rules"].as_array().map(Vec::len), Some(self.manifest.rules.len()));
        let found: Vec<Value> = lines.map(without_time).collect();
        assert_eq!(found.len(), self.cases.len());
        let mut denied = 0;
        for ((case, expected), found) in self.cases.iter().zip(&self.verdicts).zip(&found) {
            assert_eq!(found, expected, "{} ({}:{}) by {judge}", case.name, case.file, case.line);
            denied += usize::from(expected["verdict"] == "deny");
        }
        let took = |member: &str| about[member].as_f64().expect("a number");
        println!(
            "{} {} by {judge}: {} verdicts are the library's, {denied} denials; first verdict after {:.0} ms, all in {:.0} ms",
            self.manifest.name,
            self.manifest.version,
            found.len(),
            took("firstVerdict"),
            took("all"),
        );
    }
}

/// Runs a program of tests/pages/playground; what it prints.
pub fn node(program: &str, arguments: &[&str]) -> String {
    let installed = workspace().join("target/pages/node_modules");
    assert!(installed.is_dir(), "{} is missing: run tests/pages/install.sh", installed.display());
    let ran = Command::new("node")
        .arg(workspace().join("tests/pages/playground").join(program))
        .args(arguments)
        .output()
        .expect("node runs");
    assert!(ran.status.success(), "{program} {arguments:?}\n{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).expect("text")
}

fn without_time(mut verdict: Value) -> Value {
    verdict.as_object_mut().expect("an object").remove("milliseconds");
    verdict
}

// ---- what the page says, of what the library says --------------------------------

fn verdict(ran: Result<(Ran, Vec<solgate_cases::Difference>), NoVerdict>) -> Value {
    let (ran, differences) = ran.expect("the cases of these policies come to a verdict");
    assert!(differences.is_empty(), "{differences:?}");
    match &ran.outcome {
        Ok(findings) => json!({
            "asked": ran.asked,
            "verdict": "allow",
            "findings": findings.iter().map(finding).collect::<Vec<_>>(),
            "differences": [],
        }),
        Err(denial) => {
            json!({ "asked": ran.asked, "verdict": "deny", "denial": self::denial(denial), "differences": [] })
        }
    }
}

fn denial(denial: &Denial) -> Value {
    let field = |(name, value): &(String, String)| json!({ "name": name, "value": value });
    json!({
        "status": denial.status,
        "rule": denial.rule,
        "title": denial.title,
        "detail": denial.detail,
        "violations": denial.violations.iter().map(violation).collect::<Vec<_>>(),
        "fields": denial.fields.iter().map(field).collect::<Vec<_>>(),
        "findings": denial.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> Value {
    json!({
        "severity": finding.severity.name(),
        "status": finding.status,
        "violation": violation(&finding.violation),
    })
}

fn violation(violation: &Violation) -> Value {
    let location = match &violation.location {
        Location::Request => json!({ "tag": "request" }),
        Location::Body(value) => json!({ "tag": "body", "value": value }),
        Location::Header(value) => json!({ "tag": "header", "value": value }),
        Location::Query(value) => json!({ "tag": "query", "value": value }),
        Location::Path(value) => json!({ "tag": "path", "value": value }),
    };
    json!({ "rule": violation.rule, "location": location, "detail": violation.detail, "clause": violation.clause })
}

// ---- the tests -------------------------------------------------------------------

/// The template for Rust, built as its page says. What it is built of is kept for the next run.
fn foreign(folder: &Path) -> PathBuf {
    let target = workspace().join("target/pages/rust");
    let does = |program: &Path, arguments: &[&str], folder: &Path| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).env("CARGO_TARGET_DIR", &target);
        let ran = command.output().expect("it runs");
        assert!(ran.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&ran.stderr));
    };
    let made = folder.join("my-policy");
    does(&binary(), &["new", "my-policy", "--template", "rust"], folder);
    // The versions that this workspace has fetched.
    std::fs::copy(workspace().join("Cargo.lock"), made.join("Cargo.lock")).expect("it is copied");
    let build = ["build", "--quiet", "--release", "--target", "wasm32-unknown-unknown"];
    does(Path::new("cargo"), &build, &made);
    let module = target.join("wasm32-unknown-unknown/release/policy.wasm");
    let module = module.to_str().expect("text");
    does(&binary(), &["build", module, "--cases", "tests", "-o", "my-policy.wasm"], &made);
    made.join("my-policy.wasm")
}

#[test]
#[ignore = "it needs Node and Chromium; make test-workbench"]
fn every_verdict_is_that_of_the_library() {
    let home = tempfile::tempdir().expect("a folder");
    let mut files: Vec<PathBuf> =
        ["vnflcm-v2.wasm", "vnflcm-v1.wasm", "nslcm-v2.wasm"].iter().map(|name| artifact(name)).collect();
    files.push(foreign(home.path()));
    let mut most = 0;
    for file in files {
        let judged = Judged::by_the_library(file);
        most = most.max(judged.cases.len());
        let site = Site::of(&judged.file);
        judged.agrees_with("judge-in-node.mjs", &site);
        judged.agrees_with("judge-in-browser.mjs", &site);
    }
    assert!(most > 700, "{most} cases");
}

#[test]
#[ignore = "it needs Node; make test-workbench"]
fn what_differs_from_the_expected_verdict_is_what_solgate_test_says() {
    let home = tempfile::tempdir().expect("a folder");
    let file = home.path().join("policy.wasm");
    // Every kind of expectation is wrong in one case.
    let wrong = "{ status: 409, rules: [terminate.state], pointers: [/other], header: Accept, parameter: filter, \
                 mentions: [nonsense], omits: [GENTLE], warns: [terminate.type], audits: [terminate.type], \
                 asks: [vnfInstance], fields: { allow: GET } }";
    let right = "{ status: 400, rules: [terminate.type], pointers: [/terminationType], asks: [] }";
    std::fs::write(&file, minimal::policy(&[(right, wrong)])).expect("it is written");
    let tested = solgate().arg("test").arg(&file).args(["--format", "json"]).output().expect("it runs");
    assert_eq!(tested.status.code(), Some(1), "{}", String::from_utf8_lossy(&tested.stderr));
    let tested: Value = serde_json::from_slice(&tested.stdout).expect("it is JSON");
    let site = Site::of(&file);
    let said = node("judge-in-node.mjs", &["--site", site.folder.to_str().expect("text")]);
    let found = said.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).expect("it is JSON"));
    let found: Vec<Value> = found.map(|verdict| verdict["differences"].clone()).collect();
    let cases = tested["cases"].as_array().expect("a list").iter();
    let expected: Vec<Value> = cases.map(|case| case.get("differences").cloned().unwrap_or(json!([]))).collect();
    assert_eq!(found, expected);
    let kinds = |differences: &Value| differences.as_array().map_or(0, Vec::len);
    assert_eq!(expected.iter().map(kinds).sum::<usize>(), 11, "{expected:?}");
}

#[test]
#[ignore = "it needs the packages of host/page; make test-workbench"]
fn the_page_has_the_contract_as_the_host_has_it() {
    let lines = node("contract-lines.mjs", &[]);
    let contract = std::fs::read_to_string(workspace().join("host/policy/src/fit/judge.txt")).expect("it is there");
    assert_eq!(lines, contract);
}

#[test]
#[ignore = "it needs Chromium; make test-workbench"]
fn people_can_use_the_page() {
    let site = Site::of(&artifact("vnflcm-v2.wasm"));
    let folder = site.folder.to_str().expect("text");
    let pictures = workspace().join("target/pages/pictures");
    std::fs::create_dir_all(&pictures).expect("a folder");
    // Its verdict depends on what the VNFM has.
    let case = Judged::by_the_library(artifact("vnflcm-v2.wasm"));
    let case = case.cases.iter().zip(&case.verdicts).find(|(case, verdict)| {
        verdict["verdict"] == "allow"
            && !case.facts.is_empty()
            && !verdict["asked"].as_array().is_none_or(Vec::is_empty)
    });
    let (case, _) = case.expect("there is such a case");
    let file = case.file.trim_start_matches("tests/").trim_end_matches(".yaml");
    let case = format!("{file}: {} (allowed)", case.name);
    for width in ["1440", "390"] {
        let pictures = pictures.to_str().expect("text");
        node("views.mjs", &["--site", folder, "--width", width, "--pictures", pictures, "--case", &case]);
    }
    node("keyboard.mjs", &["--site", folder]);
}
