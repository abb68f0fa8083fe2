//! Several policies in one gate: each judges what lies below its own API roots, and
//! what lies below none of them is answered once.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource, MapFacts};
use solgate::gate::{Decision, Gate, Mode, Setting, Severity, Verdict};
use solgate::policy::{BUILT_IN, Policy};
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_tests::minimal::HEAD;
use solgate_tests::process::{Serving, solgate};
use solgate_tests::vnfm::{Reply, Vnfm, message, send};
use solgate_tests::{copy_folder, engine, hostile_policy, request, workspace};

/// A small policy of this name below this root.
fn bundle(folder: &Path, name: &str, root: &str) -> PathBuf {
    let bundle = folder.join(name);
    copy_folder(&workspace().join("host/bundle/templates/minimal"), &bundle);
    change(&bundle, "policy.yaml", "/vnflcm/v2", root);
    change(&bundle, "policy.yaml", "my-policy", name);
    bundle
}

fn change(bundle: &Path, file: &str, from: &str, to: &str) {
    let path = bundle.join(file);
    let text = std::fs::read_to_string(&path).expect("it is readable");
    assert!(text.contains(from), "{file} has no {from:?}");
    std::fs::write(path, text.replace(from, to)).expect("it is written");
}

/// `outside` is what becomes of requests below none of the roots.
fn native(bundle: &Path, outside: &str) -> Arc<Policy> {
    let options =
        BuildOptions { set: vec![("outsideApiRoot".to_owned(), outside.to_owned())], ..BuildOptions::default() };
    let compiled = compile_dir(bundle, &options).expect("it compiles");
    Arc::new(Policy::without_sandbox(solgate_unsandboxed::judge(compiled.bundle).expect("the engine takes it")))
}

fn default_bundle() -> PathBuf {
    workspace().join("policies/vnflcm-v2")
}

/// Method, target, body; status and rule of a denial; the policies that have a say.
type Case = (&'static str, &'static str, &'static str, Option<(u16, &'static str)>, &'static [&'static str]);

const ALL: &[&str] = &["vnflcm-v2", "vnflcm-v1", "nslcm"];

/// By vnflcm-v2, and policies below /vnflcm/v1 and /nslcm/v2.
const CASES: &[Case] = &[
    ("GET", "/vnflcm/v2/vnf_instances", "", None, &["vnflcm-v2"]),
    ("GET", "/vnflcm/v%32/vnf_instances", "", None, &["vnflcm-v2"]),
    ("GET", "/vnflcm/v1/vnf_instances/i", "", None, &["vnflcm-v1"]),
    ("GET", "/nslcm/v2/vnf_instances/i", "", None, &["nslcm"]),
    ("GET", "/nslcm/v2/vnf_instances/i?x=/vnflcm/v2", "", Some((400, "query.unknown")), &["nslcm"]),
    ("GET", "/vnflcm/api_versions", "", None, &["vnflcm-v2"]),
    ("GET", "/vnflcm/v2/nothing", "", Some((404, "route.unknown")), &["vnflcm-v2"]),
    ("GET", "/vnflcm/v1/vnf_instances", "", Some((404, "route.unknown")), &["vnflcm-v1"]),
    ("GET", "/nslcm/v2/nothing", "", Some((404, "route.unknown")), &["nslcm"]),
    ("GET", "/nslcm/v2/vnf_instances/i/", "", Some((404, "route.trailing-slash")), &["nslcm"]),
    ("DELETE", "/nslcm/v2/vnf_instances/i", "", Some((405, "route.method")), &["nslcm"]),
    ("POST", "/vnflcm/v2/vnf_instances/i/terminate", "{}", Some((400, "terminate.type.required")), &["vnflcm-v2"]),
    ("POST", "/vnflcm/v1/vnf_instances/i/terminate", "{}", Some((400, "terminate.type")), &["vnflcm-v1"]),
    ("POST", "/nslcm/v2/vnf_instances/i/terminate", "{}", Some((400, "terminate.type")), &["nslcm"]),
    // An identifier that is a dot segment, encoded twice: no path to another's root.
    ("GET", "/vnflcm/v2/vnf_instances/%252e%252e", "", None, &["vnflcm-v2"]),
    ("GET", "/vnflcm/v1/vnf_instances/%252E", "", None, &["vnflcm-v1"]),
    ("GET", "/nslcm/v2/vnf_instances/%252e%252e%253b", "", None, &["nslcm"]),
    // Below the root of none.
    ("GET", "/vnflcm/v3/vnf_instances", "", Some((404, "route.api-major")), ALL),
    ("GET", "/nslcm/v1/ns_instances", "", Some((404, "route.unknown")), ALL),
    ("GET", "/vnfpkgm/v2/vnf_packages", "", Some((404, "route.unknown")), ALL),
    ("GET", "/", "", Some((404, "route.unknown")), ALL),
    ("GET", "/NSLCM/v2/vnf_instances/i", "", Some((404, "route.unknown")), ALL),
    // Not in normal form: anybody's.
    ("GET", "/nslcm/v2/../../vnflcm/v2/vnf_instances", "", Some((404, "route.unknown")), ALL),
    ("GET", "/nslcm//v2/vnf_instances/i", "", Some((404, "route.unknown")), ALL),
    ("GET", "/nslcm/v2/vnf_instances/a%2Fb", "", Some((404, "route.encoded-slash")), ALL),
];

