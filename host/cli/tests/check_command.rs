//! `solgate check` from its arguments to its output. Output is compared with
//! the files in golden/check; with BLESS=1 in the environment they are written.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use clap::{Args, Command, FromArgMatches};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use solgate::facts::FactAnswer;
use solgate::gate::{Decision, FactTrace, Finding, Gate, Mode, Setting, Severity, Verdict};
use solgate::policy::PolicyId;
use solgate::problem::{Location, Problem, ProblemStyle, Violation};
use solgate_author::check::{GateOrder, PolicyFailure, Report, check, render};
use solgate_cli::commands::check::CheckArgs;

fn command() -> Command {
    CheckArgs::augment_args(Command::new("check").no_binary_name(true).term_width(100))
}

fn args(words: &[&str]) -> Result<CheckArgs, clap::Error> {
    command().try_get_matches_from(words).and_then(|matches| CheckArgs::from_arg_matches(&matches))
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/check").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{} differs; BLESS=1 writes it", path.display());
}

fn violation(rule: &str, location: Location, detail: &str, clause: Option<&str>) -> Violation {
    Violation { rule: rule.into(), location, detail: detail.into(), clause: clause.map(str::to_owned) }
}

fn problem(status: u16, title: &str, detail: &str, violations: Vec<Violation>) -> Problem {
    Problem {
        status: StatusCode::from_u16(status).unwrap(),
        rule: violations[0].rule.clone(),
        title: title.into(),
        detail: detail.into(),
        instance: Some("/vnflcm/v2/vnf_instances/i1/terminate".into()),
        violations,
        headers: HeaderMap::new(),
    }
}

fn found() -> FactAnswer {
    FactAnswer::Found { etag: None, body: "{}".into() }
}

fn report(verdict: Verdict, findings: Vec<Finding>, facts: &[(&str, FactAnswer)]) -> Report {
    Report {
        method: "POST".into(),
        target: "/vnflcm/v2/vnf_instances/i1/terminate?x=1".into(),
        decision: Decision {
            verdict,
            findings,
            fault: false,
            api: None,
            operation: Some("terminate".into()),
            resource: None,
            facts: facts
                .iter()
                .map(|(name, answer)| FactTrace {
                    name: (*name).into(),
                    variables: vec![],
                    answer: answer.clone(),
                    cached: false,
                })
                .collect(),
            evaluation: Duration::from_micros(70),
            waiting: Duration::ZERO,
            policies: vec![Arc::new(PolicyId { name: "vnflcm-v2".into(), digest: "6b86b273ff34".into() })],
        },
        style: ProblemStyle { type_base: Some("https://rules.example/".into()), ..ProblemStyle::default() },
        failures: vec![],
    }
}

fn reports() -> Vec<(&'static str, Report)> {
    let state = "ETSI GS NFV-SOL 003, 5.4.8.3.1";
    let not_instantiated = violation(
        "terminate.state.instantiated",
        Location::Request,
        "terminate needs INSTANTIATED, but i1 is NOT_INSTANTIATED; instantiate it first",
        Some(state),
    );
    let body = vec![
        violation(
            "terminate.type",
            Location::Body("/terminationType".into()),
            "\"NOW\" is not GRACEFUL or FORCEFUL",
            Some(state),
        ),
        violation("body.object", Location::Body(String::new()), "the body has no member terminationType", None),
        violation("header.version", Location::Header("Version".into()), "\"9\" is not 2.0.0", None),
        violation("query.filter.syntax", Location::Query("filter".into()), "a parenthesis is not closed", None),
        violation("path.id", Location::Path("vnfInstanceId".into()), "\"i1\" is not a UUID", None),
    ];
    let mut busy = problem(
        503,
        "State of the VNFM or NFVO is not available",
        &not_instantiated.detail,
        vec![not_instantiated.clone()],
    );
    busy.headers.insert("retry-after", HeaderValue::from_static("5"));
    let finding = |severity, status, violation: &Violation| Finding { severity, status, violation: violation.clone() };
    let findings = vec![
        finding(Severity::Deny, 409, &not_instantiated),
        finding(Severity::Warn, 400, &body[0]),
        finding(Severity::Audit, 400, &body[2]),
    ];
    let deny = |problem| Verdict::Deny(Box::new(problem));
    vec![
        ("allowed", report(Verdict::Allow, vec![], &[])),
        (
            "allowed-findings",
            report(Verdict::Allow, findings, &[("vnfInstance", found()), ("openOps", FactAnswer::Withheld)]),
        ),
        (
            "denied-state",
            report(
                deny(problem(
                    409,
                    "VNF instance is not instantiated",
                    &not_instantiated.detail,
                    vec![not_instantiated.clone()],
                )),
                vec![],
                &[("vnfInstance", found())],
            ),
        ),
        ("denied-body", report(deny(problem(400, "Request is not valid", "5 faults were found", body)), vec![], &[])),
        (
            "failed",
            Report {
                failures: vec![PolicyFailure {
                    policy: "hostile".into(),
                    reason: "it trapped: wasm trap: wasm `unreachable` instruction executed".into(),
                }],
                ..report(
                    deny(problem(
                        500,
                        "Policy failed",
                        "The policy hostile failed while it judged the request.",
                        vec![violation(
                            "gate.policy-trap",
                            Location::Request,
                            "The policy hostile failed while it judged the request.",
                            None,
                        )],
                    )),
                    vec![],
                    &[],
                )
            },
        ),
        ("denied-retry", report(deny(busy), vec![], &[("vnfInstance", FactAnswer::Unavailable("no answer".into()))])),
    ]
}

