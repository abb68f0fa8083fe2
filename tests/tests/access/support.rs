//! A door as a process, and what it reports.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use solgate_tests::certificates::{Authority, Issued};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, Vnfm, message, send};

/// Longer than anything takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A door with health and metrics, that records its decisions.
pub struct Gate {
    pub server: Server,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    pub vnfm: Vnfm,
    folder: tempfile::TempDir,
}

impl Gate {
    pub fn serve(arguments: &[&str]) -> Self {
        Self::open("serve", arguments)
    }

    pub fn open(door: &str, arguments: &[&str]) -> Self {
        let vnfm = Vnfm::start();
        let upstream = if door == "serve" { "--upstream" } else { "--facts" };
        let url = vnfm.url();
        Self::start(door, vnfm, &[&[upstream, &url], arguments].concat())
    }

    /// With `tls`, `jwt` and whatever else is for the configuration file.
    pub fn configured(door: &str, members: &Value) -> Self {
        let vnfm = Vnfm::start();
        let mut config = members.clone();
        config["upstreams"] = serde_json::json!([{"url": vnfm.url()}]);
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("solgate.yaml");
        std::fs::write(&file, config.to_string()).expect("it is written");
        Self::start(door, vnfm, &["--config", text(&file)])
    }

    /// As a whole configuration file says.
    pub fn with_file(file: &Path) -> Self {
        Self::start("serve", Vnfm::start(), &["--config", text(file)])
    }

    /// In front of another VNFM than the scripted one.
    pub fn before(url: &str, arguments: &[&str]) -> Self {
        Self::start("serve", Vnfm::start(), &[&["--upstream", url], arguments].concat())
    }

    /// The same with another door, which asks that VNFM for facts.
    pub fn asking(door: &str, url: &str, arguments: &[&str]) -> Self {
        Self::start(door, Vnfm::start(), &[&["--facts", url], arguments].concat())
    }

    fn start(door: &str, vnfm: Vnfm, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (address, admin) = (free_address(), free_address());
        let mut command = solgate();
        command.args([door, "--listen", &address.to_string(), "--admin", &admin.to_string()]);
        command.arg("--decision-log").arg(folder.path().join("decisions.jsonl")).args(arguments);
        command.env("SOLGATE_LOG", "debug");
        let server = Server::start(command, address, folder.path());
        Self { server, address, admin, vnfm, folder }
    }

    /// The value of a metric; 0 if it has none.
    pub fn metric(&self, name: &str) -> u64 {
        let answer = send(self.admin, &message("GET", "/metrics", &[], ""));
        let text = String::from_utf8(answer.body).expect("it is text");
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value.map_or(0, |value| value.parse().expect("it is a number"))
    }

    pub fn is_ready(&self) -> bool {
        send(self.admin, &message("GET", "/readyz", &[], "")).status == 200
    }

    /// Waits until something is so.
    pub fn wait(&self, what: &str, mut so: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !so(self) {
            assert!(Instant::now() < deadline, "in time: {what}\n{}", self.server.said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The callers of the first so many requests that were judged.
    pub fn callers(&self, count: usize) -> Vec<Value> {
        let read = || {
            let text = std::fs::read_to_string(self.folder.path().join("decisions.jsonl")).unwrap_or_default();
            let whole = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let judged = whole.filter(|record| record["policies"] != serde_json::json!([]));
            judged.map(|record| record["context"]["caller"].clone()).collect::<Vec<_>>()
        };
        self.wait("decisions are recorded", |_| read().len() >= count);
        read()
    }
}

/// A request that the default policy allows.
pub fn read(fields: &[&str]) -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances", &[&["Version: 2.0.0", "Accept: application/json"], fields].concat(), "")
}

/// Status and rule of an answer; the VNFM of these tests answers 202.
pub fn said(answer: &Answer) -> (u16, String) {
    let rule = if answer.status < 400 { String::new() } else { answer.rules().concat() };
    (answer.status, rule)
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("it is UTF-8")
}

/// Answers every request with this, over TLS, for as long as the test lasts.
pub fn secure_server(issued: &Issued, answer: &Value) -> SocketAddr {
    mutual_server(issued, None, answer).0
}

/// The certificates (DER) that the clients of a server have shown with their requests.
pub type Shown = Arc<Mutex<Vec<CertificateDer<'static>>>>;

/// The same; whoever comes must show a certificate of these `clients`, if they are named.
pub fn mutual_server(issued: &Issued, clients: Option<&Authority>, answer: &Value) -> (SocketAddr, Shown) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring has them");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.der().clone()).expect("it is an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.expect("it verifies"))
        }
    };
    let config = builder.with_single_cert(vec![issued.der().clone()], issued.key_der()).expect("they fit");
    let (config, shown) = (Arc::new(config), Shown::default());
    let seen = Arc::clone(&shown);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let body = answer.to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let connection = ServerConnection::new(config.clone()).expect("it is set up");
            let mut reader = BufReader::new(StreamOwned::new(connection, stream));
            let mut line = String::new();
            // Whoever does not believe the certificate sends no request.
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                line.clear();
            }
            let certificates = reader.get_ref().conn.peer_certificates().unwrap_or_default();
            seen.lock().expect("nobody panics").extend(certificates.first().cloned());
            let head = format!(
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            let _ = reader.get_mut().write_all(format!("{head}{body}").as_bytes());
            let _ = reader.read(&mut [0]);
        }
    });
    (address, shown)
}
