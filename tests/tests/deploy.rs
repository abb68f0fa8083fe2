//! What a release carries beside the binary fits the binary.

use std::path::Path;
use std::process::Command;

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
            "cache/" => release.contains("$name/cache"),
            file => packed.split_whitespace().any(|path| path == file || path == format!("deploy/{file}")),
        };
        assert!(carried, "the container file copies {name}, which no release carries");
    }
}
