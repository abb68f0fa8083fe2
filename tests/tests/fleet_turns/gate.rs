//! Gates of every door before one VNFM, and operations that arrive at the same time.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use envoy_types::ext_authz::v3::pb::HttpResponse;
use envoy_types::pb::envoy::service::auth::v3::authorization_client::AuthorizationClient;
use solgate_tests::doors::ext_authz::check_of;
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, message, send};

pub const FIELDS: [&str; 3] = ["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"];
pub const BODY: &str = r#"{"terminationType":"FORCEFUL"}"#;
/// Longer than anything takes.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Whether the store can be used.
pub const UP: &str = "solgate_turn_store_up";
/// Pairs of operations at the same time.
const AT_ONCE: usize = 8;

/// A gate before the VNFM.
pub struct Gate {
    pub door: &'static str,
    pub server: Server,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub vnfm: SocketAddr,
}

impl Gate {
    pub fn open(door: &'static str, vnfm: SocketAddr, turns: &str, folder: &Path) -> Self {
        Self::open_with(solgate(), door, vnfm, turns, folder)
    }

    /// The same, started by a command that may change its clock.
    pub fn open_with(mut command: Command, door: &'static str, vnfm: SocketAddr, turns: &str, folder: &Path) -> Self {
        let (address, admin) = (free_address(), free_address());
        let file = folder.join(format!("{door}-{}.yaml", address.port()));
        let config = format!(
            "listen: {address}\nadmin: {admin}\nlog: \"off\"\nturns: {turns}\nupstreams: [{{ url: 'http://{vnfm}' }}]\n"
        );
        std::fs::write(&file, config).expect("it is written");
        command.args([door, "--config"]).arg(&file);
        let server = Server::start(command, address, folder);
        let gate = Self { door, server, address, admin, vnfm };
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(admin).is_err() {
            assert!(Instant::now() < deadline, "the admin address is not open: {}", gate.server.said());
            std::thread::sleep(Duration::from_millis(10));
        }
        // Connections to the store are opened beside everything else.
        let _ = gate.wait_for(UP, |_| true);
        gate
    }

    pub fn metric(&self, name: &str) -> Option<usize> {
        let text = String::from_utf8(send(self.admin, &message("GET", "/metrics", &[], "")).body).expect("it is text");
        // A store has its URL as a label.
        let value =
            |rest: &str| rest.rsplit_once(' ').filter(|(labels, _)| labels.is_empty() || name == UP)?.1.parse().ok();
        text.lines().find_map(|line| value(line.strip_prefix(name)?))
    }

    pub fn wait_for(&self, name: &str, good: impl Fn(usize) -> bool) -> usize {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(value) = self.metric(name).filter(|value| good(*value)) {
                return value;
            }
            assert!(Instant::now() < deadline, "{name}: {:?}; {}", self.metric(name), self.server.said());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn is_connected(&self) {
        self.wait_for(UP, |up| up == 1);
    }

    /// Terminates an instance through this gate, as the server that asks would.
    pub fn terminate(&self, instance: &str) -> Answer {
        let verdict = self.ask(instance);
        if self.door == "serve" || verdict.status != 200 {
            return verdict;
        }
        send(self.vnfm, &message("POST", &target(instance), &FIELDS, BODY))
    }

    /// The same, as far as the gate is concerned. Where it does not forward itself, 200
    /// says that the server that asks may.
    pub fn ask(&self, instance: &str) -> Answer {
        let target = target(instance);
        match self.door {
            "serve" => send(self.address, &message("POST", &target, &FIELDS, BODY)),
            "forward-auth" => {
                let asked = ["X-Forwarded-Method: POST".to_owned(), format!("X-Forwarded-Uri: {target}")];
                let fields: Vec<&str> = FIELDS.into_iter().chain(asked.iter().map(String::as_str)).collect();
                send(self.address, &message("POST", "/", &fields, BODY))
            }
            _ => self.check(&target),
        }
    }

    fn check(&self, target: &str) -> Answer {
        let names = FIELDS.map(|field| field.split_once(": ").expect("a field"));
        let fields = names.map(|(name, value)| (name.to_ascii_lowercase(), value));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let check = check_of(("POST", target), "vnfm.example", &fields, BODY.as_bytes());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
        let answer = runtime.block_on(async {
            let mut client =
                AuthorizationClient::connect(format!("http://{}", self.address)).await.expect("it listens");
            client.check(check).await.expect("it answers").into_inner()
        });
        match answer.http_response {
            Some(HttpResponse::DeniedResponse(denied)) => {
                let status = u16::try_from(denied.status.expect("it has one").code).expect("a status");
                Answer { status, fields: Vec::new(), body: denied.body.into_bytes() }
            }
            _ => Answer { status: 200, fields: Vec::new(), body: Vec::new() },
        }
    }
}

fn target(instance: &str) -> String {
    format!("/vnflcm/v2/vnf_instances/{instance}/terminate")
}

/// Waits until something is so.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Terminates one instance through both at once.
pub fn pair(gates: [&Gate; 2], instance: &str) -> [u16; 2] {
    std::thread::scope(|threads| {
        let asking = gates.map(|gate| threads.spawn(|| gate.terminate(instance).status));
        let mut answers = asking.map(|thread| thread.join().expect("an answer"));
        answers.sort_unstable();
        answers
    })
}

/// So many pairs, on one instance each.
pub fn pairs(gates: [&Gate; 2], name: &str, count: usize) {
    std::thread::scope(|threads| {
        let part = |from: usize| {
            for round in (from..count).step_by(AT_ONCE) {
                let instance = format!("{name}{round:03}");
                assert_eq!(pair(gates, &instance), [202, 409], "{instance}");
            }
        };
        for from in 0..AT_ONCE {
            threads.spawn(move || part(from));
        }
    });
}

pub fn rule(answer: &Answer) -> (u16, String) {
    (answer.status, answer.rules().join(" "))
}
