//! TLS to the VNFM: nothing is sent to one that is not who it should be, and it gets to see
//! who the gate is.

use std::fs::{self, Permissions};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, date_time_ymd};
use serde_json::{Value, json};
use solgate_tests::certificates::{Authority, Holder, Issued};
use solgate_tests::process::solgate;
use solgate_tests::vnfm::{message, send};

use super::support::{Gate, Shown, mutual_server, read, said, secure_server, text};

#[test]
fn a_vnfm_is_asked_and_sent_something_if_its_certificate_is_good() {
    let (own, other) = (Authority::new("vnfms"), Authority::new("others"));
    let good = Holder { common_name: "vnfm", hosts: &["localhost"], ..Holder::default() };
    let elsewhere = Holder { hosts: &["elsewhere"], ..good.clone() };
    let expired = Holder { expired: true, ..good.clone() };
    let table = [
        ("good", &own, &good, None),
        ("of another authority", &other, &good, Some("its certificate is not from an issuer that the gate trusts")),
        ("of another host", &own, &elsewhere, Some("its certificate is for another name")),
        ("expired", &own, &expired, Some("its certificate has expired")),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, own.pem()).expect("it is written");
    // Whatever it is asked.
    let answer = json!({"id": "o", "operationState": "FAILED_TEMP", "operation": "SCALE", "vnfInstanceId": "i"});
    let retry =
        message("POST", "/vnflcm/v2/vnf_lcm_op_occs/o/retry", &["Version: 2.0.0", "Accept: application/json"], "");
    for (name, authority, holder, cause) in table {
        let address = secure_server(&authority.issue(holder), &answer);
        let url = format!("https://localhost:{}", address.port());
        let gate = Gate::before(&url, &["--upstream-ca", text(&ca)]);
        let unreachable = |rule: &str| if cause.is_none() { (200, String::new()) } else { (503, rule.to_owned()) };
        let answers = [read(&[]), retry.clone()].map(|request| send(gate.address, &request));
        let expected = [unreachable("upstream.unreachable"), unreachable("gate.fact-unavailable")];
        assert_eq!(answers.each_ref().map(said), expected, "{name}: {}", gate.server.said());
        for (answer, cause) in answers.iter().zip(cause.into_iter().cycle()) {
            let detail = answer.json()["detail"].to_string();
            assert!(detail.contains(cause), "{name}: {detail}");
        }
    }
}

/// A VNFM that serves those only who show a certificate of an authority, and the files of
/// a gate before it.
struct Mutual {
    clients: Authority,
    folder: tempfile::TempDir,
    url: String,
    shown: Shown,
}

const ENDS: &str = "solgate_upstream_certificate_not_after_seconds";

impl Mutual {
    fn new() -> Self {
        let (servers, clients) = (Authority::new("vnfms"), Authority::new("gates"));
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("ca.pem"), servers.pem()).expect("it is written");
        let own = clients.issue(&Holder { common_name: "gate", ..Holder::default() });
        own.write(folder.path(), "own");
        let issued = servers.issue(&Holder { hosts: &["localhost"], ..Holder::default() });
        let (address, shown) = mutual_server(&issued, Some(&clients), &occurrence());
        Self { clients, folder, url: format!("https://localhost:{}", address.port()), shown }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Arguments of a door that asks its VNFM with `--NAME`.
    fn arguments(&self, name: &str) -> Vec<String> {
        let files = [("ca", "ca.pem"), ("cert", "own.pem"), ("key", "own.key")];
        files.iter().flat_map(|(file, path)| [format!("--{name}-{file}"), text(&self.path(path)).to_owned()]).collect()
    }

    fn serve(&self, leaving_out: usize) -> Gate {
        let arguments = self.arguments("upstream");
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Gate::before(&self.url, &arguments[..arguments.len() - leaving_out])
    }

    /// Replaces the files of the gate.
    fn renew(&self, issued: &Issued) {
        issued.write(self.folder.path(), "own");
    }

    fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut params = CertificateParams::default();
        change(&mut params);
        self.clients.sign(params)
    }
}

fn occurrence() -> Value {
    json!({"id": "o", "operationState": "FAILED_TEMP", "operation": "SCALE", "vnfInstanceId": "i"})
}

fn retry() -> Vec<u8> {
    message("POST", "/vnflcm/v2/vnf_lcm_op_occs/o/retry", &["Version: 2.0.0", "Accept: application/json"], "")
}

#[test]
fn a_vnfm_that_asks_gets_to_see_who_the_gate_is() {
    let vnfm = Mutual::new();
    let gate = vnfm.serve(0);
    assert_eq!(
        [read(&[]), retry()].map(|request| said(&send(gate.address, &request))),
        [(200, String::new()), (200, String::new())]
    );
    // A read, a fact and what it was for.
    assert_eq!(vnfm.shown.lock().unwrap().len(), 3);
    let nobody = vnfm.serve(4);
    let refused = [(503, "upstream.unreachable".to_owned()), (503, "gate.fact-unavailable".to_owned())];
    let answers = [read(&[]), retry()].map(|request| said(&send(nobody.address, &request)));
    // In TLS 1.3 a client learns that it is refused after it has sent its request.
    let broken = [(502, "upstream.broken".to_owned()), refused[1].clone()];
    assert!(answers == refused || answers == broken, "{answers:?}: {}", nobody.server.said());
    assert_eq!(vnfm.shown.lock().unwrap().len(), 3);
    // A door that asks for facts only.
    let arguments = vnfm.arguments("facts");
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--trust", "127.0.0.1"]).collect();
    let asked = Gate::asking("forward-auth", &vnfm.url, &arguments);
    let fields = [
        "X-Forwarded-Method: POST",
        "X-Forwarded-Uri: /vnflcm/v2/vnf_lcm_op_occs/o/retry",
        "Version: 2.0.0",
        "Accept: application/json",
    ];
    let answer = send(asked.address, &message("GET", "/", &fields, ""));
    assert_eq!(answer.status, 200, "{}", asked.server.said());
    assert_eq!(vnfm.shown.lock().unwrap().len(), 4);
}