/// What this machine has of the state of a VNF instance.
fn facts() -> Value {
    json!({"vnfInstance": {"id": "i", "instantiationState": "INSTANTIATED"}, "openOps": []})
}

fn judge(gate: &Gate, method: &str, target: &str, body: &str) -> Decision {
    let fields: Vec<_> = HEAD.iter().filter_map(|line| line.split_once(": ")).collect();
    let fields = if body.is_empty() { &fields[..2] } else { &fields[..] };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
    runtime.block_on(gate.judge(&request(method, target, fields, body.as_bytes())))
}

fn denial(decision: &Decision) -> Option<(u16, &str)> {
    match &decision.verdict {
        Verdict::Allow => None,
        Verdict::Deny(problem) => Some((problem.status.as_u16(), &problem.rule)),
    }
}

fn asked(decision: &Decision) -> Vec<&str> {
    decision.policies.iter().map(|policy| policy.name.as_str()).collect()
}

fn gate(policies: Vec<Arc<Policy>>) -> Gate {
    Gate::new(policies, Arc::new(MapFacts::from_value(&facts()).expect("they are facts")))
}

#[test]
fn each_policy_judges_what_lies_below_its_own_roots() {
    let folder = tempfile::tempdir().expect("a folder");
    let v1 = bundle(folder.path(), "vnflcm-v1", "/vnflcm/v1");
    let nslcm = bundle(folder.path(), "nslcm", "/nslcm/v2");
    let bundles = [default_bundle(), v1, nslcm];
    let gate = gate(bundles.iter().map(|bundle| native(bundle, "deny")).collect());
    for (method, target, body, expected, policies) in CASES {
        let decision = judge(&gate, method, target, body);
        assert_eq!((denial(&decision), asked(&decision)), (*expected, policies.to_vec()), "{method} {target}");
    }
    let gate = gate.with_mode(Mode::Monitor);
    for (method, target, body, expected, policies) in CASES {
        let decision = judge(&gate, method, target, body);
        assert_eq!(denial(&decision), None, "{method} {target}");
        let findings = decision.findings.iter().filter(|finding| finding.severity == Severity::Deny);
        let told: Vec<_> = findings.map(|finding| (finding.status, finding.violation.rule.as_str())).collect();
        assert!(told.iter().copied().eq(*expected), "{method} {target} is told once: {told:?}");
        // The first that would have denied.
        let first = if policies.len() > 1 { &policies[..1] } else { policies };
        assert_eq!(asked(&decision), first, "{method} {target}");
    }
}

