//! Envoy with the configuration of its guide, asking `solgate ext-authz`, and the
//! same without its question.

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

/// Starts Envoy in front of `vnfm`, if it is installed: with a gate that it asks, or
/// without.
///
/// # Errors
/// It does not start, or the guide shows another configuration.
pub fn start(address: SocketAddr, vnfm: SocketAddr, asks: bool, folder: &Path) -> anyhow::Result<Option<Process>> {
    let program = workspace().join("target/doors/bin/envoy");
    if !program.is_file() {
        return Ok(None);
    }
    let name = if asks { "envoy-asks" } else { "envoy" };
    let home = folder.join(name);
    std::fs::create_dir_all(&home)?;
    let gate = free_address();
    let local = |address: SocketAddr| format!("address: 127.0.0.1, port_value: {}", address.port());
    write_files(
        &guide("envoy.md"),
        &home,
        &[
            ("address: 0.0.0.0, port_value: 8080", &local(address)),
            ("address: 127.0.0.1, port_value: 9191", &local(gate)),
            ("address: vnfm.example, port_value: 9890", &local(vnfm)),
        ],
    );
    let file = home.join("envoy.yaml");
    if !asks {
        let text = std::fs::read_to_string(&file)?;
        let parts = text.split_once(ASKS).and_then(|(before, rest)| Some((before, rest.split_once(FORWARDS)?.1)));
        let (before, after) = parts.ok_or_else(|| anyhow::anyhow!("the guide has other filters"))?;
        std::fs::write(&file, format!("{before}{FORWARDS}{after}"))?;
    }
    let mut command = Command::new(program);
    command.arg("--config-path").arg(&file);
    command.args(["--use-dynamic-base-id", "--concurrency", "2", "--log-level", "error"]);
    if !asks {
        return Ok(Some(Process::start(name, command, address, folder)?));
    }
    let mut judge = solgate();
    judge.args(["ext-authz", "--listen", &gate.to_string(), "--facts", &format!("http://{vnfm}")]);
    let judge = Process::start("ext-authz", judge, gate, folder)?;
    Ok(Some(Process::start(name, command, address, folder)?.beside(judge)))
}
