//! Traefik, with the configuration of its guide.

use std::process::Command;

use solgate_tests::servers::{Server, installed};

use crate::forward_auth::Asking;

const TRAEFIK: Asking = Asking {
    guide: "traefik.md",
    launch: |folder, address| {
        let mut command = Command::new(installed("bin/traefik"));
        command.arg("--configFile").arg(folder.join("traefik.yaml"));
        Server::start(command, address, folder)
    },
    without_gate: |answer| assert_eq!((answer.status, answer.body.len()), (500, 0)),
};

#[test]
#[ignore = "needs the servers of make test-doors"]
fn answers_as_the_library() {
    TRAEFIK.answers_as_the_library();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_a_policy_that_misbehaves() {
    TRAEFIK.bears_a_policy_that_misbehaves();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_failures_around_it() {
    TRAEFIK.bears_failures_around_it();
}
