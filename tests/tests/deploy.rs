//! What a release carries beside the binary fits the binary.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use solgate_tests::process::binary;
use solgate_tests::workspace;

const INSTALLED: &str = "/usr/local/bin/solgate";
const CONFIGURED: &str = "/etc/solgate/solgate.yaml";
/// Tenths of what `systemd-analyze security` gives; docs/running.md tells it.
const EXPOSURE: &str = "13";

fn deploy(name: &str) -> String {
    std::fs::read_to_string(workspace().join("deploy").join(name)).expect("the file exists")
}

/// The service as it would be with the binary of this build.
fn unit(folder: &Path) -> std::path::PathBuf {
    let unit = deploy("solgate.service").replace(INSTALLED, binary().to_str().expect("a path of text"));
    let file = folder.join("solgate.service");
    std::fs::write(&file, unit).expect("written");
    file
}

fn systemd_analyze(arguments: &[&str], unit: &Path) -> Option<std::process::Output> {
    match Command::new("systemd-analyze").args(arguments).arg(unit).output() {
        Ok(output) => Some(output),
        Err(error) => {
            eprintln!("skipped: there is no systemd-analyze here ({error})");
            None
        }
    }
}

#[test]
fn the_service_starts_with_a_configuration_that_is_good() {
    let unit = deploy("solgate.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("the gate is started");
    let config = workspace().join("deploy/solgate.yaml");
    let command = start.replace(CONFIGURED, config.to_str().expect("a path of text"));
    let arguments = command.strip_prefix(INSTALLED).expect("the installed binary").split_whitespace();
    let output = Command::new(binary()).args(arguments).arg("--check-config").output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn systemd_reads_the_unit_without_complaint() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(output) = systemd_analyze(&["verify"], &unit(folder.path())) else { return };
    let complaints = String::from_utf8_lossy(&output.stderr);
    let ours: Vec<_> = complaints.lines().filter(|line| line.contains("solgate")).collect();
    assert!(output.status.success() && ours.is_empty(), "{complaints}");
}

#[test]
fn the_service_is_as_confined_as_documented() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["security", "--offline=yes", "--no-pager", "--threshold", EXPOSURE];
    let Some(output) = systemd_analyze(&arguments, &unit(folder.path())) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn the_memory_of_the_service_is_never_swapped_out() {
    let unit = deploy("solgate.service");
    assert!(unit.lines().any(|line| line == "MemorySwapMax=0"), "{unit}");
}

#[test]
fn the_container_has_only_what_a_release_carries() {
    let release = deploy("release.sh");
    let packed = release.lines().find(|line| line.trim_start().starts_with("cp \"$(binary")).expect("files are packed");
    let container = deploy("Containerfile");
    let copied: Vec<_> = container
        .lines()
        .filter_map(|line| line.strip_prefix("COPY "))
        .filter_map(|line| line.split_whitespace().find(|word| !word.starts_with("--")))
        .collect();
    assert!(!copied.is_empty());
    for name in copied {
        let carried = match name {
            "solgate" => packed.contains("$(binary"),
            "cache/" | "ca-certificates.crt" => release.contains(&format!("$name/{}\"", name.trim_end_matches('/'))),
            file => packed.split_whitespace().any(|path| path == file || path == format!("deploy/{file}")),
        };
        assert!(carried, "the container file copies {name}, which no release carries");
    }
}

/// The targets of a release, as its script has them.
fn targets() -> Vec<String> {
    let release = deploy("release.sh");
    let targets = release.lines().find_map(|line| line.strip_prefix("readonly TARGETS=(")?.strip_suffix(')'));
    targets.expect("a release has targets").split(' ').map(str::to_owned).collect()
}

/// What deploy/sbom.py lists; `None` if there is no Python that knows TOML.
fn materials(target: &str) -> Option<Value> {
    let run = |arguments: &[&str]| Command::new("python3").args(arguments).current_dir(workspace()).output();
    if !run(&["-c", "import tomllib"]).is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: there is no Python 3.11 or later here");
        return None;
    }
    let binary = binary();
    let output = Command::new("python3")
        .args(["deploy/sbom.py", target])
        .arg(&binary)
        .current_dir(workspace())
        .env("CARGO_NET_OFFLINE", "true")
        .env("SOURCE_DATE_EPOCH", "1")
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("it is JSON"))
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_else(|| panic!("no {member} in {value}"))
}

fn components(materials: &Value) -> &[Value] {
    materials["components"].as_array().expect("it lists components")
}

/// Name, version and SHA-256 of the crates in Cargo.lock; ours have none.
fn locked() -> BTreeMap<(String, String), Option<String>> {
    let lock = std::fs::read_to_string(workspace().join("Cargo.lock")).expect("it is there");
    let of = |package: &str, member: &str| {
        let found = package.lines().find_map(|line| line.strip_prefix(member)?.strip_prefix(" = "));
        found.map(|value| value.trim_matches('"').to_owned())
    };
    let packages = lock.split("[[package]]").skip(1);
    packages
        .map(|package| {
            let (name, version) = (of(package, "name"), of(package, "version"));
            ((name.expect("a name"), version.expect("a version")), of(package, "checksum"))
        })
        .collect()
}

