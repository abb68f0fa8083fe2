//! `solgate doctor`: what it finds out about servers with several habits, what it never
//! does to them, and the configuration that it writes.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use solgate::policy::BUILT_IN;
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_tests::certificates::{Authority, Holder};
use solgate_tests::process::{Serving, solgate};
use solgate_tests::vnfm::{Received, Reply, Vnfm};
use solgate_tests::workspace;

const SECRET: &str = "c2VjcmV0LW9mLW5vYm9keQ";
const ID: &str = "0ab6a3c0-1111-4000-8000-00000000000c";

fn doctor(url: &str, arguments: &[&str]) -> Output {
    solgate().args(["doctor", "--upstream", url]).args(arguments).output().expect("it runs")
}

/// The report, and the exit status.
fn report(url: &str, arguments: &[&str]) -> (Value, Option<i32>) {
    let done = doctor(url, &[arguments, &["--format", "json"]].concat());
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    (serde_json::from_slice(&done.stdout).unwrap_or_else(|error| panic!("{error}: {said}")), done.status.code())
}

fn said(done: &Output) -> String {
    String::from_utf8_lossy(&[done.stdout.as_slice(), &done.stderr].concat()).into_owned()
}

/// The roots that answer, each with its versions.
fn answering(report: &Value) -> Vec<(&str, Value)> {
    let roots = report["roots"].as_array().expect("roots").iter();
    roots
        .filter(|root| root["presence"] == "answers")
        .map(|root| (root["root"].as_str().expect("a path"), root["declared"].clone()))
        .collect()
}

/// The options that are suggested.
fn set(report: &Value) -> &Value {
    &report["configuration"]["upstreams"][0]["set"]
}

/// The status that an observation has, and its text.
fn seen<'r>(report: &'r Value, topic: &str, root: &str) -> (u64, &'r str) {
    let all = report["observations"].as_array().expect("observations");
    let found = all.iter().find(|one| one["topic"] == topic && one["root"].as_str().unwrap_or_default() == root);
    let found = found.unwrap_or_else(|| panic!("nothing of {topic}: {all:#?}"));
    (found["status"].as_u64().unwrap_or_default(), found["text"].as_str().expect("a text"))
}

fn is_unknown(report: &Value, what: &str) -> bool {
    report["unknown"].as_array().expect("a list").iter().any(|one| one["what"] == what)
}

/// A gate takes the file.
fn is_good(file: &Path) {
    let done = solgate().args(["serve", "--check-config", "--config"]).arg(file).output().expect("it runs");
    assert!(done.status.success(), "{}\n{}", said(&done), std::fs::read_to_string(file).unwrap_or_default());
}