#[test]
fn what_is_nobodys_passes_if_every_policy_lets_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (v1, nslcm) = (bundle(folder.path(), "vnflcm-v1", "/vnflcm/v1"), bundle(folder.path(), "nslcm", "/nslcm/v2"));
    let deny = |root: &str| Some(format!("The path is not below an API root that is served here: {root}."));
    for (of_v1, of_nslcm, expected) in [
        ("pass", "pass", None),
        ("deny", "pass", deny("/vnflcm/v1")),
        ("pass", "deny", deny("/nslcm/v2")),
        ("deny", "deny", deny("/vnflcm/v1")),
    ] {
        let gate = gate(vec![native(&v1, of_v1), native(&nslcm, of_nslcm)]);
        for target in ["/vnfpkgm/v2/vnf_packages", "/", "/other/100%25"] {
            let decision = judge(&gate, "GET", target, "");
            let detail = match decision.verdict {
                Verdict::Allow => None,
                Verdict::Deny(problem) => Some(problem.detail),
            };
            assert_eq!(detail, expected, "{of_v1} and {of_nslcm}: {target}");
        }
        // Another major version is below no root either; that nobody judges it there is a warning.
        let decision = judge(&gate, "GET", "/vnflcm/v3/vnf_instances", "");
        let told: Vec<_> =
            decision.findings.iter().map(|found| (found.severity, found.violation.rule.as_str())).collect();
        match (of_v1, of_nslcm) {
            ("pass", "pass") => {
                assert_eq!((denial(&decision), told), (None, vec![(Severity::Warn, "route.api-major")]))
            }
            ("pass", _) => assert_eq!(denial(&decision), Some((404, "route.unknown"))),
            _ => assert_eq!(denial(&decision), Some((404, "route.api-major"))),
        }
        for target in ["/vnflcm/v1/vnf_instances/i", "/nslcm/v2/vnf_instances/i"] {
            assert_eq!(denial(&judge(&gate, "GET", target, "")), None, "{of_v1} and {of_nslcm}: {target}");
        }
        for target in [
            "/VNFLCM/v1/vnf_instances/i",
            "/nslcm/V2/vnf_instances/i",
            "/vnflcm;a=b/v1/vnf_instances/i",
            "/x/../nslcm/v2/vnf_instances/i",
            "/x/%252e%252e/nslcm/v2/vnf_instances/i",
            "/%2576nflcm/v1/vnf_instances/i",
            "/vnflcm%252fv1/vnf_instances/i",
            "/nslcm%20/v2/vnf_instances/i",
            "//nslcm/v2/vnf_instances/i",
        ] {
            let decision = judge(&gate, "GET", target, "");
            assert!(matches!(denial(&decision), Some((404, _))), "{of_v1} and {of_nslcm}: {target}");
        }
    }
}

/// A policy that lets everything pass below its root opens no way to another's.
#[test]
fn nobody_comes_to_one_policys_root_by_way_of_anothers() {
    let folder = tempfile::tempdir().expect("a folder");
    let lax = Policy::from_file(engine(), &hostile_policy(folder.path())).expect("it loads");
    let gate = gate(vec![Arc::new(lax), native(&default_bundle(), "pass")]);
    for target in [
        "/hostile/fine",
        "/hostile/fine/100%25",
        "/hostile/fine/%252e%252e/v2",
        "/hostile/vnflcm/v2/vnf_instances",
        "/other",
    ] {
        assert_eq!(denial(&judge(&gate, "GET", target, "")), None, "{target}");
    }
    for target in [
        "/hostile/../vnflcm/v2/vnf_instances",
        "/hostile/%2e%2e/vnflcm/v2/vnf_instances",
        "/hostile/%252e%252e/vnflcm/v2/vnf_instances",
        "/hostile/%252e%252e%252fVNFLCM%252f;a/v2/vnf_instances",
        "/hostile/%252e%252e%255cvnflcm/%252e/v2%2500/vnf_instances",
        "/hostile/..;x/vnflcm/v2/vnf_instances",
        "/hostile/..%2fvnflcm/v2/vnf_instances",
    ] {
        let decision = judge(&gate, "GET", target, "");
        assert!(matches!(denial(&decision), Some((404, _))), "{target}");
        assert_eq!(asked(&decision), ["hostile", "vnflcm-v2"], "{target}");
    }
}