#[test]
fn verdicts_read_well() {
    for (name, report) in reports() {
        let mut out = Vec::new();
        render(&report, &mut out).unwrap();
        let coloured = String::from_utf8(out).unwrap();
        assert!(coloured.starts_with("\u{1b}["), "{name}");
        golden(&format!("{name}.txt"), &anstream::adapter::strip_str(&coloured).to_string());
        golden(&format!("{name}.json"), &format!("{:#}\n", report.json()));
    }
}

#[test]
fn the_help_shows_how_to_give_a_request() {
    golden("help.txt", &command().render_long_help().to_string());
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn in_folder(folder: &Path, words: &[&str]) -> CheckArgs {
    let words: Vec<String> = words.iter().map(|word| word.replace("DIR/", &format!("{}/", folder.display()))).collect();
    args(&words.iter().map(String::as_str).collect::<Vec<_>>()).unwrap()
}

#[tokio::test]
async fn the_gate_is_ordered_as_the_arguments_say() {
    let folder = folder(&[
        ("r.http", "### a\nGET /a\n\n### b\nPOST http://vnfm/{{p}}\n\n< body.json"),
        ("body.json", "{}\n"),
        ("facts.yaml", "openOps: []\nvnfInstance: {body: {n: 1.5, on: true, no: ~}}\n"),
        ("caller.yaml", "subject: alice\nroles: [admin]\ncertificateNames: [cn]\n"),
    ]);
    let words = [
        "DIR/r.http",
        "--name",
        "b",
        "--var",
        "p=x=y",
        "--facts",
        "DIR/facts.yaml",
        "--caller",
        "DIR/caller.yaml",
        "--severity",
        "a.b=warn",
        "--set",
        "strict=true",
        "--set",
        "supportedVersions=[\"2.0.0\"]",
        "--set",
        "note=a=b",
        "--mode",
        "monitor",
        "--policy",
        "p.wasm",
        "--policy",
        "q",
        "--at",
        "2026-01-31T12:00:00Z",
    ];
    let args = in_folder(folder.path(), &words);
    assert_eq!(args.request.at, Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_769_860_800)));
    let order = Mutex::new(None);
    let report = check(args.question().0, |wanted: GateOrder| {
        let gate = Gate::new(vec![], wanted.facts);
        *order.lock().unwrap() = Some((wanted.policies, wanted.settings, wanted.mode));
        Ok::<_, std::io::Error>(gate)
    })
    .await
    .unwrap();
    assert_eq!((report.method.as_str(), report.target.as_str()), ("POST", "/x=y"));
    let option = |name: &str, value| Setting::Option { name: name.into(), value };
    let settings = vec![
        option("strict", json!(true)),
        option("supportedVersions", json!(["2.0.0"])),
        option("note", json!("a=b")),
        Setting::Severity { rule: "a.b".into(), severity: Severity::Warn },
    ];
    let order = order.into_inner().unwrap();
    assert_eq!(order, Some((vec![PathBuf::from("p.wasm"), PathBuf::from("q")], settings, Mode::Monitor)));
}

