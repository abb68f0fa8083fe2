//! Envoy with the configuration of its guides: asking `solgate ext-authz`, with the gate in
//! it, and without.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use solgate_tests::process::{free_address, solgate};
use solgate_tests::servers::{guide, write_files};
use solgate_tests::workspace;

use super::process::Process;

/// The filter that asks, and the one after it.
const ASKS: &str = "                  - name: envoy.filters.http.ext_authz\n";
const FORWARDS: &str = "                  - name: envoy.filters.http.router\n";

/// Where the gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Nowhere,
    /// A process that Envoy asks.
    Beside,
    /// A module in Envoy.
    Inside,
}

/// Starts Envoy in front of `vnfm`, if it is installed.
///
/// # Errors
/// It does not start, or the guide shows another configuration.
pub fn start(address: SocketAddr, vnfm: SocketAddr, gate: Gate, folder: &Path) -> anyhow::Result<Option<Process>> {
    let program = workspace().join("target/doors/bin/envoy");
    if !program.is_file() {
        return Ok(None);
    }
    let (name, page) = match gate {
        Gate::Nowhere => ("envoy", "envoy.md"),
        Gate::Beside => ("envoy-asks", "envoy.md"),
        Gate::Inside => ("envoy-module", "envoy-module.md"),
    };
    let home = folder.join(name);
    std::fs::create_dir_all(&home)?;
    let asked = free_address();
    let local = |address: SocketAddr| format!("address: 127.0.0.1, port_value: {}", address.port());
    let (listens, forwards, asks) = (local(address), local(vnfm), local(asked));
    let mut replacements = vec![
        ("address: 0.0.0.0, port_value: 8080", listens.as_str()),
        ("address: vnfm.example, port_value: 9890", forwards.as_str()),
    ];
    if gate != Gate::Inside {
        replacements.push(("address: 127.0.0.1, port_value: 9191", asks.as_str()));
    }
    write_files(&guide(page), &home, &replacements);
    let file = home.join("envoy.yaml");
    if gate == Gate::Nowhere {
        let text = std::fs::read_to_string(&file)?;
        let parts = text.split_once(ASKS).and_then(|(before, rest)| Some((before, rest.split_once(FORWARDS)?.1)));
        let (before, after) = parts.ok_or_else(|| anyhow::anyhow!("the guide has other filters"))?;
        // What the listener says of the filter's limit, in its own words about bodies.
        let after = after.replace("*max_body", "0");
        std::fs::write(&file, format!("{before}{FORWARDS}{after}"))?;
    }
    let mut command = Command::new(program);
    command.arg("--config-path").arg(&file);
    command.args(["--use-dynamic-base-id", "--concurrency", "2", "--log-level", "error"]);
    command.env("ENVOY_DYNAMIC_MODULES_SEARCH_PATH", workspace().join("target/release"));
    if gate != Gate::Beside {
        return Ok(Some(Process::start(name, command, address, folder)?));
    }
    let mut judge = solgate();
    judge.args(["ext-authz", "--listen", &asked.to_string(), "--facts", &format!("http://{vnfm}")]);
    let judge = Process::start("ext-authz", judge, asked, folder)?;
    Ok(Some(Process::start(name, command, address, folder)?.beside(judge)))
}
