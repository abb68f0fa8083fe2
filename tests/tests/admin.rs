//! What the admin address shows, without secrets; the one thing that it changes, and for
//! whom; and the formats of its metrics.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use solgate_tests::process::{Serving, free_address, solgate};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Answer, Vnfm, message, send};
use solgate_tests::workspace;

/// A gate with an admin address that has every address of this machine.
struct Gate {
    server: Server,
    address: SocketAddr,
    admin: SocketAddr,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Gate {
    /// With one upstream, and these members beside it.
    fn start(upstream: &str, members: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (address, admin) = (free_address(), free_address());
        let file = folder.path().join("solgate.yaml");
        std::fs::write(&file, configuration(address, admin, upstream, members)).expect("it is written");
        let mut command = solgate();
        command.arg("serve").arg("--config").arg(&file).args(arguments).env_remove("SOLGATE_LOG");
        let server = Server::start(command, address, folder.path());
        Self { server, address, admin, file, _folder: folder }
    }

    fn get(&self, path: &str) -> Answer {
        send(self.admin, &message("GET", path, &[], ""))
    }

    fn config(&self) -> Value {
        let answer = self.get("/config");
        assert_eq!((answer.status, answer.field("content-type")), (200, Some("application/json")));
        answer.json()
    }

    fn level(&self) -> String {
        text(self.get("/log-level"))
    }

    /// Status and text.
    fn set_level(&self, level: &str, fields: &[&str]) -> (u16, String) {
        let answer = send(self.admin, &message("PUT", "/log-level", fields, level));
        (answer.status, text(answer))
    }

    /// Media type and text.
    fn metrics(&self, fields: &[&str]) -> (String, String) {
        let answer = send(self.admin, &message("GET", "/metrics", fields, ""));
        (answer.field("content-type").expect("it has a type").to_owned(), text(answer))
    }

    /// Asks for the VNFM.
    fn ask(&self) -> u16 {
        let fields = ["Version: 2.0.0", "Accept: application/json"];
        send(self.address, &message("GET", "/vnflcm/v2/vnf_instances", &fields, "")).status
    }
}

fn configuration(address: SocketAddr, admin: SocketAddr, upstream: &str, members: &str) -> String {
    let port = admin.port();
    format!("listen: {address}\nadmin: 0.0.0.0:{port}\nupstreams: [{{ url: {upstream} }}]\n{members}")
}

fn text(answer: Answer) -> String {
    String::from_utf8(answer.body).expect("it is text")
}

#[test]
fn the_configuration_in_force_is_shown_without_secrets() {
    let vnfm = Vnfm::start();
    // Nobody has to answer there.
    let keys = format!("http://{}/keys?client_secret=hunter2", free_address());
    let members = format!("limits: {{ requests: 7 }}\njwt: {{ jwks: \"{keys}\" }}\n");
    let gate = Gate::start(&vnfm.url(), &members, &["--log", "text"]);
    let config = gate.config();
    let at = |pointer: &str| config.pointer(pointer).unwrap_or_else(|| panic!("{pointer}: {config}"));
    assert_eq!((at("/limits/requests"), at("/log")), (&7.into(), &"text".into()), "of the file, of an argument");
    assert_eq!((at("/limits/idle"), at("/upstreams/0/mode")), (&"75s".into(), &"enforce".into()), "defaults");
    assert_eq!(at("/upstreams/0/url"), &Value::from(vnfm.url()));
    assert!(!config.to_string().contains("hunter2"), "{config}");

    // What is shown could be the file.
    let shown = gate.file.with_file_name("shown.yaml");
    std::fs::write(&shown, text(gate.get("/config"))).expect("it is written");
    let checked = solgate().args(["serve", "--check-config", "--config"]).arg(&shown).output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));

    // And what holds after a reload is shown then: what needs a restart is as it was.
    let changed = configuration(gate.address, gate.admin, &vnfm.url(), &members.replace("requests: 7", "requests: 8"));
    std::fs::write(&gate.file, changed.replace("jwt", "reload: false\njwt")).expect("it is written");
    gate.server.signal("HUP");
    let patience = Instant::now() + Duration::from_secs(60);
    while gate.config()["limits"]["requests"] != 8 {
        assert!(Instant::now() < patience, "{}", gate.server.said());
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(gate.config()["reload"], true);
}

