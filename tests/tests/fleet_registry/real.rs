//! The same with Debian's registry, and with the tool that copies artefacts.

use std::process::Command;

use serde_json::Value;
use solgate_tests::certificates::Authority;
use solgate_tests::process::binary;
use solgate_tests::registry::{address, debian};
use solgate_tests::vnfm::Vnfm;
use solgate_tests::{markdown, workspace};

use super::desk::{Desk, RULES, policies};
use super::rollout::Gate;
use super::round_trip::goes_there_and_back;

#[test]
#[ignore = "needs docker-registry and skopeo: make test-fleet"]
fn a_policy_goes_into_debians_registry_and_other_tools_copy_it() {
    let place = address();
    let desk = Desk::new(&place.to_string());
    let _registry = debian(desk.folder(), place, "");
    goes_there_and_back(&desk);
    let skopeo = |arguments: &[&str]| {
        let output = Command::new("skopeo").args(arguments).env("HOME", desk.folder()).output().expect("skopeo runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let digest = desk.push("first.wasm", "team/policy:1.0.0", &[]);
    let (from, to) = (format!("docker://{place}/team/policy:1.0.0"), format!("docker://{place}/copy:1"));
    skopeo(&["--insecure-policy", "copy", "--src-tls-verify=false", "--dest-tls-verify=false", &from, &to]);
    desk.good(&["pull", &desk.name(&format!("copy@{digest}")), "-o", "copy.wasm"]);
    assert_eq!(std::fs::read(desk.path("copy.wasm")).expect("it is there"), policies().first);
    let raw = skopeo(&["inspect", "--raw", "--tls-verify=false", &from]);
    let manifest: Value = serde_json::from_slice(&raw).expect("JSON");
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
}

#[test]
#[ignore = "needs docker-registry: make test-fleet"]
fn a_gate_follows_a_tag_of_debians_registry_that_stops_meanwhile() {
    let place = address();
    let (desk, vnfm) = (Desk::new(&place.to_string()), Vnfm::start());
    let registry = debian(desk.folder(), place, "");
    let first = desk.push("first.wasm", "p:1", &["--tag", "stable"]);
    let second = desk.push("second.wasm", "p:2", &["--tag", "candidate"]);
    let (stable, candidate) = (desk.name("p:stable"), desk.name("p:candidate"));
    let gate = Gate::start(&desk, &vnfm, &["--policy", &stable, "--shadow", &candidate]);
    assert_eq!(gate.rule(), RULES[0]);
    let of = |status: &Value, source: &str| {
        let sources = status["sources"].as_array().expect("a list").clone();
        sources.into_iter().find(|one| one["source"] == source).unwrap_or_default()
    };
    let status = gate.wait("compared", |status| status["compared"]["differs"] == 1);
    assert_eq!(
        (&of(&status, &stable)["inForce"], &of(&status, &candidate)["inForce"]),
        (&first.clone().into(), &second.clone().into())
    );
    drop(registry);
    gate.wait("away", |status| of(status, &stable)["away"].is_object());
    assert!(gate.is_ready() && gate.rule() == RULES[0]);
    let _registry = debian(desk.folder(), place, "");
    desk.good(&["tag", &candidate, "stable"]);
    gate.wait("promoted", |status| of(status, &stable)["inForce"] == second.as_str());
    assert_eq!(gate.rule(), RULES[1]);
    desk.good(&["tag", &desk.name("p:1"), "stable"]);
    gate.wait("rolled back", |status| of(status, &stable)["inForce"] == first.as_str());
    assert_eq!(gate.rule(), RULES[0]);
}

/// The password `secret-of-the-gate` of the user `gate`, as htpasswd writes it.
const HTPASSWD: &str = "gate:$2b$05$/9g361pD5FG//Oby.eo5UeN3fHIOfceXNHfkVbSxmayOvWuteZNe6\n";

#[test]
#[ignore = "needs docker-registry: make test-fleet"]
fn tls_by_an_authority_of_ones_own_and_a_password() {
    let place = address();
    let host = format!("localhost:{}", place.port());
    let desk = Desk::new("127.0.0.1:1");
    let ca = Authority::new("ca");
    let (certificate, key) = ca.server().write(desk.folder(), "registry");
    std::fs::write(desk.path("ca.pem"), ca.pem()).expect("it is written");
    std::fs::write(desk.path("htpasswd"), HTPASSWD).expect("it is written");
    let more = format!(
        "  tls: {{ certificate: {}, key: {} }}\nauth: {{ htpasswd: {{ realm: test, path: {} }} }}\n",
        certificate.display(),
        key.display(),
        desk.path("htpasswd").display(),
    );
    let _registry = debian(desk.folder(), place, &more);
    let name = format!("oci://{host}/p:1");
    let run = |password: Option<&str>, arguments: &[&str]| {
        let mut command = desk.command();
        if let Some(password) = password {
            command.env("SOLGATE_REGISTRY_USERNAME", "gate").env("SOLGATE_REGISTRY_PASSWORD", password);
        }
        let output = command.args(arguments).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let good = Some("secret-of-the-gate");
    let push = ["push", "first.wasm", &name, "--ca-file", "ca.pem"];
    let (code, said) = run(good, &push);
    assert_eq!(code, Some(0), "{said}");
    for (password, arguments, expected) in [
        (good, ["pull", &name, "-o", "p.wasm"].to_vec(), "cannot be reached"),
        (None, ["pull", &name, "-o", "p.wasm", "--ca-file", "ca.pem"].to_vec(), "access is denied"),
        (Some("wrong-password"), ["pull", &name, "-o", "p.wasm", "--ca-file", "ca.pem"].to_vec(), "access is denied"),
    ] {
        let (code, said) = run(password, &arguments);
        assert!(code == Some(2) && said.contains(expected) && !said.contains("wrong-password"), "{said}");
    }
    let (code, said) = run(good, &["pull", &name, "-o", "p.wasm", "--ca-file", "ca.pem"]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(std::fs::read(desk.path("p.wasm")).expect("it is there"), policies().first);
}

/// Programs that a page has started, by the files of their ids.
struct Started<'a>(&'a std::path::Path);

impl Drop for Started<'_> {
    fn drop(&mut self) {
        for name in ["a.pid", "b.pid", "registry.pid"] {
            if let Ok(id) = std::fs::read_to_string(self.0.join(name)) {
                let _ = Command::new("kill").arg(id.trim()).status();
            }
        }
    }
}

#[test]
#[ignore = "needs docker-registry: make test-fleet"]
fn the_page_on_fleets_shows_what_happens() {
    let page = std::fs::read_to_string(workspace().join("docs/fleet.md")).expect("the page exists");
    let vnfm = Vnfm::start();
    let vnfm_address = vnfm.url().replace("http://", "");
    let places = ["127.0.0.1:5000", "127.0.0.1:8081", "127.0.0.1:8082", "127.0.0.1:9901", "127.0.0.1:9902"];
    let text = places.iter().fold(page, |text, shown| text.replace(shown, &address().to_string()));
    let text = text.replace("vnfm.example:9890", &vnfm_address);
    let desk = Desk::new("127.0.0.1:1");
    let folder = desk.path("page");
    std::fs::create_dir(&folder).expect("it is made");
    let _started = Started(&folder);
    let path =
        format!("{}:{}", binary().parent().expect("a folder").display(), std::env::var("PATH").expect("it is set"));
    let registry =
        text.split("SOLGATE_REGISTRY_PLAIN_HTTP=").nth(1).and_then(|rest| rest.lines().next()).expect("it says so");
    let before = format!(
        "export HOME={} SOLGATE_CACHE_DIR={} SOLGATE_REGISTRY_PLAIN_HTTP={registry}\n",
        folder.display(),
        workspace().join("target/solgate/cache").display(),
    );
    let outcome = markdown::run(&text, &folder, &path, |command| format!("{before}{command}"), str::to_owned);
    assert!(outcome.steps > 30, "{}", outcome.steps);
    assert!(outcome.reports.is_empty(), "{}", outcome.reports.join("\n"));
}