#[test]
fn a_vnfm_and_an_nfvo_in_memory_are_known() {
    let demo = Serving::start(&["--demo"]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let url = format!("http://{}", demo.address);
    let (report, status) = report(&url, &["-o", file.to_str().expect("text")]);
    assert_eq!(status, Some(0), "{report:#}");
    let found = answering(&report);
    let vendor = ("/telco/api/vnflcm/v2", json!([]));
    assert_eq!(found, [("/vnflcm/v2", json!(["2.0.0"])), vendor, ("/nslcm/v2", json!(["2.3.0"]))], "{report:#}");
    assert_eq!(report["configuration"]["upstreams"][0]["policies"], json!(["vnflcm-v2", "nslcm-v2"]));
    assert_eq!(set(&report)["nslcm-v2.supportedVersions"], json!(["2.3.0"]), "{report:#}");
    assert_eq!(seen(&report, "unknownVersion", "/vnflcm/v2").0, 406);
    assert_eq!(seen(&report, "missing", "/nslcm/v2").0, 404);
    is_good(&file);
    // A file that is there stays as it is.
    let done = doctor(&url, &["-o", file.to_str().expect("text")]);
    assert_eq!(done.status.code(), Some(2));
    assert!(said(&done).contains("solgate.yaml exists"), "{}", said(&done));
}

/// One that knows its callers, ignores Version, folds identifiers, comes in pages, cannot
/// filter, and names itself elsewhere.
fn odd(request: &Received) -> Option<Reply> {
    let mut words = request.line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let found = |body: Value| Some(Reply::json(&body));
    let instance = json!({"id": ID, "instantiationState": "INSTANTIATED",
        "_links": {"self": {"href": format!("https://public.example:8443/vnflcm/v2/vnf_instances/{ID}")}}});
    if request.field("authorization") != Some(&format!("Bearer {SECRET}")) {
        return Some(Reply::status(401));
    }
    match path {
        "/vnflcm/v2/api_versions" => found(
            json!({"apiVersions": [{"version": "2.0.0"}, {"version": "2.1.0", "isDeprecated": true}, {"version": "1.3.0"}, {"version": "new"}]}),
        ),
        "/vnffm/v1/alarms" => Some(Reply::status(400)),
        "/vnflcm/v2/vnf_instances" if method == "HEAD" => found(json!([])),
        "/vnflcm/v2/vnf_instances" if query.starts_with("fields") => Some(Reply::status(500)),
        "/vnflcm/v2/vnf_instances" if query == "page=2" => found(json!([])),
        "/vnflcm/v2/vnf_instances" => {
            let mut reply = Reply::json(&json!([instance]));
            reply.fields.push(("Link", "<http://public.example/x?page=2>; rel=\"next\"".to_owned()));
            Some(reply)
        }
        "/vnflcm/v2/vnf_lcm_op_occs" if !query.is_empty() => Some(Reply::status(400)),
        "/vnflcm/v2/vnf_lcm_op_occs" => found(json!([{"id": "o", "vnfInstanceId": "another"}])),
        _ if path.to_ascii_lowercase() == format!("/vnflcm/v2/vnf_instances/{ID}") => {
            let mut reply = Reply::json(&instance);
            reply.fields.push(("ETag", "\"1\"".to_owned()));
            Some(reply)
        }
        _ if path.starts_with("/vnflcm/v2/vnf_instances/") => Some(Reply::status(500)),
        _ => Some(Reply::status(404)),
    }
}

#[test]
fn odd_habits_become_settings_and_remarks_and_secrets_stay_secret() {
    let vnfm = Vnfm::start();
    vnfm.answer_by(odd);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("solgate.yaml");
    let file = file.to_str().expect("text");
    let credentials = format!("Authorization: Bearer {SECRET}");
    let token = format!("X-Api-Key: {SECRET}");
    let url = format!("{}/", vnfm.url());
    let (report, status) = report(&url, &["--header", &credentials, "--header", &token, "-o", file]);
    assert_eq!(status, Some(0), "{report:#}");
    assert_eq!(answering(&report), [("/vnflcm/v2", json!(["2.0.0", "2.1.0"]))]);
    let upstream = &report["configuration"]["upstreams"][0];
    assert_eq!(upstream["policies"], json!(["vnflcm-v2"]));
    assert_eq!(
        *set(&report),
        json!({"vnflcm-v2.supportedVersions": ["2.0.0", "2.1.0"], "requireAuthorization": true}),
        "what it does with Version says nothing"
    );
    let fields = json!(["authorization", "x-auth-token", "x-hm-authorization", "x-api-key"]);
    assert_eq!(upstream["facts"], json!({"credentials": fields}));
    let root = "/vnflcm/v2";
    for (topic, status, part) in [
        ("authorization", 401, "nobody gets an answer without credentials"),
        ("unknownVersion", 200, "says nothing about the versions"),
        ("noVersion", 200, "header.version.required"),
        ("head", 200, "route.method"),
        ("paging", 200, "pages, of 1"),
        ("unknownFilterAttribute", 200, "answered like another"),
        ("unknownSelector", 500, "makes the upstream fail"),
        ("missing", 500, "answers 503"),
        ("eTag", 200, "If-Match"),
        ("identifierCase", 200, "finds the same instance"),
        ("filter", 400, "plainOn400"),
    ] {
        let (found, text) = seen(&report, topic, root);
        assert!(found == status && text.contains(part), "{topic}: {found} {text}");
    }
    assert!(seen(&report, "references", "").1.contains("public.example:8443"), "{report:#}");
    assert!(seen(&report, "otherApis", "").1.ends_with("judges: vnffm"), "{report:#}");
    for what in ["tacker", "role", "failedTempAllowed", "schemaErrorStatus", "strict", "knownVersions", "addresses"] {
        assert!(is_unknown(&report, what), "{what}: {report:#}");
    }
    let text = std::fs::read_to_string(file).expect("it was written");
    for part in ["factFailure: pass", "outsideApiRoot: pass", "public.example:8443", "failedTempAllowed"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    is_good(Path::new(file));

    let text = said(&doctor(&url, &["--header", &credentials]));
    assert!(text.contains("requireAuthorization: true") && !text.contains(SECRET), "{text}");
    assert!(
        !report.to_string().contains(SECRET) && !std::fs::read_to_string(file).expect("it is there").contains(SECRET)
    );
    let received = vnfm.received();
    let methods: BTreeSet<_> = received.iter().filter_map(|request| request.line.split(' ').next()).collect();
    assert_eq!(methods, BTreeSet::from(["GET", "HEAD"]));
    assert!(received.iter().all(|request| request.body.is_empty()) && received.len() < 300, "{}", received.len());
    // Without credentials it can only say that it sees nothing.
    let (report, status) = self::report(&url, &[]);
    assert_eq!((status, &report["configuration"]), (Some(1), &Value::Null));
    assert!(report["roots"].as_array().expect("roots").iter().all(|root| root["presence"] == "unclear"), "{report:#}");
}

#[test]
fn what_is_not_there_or_gives_no_answer_is_told() {
    // It answers whatever it is asked, and is no VNFM.
    let vnfm = Vnfm::start();
    let (report, status) = report(&vnfm.url(), &[]);
    assert_eq!((status, answering(&report).len(), &report["configuration"]), (Some(1), 0, &Value::Null));
    vnfm.answer_by(|_| Some(Reply { status: 200, fields: vec![], body: "[".repeat(100_000) }));
    assert_eq!(self::report(&vnfm.url(), &[]).1, Some(1));

    // One question without an answer is no reason to know nothing.
    vnfm.answer_by(|request| {
        let target = request.line.split(' ').nth(1)?;
        let versions = json!({"apiVersions": [{"version": "2.0.0"}]});
        match target {
            "/vnflcm/v2/api_versions" => Some(Reply::json(&versions)),
            "/vnflcm/v2/vnf_instances" if request.field("version") == Some("2.0.0") => Some(Reply::json(&json!([]))),
            "/vnflcm/v2/vnf_instances?filter=(eq,solgateDoctor,1)" => {
                std::thread::sleep(std::time::Duration::from_secs(3));
                None
            }
            _ => Some(Reply::status(404)),
        }
    });
    let (report, status) = self::report(&vnfm.url(), &["--timeout", "1s"]);
    assert_eq!((status, answering(&report)), (Some(0), vec![("/vnflcm/v2", json!(["2.0.0"]))]));
    assert!(is_unknown(&report, "the rest of what it does"), "{report:#}");

    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}", silent.local_addr().expect("it is bound"));
    let wrong = format!("X-Token {SECRET}");
    let own = format!("Host: {SECRET}");
    for (url, arguments, part) in [
        ("http://127.0.0.1:1", &[][..], "the upstream 127.0.0.1:1 cannot be reached: "),
        (&silent, &["--timeout", "300ms"], " does not answer within 300ms"),
        ("https://localhost:1", &["--upstream-ca", "none.pem"], "none.pem"),
        ("http://localhost:1", &["--upstream-ca", "none.pem"], "--upstream-ca is for an https VNFM"),
        (&vnfm.url(), &["--header", &wrong], "expected NAME: VALUE"),
        (&vnfm.url(), &["--header", &own], "expected the name of a header field that holds credentials"),
        (&vnfm.url(), &["-o", "/none/solgate.yaml"], "/none"),
    ] {
        let done = doctor(url, arguments);
        let text = said(&done);
        assert!(
            done.status.code() == Some(2) && text.contains(part) && !text.contains(SECRET),
            "{arguments:?}: {text}"
        );
    }
}

#[test]
fn a_server_behind_tls_is_asked_with_the_certificates_that_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    let (authority, clients) = (Authority::new("servers"), Authority::new("clients"));
    let client = clients.issue(&Holder { common_name: "gate", ..Holder::default() });
    let server = authority.server();
    for (name, text) in [
        ("ca.pem", authority.pem()),
        ("clients.pem", clients.pem()),
        ("server.pem", server.pem()),
        ("server.key", server.key_pem()),
        ("client.pem", client.pem()),
        ("client.key", client.key_pem()),
    ] {
        std::fs::write(path(name), text).expect("it is written");
    }
    let vnfm = Vnfm::start();
    let versions = json!({"apiVersions": [{"version": "1.3.0"}]});
    vnfm.reply("GET", "/base/vnflcm/v1/api_versions", Reply::json(&versions));
    let (certificate, key, ca) = (path("server.pem"), path("server.key"), path("clients.pem"));
    let gate = Serving::start(&[
        "--upstream",
        &vnfm.url(),
        "--mode",
        "off",
        "--tls-cert",
        &certificate,
        "--tls-key",
        &key,
        "--client-ca",
        &ca,
    ]);
    let url = format!("https://localhost:{}/base", gate.address.port());
    let file = path("solgate.yaml");
    let (certificate, key, ca) = (path("client.pem"), path("client.key"), path("ca.pem"));
    let files = ["--upstream-ca", &ca, "--upstream-cert", &certificate, "--upstream-key", &key];
    let (report, status) = report(&url, &[&files[..], &["-o", &file]].concat());
    assert_eq!((status, answering(&report)), (Some(0), vec![("/vnflcm/v1", json!(["1.3.0"]))]), "{report:#}");
    assert_eq!(report["configuration"]["upstreams"][0]["caFile"], json!(ca));
    is_good(Path::new(&file));
    let done = doctor(&url, &files[..2]);
    assert_eq!(done.status.code(), Some(2), "it does not know who asks: {}", said(&done));
}

/// A new option of a built-in policy is found out, or said to be unknown.
#[test]
fn every_option_of_the_built_in_policies_has_a_word() {
    let vnfm = Vnfm::start();
    vnfm.reply("GET", "/vnflcm/v2/api_versions", Reply::json(&json!({"apiVersions": [{"version": "2.0.0"}]})));
    let (report, _) = report(&vnfm.url(), &[]);
    let is_set = |name: &str| set(&report).as_object().is_some_and(|set| set.keys().any(|key| key.ends_with(name)));
    for policy in BUILT_IN {
        let folder = workspace().join("policies").join(policy.name());
        let compiled = compile_dir(&folder, &BuildOptions::default()).expect("it compiles");
        for option in compiled.bundle.options {
            assert!(is_set(&option.name) || is_unknown(&report, &option.name), "{}: {}", policy.name(), option.name);
        }
    }
}