#[tokio::test]
async fn what_cannot_be_judged_is_explained_in_one_line() {
    let files = folder(&[
        ("ok.http", "GET /a"),
        ("bad.http", "\nGET a b c"),
        ("latin.txt", "GET /a HTTP/1.1\n\n"),
        ("file.http", "POST /a\n\n< ./none.json"),
        ("facts.json", "{\"f\":}"),
        ("facts.yaml", "f: [1\ng: 2"),
        ("empty.yaml", "# nothing"),
        ("two.yaml", "a: []\n---\nb: []"),
        ("twice.yaml", "a: []\na: {}"),
        ("tag.yaml", "a: !x 1"),
        ("key.yaml", "1: []"),
        ("null.yaml", "vnfInstance:"),
        ("caller.yaml", "subjekt: x"),
    ]);
    std::fs::write(files.path().join("bytes.http"), b"GET /a\nX: 1\nY: \xff").unwrap();
    let table: [(&[&str], &str); 15] = [
        (&["DIR/none.http"], "DIR/none.http: cannot be read: No such file or directory (os error 2)"),
        (
            &["DIR/bad.http"],
            "DIR/bad.http: line 2: not a request line: expected METHOD URL HTTP/1.1, with single spaces, and spaces in the URL as %20",
        ),
        (&["DIR/bytes.http"], "DIR/bytes.http: line 3: not UTF-8: save the file as UTF-8"),
        (&["DIR/file.http"], "DIR/./none.json: cannot be read: No such file or directory (os error 2)"),
        (
            &["DIR/latin.txt", "--name", "x"],
            "--name is about .http files, and DIR/latin.txt is read as plain HTTP/1.1: leave it out, or add --input http-file",
        ),
        (
            &["DIR/ok.http", "--input", "raw"],
            "DIR/ok.http: line 1: not a request line: expected METHOD URL HTTP/1.1, with single spaces, and spaces in the URL as %20",
        ),
        (
            &["DIR/ok.http", "--facts", "DIR/facts.json"],
            "DIR/facts.json: not JSON: expected value at line 1 column 6; correct it there",
        ),
        (&["DIR/ok.http", "--facts", "DIR/empty.yaml"], "DIR/empty.yaml: the file is empty: expected one document"),
        (
            &["DIR/ok.http", "--facts", "DIR/two.yaml"],
            "DIR/two.yaml: the file holds several documents: expected one, without `---` after its start",
        ),
        (&["DIR/ok.http", "--facts", "DIR/tag.yaml"], "DIR/tag.yaml: a tag (!name) has no meaning here: remove it"),
        (&["DIR/ok.http", "--facts", "DIR/key.yaml"], "DIR/key.yaml: a key is not a text: put it into quotes"),
        (
            &["DIR/ok.http", "--facts", "DIR/null.yaml"],
            "DIR/null.yaml: fact \"vnfInstance\": expected an object or an array, or for a resource that is absent {\"status\": 404}",
        ),
        (
            &["DIR/ok.http", "--caller", "DIR/caller.yaml"],
            "DIR/caller.yaml: a caller has no member \"subjekt\"; it has subject, tenant, roles, scopes, certificateNames, sourceAddress",
        ),
        (&["DIR/ok.http", "--policy", "x.wasm"], "x.wasm: not a component"),
        (
            &["DIR/latin.txt", "--var", "a=1"],
            "--var is about .http files, and DIR/latin.txt is read as plain HTTP/1.1: leave it out, or add --input http-file",
        ),
    ];
    let refuse = |order: GateOrder| match order.policies.first() {
        Some(policy) => Err(std::io::Error::other(format!("{}: not a component", policy.display()))),
        None => Ok(Gate::new(vec![], order.facts)),
    };
    for (words, expected) in table {
        let error = check(in_folder(files.path(), words).question().0, refuse).await.unwrap_err().to_string();
        let shown = error.replace(&format!("{}/", files.path().display()), "DIR/");
        assert_eq!(shown, expected);
    }
    // The parser's own words are its own; where it points to must be right.
    for (file, place) in [("facts.yaml", "at line 2 column"), ("twice.yaml", "at line 2 column 1")] {
        let facts = format!("DIR/{file}");
        let error =
            check(in_folder(files.path(), &["DIR/ok.http", "--facts", &facts]).question().0, refuse).await.unwrap_err();
        let error = error.to_string();
        assert!(error.contains("not YAML: ") && error.contains(place), "{error}");
    }
}

#[test]
fn malformed_arguments_are_refused() {
    for (words, expected) in [
        (["--set", "strict"], "expected OPTION=VALUE, such as strict=true"),
        (["--set", "=1"], "expected OPTION=VALUE, such as strict=true"),
        (
            ["--severity", "a.b"],
            "expected RULE=LEVEL with off, audit, warn or deny, such as header.accept.required=warn",
        ),
        (
            ["--severity", "a.b=fatal"],
            "expected RULE=LEVEL with off, audit, warn or deny, such as header.accept.required=warn",
        ),
        (["--at", "yesterday"], "expected a time in UTC, such as 2026-01-31T12:00:00Z"),
        (["--var", "host"], "expected NAME=VALUE, such as host=http://vnfm:9890"),
    ] {
        let error = args(&["r.http", words[0], words[1]]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
