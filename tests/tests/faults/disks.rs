//! Disks that are full: the gate judges, and says what it could not write.
//!
//! A limit on the size of files stands for the full disk: a write fails, as there,
//! and no administrator is needed to set that up.

use std::process::Command;

use solgate_tests::hostile_policy;
use solgate_tests::vnfm::{Vnfm, message, send};

use crate::gate::{Gate, subscribe, wait_until, wrapped};

/// The command, with files of up to so many blocks of 512 bytes or 1 KiB.
fn with_small_files(command: &Command, blocks: usize, output: &str) -> Command {
    wrapped(command, &format!("trap '' XFSZ; ulimit -f {blocks}"), output)
}

/// From now on, its files hold 8 KiB at most. The memory of a policy is a file, too: it
/// is there by now.
fn fill_the_disk_of(process: u32) {
    let limited = Command::new("prlimit").args(["--pid", &process.to_string(), "--fsize=8192"]).status();
    assert!(limited.expect("it runs").success());
}

#[test]
fn a_compiled_policy_that_cannot_be_kept_is_compiled_again() {
    let vnfm = Vnfm::start();
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let policies = format!("policies: [{}]", hostile_policy(folder.path()).display());
    let start = |blocks: usize| {
        Gate::run("serve", &vnfm.url(), &[], &[&policies], |mut command| {
            command.env("SOLGATE_CACHE_DIR", &cache);
            if blocks > 0 { with_small_files(&command, blocks, "") } else { command }
        })
    };
    let files = || std::fs::read_dir(&cache).map_or(0, |files| files.count());
    let ask = message("GET", "/hostile/well", &[], "");
    let gate = start(40);
    assert_eq!(send(gate.address, &ask).status, 202);
    let _ = gate.server.said_with("compiled policy not kept in the cache");
    assert_eq!(files(), 0, "nothing is left of it");
    drop(gate);
    let gate = start(0);
    assert_eq!(send(gate.address, &ask).status, 202);
    assert_eq!(files(), 1, "there is room again");
}

#[test]
fn decisions_that_cannot_be_recorded_are_counted_and_the_rest_goes_on() {
    let vnfm = Vnfm::start();
    let gate = Gate::run("serve", &vnfm.url(), &[], &[], |mut command| {
        let config = command.get_args().nth(2).map(std::path::PathBuf::from).expect("--config FILE");
        command.arg("--decision-log").arg(config.with_file_name("decisions.jsonl"));
        wrapped(&command, "trap '' XFSZ", "> /dev/full")
    });
    fill_the_disk_of(gate.server.pid());
    let records = |outcome: &str| gate.count(&format!("solgate_decision_records_total{{outcome=\"{outcome}\"}}"));
    wait_until("the disk is full", || {
        assert_eq!(send(gate.address, &subscribe()).status, 202);
        records("failed") > 0
    });
    let written = records("written");
    assert!(written > 0);
    for _ in 0..20 {
        assert_eq!(send(gate.address, &subscribe()).status, 202);
    }
    assert!(gate.is_ready());
    // The operator makes room: as logs are rotated.
    let log = gate.folder.path().join("decisions.jsonl");
    std::fs::rename(&log, log.with_extension("1")).expect("it is moved");
    wait_until("records are written again", || {
        assert_eq!(send(gate.address, &subscribe()).status, 202);
        records("written") > written
    });
}