/// Only the policy that reads the field X-Ticket minds one which some take for it.
#[test]
fn a_policy_without_a_say_reads_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let nslcm = bundle(folder.path(), "nslcm", "/nslcm/v2");
    let version = "- { name: Version, in: header, required: true, schema: { type: string } }\n";
    let ticket = "        - { name: X-Ticket, in: header, schema: { type: boolean }, x-rule: terminate.type }\n";
    change(&nslcm, "openapi.yaml", version, &format!("{version}{ticket}"));
    let lax = Policy::from_file(engine(), &hostile_policy(folder.path())).expect("it loads");
    let gate = gate(vec![Arc::new(lax), native(&nslcm, "deny")]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
    let judged = |target: &str| {
        let fields = [("version", "2.0.0"), ("accept", "application/json"), ("x_ticket", "x")];
        runtime.block_on(gate.judge(&request("GET", target, &fields, b"")))
    };
    assert_eq!(denial(&judged("/nslcm/v2/vnf_instances/i")), Some((400, "transport.field.alias")));
    assert_eq!(denial(&judged("/hostile/fine")), None);
}

/// A policy that knows the versions 1.x of the API, beside that of 2.x.
fn both_versions(folder: &Path) -> Vec<Arc<Policy>> {
    let v1 = folder.join("vnflcm-one");
    std::fs::create_dir(&v1).expect("it is made");
    let text = "name: vnflcm-one\nversion: 1.0.0\nextends: vnflcm-v2\napiRoots:\n  - path: /vnflcm/v1\n    options: { supportedVersions: [1.3.0] }\n";
    std::fs::write(v1.join("policy.yaml"), text).expect("it is written");
    vec![native(&default_bundle(), "deny"), native(&v1, "deny")]
}

fn option(name: &str, value: Value) -> Setting {
    Setting::Option { name: name.to_owned(), value }
}

#[test]
fn a_setting_is_for_all_policies_or_for_the_one_it_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let policies = both_versions(folder.path());
    let with = |settings: Vec<Setting>| gate(policies.clone()).with_settings(settings);
    let told = |gate: &Gate, target: &str, version: &str| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
        let fields = [("version", version), ("accept", "application/json")];
        let decision = runtime.block_on(gate.judge(&request("GET", target, &fields, b"")));
        denial(&decision).map(|(status, rule)| (status, rule.to_owned()))
    };
    let unsupported = || Some((406, "header.version.supported".to_owned()));
    let (one, two) = ("/vnflcm/v1/vnf_instances", "/vnflcm/v2/vnf_instances");

    // Each gets the versions of its own API root.
    let gate = with(vec![option("supportedVersions", json!(["1.4.0", "2.1.0"]))]).expect("both know it");
    assert_eq!((told(&gate, one, "1.4.0"), told(&gate, two, "2.1.0")), (None, None));
    assert_eq!((told(&gate, one, "2.1.0"), told(&gate, two, "1.4.0")), (unsupported(), unsupported()));
    let version = |target: &str| gate.style_for(target).version.clone();
    assert_eq!((version(one), version(two)), (Some("1.4.0".parse().unwrap()), Some("2.1.0".parse().unwrap())));
    // What is meant for one of them only leaves the other as it was.
    let gate = with(vec![option("supportedVersions", json!(["2.1.0"]))]).expect("one knows it");
    assert_eq!((told(&gate, one, "1.3.0"), told(&gate, two, "2.1.0")), (None, None));

    let gate = with(vec![option("vnflcm-v2.requireAuthorization", json!(true))]).expect("it knows it");
    assert_eq!(told(&gate, two, "2.0.0"), Some((401, "header.auth.required".to_owned())));
    assert_eq!(told(&gate, one, "1.3.0"), None);
    // The API lists its versions at one place for both: either will do.
    assert_eq!(told(&gate, "/vnflcm/api_versions", "2.0.0"), None);
    assert_eq!(told(&gate, "/vnflcm/api_versions?x=1", "2.0.0"), Some((401, "header.auth.required".to_owned())));

    // What is for one wins, whichever comes first.
    let both =
        vec![option("vnflcm-v2.requireAuthorization", json!(false)), option("requireAuthorization", json!(true))];
    let gate = with(both).expect("they know it");
    assert_eq!(told(&gate, two, "2.0.0"), None);
    assert_eq!(told(&gate, one, "1.3.0"), Some((401, "header.auth.required".to_owned())));

    let severity = |rule: &str| Setting::Severity { rule: rule.to_owned(), severity: Severity::Warn };
    let gate = with(vec![severity("vnflcm-one.header.version.supported")]).expect("it has it");
    assert_eq!((told(&gate, one, "1.9.0"), told(&gate, two, "2.9.0")), (None, unsupported()));

    let refused = |setting| with(vec![setting]).err().expect("nobody knows it").to_string();
    let told = refused(option("other.requireAuthorization", json!(true)));
    assert!(told.starts_with("no policy has the option \"other.requireAuthorization\""), "{told}");
    assert_eq!(told.matches("requireAuthorization").count(), 2, "each option is named once: {told}");
    assert!(refused(severity("other.header.version.supported")).contains("no policy has the rule"));
}