#[test]
fn the_certificate_towards_a_vnfm_is_renewed_while_the_gate_runs() {
    let vnfm = Mutual::new();
    let gate = vnfm.serve(0);
    let name = format!("{ENDS}{{upstream=\"{}\"}}", vnfm.url.trim_start_matches("https://"));
    let ask = || {
        assert_eq!(send(gate.address, &read(&[])).status, 200, "{}", gate.server.said());
        vnfm.shown.lock().unwrap().last().cloned().expect("it was shown")
    };
    let before = ask();
    assert!(gate.metric(&name) > 4_000_000_000, "rcgen's own end");
    let reloads = |outcome: &str| gate.metric(&format!("solgate_tls_reloads_total{{outcome=\"{outcome}\"}}"));

    let next = vnfm.issue(|params| params.not_after = date_time_ymd(2090, 1, 1));
    vnfm.renew(&next);
    gate.server.signal("HUP");
    gate.wait("it is renewed", |_| reloads("swapped") >= 1);
    assert_eq!(ask(), *next.der());
    assert_ne!(before, *next.der());
    assert_eq!(gate.metric(&name), 3_786_912_000, "2090-01-01");

    // What does not hold, or what anybody may have put there, does not replace it.
    type Change = fn(&mut CertificateParams);
    let table: [(&str, Change, u32); 3] = [
        (
            "the certificate has ended, at 2020-01-01T00:00:00Z",
            |params| params.not_after = date_time_ymd(2020, 1, 1),
            0o600,
        ),
        (
            "the certificate begins later, at 2085-01-01T00:00:00Z",
            |params| params.not_before = date_time_ymd(2085, 1, 1),
            0o600,
        ),
        ("everybody on this machine can write to this private key", |_| (), 0o606),
    ];
    for (reason, change, mode) in table {
        let refused = reloads("refused");
        vnfm.renew(&vnfm.issue(change));
        fs::set_permissions(vnfm.path("own.key"), Permissions::from_mode(mode)).expect("it is ours");
        gate.server.signal("HUP");
        gate.wait(reason, |gate| reloads("refused") > refused && gate.server.said().contains(reason));
        assert_eq!(ask(), *next.der(), "{reason}");
    }
    assert_eq!(reloads("swapped"), 1);
}

#[test]
fn what_cannot_be_shown_is_said_at_the_start() {
    let vnfm = Mutual::new();
    let other = vnfm.issue(|_| ());
    let ended = vnfm.issue(|params| params.not_after = date_time_ymd(2020, 1, 1));
    let own = |name: &str, issued: &Issued| issued.write(vnfm.folder.path(), name);
    own("other", &other);
    own("ended", &ended);
    own("exposed", &other);
    fs::copy(vnfm.path("own.key"), vnfm.path("no.pem")).expect("it is copied");
    fs::set_permissions(vnfm.path("exposed.key"), Permissions::from_mode(0o666)).expect("it is ours");
    let table = [
        ("own.pem", "missing.key", "3:14: missing.key: it cannot be read: No such file"),
        ("own.pem", "other.key", "3:14: other.key: the key does not belong to the first certificate"),
        ("no.pem", "own.key", "2:15: no.pem: it holds no certificate"),
        ("exposed.pem", "exposed.key", "3:14: exposed.key: everybody on this machine can write to this private key"),
        ("ended.pem", "ended.key", "2:15: ended.pem: the certificate has ended"),
    ];
    for (certificate, key, expected) in table {
        let file = vnfm.path("solgate.yaml");
        let config = format!(
            "upstreams:\n  - certFile: {certificate}\n    keyFile: {key}\n    caFile: ca.pem\n    url: {}\n",
            vnfm.url
        );
        fs::write(&file, config).expect("it is written");
        let output = solgate()
            .current_dir(vnfm.folder.path())
            .args(["serve", "--config", "solgate.yaml", "--check-config"])
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        let (at, reason) = expected.split_once(": ").expect("a place");
        assert!(said.contains(&format!("solgate.yaml:{at}: ")) && said.contains(reason), "{expected}: {said}");
    }
}

#[test]
fn an_address_that_says_nothing_costs_one_request_the_time_for_a_connection() {
    let vnfm = Mutual::new();
    // The kernel takes connections, and nobody shakes hands.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let silent = silent.local_addr().map(|address| (silent, address)).expect("it is bound");
    let node = vnfm.url.replace("https://localhost", "127.0.0.1");
    let config = json!({
        "limits": {"connectTimeout": "1s"},
        "upstreams": [{
            "url": "https://localhost", "addresses": [silent.1.to_string(), node], "health": {"aside": "60s"},
            "caFile": vnfm.path("ca.pem"), "certFile": vnfm.path("own.pem"), "keyFile": vnfm.path("own.key"),
        }],
    });
    let file = vnfm.path("solgate.yaml");
    fs::write(&file, config.to_string()).expect("it is written");
    let gate = Gate::with_file(&file);
    let begun = Instant::now();
    for _ in 0..20 {
        assert_eq!(send(gate.address, &retry()).status, 200, "{}", gate.server.said());
    }
    // Facts and requests find out about it once.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let labels = format!("{{upstream=\"localhost\",address=\"{}\",reason=\"connect\"}}", silent.1);
    assert_eq!(gate.metric(&format!("solgate_upstream_address_left_out_total{labels}")), 1);
}
