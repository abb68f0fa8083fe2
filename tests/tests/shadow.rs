//! A candidate that judges beside the policy: what is reported of it, and that nobody
//! else notices.

use std::path::PathBuf;
use std::process::Output;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use envoy_types::ext_authz::v3::pb::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use serde_json::{Value, json};
use solgate_tests::doors::{ext_authz, transport};
use solgate_tests::hostile_policy;
use solgate_tests::minimal::{self, Door, HEAD, replace, terminate};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Reply, Vnfm, message, send};

/// The policy in force, and a candidate. The candidate knows another type of
/// termination, names one rule otherwise, and has another status for a third.
struct Policies {
    live: Vec<u8>,
    candidate: Vec<u8>,
}

fn policies() -> &'static Policies {
    static POLICIES: OnceLock<Policies> = OnceLock::new();
    // A parameter whose value is nobody's business.
    let parameter = "operationId: terminate\n      parameters:\n";
    let secret = format!("{parameter}        - {{ name: access_token, in: query, schema: {{ type: string }} }}\n");
    POLICIES.get_or_init(|| Policies {
        live: minimal::policy(&[(parameter, &secret)]),
        candidate: minimal::policy(&[
            (parameter, &secret),
            ("enum: [FORCEFUL, GRACEFUL]", "enum: [FORCEFUL, GRACEFUL, GENTLE]"),
            ("terminate.timeout.limit", "terminate.timeout.long"),
            ("status: 409", "status: 412"),
        ]),
    })
}

/// A folder with both policies in it.
struct Files {
    folder: tempfile::TempDir,
    live: PathBuf,
    candidate: PathBuf,
}

impl Files {
    fn write(candidate: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (live, shadow) = (folder.path().join("live.wasm"), folder.path().join("candidate.wasm"));
        std::fs::write(&live, &policies().live).expect("it is written");
        std::fs::write(&shadow, candidate).expect("it is written");
        Self { folder, live, candidate: shadow }
    }

    /// With the policy that misbehaves at `/hostile/...` and allows all else.
    fn hostile() -> Self {
        let elsewhere = tempfile::tempdir().expect("a folder");
        Self::write(&std::fs::read(hostile_policy(elsewhere.path())).expect("it is readable"))
    }

    fn open(&self, door: &str, vnfm: &Vnfm, arguments: &[&str]) -> Door {
        let shadow = self.candidate.to_str().expect("UTF-8");
        let arguments = [&["--shadow", shadow], arguments].concat();
        Door::open(door, &vnfm.url(), self.folder.path(), &self.live, &arguments)
    }
}

/// The counter of requests with this outcome.
fn compared(outcome: &str) -> String {
    format!("solgate_shadow_total{{outcome=\"{outcome}\"}}")
}