/// Whatever they are: the list of them says what they judge before they are loaded.
#[test]
fn the_built_in_policies_judge_by_root() {
    let folder = tempfile::tempdir().expect("a folder");
    let policies = Policy::all_built_in(engine()).expect("they load");
    assert_eq!(BUILT_IN[0].name(), "vnflcm-v2");
    assert_eq!(policies.len(), BUILT_IN.len());
    for (listed, policy) in BUILT_IN.iter().zip(&policies) {
        let manifest = policy.manifest();
        let roots: Vec<&str> = manifest.api_roots.iter().map(String::as_str).collect();
        assert_eq!((listed.name(), listed.roots()), (manifest.name.as_str(), &*roots));
        for root in listed.roots().iter().filter(|root| !root.contains('{')) {
            let file = folder.path().join("request.raw");
            std::fs::write(&file, message("GET", &format!("{root}/nothing"), &HEAD[..2], "")).expect("it is written");
            let done = solgate().args(["check", "--format", "json"]).arg(&file).output().expect("it runs");
            let said: Value = serde_json::from_slice(&done.stdout).expect("it prints JSON");
            let names: Vec<_> = said["policies"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
            assert_eq!(names, [listed.name()], "{root}");
        }
    }
}

/// Answers below one API root only.
struct Below(&'static str, Mutex<Vec<String>>);

impl FactSource for Below {
    fn fetch<'a>(&'a self, request: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        self.1.lock().expect("nobody panicked").push(request.api_root.to_owned());
        let answer = if request.api_root == self.0 {
            FactAnswer::Found { etag: None, body: facts()["vnfInstance"].to_string().into() }
        } else {
            FactAnswer::Absent
        };
        Box::pin(async move { Fact { answer, cached: false } })
    }
}

/// Both roots hold the request, and each policy means another place by the same fact.
#[test]
fn policies_share_a_fact_only_below_the_same_root() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = bundle(folder.path(), "inner", "/a/b");
    let outer = bundle(folder.path(), "outer", "/a");
    change(&outer, "openapi.yaml", "  /vnf_instances/", "  /{part}/vnf_instances/");
    change(&outer, "tests/terminate.yaml", "path: /vnf_instances", "path: /b/vnf_instances");
    let facts = Arc::new(Below("/a", Mutex::default()));
    let gate = Gate::new(vec![native(&outer, "deny"), native(&inner, "deny")], Arc::clone(&facts) as _);
    let decision = judge(&gate, "POST", "/a/b/vnf_instances/i/terminate", r#"{"terminationType":"FORCEFUL"}"#);
    assert_eq!((denial(&decision), asked(&decision)), (Some((404, "terminate.exists")), vec!["outer", "inner"]));
    assert_eq!(*facts.1.lock().expect("nobody panicked"), ["/a", "/a/b"]);
}

/// The bytes of memory that each file of this name takes in a process.
fn memory_files(process: u32, name: &str) -> Vec<u64> {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).expect("it runs");
    let mut files = BTreeMap::new();
    for file in open.filter_map(Result::ok).map(|entry| entry.path()) {
        let is_meant =
            std::fs::read_link(&file).is_ok_and(|target| target.to_string_lossy().contains(&format!("memfd:{name}")));
        if let (true, Ok(known)) = (is_meant, std::fs::metadata(&file)) {
            files.insert(known.ino(), known.blocks() * 512);
        }
    }
    files.into_values().collect()
}

