//! The container image of deploy/Containerfile: made without a daemon, stored in a registry,
//! fetched, unpacked and run.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use solgate_tests::process::{binary, free_address};
use solgate_tests::registry::{address, debian};
use solgate_tests::servers::Server;
use solgate_tests::vnfm::{Vnfm, message, send};
use solgate_tests::workspace;

use super::manifests::{Folder, PODS, list, text};

/// What a release has, with the binary of this build.
fn release(folder: &Path) -> PathBuf {
    let release = folder.join("release");
    std::fs::create_dir_all(release.join("cache")).expect("it is made");
    std::fs::copy(binary(), release.join("solgate")).expect("it is copied");
    std::fs::copy(workspace().join("LICENSE"), release.join("LICENSE")).expect("it is copied");
    std::fs::copy(workspace().join("deploy/solgate.yaml"), release.join("solgate.yaml")).expect("it is copied");
    std::fs::write(release.join("ca-certificates.crt"), "").expect("it is written");
    release
}

/// Libraries that this build needs; a release has none, because its binary is static.
fn libraries() -> Vec<PathBuf> {
    let output = Command::new("ldd").arg(binary()).output().expect("ldd runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = said.split_whitespace().filter(|word| word.starts_with('/'));
    words.map(PathBuf::from).collect()
}

fn make(arguments: &[String]) -> std::process::Output {
    Command::new("python3").arg(workspace().join("deploy/image.py")).args(arguments).output().expect("python3 runs")
}

fn made(folder: &Path, name: &str) -> PathBuf {
    let archive = folder.join(name);
    let mut arguments =
        vec!["-o".to_owned(), archive.display().to_string(), format!("amd64={}", release(folder).display())];
    for library in libraries() {
        arguments.extend(["--add".to_owned(), format!("{0}={0}", library.display())]);
    }
    let output = make(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    archive
}

fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn skopeo(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    run(Command::new("skopeo").args(["--insecure-policy"]).args(arguments).env("HOME", folder))
}

/// Stored in Debian's registry and fetched from there: the manifest, and the root folder.
struct Fetched {
    config: Value,
    root: PathBuf,
}

fn fetch(folder: &Path, archive: &Path, registry: SocketAddr) -> Fetched {
    let name = format!("docker://{registry}/nfv/solgate:0.1.0");
    skopeo(
        folder,
        &["copy", "--quiet", "--all", "--dest-tls-verify=false", &format!("oci-archive:{}", archive.display()), &name],
    );
    let layout = folder.join("fetched");
    let to = format!("oci:{}:latest", layout.display());
    skopeo(folder, &["copy", "--quiet", "--override-arch=amd64", "--src-tls-verify=false", &name, &to]);
    let blob =
        |descriptor: &Value| layout.join("blobs/sha256").join(text(&descriptor["digest"]).replace("sha256:", ""));
    let read =
        |path: PathBuf| -> Value { serde_json::from_slice(&std::fs::read(path).expect("it is there")).expect("JSON") };
    let manifest = read(blob(&read(layout.join("index.json"))["manifests"][0]));
    let root = folder.join("root");
    std::fs::create_dir_all(root.join("proc")).expect("it is made");
    for layer in list(&manifest["layers"]) {
        run(Command::new("tar")
            .args(["--extract", "--gzip", "--same-owner", "--preserve-permissions", "--file"])
            .arg(blob(layer))
            .arg("--directory")
            .arg(&root));
    }
    Fetched { config: read(blob(&manifest["config"]))["config"].clone(), root }
}

/// What a runtime of containers does, as far as it matters here: the root folder cannot be
/// written to, apart from the volume, and there is /proc.
const CONTAINED: &str = r#"
set -eu
mount --bind "$ROOT" "$ROOT"
mount --bind "$ROOT$VOLUME" "$ROOT$VOLUME"
mount -t proc proc "$ROOT/proc"
mount -o remount,bind,ro "$ROOT"
exec chroot --userspec="$USER_OF_IMAGE" --groups= "$ROOT" "$@"
"#;

/// The image's program in its root folder, as its user; the mounts end with the process.
fn contained(fetched: &Fetched, arguments: &[&str]) -> Command {
    let volumes = fetched.config["Volumes"].as_object().expect("volumes");
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "bash", "-c", CONTAINED, "contained"]);
    command.args(list(&fetched.config["Entrypoint"]).iter().map(text)).args(arguments);
    command.env_clear().env("PATH", std::env::var_os("PATH").expect("it is set"));
    command.env("ROOT", &fetched.root).env("VOLUME", volumes.keys().next().expect("one"));
    command.env("USER_OF_IMAGE", text(&fetched.config["User"]));
    for variable in list(&fetched.config["Env"]).iter().map(text) {
        let (name, value) = variable.split_once('=').expect("a variable");
        command.env(name, value);
    }
    command
}