#[test]
fn the_log_level_is_changed_while_the_gate_runs() {
    let gate = Gate::start(&format!("http://{}", free_address()), "", &[]);
    const FAILED: &str = "the VNFM failed a request";
    assert_eq!(gate.level(), "info\n");
    assert_eq!(gate.set_level("off", &[]), (200, "off\n".to_owned()));
    assert_eq!((gate.ask(), gate.level()), (503, "off\n".to_owned()));
    // It says so, whatever the level is.
    let said = gate.server.said_with("the log level is off now; it was info");
    assert!(!said.contains(FAILED), "{said}");

    assert_eq!(gate.set_level("error, solgate_serve=warn\n", &[]).0, 200);
    assert_eq!(gate.ask(), 503);
    let said = gate.server.said_with(FAILED);
    assert_eq!(said.matches(FAILED).count(), 1, "{said}");

    let before = gate.level();
    for (wrong, why) in [
        ("debgu", "expected a level, which is off"),
        ("solgate_serve=debug", "expected one level for the rest"),
        (&"x".repeat(2000), "expected a level of at most"),
    ] {
        let (status, text) = gate.set_level(wrong, &[]);
        assert!(status == 400 && text.starts_with(why), "{status} {text}");
    }
    assert_eq!(gate.level(), before);
}

/// What the page says to type.
#[test]
fn the_commands_of_the_page_work() {
    let gate = Gate::start(&Vnfm::start().url(), "", &[]);
    let page = std::fs::read_to_string(workspace().join("docs/operating.md")).expect("the page exists");
    let (_, section) = page.split_once("\n## The admin address\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the next section");
    let commands: Vec<&str> = section.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    assert_eq!(commands.len(), 4, "{section}");
    for command in commands {
        let asked = command.replace("127.0.0.1:9901", &format!("127.0.0.1:{}", gate.admin.port()));
        let ran = Command::new("sh").args(["-c", &format!("{asked} --fail")]).output().expect("it runs");
        assert!(ran.status.success() && !ran.stdout.is_empty(), "{command}: {}", String::from_utf8_lossy(&ran.stderr));
    }
    assert_eq!(gate.level(), "solgate_upstream=debug,info\n");
    // And it names every path that there is.
    let paths = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let paths: Vec<&str> = paths.collect();
    for path in &paths {
        assert_eq!(gate.get(path).status, 200, "{path}");
    }
    let elsewhere = text(gate.get("/"));
    assert!(
        paths.iter().all(|path| elsewhere.contains(path)) && paths.len() == elsewhere.matches('/').count(),
        "{elsewhere}"
    );
}

/// An address of this machine that is not one of loopback, if it has any.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only says which address it would send from.
    socket.connect("192.0.2.1:9").ok()?;
    socket.local_addr().ok().map(|address| address.ip()).filter(|address| !address.is_loopback())
}

#[test]
fn nothing_changes_for_those_who_ask_from_elsewhere_or_for_others() {
    let gate = Gate::start(&Vnfm::start().url(), "", &[]);
    for field in ["Origin: http://evil.example", "X-Forwarded-For: 10.0.0.1", "Forwarded: for=10.0.0.1"] {
        let (status, text) = gate.set_level("debug", &[field]);
        assert!(status == 403 && text.contains("only this machine"), "{field}: {status} {text}");
    }
    if let Some(own) = own_address() {
        let admin = SocketAddr::new(own, gate.admin.port());
        assert_eq!(send(admin, &message("PUT", "/log-level", &[], "debug")).status, 403);
        // Everybody may read.
        for path in ["/log-level", "/config", "/metrics", "/readyz"] {
            assert_eq!(send(admin, &message("GET", path, &[], "")).status, 200, "{path}");
        }
    }
    assert_eq!(gate.level(), "info\n");
    for (method, path, allowed) in [
        ("POST", "/log-level", "GET, HEAD, PUT"),
        ("PUT", "/config", "GET, HEAD"),
        ("DELETE", "/config", "GET, HEAD"),
        ("PUT", "/healthz", "GET, HEAD"),
    ] {
        let answer = send(gate.admin, &message(method, path, &[], "debug"));
        assert_eq!((answer.status, answer.field("allow")), (405, Some(allowed)), "{method} {path}");
    }
}

