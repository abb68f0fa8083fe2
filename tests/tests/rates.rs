//! Requests in a second: of a client, of a caller, of a tenant.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use solgate_tests::minimal::replace;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::tokens::{TokenKey, jwks};
use solgate_tests::vnfm::{Answer, Vnfm, message, send};

struct Gate {
    server: Server,
    address: SocketAddr,
    admin: SocketAddr,
    vnfm: Vnfm,
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl Gate {
    fn open(door: &str, members: &Value, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (address, admin, vnfm) = (free_address(), free_address(), Vnfm::start());
        let file = folder.path().join("solgate.yaml");
        let mut command = solgate();
        command.arg(door).arg("--config").arg(&file).args(arguments).current_dir(folder.path());
        std::fs::write(&file, config(address, admin, &vnfm, members).to_string()).expect("it is written");
        let server = Server::start(command, address, folder.path());
        Self { server, address, admin, vnfm, file, folder }
    }

    fn reconfigure(&self, members: &Value) {
        let before = self.metric("solgate_config_reloads_total{outcome=\"swapped\"}");
        replace(&self.file, config(self.address, self.admin, &self.vnfm, members).to_string().as_bytes());
        self.server.signal("HUP");
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.metric("solgate_config_reloads_total{outcome=\"swapped\"}") == before {
            assert!(Instant::now() < deadline, "{}", self.server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn ask(&self, fields: &[&str]) -> Answer {
        let fields = [&["Version: 2.0.0", "Accept: application/json"], fields].concat();
        send(self.address, &message("GET", "/vnflcm/v2/vnf_instances", &fields, ""))
    }

    /// How many of so many requests pass; the others are refused with this rule.
    fn pass(&self, count: usize, rule: &str, fields: &[&str]) -> usize {
        let answers = (0..count).map(|_| self.ask(fields));
        let passed = answers.filter(|answer| {
            if answer.status == 429 {
                assert_eq!(answer.rules(), [rule]);
                let wait: u64 = answer.field("retry-after").expect("it says when").parse().expect("a number");
                assert!((1..=3600).contains(&wait), "{wait}");
                return false;
            }
            assert!([200, 202].contains(&answer.status), "{} {}", answer.status, self.server.said());
            true
        });
        passed.count()
    }

    fn metric(&self, name: &str) -> u64 {
        let answer = send(self.admin, &message("GET", "/metrics", &[], ""));
        let text = String::from_utf8(answer.body).expect("it is text");
        let found = text.lines().filter(|line| line.starts_with(name)).filter_map(|line| line.rsplit_once(' '));
        found.map(|(_, value)| value.parse::<u64>().expect("a number")).sum()
    }
}

fn config(address: SocketAddr, admin: SocketAddr, vnfm: &Vnfm, members: &Value) -> Value {
    let mut config = json!({
        "listen": address.to_string(), "admin": admin.to_string(), "upstreams": [{"url": vnfm.url()}],
        "decisionLog": {"file": "decisions.jsonl"},
    });
    for (name, value) in members.as_object().expect("members") {
        config[name] = value.clone();
    }
    config
}

#[test]
fn a_client_may_send_a_burst_and_no_more_in_this_time() {
    let limits = json!({"limits": {"clientRate": 1, "clientBurst": 4}, "trustedHops": ["127.0.0.0/8"]});
    let gate = Gate::open("serve", &limits, &[]);
    // Who it is says the hop that is believed; the hop itself has no limit.
    assert!((4..10).contains(&gate.pass(20, "gate.client-rate", &["X-Forwarded-For: 192.0.2.1"])));
    assert!((4..10).contains(&gate.pass(20, "gate.client-rate", &["X-Forwarded-For: 192.0.2.2"])));
    assert_eq!(gate.pass(20, "gate.client-rate", &[]), 20);
    assert!(gate.metric("solgate_rated_senders") >= 1);
    let refused = gate.metric("solgate_requests_total{").min(60);
    assert_eq!(refused, 60, "all are counted");
    let deadline = Instant::now() + Duration::from_secs(20);
    let recorded = || std::fs::read_to_string(gate.folder.path().join("decisions.jsonl")).unwrap_or_default();
    while !recorded().contains("\"rule\":\"gate.client-rate\"") {
        assert!(Instant::now() < deadline, "a refusal is recorded: {}", recorded());
        std::thread::sleep(Duration::from_millis(20));
    }
    // In every mode, and from now on; what was sent before counts.
    let off = json!({
        "limits": {"clientRate": 1, "clientBurst": 1}, "trustedHops": ["127.0.0.0/8"],
        "upstreams": [{"url": gate.vnfm.url(), "mode": "off"}],
    });
    gate.reconfigure(&off);
    assert!(gate.pass(10, "gate.client-rate", &["X-Forwarded-For: 192.0.2.3"]) < 6);
    gate.reconfigure(&json!({}));
    assert_eq!(gate.pass(20, "gate.client-rate", &["X-Forwarded-For: 192.0.2.3"]), 20);
}

#[test]
fn a_server_that_asks_is_not_the_client() {
    let limits = json!({"limits": {"clientRate": 1, "clientBurst": 2}});
    let gate = Gate::open("forward-auth", &limits, &["--trust", "127.0.0.1"]);
    let ask = |client: &str| {
        let fields = [
            "X-Forwarded-Method: GET",
            "X-Forwarded-Uri: /vnflcm/v2/vnf_instances",
            "Version: 2.0.0",
            "Accept: application/json",
            client,
        ];
        send(gate.address, &message("GET", "/", &fields, "")).status
    };
    let first: Vec<u16> = (0..8).map(|_| ask("X-Forwarded-For: 192.0.2.1")).collect();
    assert!(first[..2] == [200, 200] && first.contains(&429), "{first:?}");
    assert_eq!(ask("X-Forwarded-For: 192.0.2.2"), 200);
}

#[test]
fn callers_and_tenants_have_limits_that_tokens_decide() {
    let (key, other) = (TokenKey::ed25519("one"), TokenKey::ed25519("two"));
    let token = |key: &TokenKey, caller: &str, tenant: &str| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_secs();
        let token = key.token("EdDSA", &json!({"sub": caller, "tenant": tenant, "exp": now + 600}));
        format!("Authorization: Bearer {token}")
    };
    let keys = tempfile::tempdir().expect("a folder");
    let file = |name: &str, key: &TokenKey| {
        let path = keys.path().join(name);
        std::fs::write(&path, jwks(&[key]).to_string()).expect("it is written");
        path
    };
    let (first, second) = (file("first.json", &key), file("second.json", &other));
    let limits = json!({"callerRate": 1, "callerBurst": 3, "tenantRate": 1, "tenantBurst": 5});
    let gate = Gate::open("serve", &json!({"limits": limits, "jwt": {"jwks": first}}), &[]);
    let anna = token(&key, "anna", "t1");
    assert!((3..8).contains(&gate.pass(12, "gate.caller-rate", &[&anna])));
    let others: Vec<String> = (0..30).map(|number| token(&key, &format!("caller-{number}"), "t2")).collect();
    let passed: usize = others.iter().map(|caller| gate.pass(1, "gate.tenant-rate", &[caller])).sum();
    assert!((5..15).contains(&passed), "{passed}");

    // The keys are another issuer's from here on, at once and without a restart.
    assert_eq!(gate.ask(&[&token(&other, "bert", "t3")]).status, 401);
    gate.reconfigure(&json!({"jwt": {"jwks": second}}));
    assert_eq!(gate.ask(&[&token(&other, "bert", "t3")]).status, 202);
    assert_eq!(gate.ask(&[&anna]).rules(), ["access.token.invalid"]);
    // A source that has no keys changes nothing.
    let nobody = free_address();
    let refused = "solgate_config_reloads_total{outcome=\"refused\"}";
    let before = gate.metric(refused);
    let members = json!({"jwt": {"jwks": format!("http://{nobody}/keys")}});
    replace(&gate.file, config(gate.address, gate.admin, &gate.vnfm, &members).to_string().as_bytes());
    gate.server.signal("HUP");
    let said = gate.server.said_with("no keys for access tokens could be had from http://");
    assert!(gate.metric(refused) > before, "{said}");
    assert_eq!(gate.ask(&[&token(&other, "bert", "t3")]).status, 202);
    assert_eq!(send(gate.admin, &message("GET", "/readyz", &[], "")).status, 200);
    // Without the member nobody is asked for a token.
    gate.reconfigure(&json!({}));
    assert_eq!(gate.ask(&[]).status, 202);
}

#[test]
fn the_client_is_read_from_the_field_that_is_named() {
    let limits = json!({
        "limits": {"clientRate": 1, "clientBurst": 2}, "trustedHops": ["127.0.0.0/8"], "clientAddress": "forwarded",
    });
    let gate = Gate::open("serve", &limits, &[]);
    // The other field says something else each time.
    let ask = |number: usize| gate.ask(&["Forwarded: for=192.0.2.1", &format!("X-Forwarded-For: 198.51.100.{number}")]);
    let statuses: Vec<u16> = (0..8).map(|number| ask(number).status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(gate.ask(&["Forwarded: for=192.0.2.2", "X-Forwarded-For: 198.51.100.1"]).status, 202);
}
