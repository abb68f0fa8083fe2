//! The containers as processes: started, asked by their probes, asked for verdicts, told
//! to stop.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use envoy_types::ext_authz::v3::pb::{CheckRequest, HttpResponse};
use envoy_types::pb::envoy::config::core::v3::{HeaderMap, HeaderValue};
use envoy_types::pb::envoy::service::auth::v3::AttributeContext;
use envoy_types::pb::envoy::service::auth::v3::attribute_context::{HttpRequest, Request};
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use serde_json::{Value, json};
use solgate_tests::artifact;
use solgate_tests::busy_vnfm::BusyVnfm;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::registry::Registry;
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Reply, Vnfm, message, send, send_and_leave};

use super::kubelet::{Outside, Pod, socket};
use super::manifests::{list, seconds, text};

const FIELDS: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
const GOOD: &str = r#"{"terminationType":"FORCEFUL"}"#;
const BAD: &str = r#"{"terminationType":"SOON"}"#;
const PASSWORD: &str = "s3cret-of-the-gate";
/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a cluster has beside the pods.
struct Cluster {
    registry: Registry,
    vnfm: SocketAddr,
    redis: SocketAddr,
    /// The policy in the registry, as the manifests name it.
    digest: String,
    key: String,
    _desk: tempfile::TempDir,
}

impl Cluster {
    /// With the default policy in its registry, for who knows the password; signed, and as `stable`.
    fn start(vnfm: SocketAddr) -> Self {
        let registry = Registry::with_user(&format!("gate:{PASSWORD}"));
        let desk = tempfile::tempdir().expect("a folder");
        std::fs::copy(artifact("vnflcm-v2.wasm"), desk.path().join("p.wasm")).expect("it is copied");
        let run = |arguments: &[&str]| {
            let mut command = solgate();
            command
                .args(arguments)
                .current_dir(desk.path())
                .env("SOLGATE_REGISTRY_PLAIN_HTTP", registry.address.to_string());
            command.env("SOLGATE_REGISTRY_USERNAME", "gate").env("SOLGATE_REGISTRY_PASSWORD", PASSWORD);
            let output = command.output().expect("it runs");
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
            output.stdout
        };
        run(&["keygen", "team.key"]);
        run(&["sign", "p.wasm", "--key", "team.key"]);
        let said =
            run(&["push", "p.wasm", &registry.name("nfv/vnfm-policy:1.0.0"), "--tag", "stable", "--format", "json"]);
        let said: Value = serde_json::from_slice(&said).expect("it is JSON");
        let key = std::fs::read_to_string(desk.path().join("team.key.pub")).expect("it is there");
        let digest = text(&said["digest"]).replace("sha256:", "");
        Self { registry, vnfm, redis: free_address(), digest, key, _desk: desk }
    }

    fn pod(&self, case: &str) -> Pod {
        self.pod_with(case, Vec::new())
    }

    /// With more names that are others here.
    fn pod_with(&self, case: &str, more: Vec<(&str, String)>) -> Pod {
        let registry = self.registry.address.to_string();
        let login = json!({"auths": {&registry: {"auth": BASE64.encode(format!("gate:{PASSWORD}").as_bytes())}}});
        let names = vec![
            ("0000000000000000000000000000000000000000000000000000000000000000", self.digest.clone()),
            ("oci://registry.example", format!("oci://{registry}")),
            ("redis.nfv.svc.cluster.local:6379", self.redis.to_string()),
            ("vnfm.nfv.svc.cluster.local:9890", self.vnfm.to_string()),
            ("address: vnfm.nfv.svc.cluster.local, port_value: 9890", socket(self.vnfm)),
            ("127.0.0.1:9890", self.vnfm.to_string()),
        ];
        let names = names.into_iter().chain(more).collect();
        let made = vec![
            ("solgate-redis", "password", PASSWORD.to_owned()),
            ("solgate-registry", ".dockerconfigjson", login.to_string()),
            ("solgate-keys", "team.key.pub", self.key.clone()),
        ];
        Pod::new(case, Outside { names, made, environment: vec![("SOLGATE_REGISTRY_PLAIN_HTTP", registry)] })
    }
}