/// The types of metrics in a text, by the names that the format has for them. Samples are
/// checked to stand behind the type that they belong to.
fn types(metrics: &str, classic: bool) -> BTreeMap<String, String> {
    let mut types = BTreeMap::new();
    let (mut name, mut kind) = ("", "");
    for line in metrics.lines() {
        if let Some(of) = line.strip_prefix("# TYPE ") {
            (name, kind) = of.split_once(' ').expect("name and type");
            assert!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "{name} has two types");
        } else if !line.starts_with('#') {
            let sample = line.split(['{', ' ']).next().unwrap_or_default();
            let suffixes: &[&str] = match (kind, classic) {
                ("histogram", _) => &["_sum", "_count", "_bucket"],
                ("counter", false) => &["_total"],
                _ => &[""],
            };
            assert!(suffixes.iter().any(|suffix| sample == format!("{name}{suffix}")), "{name}: {line}");
            assert!(line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<f64>().is_ok()), "{line}");
        }
    }
    types
}

#[test]
fn metrics_come_in_the_format_that_the_scraper_reads() {
    let vnfm = Vnfm::start();
    let gate = Gate::start(&vnfm.url(), "", &[]);
    assert_eq!(gate.ask(), 202);
    let (media_type, open) = gate.metrics(&[]);
    assert_eq!(media_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open.ends_with("\n# EOF\n"), "{open}");
    let prometheus = "Accept: application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    assert_eq!(gate.metrics(&[prometheus]).0, media_type);

    let (media_type, classic) = gate.metrics(&["Accept: text/plain;version=0.0.4;q=0.3,*/*;q=0.1"]);
    assert_eq!(media_type, "text/plain; version=0.0.4; charset=utf-8");
    assert!(!classic.contains("# EOF") && !classic.contains("# UNIT"), "{classic}");
    // The same metrics, under the names of each format.
    let expected = types(&open, false).into_iter().map(|(name, kind)| match kind.as_str() {
        "counter" => (format!("{name}_total"), kind),
        _ => (name, kind),
    });
    assert_eq!(types(&classic, true), expected.collect());
    let helped = |name: &str| classic.contains(&format!("# HELP {name} "));
    assert!(helped("solgate_requests_total") && helped("process_cpu_seconds_total"), "{classic}");
}

#[test]
fn durations_name_the_door() {
    let (vnfm, admin) = (Vnfm::start(), free_address());
    let door = Serving::start_door("forward-auth", &["--facts", &vnfm.url(), "--admin", &admin.to_string()]);
    let fields = ["X-Forwarded-Method: GET", "X-Forwarded-Uri: /vnflcm/v2/vnf_instances", "X-Forwarded-Host: vnfm"];
    let _ = send(door.address, &message("GET", "/", &fields, ""));
    let metrics = text(send(admin, &message("GET", "/metrics", &[], "")));
    let mut counts = metrics.lines().filter(|line| line.starts_with("solgate_request_duration_seconds_count{"));
    assert!(counts.all(|line| line.contains(",door=\"forward-auth\",") && line.ends_with(" 1")), "{metrics}");
    assert!(metrics.contains("solgate_request_duration_seconds_count{"), "{metrics}");
    assert!(!metrics.contains("solgate_vnfm_duration_seconds_count"), "it does not see the VNFM's answer: {metrics}");
}

#[test]
fn the_process_and_the_program_are_known() {
    let gate = Gate::start(&Vnfm::start().url(), "", &[]);
    let metrics = gate.metrics(&[]).1;
    let value = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.parse::<f64>().ok()).unwrap_or_else(|| panic!("{name}: {metrics}"))
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later").as_secs_f64();
    let started = value("process_start_time_seconds");
    assert!((now - 600.0..=now + 5.0).contains(&started), "{started}, and it is {now}");
    let megabytes = value("process_resident_memory_bytes") / 1e6;
    assert!((5.0..5000.0).contains(&megabytes), "{megabytes}");
    assert!(value("process_virtual_memory_bytes") > megabytes * 1e6);
    assert!(value("process_cpu_seconds_total") > 0.0);
    let (open, most) = (value("process_open_fds"), value("process_max_fds"));
    assert!(open > 5.0 && open < most, "{open} of {most}");
    let build =
        format!("solgate_build_info{{version=\"{}\",arch=\"{}\"}}", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH);
    assert_eq!(value(&build).to_string(), "1");
}
