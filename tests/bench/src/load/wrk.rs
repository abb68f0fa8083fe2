//! As many requests as go through, with wrk.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Deserialize;

use super::case::{Case, FIELDS};

/// What came out of one burst.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Burst {
    /// A second.
    pub requests: f64,
    /// In microseconds.
    pub p50: f64,
    pub p99: f64,
    /// Answers with another status than 2xx or 3xx, and broken connections.
    errors: u64,
}

/// Sends `case` over `connections` connections, each with one request at a time.
///
/// # Errors
/// wrk cannot be run, or something was refused.
pub fn burst(
    program: &Path,
    case: &Case,
    address: SocketAddr,
    connections: usize,
    seconds: u32,
    folder: &Path,
) -> anyhow::Result<Burst> {
    let output = Command::new(program)
        .args(["--threads", "1", "--connections", &connections.to_string(), "--duration", &format!("{seconds}s")])
        .arg("--script")
        .arg(script(case, folder)?)
        .arg(format!("http://{address}{}", case.paths()[0]))
        .output()
        .context("wrk cannot be run")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let result = said
        .lines()
        .find_map(|line| line.strip_prefix("result "))
        .with_context(|| format!("wrk gave no result: {said}{}", String::from_utf8_lossy(&output.stderr)))?;
    let burst: Burst = serde_json::from_str(result)?;
    ensure!(burst.errors == 0, "{} requests of {} failed under load", burst.errors, case.name);
    Ok(burst)
}

fn script(case: &Case, folder: &Path) -> anyhow::Result<PathBuf> {
    let paths = case.paths();
    let turns = if paths.len() > 1 { in_turn(&paths) } else { String::new() };
    let fields: String = FIELDS.iter().map(|(name, value)| format!("wrk.headers[{name:?}] = {value:?}\n")).collect();
    let text = format!(
        "wrk.method = \"POST\"
wrk.body = [==[{}]==]
{fields}{turns}
done = function(summary, latency, requests)
    local e = summary.errors
    io.write(string.format(\"result {{\\\"requests\\\":%f,\\\"p50\\\":%f,\\\"p99\\\":%f,\\\"errors\\\":%d}}\\n\",
        summary.requests / summary.duration * 1e6, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
",
        case.body
    );
    let file = folder.join(format!("{}.lua", case.name.replace(' ', "-")));
    std::fs::write(&file, text)?;
    Ok(file)
}

/// What makes each request another one: they are written beforehand.
fn in_turn(paths: &[String]) -> String {
    let paths: String = paths.iter().map(|path| format!("{path:?},\n")).collect();
    format!(
        "local paths, requests, last = {{ {paths} }}, {{}}, 0
init = function()
    for number, path in ipairs(paths) do requests[number] = wrk.format(nil, path) end
end
request = function()
    last = last % #requests + 1
    return requests[last]
end"
    )
}