/// One that takes operations on every instance.
fn vnfm() -> (Vnfm, SocketAddr) {
    let vnfm = Vnfm::start();
    vnfm.answer_by(|request| {
        let asked = request.line.strip_prefix("GET /vnflcm/v2/")?;
        let instance = json!({"id": "i", "instantiationState": "INSTANTIATED"});
        Some(Reply::json(&if asked.starts_with("vnf_instances/") { instance } else { json!([]) }))
    });
    let address = vnfm.url().replace("http://", "").parse().expect("an address");
    (vnfm, address)
}

/// A terminate of an instance of its own: a second operation on one waits for the first, and
/// behind a gateway for as long as a claim holds.
fn target() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("/vnflcm/v2/vnf_instances/i{}/terminate", COUNT.fetch_add(1, Ordering::Relaxed))
}

fn terminate(body: &str) -> Vec<u8> {
    message("POST", &target(), &FIELDS, body)
}

/// What the gate says when Envoy asks about a terminate: the status of the refusal and its rules.
fn asked(gate: SocketAddr, body: &str) -> Option<(i32, Vec<String>)> {
    let field = |key: &str, value: &str| HeaderValue {
        key: key.to_owned(),
        raw_value: value.as_bytes().to_vec(),
        ..HeaderValue::default()
    };
    let mut headers = vec![field(":authority", "vnfm.example"), field("x-envoy-auth-partial-body", "false")];
    headers.extend(
        FIELDS.iter().filter_map(|line| line.split_once(": ")).map(|(name, value)| field(&name.to_lowercase(), value)),
    );
    headers.push(field("content-length", &body.len().to_string()));
    let http = HttpRequest {
        method: "POST".to_owned(),
        path: target(),
        header_map: Some(HeaderMap { headers }),
        raw_body: body.as_bytes().to_vec(),
        ..HttpRequest::default()
    };
    let request = Some(Request { http: Some(http), ..Request::default() });
    let check = CheckRequest { attributes: Some(AttributeContext { request, ..AttributeContext::default() }) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let answer = runtime.block_on(async {
        let mut client = AuthorizationClient::connect(format!("http://{gate}")).await.expect("it listens");
        client.check(check).await.expect("it answers").into_inner()
    });
    match answer.http_response.expect("it says what to do") {
        HttpResponse::OkResponse(_) => None,
        HttpResponse::DeniedResponse(denied) => {
            let problem: Value = serde_json::from_str(&denied.body).expect("it is JSON");
            let rules = list(&problem["violations"]).iter().map(|violation| text(&violation["rule"]).to_owned());
            Some((denied.status.expect("it has one").code, rules.collect()))
        }
        HttpResponse::ErrorResponse(error) => panic!("{error:?}"),
    }
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < deadline, "in time: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The times of the configuration, as short as a test that runs always can have them.
fn in_a_hurry(text: &str) -> String {
    assert!(text.contains("lameDuck: 15s"), "{text}");
    text.replace("lameDuck: 15s", "lameDuck: 2s")
}

/// The gate turns clients away as soon as it is told to stop, serves them for the lame duck's
/// time all the same, and ends in time.
fn ends_in_order(pod: &Pod, gate: &mut Server, serves: impl Fn() + Sync) {
    std::thread::scope(|threads| {
        let told = threads.spawn(|| {
            wait_until("it says that it is not ready", || !pod.probe("solgate", "readinessProbe"));
            assert!(pod.probe("solgate", "livenessProbe"), "it would be killed");
            serves();
        });
        pod.stop(gate);
        told.join().expect("no panic");
    });
}

fn beside_a_gateway(hurried: bool) {
    let (_vnfm, address) = vnfm();
    let cluster = Cluster::start(address);
    let pod = cluster.pod("ext-authz");
    if hurried {
        pod.replace("configuration", in_a_hurry);
    }
    let mut gate = pod.start("solgate");
    assert!(pod.probe("solgate", "readinessProbe") && pod.probe("solgate", "livenessProbe"));
    let serves = || {
        assert_eq!(asked(pod.at(9191), GOOD), None);
        assert_eq!(asked(pod.at(9191), BAD), Some((400, vec!["terminate.type.enum".to_owned()])));
    };
    serves();
    ends_in_order(&pod, &mut gate, serves);
    // The container is started again where the registry is away: the volume has the policy.
    cluster.registry.stop(true);
    let mut gate = pod.start("solgate");
    serves();
    gate.kill();
}

#[test]
fn the_gate_beside_a_gateway_runs_as_its_manifest_says() {
    beside_a_gateway(true);
}

#[test]
#[ignore = "takes the times of the manifest: make test-kubernetes"]
fn the_gate_beside_a_gateway_ends_within_its_grace_period() {
    beside_a_gateway(false);
}

fn before_a_vnfm(hurried: bool) {
    let (vnfm, address) = vnfm();
    let cluster = Cluster::start(address);
    let pod = cluster.pod("sidecar");
    if hurried {
        pod.replace("configuration", in_a_hurry);
    }
    let mut gate = pod.start("solgate");
    // The VNFM's own probe takes the way through the gate.
    assert!(pod.probe("vnfm", "readinessProbe"));
    assert!(vnfm.received().iter().any(|request| request.line.starts_with("GET /vnflcm/api_versions ")));
    let serves = || {
        assert_eq!(send(pod.at(8080), &terminate(GOOD)).status, 202);
        let refused = send(pod.at(8080), &terminate(BAD));
        assert_eq!((refused.status, refused.rules()), (400, vec!["terminate.type.enum".to_owned()]));
    };
    serves();
    let operations = vnfm.received().iter().filter(|request| request.line.starts_with("POST ")).count();
    assert_eq!(operations, 1, "only what was allowed has arrived");
    ends_in_order(&pod, &mut gate, serves);
}

#[test]
fn the_gate_before_a_vnfm_runs_as_its_manifest_says() {
    before_a_vnfm(true);
}

#[test]
#[ignore = "takes the times of the manifest: make test-kubernetes"]
fn the_gate_before_a_vnfm_ends_within_its_grace_period() {
    before_a_vnfm(false);
}

/// The kubelet replaces a link, not the file.
#[test]
fn a_changed_config_map_takes_effect_without_a_restart() {
    let (_vnfm, address) = vnfm();
    let cluster = Cluster::start(address);
    let pod = cluster.pod("sidecar");
    let mut gate = pod.start("solgate");
    assert_eq!(send(pod.at(8080), &terminate(BAD)).status, 400);
    pod.replace("configuration", |text| text.replace("turnsName: vnfm.nfv", "turnsName: vnfm.nfv\n    mode: monitor"));
    wait_until("the mode is another one", || send(pod.at(8080), &terminate(BAD)).status == 202);
    assert!(!gate.said().contains("not kept in the cache"), "{}", gate.said());
    gate.kill();
}

/// Redis as docs/fleet-turns.md asks for it.
fn redis(cluster: &Cluster, folder: &std::path::Path) -> Server {
    let mut command = Command::new("redis-server");
    command.current_dir(folder).args([
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--port",
        &cluster.redis.port().to_string(),
    ]);
    command.args(["--user", "gate", "on", &format!(">{PASSWORD}"), "~solgate:turn:*", "resetchannels"]);
    command.args(["+set", "+get", "+del", "+evalsha", "+script|load", "--user", "default", "off"]);
    Server::start(command, cluster.redis, folder)
}

#[test]
#[ignore = "needs redis-server: make test-kubernetes"]
fn of_two_operations_at_two_replicas_one_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (busy, address) = BusyVnfm::start();
    let cluster = Cluster::start(address);
    let _redis = redis(&cluster, folder.path());
    let replicas = [cluster.pod("sidecar"), cluster.pod("sidecar")];
    let mut gates = replicas.each_ref().map(|pod| pod.start("solgate"));
    let up =
        |pod: &Pod| String::from_utf8(send(pod.at(9901), &message("GET", "/metrics", &[], "")).body).expect("text");
    for pod in &replicas {
        wait_until("the store is reached", || {
            up(pod).lines().any(|line| line.starts_with("solgate_turn_store_up") && line.ends_with(" 1"))
        });
    }
    for round in 0..20 {
        let target = format!("/vnflcm/v2/vnf_instances/replicas{round:02}/terminate");
        let mut answers = std::thread::scope(|threads| {
            let asking = replicas
                .each_ref()
                .map(|pod| threads.spawn(|| send(pod.at(8080), &message("POST", &target, &FIELDS, GOOD)).status));
            asking.map(|thread| thread.join().expect("an answer"))
        });
        answers.sort_unstable();
        assert_eq!(answers, [202, 409], "{target}");
    }
    assert_eq!(busy.arrived.lock().expect("no panic").len(), 20);
    gates.iter_mut().for_each(Server::kill);
}

#[test]
#[ignore = "needs Envoy: make test-kubernetes"]
fn envoy_with_the_module_runs_as_its_manifest_says() {
    let (vnfm, address) = vnfm();
    let cluster = Cluster::start(address);
    // Envoy's own address, which no port of the pod names.
    let admin = free_address();
    let names = vec![
        ("address: 127.0.0.1, port_value: 9901", socket(admin)),
        ("/dev/tcp/127.0.0.1/9901", format!("/dev/tcp/127.0.0.1/{}", admin.port())),
    ];
    let pod = cluster.pod_with("envoy-module", names);
    // First the policy, to its end; then what follows it, and Envoy.
    let first = pod.run("policy");
    assert!(first.status.success(), "{}", String::from_utf8_lossy(&first.stderr));
    let follows = pod.stay("policy-follow");
    let mut envoy = pod.start("envoy");
    assert!(pod.probe("envoy", "readinessProbe") && pod.probe("envoy", "livenessProbe"));
    assert_eq!(send(pod.at(8080), &terminate(GOOD)).status, 202);
    let refused = send(pod.at(8080), &terminate(BAD));
    assert_eq!((refused.status, refused.rules()), (400, vec!["terminate.type.enum".to_owned()]));
    assert_eq!(vnfm.received().iter().filter(|request| request.line.starts_with("POST ")).count(), 1);
    let metrics = send(pod.at(9902), &message("GET", "/stats/prometheus", &[], ""));
    assert!(String::from_utf8_lossy(&metrics.body).contains("solgate_requests_deny"), "{}", metrics.status);
    assert_eq!(
        send(pod.at(9902), &message("POST", "/quitquitquit", &[], "")).status,
        404,
        "nobody stops Envoy from outside"
    );
    // On a connection that the client would keep.
    let request = String::from_utf8(terminate(GOOD)).expect("text").replace("Connection: close\r\n", "");
    let served = |pod: &Pod| {
        let answer = send_and_leave(pod.at(8080), request.as_bytes());
        (answer.status, answer.field("connection").map(str::to_owned))
    };
    assert_eq!(served(&pod), (202, None));
    // The hook turns clients away while Envoy serves, and ends when nobody is left.
    let grace = seconds(&pod.folder.pod()["spec"]["terminationGracePeriodSeconds"]);
    let begun = Instant::now();
    let mut hook = pod.hook("envoy").spawn().expect("bash is there");
    wait_until("Envoy says that it is not ready", || !pod.probe("envoy", "readinessProbe"));
    assert!(pod.probe("envoy", "livenessProbe"));
    assert_eq!(served(&pod), (202, Some("close".to_owned())));
    assert!(hook.wait().expect("it ends").success());
    pod.stop(&mut envoy);
    assert!(begun.elapsed() < grace, "{:?}", begun.elapsed());
    assert!(follows.stop(), "it would be killed after the grace period");
}
