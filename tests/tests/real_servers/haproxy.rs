//! HAProxy, with the configuration of its guide and our Lua script.

use std::process::Command;

use solgate_tests::servers::Server;
use solgate_tests::workspace;

use crate::faults;
use crate::forward_auth::Asking;

const HAPROXY: Asking = Asking {
    guide: "haproxy.md",
    launch: |folder, address| {
        let script = workspace().join("adapters/haproxy/solgate.lua");
        std::fs::copy(script, folder.join("solgate.lua")).expect("it is copied");
        let mut command = Command::new("haproxy");
        command.arg("-db").arg("-f").arg(folder.join("haproxy.cfg"));
        Server::start(command, address, folder)
    },
    without_gate: |answer| faults::expect(answer, 503, "gate.unavailable"),
};

#[test]
#[ignore = "needs the servers of make test-doors"]
fn answers_as_the_library() {
    HAPROXY.answers_as_the_library();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_a_policy_that_misbehaves() {
    HAPROXY.bears_a_policy_that_misbehaves();
}

#[test]
#[ignore = "needs the servers of make test-doors"]
fn bears_failures_around_it() {
    HAPROXY.bears_failures_around_it();
}