#[test]
fn what_is_listed_is_locked() {
    let locked = locked();
    for target in targets() {
        let Some(materials) = materials(&target) else { return };
        assert_eq!((text(&materials, "bomFormat"), text(&materials, "specVersion")), ("CycloneDX", "1.6"));
        let mut references = BTreeSet::from([text(&materials["metadata"]["component"], "bom-ref")]);
        for component in components(&materials) {
            assert!(references.insert(text(component, "bom-ref")), "twice: {component}");
            let key = (text(component, "name").to_owned(), text(component, "version").to_owned());
            if key.0 == "rust-std" {
                continue;
            }
            let checksum = locked.get(&key).unwrap_or_else(|| panic!("{key:?} is not locked"));
            let hash = component["hashes"][0]["content"].as_str();
            assert_eq!((hash, component.get("purl").is_some()), (checksum.as_deref(), checksum.is_some()), "{key:?}");
            assert!(!text(&component["licenses"][0], "expression").contains('/'), "{component}");
        }
        // No path of the machine that it is made on.
        assert!(!materials.to_string().contains("file:"), "{target}");
        let edges = materials["dependencies"].as_array().expect("it says what needs what");
        let from: BTreeSet<&str> = edges.iter().map(|edge| text(edge, "ref")).collect();
        let to = edges.iter().flat_map(|edge| edge["dependsOn"].as_array().expect("a list"));
        let to: BTreeSet<&str> = to.map(|to| to.as_str().expect("a text")).collect();
        assert_eq!(from, references);
        let not_needed: Vec<_> = references.difference(&to).collect();
        // The program itself.
        assert!(to.is_subset(&references) && not_needed.len() == 1, "{not_needed:?}");
    }
}

/// Where a crate may panic, its folder is named in the binary.
#[test]
fn what_is_in_the_binary_is_listed() {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let Some(materials) = materials(&target) else { return };
    let listed: BTreeSet<String> = components(&materials)
        .iter()
        .map(|component| format!("{}-{}", text(component, "name"), text(component, "version")))
        .collect();
    let binary = std::fs::read(binary()).expect("it is readable");
    let mark = b"/registry/src/";
    let mut found = BTreeSet::new();
    let mut rest = binary.as_slice();
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        let is_own = rest.get(..at).is_some_and(|before| before.ends_with(b"host"));
        rest = rest.get(at + mark.len()..).unwrap_or_default();
        if is_own {
            continue;
        }
        let path = rest.get(..200.min(rest.len())).unwrap_or_default();
        // The registry, then the crate.
        let mut folders = path.split(|byte| *byte == b'/').skip(1);
        let folder = folders.next().and_then(|folder| std::str::from_utf8(folder).ok());
        if folders.next() == Some(b"src") {
            found.extend(folder.map(str::to_owned));
        }
    }
    if found.is_empty() {
        eprintln!("skipped: the crates of this build are not from a registry");
        return;
    }
    let missing: Vec<_> = found.difference(&listed).collect();
    assert!(missing.is_empty(), "not listed: {missing:?}");
    assert!(found.iter().any(|name| name.starts_with("wasmtime-")) && found.len() > 100, "{found:?}");
}

#[test]
fn what_only_builds_or_tests_is_not_listed() {
    let Some(materials) = materials("x86_64-unknown-linux-musl") else { return };
    let names: BTreeSet<&str> = components(&materials).iter().map(|component| text(component, "name")).collect();
    for there in ["wasmtime", "hyper", "rustls", "ring", "solgate-policy", "solgate-engine", "cel", "rust-std"] {
        assert!(names.contains(there), "{there}");
    }
    // A macro, what tests use, and what is for another target.
    for not_there in ["serde_derive", "rcgen", "cbindgen", "solgate-tests", "windows-sys", "libsolgate"] {
        assert!(!names.contains(not_there), "{not_there}");
    }
}

/// What the page on security says of versions is so.
#[test]
fn the_page_on_security_names_what_is_used() {
    let read = |file: &str| std::fs::read_to_string(workspace().join(file)).expect("it is there");
    let page = read("SECURITY.md");
    let wasmtime: BTreeSet<String> = locked()
        .into_keys()
        .filter(|(name, _)| name == "wasmtime")
        .map(|(_, version)| version.split('.').next().unwrap_or_default().to_owned())
        .collect();
    for major in wasmtime {
        assert!(page.contains(&format!("Policies run in wasmtime {major}.")), "{major}");
    }
    let toolchain = read("rust-toolchain.toml");
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = \"1.")?.split('.').next());
    assert!(page.contains(&format!("asks for Rust 1.{}", channel.expect("it is pinned"))), "{toolchain}");
}