/// What is reported of the shadow, when there are so many lines.
fn lines(door: &Door, count: usize) -> Vec<Value> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let said = door.server.said();
        let decided = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let lines: Vec<Value> = decided.filter(|line| line.get("shadow").is_some()).collect();
        if lines.len() >= count || Instant::now() > deadline {
            assert_eq!(lines.len(), count, "{said}");
            return lines;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn with_timeout(instance: &str, seconds: u32) -> Vec<u8> {
    let body = format!(r#"{{"terminationType":"GRACEFUL","gracefulTerminationTimeout":{seconds}}}"#);
    message("POST", &format!("/vnflcm/v2/vnf_instances/{instance}/terminate"), &HEAD, &body)
}

/// A VNFM with an instance that runs, and one that does not.
fn vnfm() -> Vnfm {
    let vnfm = Vnfm::start();
    vnfm.instance("on", "INSTANTIATED", &json!([])).instance("off", "NOT_INSTANTIATED", &json!([]));
    vnfm
}

/// Requests, the status and rule by the policy in force, and what there is to say of the
/// candidate.
type Row = (&'static str, Vec<u8>, u16, &'static str);

fn rows() -> [Row; 5] {
    [
        ("agree", terminate("on", "FORCEFUL"), 202, ""),
        ("agree", terminate("off", "soon"), 400, "terminate.type"),
        ("differs", with_timeout("on", 9999), 400, "terminate.timeout.limit"),
        ("differs", terminate("off", "FORCEFUL"), 409, "terminate.state"),
        // The candidate goes on to the state, of which nobody has asked.
        ("undecided", terminate("on", "GENTLE"), 400, "terminate.type"),
    ]
}

#[test]
fn where_the_candidate_differs_is_reported() {
    let (files, vnfm) = (Files::write(&policies().candidate), vnfm());
    let door = files.open("serve", &vnfm, &[]);
    for (outcome, request, status, rule) in rows() {
        let answer = send(door.address, &request);
        assert_eq!(answer.status, status, "{outcome}");
        assert!(rule.is_empty() || answer.rules() == [rule], "{outcome}");
    }
    for (outcome, count) in [("agree", 2), ("differs", 2), ("undecided", 1), ("failed", 0), ("skipped", 0)] {
        door.wait(&compared(outcome), count);
    }
    let lines = lines(&door, 3);
    let [renamed, restated, further] = lines.as_slice() else { panic!("{lines:?}") };
    assert_eq!(renamed["shadow"], 1);
    assert_eq!((&renamed["outcome"], &renamed["operation"]), (&json!("differs"), &json!("terminate")));
    assert_eq!(renamed["path"], "/vnflcm/v2/vnf_instances/on/terminate");
    let denied = |rule: &str| {
        let violation = json!({"rule": rule, "pointer": "/gracefulTerminationTimeout"});
        json!({"allowed": false, "status": 400, "rule": rule, "violations": [violation]})
    };
    assert_eq!(renamed["live"], denied("terminate.timeout.limit"));
    assert_eq!(renamed["candidate"], denied("terminate.timeout.long"));
    assert_eq!((&restated["live"]["status"], &restated["candidate"]["status"]), (&json!(409), &json!(412)));
    assert_eq!((&further["outcome"], further.get("candidate")), (&json!("undecided"), None));
    assert_eq!(further["reason"], "the candidate needs the fact vnfInstance, which was not fetched");

    // Each goes with a decision line, and names the candidate.
    let said = door.server.said();
    for line in [renamed, restated, further] {
        let id = line["id"].as_str().expect("an id");
        assert_eq!(said.lines().filter(|line| line.contains(id)).count(), 2, "{id}");
        assert_eq!(line["policies"][0]["name"], "my-policy");
        let digest = line["policies"][0]["digest"].as_str().expect("a digest");
        let in_use =
            |metric: &str| door.metrics().lines().any(|line| line.starts_with(metric) && line.contains(digest));
        assert!(in_use("solgate_shadow_policy_info{") && !in_use("solgate_policy_info{"));
    }
    assert!(said.contains("a shadow judges beside the gate, without effect"), "{said}");
}

#[test]
fn the_vnfm_gets_what_it_would_get_without() {
    let received = |shadow: bool| {
        let (files, vnfm) = (Files::write(&policies().candidate), vnfm());
        let door = match shadow {
            true => files.open("serve", &vnfm, &[]),
            false => Door::open("serve", &vnfm.url(), files.folder.path(), &files.live, &[]),
        };
        for (_, request, ..) in rows() {
            let _ = send(door.address, &request);
        }
        if shadow {
            door.wait(&compared("agree"), 2);
            lines(&door, 3);
        }
        // Some fields hold the port.
        vnfm.received().into_iter().map(|received| (received.line, received.body)).collect::<Vec<_>>()
    };
    let without = received(false);
    assert_eq!(received(true), without);
    // Two facts, and the one request that is allowed.
    assert_eq!(without.len(), 3, "{without:?}");
}

#[test]
fn a_candidate_that_fails_is_counted_and_nothing_else() {
    let (files, vnfm) = (Files::hostile(), vnfm());
    let door = files.open("serve", &vnfm, &[]);
    for (misdeed, fault) in [
        ("loop", "gate.policy-deadline"),
        ("panic", "gate.policy-trap"),
        ("memory", "gate.policy-memory"),
        ("output", "gate.policy-outcome"),
        ("need", "gate.policy-outcome"),
    ] {
        let failed = door.count(&compared("failed"));
        assert_eq!(send(door.address, &message("GET", &format!("/hostile/{misdeed}"), &HEAD, "")).status, 404);
        door.wait(&compared("failed"), failed + 1);
        let lines = lines(&door, failed + 1);
        let line = lines.last().expect("there is one");
        assert_eq!(line["outcome"], "failed", "{misdeed}");
        let reason =
            line["reason"].as_str().and_then(|reason| reason.strip_prefix("the candidate came to no verdict: "));
        // On a busy machine there is no time to go wrong in any other way.
        assert!(reason == Some(fault) || reason == Some("gate.policy-deadline"), "{misdeed}: {line}");
        assert_eq!(send(door.address, &terminate("on", "FORCEFUL")).status, 202, "after {misdeed}");
    }
    // What the log says of it is not to be taken for the policy in force.
    let said = door.server.said_with("a policy gave no verdict");
    let errors: Vec<&str> = said.lines().filter(|line| line.contains("a policy gave no verdict")).collect();
    assert!(!errors.is_empty() && errors.iter().all(|line| line.contains("shadow{")), "{errors:?}");
}

/// Requests that come one after the other find no room in the queue: so none of them,
/// and no turn of an instance, has waited for the candidate.
#[test]
fn nobody_waits_for_a_slow_candidate() {
    let (files, vnfm) = (Files::hostile(), vnfm());
    let door = files.open("serve", &vnfm, &["--log", "off"]);
    let looping = message("GET", "/hostile/loop", &HEAD, "");
    let mut sent = 0;
    while door.count(&compared("skipped")) == 0 {
        assert!(sent < 200, "the queue has no end");
        assert_eq!(send(door.address, &looping).status, 404);
        sent += 1;
    }
    for _ in 0..3 {
        assert_eq!(send(door.address, &terminate("on", "FORCEFUL")).status, 202);
    }
    let done = ["agree", "differs", "failed", "undecided"].map(|outcome| door.count(&compared(outcome)));
    assert!(done.iter().sum::<usize>() < sent, "{done:?} of {sent}");
}

#[test]
fn the_candidate_is_replaced_as_the_policy_is_and_apart_from_it() {
    let (files, vnfm) = (Files::write(&policies().candidate), vnfm());
    let door = files.open("serve", &vnfm, &[]);
    let long = with_timeout("on", 9999);
    let _ = send(door.address, &long);
    door.wait(&compared("differs"), 1);

    let reloads = |outcome: &str| format!("solgate_shadow_reloads_total{{outcome=\"{outcome}\"}}");
    replace(&files.candidate, b"policy");
    door.wait(&reloads("refused"), 1);
    let said = door.server.said_with("policies not replaced");
    let refused = said.lines().find(|line| line.contains("policies not replaced")).expect("it is said");
    assert!(refused.contains("shadow=true") && refused.contains("candidate.wasm"), "{refused}");
    // The one before goes on.
    let _ = send(door.address, &long);
    door.wait(&compared("differs"), 2);

    replace(&files.candidate, &policies().live);
    door.wait(&reloads("swapped"), 1);
    let _ = send(door.address, &long);
    door.wait(&compared("agree"), 1);
    for outcome in ["swapped", "refused"] {
        assert_eq!(door.count(&format!("solgate_policy_reloads_total{{outcome=\"{outcome}\"}}")), 0, "{outcome}");
    }
    let shadows = door.metrics().lines().filter(|line| line.starts_with("solgate_shadow_policy_info{")).count();
    assert_eq!(shadows, 1, "only what is in use is reported");
    assert_eq!(send(door.address, &long).rules(), ["terminate.timeout.limit"]);
}

#[test]
fn in_monitor_mode_it_is_compared_what_would_have_been_denied() {
    let (files, vnfm) = (Files::write(&policies().candidate), vnfm());
    let door = files.open("serve", &vnfm, &["--mode", "monitor"]);
    assert_eq!(send(door.address, &with_timeout("on", 9999)).status, 202);
    let line = &lines(&door, 1)[0];
    let would = |verdict: &str| (line[verdict]["allowed"].clone(), line[verdict]["findings"][0]["rule"].clone());
    assert_eq!(would("live"), (json!(true), json!("terminate.timeout.limit")));
    assert_eq!(would("candidate"), (json!(true), json!("terminate.timeout.long")));
}

/// A member more of a fact, and bytes more of a body.
#[test]
fn what_the_candidate_does_not_get_whole_is_undecided() {
    let members = "members: [id, instantiationState]";
    let more = format!("members: [id, instantiationState, vnfdId]\n\nlimits: {{ bodyBytes: {} }}", 2 << 20);
    let (files, vnfm) = (Files::write(&minimal::policy(&[(members, &more)])), vnfm());
    let door = files.open("serve", &vnfm, &[]);
    assert_eq!(send(door.address, &terminate("on", "FORCEFUL")).status, 202);
    let long = message("POST", "/vnflcm/v2/vnf_instances/on/terminate", &HEAD, &" ".repeat((1 << 20) + 1));
    assert_eq!(send(door.address, &long).status, 413);
    let lines = lines(&door, 2);
    assert!(lines.iter().all(|line| line["outcome"] == "undecided"), "{lines:?}");
    assert_eq!(lines[0]["reason"], "the candidate needs the fact vnfInstance, which was not fetched");
    assert_eq!(lines[1]["reason"], "the candidate takes larger bodies than were read");
    assert_eq!(vnfm.received().len(), 2, "one fact, and the request that is allowed");
}

/// As with the policy in force: in the configuration file, and when an override ends.
#[test]
fn the_candidate_is_under_the_settings_of_now() {
    let (files, vnfm) = (Files::write(&policies().live), vnfm());
    let (address, admin) = (free_address(), free_address());
    let until = SystemTime::now() + Duration::from_secs(10);
    let config = json!({"listen": address.to_string(), "admin": admin.to_string(), "upstreams": [{
        "url": vnfm.url(), "policies": ["live.wasm"], "shadow": ["candidate.wasm"], "severity": {
            "terminate.timeout.limit": {"severity": "off", "reason": "a test",
                "until": humantime::format_rfc3339_millis(until).to_string()},
        },
    }]});
    let path = files.folder.path().join("solgate.yaml");
    std::fs::write(&path, config.to_string()).expect("it is written");
    let mut command = solgate();
    command.arg("serve").arg("--config").arg(path);
    let server = Server::start(command, address, files.folder.path());
    let door = Door { server, address, admin };
    let long = with_timeout("on", 9999);
    assert_eq!(send(address, &long).status, 202);
    door.wait(&compared("agree"), 1);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !door.server.said().contains("override has expired") {
        assert!(Instant::now() < deadline, "{}", door.server.said());
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(send(address, &long).rules(), ["terminate.timeout.limit"]);
    door.wait(&compared("agree"), 2);
    assert_eq!(door.server.said().matches("override has expired").count(), 1);
}

#[test]
fn a_gate_that_is_off_compares_nothing_and_says_so() {
    let (files, vnfm) = (Files::hostile(), vnfm());
    let door = files.open("serve", &vnfm, &["--mode", "off"]);
    assert_eq!(send(door.address, &terminate("on", "soon")).status, 202);
    let compared = ["agree", "differs", "failed", "undecided", "skipped"].map(|outcome| door.count(&compared(outcome)));
    assert_eq!(compared, [0; 5]);
    let _ = door.server.said_with("WARN the shadow judges nothing, because the gate is off");
}

/// The candidate has nothing to be compared with.
#[test]
fn without_a_verdict_in_force_it_is_undecided() {
    let (files, vnfm) = (Files::hostile(), vnfm());
    vnfm.reply("GET", "/vnflcm/v2/vnf_instances/ill", Reply::status(500));
    let door = files.open("serve", &vnfm, &[]);
    assert_eq!(send(door.address, &terminate("ill", "FORCEFUL")).status, 503);
    let line = &lines(&door, 1)[0];
    assert_eq!(line["outcome"], "undecided");
    assert_eq!(line["reason"], "the live policy came to no verdict: gate.fact-unavailable");
}

#[test]
fn no_secret_is_in_the_lines() {
    let (files, vnfm) = (Files::write(&policies().candidate), vnfm());
    for log in ["json", "text"] {
        let door = files.open("serve", &vnfm, &["--log", log]);
        let fields = [HEAD[0], HEAD[1], HEAD[2], "Authorization: Bearer hunter2", "X-Auth-Token: hunter2"];
        let body = r#"{"terminationType":"FORCEFUL","password":"hunter2"}"#;
        let target = "/vnflcm/v2/vnf_instances/off/terminate?access_token=hunter2";
        let answer = send(door.address, &message("POST", target, &fields, body));
        assert_eq!(answer.status, 409, "{}", String::from_utf8_lossy(&answer.body));
        door.wait(&compared("differs"), 1);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !door.server.said().contains("412") {
            assert!(Instant::now() < deadline, "{}", door.server.said());
            std::thread::sleep(Duration::from_millis(10));
        }
        let said = door.server.said();
        assert!(!said.contains("hunter2"), "{said}");
        if log == "text" {
            let line = said.lines().find(|line| line.contains(" shadow differs ")).expect("it is there");
            let text = "shadow differs   POST /vnflcm/v2/vnf_instances/off/terminate  \
                        live 409 terminate.state  \
                        candidate 412 terminate.state";
            assert!(line.ends_with(text), "{line}");
        }
    }
}

#[test]
fn the_doors_that_other_servers_ask_have_shadows_too() {
    let (files, vnfm) = (Files::hostile(), vnfm());
    let forward = files.open("forward-auth", &vnfm, &[]);
    let fields = ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /nowhere", "X-Forwarded-Host: vnfm.example"];
    assert_eq!(send(forward.address, &message("GET", "/", &fields, "")).status, 404);
    assert_eq!(lines(&forward, 1)[0]["candidate"]["allowed"], true);

    let envoy = files.open("ext-authz", &vnfm, &[]);
    let asked = transport::requests().into_iter().find(|asked| asked.label == "a retry").expect("it is there");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let answer = runtime.block_on(async {
        let mut client = AuthorizationClient::connect(format!("http://{}", envoy.address)).await.expect("it listens");
        client.check(ext_authz::check(&asked, "vnfm.example")).await.expect("it answers").into_inner()
    });
    assert!(matches!(answer.http_response, Some(HttpResponse::DeniedResponse(_))), "{answer:?}");
    assert_eq!(lines(&envoy, 1)[0]["candidate"]["allowed"], true);
}

#[test]
fn a_candidate_that_could_not_judge_is_found_at_the_start() {
    let files = Files::write(&policies().candidate);
    let (live, candidate) = (files.live.to_str().expect("UTF-8"), files.candidate.to_str().expect("UTF-8"));
    let check = |arguments: &[&str]| -> (Option<i32>, String) {
        let mut command = solgate();
        command.args(["serve", "--upstream", "http://vnfm.example", "--policy", live, "--check-config"]);
        let Output { status, stderr, .. } = command.args(arguments).output().expect("it runs");
        (status.code(), String::from_utf8(stderr).expect("it is text"))
    };
    let (status, said) = check(&["--shadow", candidate]);
    assert!(status == Some(0) && said.contains(&format!("enforced; in its shadow {candidate})")), "{said}");

    let pinned = format!("{candidate}@sha256:{}", "0".repeat(64));
    let key = files.folder.path().join("team.key");
    let key = key.to_str().expect("UTF-8");
    for arguments in [&["keygen", key][..], &["sign", live, "--key", key][..]] {
        assert!(solgate().args(arguments).output().expect("it runs").status.success());
    }
    let public = format!("{key}.pub");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let hostile = hostile_policy(elsewhere.path());
    let hostile = hostile.to_str().expect("UTF-8");
    let table: [(&[&str], &str); 4] = [
        (&["--shadow", &pinned], "a different file is pinned"),
        (&["--shadow", candidate, "--require-signature", &public], "it is not signed"),
        (&["--shadow", "nowhere.wasm"], "cannot read nowhere.wasm"),
        (&["--shadow", hostile, "--set", "maxTimeout=1"], "maxTimeout"),
    ];
    for (arguments, reason) in table {
        let (status, said) = check(arguments);
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains("the shadow for http://vnfm.example/: ") && said.contains(reason), "{said}");
    }
}