#[test]
#[ignore = "needs docker-registry and skopeo, and root: make test-kubernetes"]
fn the_image_is_stored_fetched_unpacked_and_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    run(Command::new("chmod").arg("755").arg(folder));
    let registry = address();
    let _registry = debian(folder, registry, "");
    let fetched = fetch(folder, &made(folder, "solgate.oci.tar"), registry);
    assert_eq!(
        (&fetched.config["User"], &fetched.config["StopSignal"]),
        (&Value::from("65532:65532"), &Value::from("SIGTERM"))
    );
    assert_eq!(fetched.config["Labels"]["org.opencontainers.image.licenses"], "Apache-2.0");

    let (vnfm, at) = (Vnfm::start(), free_address());
    let mut command = contained(&fetched, &["serve", "--listen", &at.to_string(), "--upstream", &vnfm.url()]);
    command.env("SOLGATE_LOG", "info");
    let mut gate = Server::start(command, at, folder);
    let bad = message(
        "POST",
        "/vnflcm/v2/vnf_instances/i/terminate",
        &["Version: 2.0.0", "Accept: application/json", "Content-Type: application/json"],
        r#"{"terminationType":"SOON"}"#,
    );
    assert_eq!(send(at, &bad).rules(), ["terminate.type.enum"]);
    assert!(!gate.said().contains("is being compiled"), "{}", gate.said());
    // By the ids and capabilities that the kernel knows.
    let status = std::fs::read_to_string(format!("/proc/{}/status", gate.pid())).expect("it runs");
    assert!(status.contains("Uid:\t65532\t65532") && status.contains("CapEff:\t0000000000000000"), "{status}");
    gate.signal("TERM");
    while gate.is_running() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert!(gate.status().is_some_and(|status| status.success()), "{}", gate.said());

    // What another release has baked is compiled, and kept where the user may.
    let foreign = fetched.root.join("foreign.wasm");
    std::fs::copy(solgate_tests::hostile_policy(folder), &foreign).expect("it is copied");
    run(Command::new("chmod").arg("644").arg(&foreign));
    let output = contained(&fetched, &["inspect", "/foreign.wasm"]).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("not kept"), "{said}");
    let kept = std::fs::read_dir(fetched.root.join("var/cache/solgate")).expect("it is there").count();
    assert!(kept > 0, "the compiled policy is not kept: {said}");
}

#[test]
#[ignore = "needs python3: make test-kubernetes"]
fn the_same_files_make_the_same_image() {
    let (one, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let bytes = [one.path(), other.path()].map(|folder| std::fs::read(made(folder, "image.tar")).expect("it is there"));
    assert!(bytes[0] == bytes[1], "two images of the same files differ");
}

#[test]
#[ignore = "needs python3: make test-kubernetes"]
fn what_is_missing_or_wrong_makes_no_image() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = release(folder.path());
    std::fs::remove_file(whole.join("LICENSE")).expect("it was there");
    let image = folder.path().join("image.tar").display().to_string();
    for (given, said) in [
        (format!("amd64={}", whole.display()), "LICENSE"),
        (format!("x86_64={}", whole.display()), "x86_64 is not an architecture of an image; expected amd64 or arm64"),
        ("amd64".to_owned(), "'amd64' is not of the form NAME=FOLDER"),
    ] {
        let output = make(&["-o".to_owned(), image.clone(), given]);
        let printed = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && printed.contains(said), "{printed}");
        assert!(!Path::new(&image).exists());
    }
}

/// Containers of the manifests have no command of their own.
#[test]
fn the_manifests_run_what_the_image_runs() {
    let containerfile = std::fs::read_to_string(workspace().join("deploy/Containerfile")).expect("it is there");
    assert!(containerfile.contains("\nUSER 65532:65532\n") && containerfile.contains("\nENTRYPOINT [\"/solgate\"]\n"));
    for folder in PODS.map(Folder::read) {
        for container in folder.containers() {
            if text(&container["image"]).contains("/solgate:") {
                assert!(container.get("command").is_none(), "{container}");
                let command = text(&container["args"][0]);
                assert!(["serve", "ext-authz", "pull"].contains(&command), "{command}");
            }
        }
    }
}
