//! The gate in a WSGI application, which eventlet serves from one process, and
//! gunicorn from several. Its guide is docs/doors/wsgi.md.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use solgate_tests::doors::gateway::Gateway;
use solgate_tests::process::free_address;
use solgate_tests::servers::{Server, guide, installed, write_files};
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::{artifact, workspace};

use crate::{faults, python};

/// The application of the guide, and the VNFM that it is one with.
struct Application {
    address: SocketAddr,
    server: Server,
}

impl Application {
    /// Starts it with the guide's files; `gate` replaces the guide's settings.
    fn start(folder: &Path, vnfm: &str, gate: Option<&str>) -> Self {
        Self::served(folder, vnfm, gate, |command, port| {
            command.arg(workspace().join("tests/doors/wsgi/serve.py")).arg(port);
        })
    }

    /// Starts it in processes that are forked when it is loaded already.
    fn forked(folder: &Path, vnfm: &str, gate: &str) -> Self {
        Self::served(folder, vnfm, Some(gate), |command, port| {
            let bind = format!("127.0.0.1:{port}");
            command.args(["-m", "gunicorn", "--preload", "--workers", "2", "--bind", &bind, "wsgi:application"]);
        })
    }

    fn served(folder: &Path, vnfm: &str, gate: Option<&str>, server: impl FnOnce(&mut Command, &str)) -> Self {
        let library = python::library();
        let settings = folder.join("gate.yaml");
        let replacements = [
            (python::LIBRARY_IN_GUIDES, library.to_str().expect("it is text")),
            ("/etc/solgate/gate.yaml", settings.to_str().expect("it is text")),
        ];
        write_files(&guide("wsgi.md"), folder, &replacements);
        if let Some(gate) = gate {
            fs::write(&settings, gate).expect("it is written");
        }
        fs::copy(workspace().join("tests/doors/wsgi/vnfm.py"), folder.join("vnfm.py")).expect("it is copied");
        let address = free_address();
        let mut command = python::with_modules(folder.as_os_str());
        command.env("VNFM", vnfm).current_dir(folder);
        server(&mut command, &address.port().to_string());
        Self { address, server: Server::start(command, address, folder) }
    }
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn a_wsgi_application_answers_as_the_library_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let vnfm = Vnfm::start();
    let application = Application::start(folder.path(), &vnfm.url(), None);
    Gateway { address: application.address, vnfm: &vnfm, guide: &guide("wsgi.md") }.compare();
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn a_wsgi_application_bears_a_policy_that_misbehaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let vnfm = Vnfm::start();
    let mut application = Application::start(folder.path(), &vnfm.url(), Some(&hostile(folder.path())));
    faults::policy_that_misbehaves(application.address, &vnfm);
    assert!(application.server.is_running());
}

/// What ends a loop is a thread: in a process that is forked afterwards it would
/// be missing.
#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn a_wsgi_application_that_is_forked_bears_a_policy_that_misbehaves() {
    let folder = tempfile::tempdir().expect("a folder");
    let vnfm = Vnfm::start();
    let mut application = Application::forked(folder.path(), &vnfm.url(), &hostile(folder.path()));
    for _ in 0..3 {
        faults::policy_that_misbehaves(application.address, &vnfm);
    }
    assert!(application.server.is_running());
    let said = application.server.said();
    assert_eq!(said.matches("Booting worker").count(), 2, "none has been replaced: {said}");
}

/// Settings with tests/hostile as the policy.
fn hostile(folder: &Path) -> String {
    let module = fs::read(artifact("hostile.wasm")).expect("it is readable");
    let policy = folder.join("hostile.wasm");
    fs::write(&policy, solgate_bundle::bake::encode(&module).expect("it is a component")).expect("it is written");
    format!("policies: [{}]", policy.display())
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn a_wsgi_application_keeps_its_policy_when_the_file_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("policy.wasm");
    fs::copy(artifact("vnflcm-v2.wasm"), &policy).expect("it is copied");
    let vnfm = Vnfm::start();
    let gate = format!("policies: [{}]", policy.display());
    let mut application = Application::start(folder.path(), &vnfm.url(), Some(&gate));
    // The policy is loaded with the first request.
    assert_eq!(send(application.address, &faults::good()).status, 202);
    faults::under_load(application.address, || {
        fs::write(&policy, "not a policy").expect("it is written");
    });
    assert!(application.server.is_running());
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn a_wsgi_application_that_fails_fails_as_it_did() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody listens there: the application raises an exception.
    let nobody = format!("http://{}", free_address());
    let mut application = Application::start(folder.path(), &nobody, None);
    for _ in 0..3 {
        let answer = send(application.address, &faults::good());
        assert_eq!(answer.status, 500);
        assert_ne!(answer.field("content-type"), Some("application/problem+json"), "it is the server's");
        faults::expect(&send(application.address, &faults::bad()), 400, "terminate.type.enum");
        let fields = ["Version: 2.0.0", "Accept: application/json"];
        let retry = message("POST", "/vnflcm/v2/vnf_lcm_op_occs/o/retry", &fields, "");
        let answer = send(application.address, &retry);
        faults::expect(&answer, 503, "gate.fact-unavailable");
        assert!(answer.field("retry-after").is_some());
    }
    assert!(application.server.is_running());
}

#[test]
#[ignore = "needs servers that `make test-doors` installs"]
fn the_tests_of_the_python_package_pass() {
    let done = Command::new(installed("tacker/bin/python"))
        .args(["-W", "error::ResourceWarning", "-m", "unittest", "discover", "-s", "tests"])
        .current_dir(workspace().join("adapters/python"))
        .env("PYTHONPATH", "src")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("SOLGATE_LIBRARY", python::library())
        .env("SOLGATE_CACHE_DIR", workspace().join("target/solgate/cache").canonicalize().expect("it exists"))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && !said.contains("skipped"), "{said}");
}
