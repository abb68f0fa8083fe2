//! Prism as a validating proxy: what a gateway is that checks requests against
//! an OpenAPI document.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use super::process::Process;
use crate::tools::find;

const DOCUMENT: &str = include_str!("openapi.yaml");

/// Starts Prism in front of `vnfm`, if it is installed.
///
/// # Errors
/// It does not start.
pub fn start(address: SocketAddr, vnfm: SocketAddr, folder: &Path) -> anyhow::Result<Option<Process>> {
    let ours = solgate_tests::workspace().join("target/bench/tools/node_modules/.bin");
    let Some(program) = find("prism", &[&ours]) else { return Ok(None) };
    let document = folder.join("openapi.yaml");
    std::fs::write(&document, DOCUMENT)?;
    let mut command = Command::new(program);
    command
        .arg("proxy")
        .arg(&document)
        .arg(format!("http://{vnfm}"))
        .args(["--errors", "--verboseLevel", "silent", "--host", &address.ip().to_string()])
        .args(["--port", &address.port().to_string()]);
    Ok(Some(Process::start("prism", command, address, folder)?))
}