/// `solgate serve` and `solgate check` take the same policies in the same way.
#[test]
fn a_door_and_the_command_line_agree() {
    let folder = tempfile::tempdir().expect("a folder");
    let bundles = [
        default_bundle(),
        bundle(folder.path(), "vnflcm-v1", "/vnflcm/v1"),
        bundle(folder.path(), "nslcm", "/nslcm/v2"),
    ];
    let mut policies = Vec::new();
    for bundle in &bundles {
        let file = folder.path().join(bundle.file_name().expect("it has one")).with_extension("wasm");
        let built = solgate().arg("build").arg(bundle).arg("-o").arg(&file).output().expect("it runs");
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        policies.extend(["--policy".to_owned(), file.to_str().expect("UTF-8").to_owned()]);
    }
    let policies: Vec<&str> = policies.iter().map(String::as_str).collect();
    std::fs::write(folder.path().join("facts.json"), facts().to_string()).expect("it is written");

    let vnfm = Vnfm::start();
    for root in ["/vnflcm/v2", "/vnflcm/v1", "/nslcm/v2"] {
        vnfm.reply("GET", &format!("{root}/vnf_instances/i"), Reply::json(&facts()["vnfInstance"]));
        vnfm.reply("GET", &format!("{root}/vnf_lcm_op_occs"), Reply::json(&json!([])));
    }
    let url = vnfm.url();
    let gate = Serving::start(&[&["--log", "off", "--upstream", &url], &policies[..]].concat());
    let (engine, files) = (memory_files(gate.pid(), "solgate-engine"), memory_files(gate.pid(), "solgate-policy"));
    assert_eq!(files.len(), bundles.len());
    if cfg!(target_arch = "x86_64") {
        assert_eq!(engine.len(), 1, "the engine's machine code is there once");
        let most = files.iter().max().copied().unwrap_or_default();
        assert!(most < 6 << 20, "a file of a policy holds nothing but its memory: {files:?}");
    }
    let terminate = r#"{"terminationType":"FORCEFUL"}"#;
    let allowed: [Case; 3] = [
        ("POST", "/vnflcm/v2/vnf_instances/i/terminate", terminate, None, &["vnflcm-v2"]),
        ("POST", "/vnflcm/v1/vnf_instances/i/terminate", terminate, None, &["vnflcm-v1"]),
        ("POST", "/nslcm/v2/vnf_instances/i/terminate", terminate, None, &["nslcm"]),
    ];
    for (method, target, body, expected, asked) in CASES.iter().chain(&allowed) {
        let fields = if body.is_empty() { &HEAD[..2] } else { &HEAD[..] };
        let bytes = message(method, target, fields, body);
        let answer = send(gate.address, &bytes);
        let served = (answer.status >= 400).then(|| (answer.status, answer.rules().remove(0)));
        let expected = expected.map(|(status, rule)| (status, rule.to_owned()));
        assert_eq!(served, expected, "{method} {target}");

        std::fs::write(folder.path().join("request.raw"), bytes).expect("it is written");
        for command in ["check", "explain"] {
            let done = solgate()
                .args([command, "request.raw", "--facts", "facts.json", "--format", "json"])
                .args(&policies)
                .current_dir(folder.path())
                .output()
                .expect("it runs");
            let said: Value = serde_json::from_slice(&done.stdout).expect("it prints JSON");
            let problem = &said["problem"];
            let checked = problem["status"].as_u64().map(|status| {
                let rule = problem["violations"][0]["rule"].as_str().unwrap_or_default();
                (u16::try_from(status).expect("a status"), rule.to_owned())
            });
            assert_eq!(checked, expected, "{command}: {method} {target}");
            let names: Vec<_> = said["policies"].as_array().into_iter().flatten().map(|one| &one["name"]).collect();
            assert_eq!(names, *asked, "{command}: {method} {target}");
        }
    }
}
