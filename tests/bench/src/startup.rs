//! How long `solgate serve` takes from its start to its first verdict over HTTP.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use solgate::policy::{Engine, EngineConfig, Policy};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::vnfm::message;

use crate::Settings;
use crate::progress::Progress;
use crate::report::{Row, Target};

/// No start takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much longer a cold start may take than compiling and a warm start together:
/// compiling takes all cores, of which the measuring process needs a little.
const TOLERANCE: f64 = 1.1;

/// The suite.
///
/// # Errors
/// If the gateway does not start, or gives another verdict than the one asked for.
pub fn rows(settings: Settings, progress: &Progress) -> anyhow::Result<Vec<Row>> {
    let mut cold = Vec::new();
    let mut compiling = Vec::new();
    let mut warm = Vec::new();
    for _ in 0..settings.pick(3, 1) {
        let folder = tempfile::tempdir()?;
        // Below it, so that the gateway makes the folder as it wants to have it.
        let cache = folder.path().join("compiled");
        progress.step("cold starts");
        cold.push(start(&cache)?);
        progress.step("compiling");
        compiling.push(compile()?);
        for number in 0..10 {
            progress.step(format!("warm start {}", number + 1));
            warm.push(start(&cache)?);
        }
    }
    let note = |times: &[f64]| {
        let low = times.iter().copied().fold(f64::INFINITY, f64::min);
        let high = times.iter().copied().fold(0.0, f64::max);
        format!("median of {}, {low:.0} to {high:.0}", times.len())
    };
    let notes = [note(&warm), note(&cold), note(&compiling)];
    let [warm, cold, compiling] = [median(warm), median(cold), median(compiling)];
    let [warm_note, cold_note, compiling_note] = notes;
    let bound = (compiling + warm) * TOLERANCE;
    let cold_note = format!("{cold_note}; the target is compiling and a warm start, and a tenth of both");
    Ok(vec![
        Row::against("compiled policy in the cache", warm, "ms", Target::AtMost(50.0)).note(warm_note),
        Row::against("nothing in the cache", cold, "ms", Target::AtMost(bound)).note(cold_note),
        Row::beside("compiling the policy alone", compiling, "ms").note(compiling_note),
    ])
}

/// Milliseconds to compile the default policy in this process.
fn compile() -> anyhow::Result<f64> {
    let engine = Engine::new(EngineConfig::default())?;
    let begun = Instant::now();
    Policy::vnflcm_v2(&engine)?;
    Ok(milliseconds(begun))
}

/// Stops the gateway when it has answered.
struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Milliseconds from the start of a process to its first verdict.
fn start(cache: &Path) -> anyhow::Result<f64> {
    let address = free_address();
    let mut command = solgate();
    // The verdict needs no VNFM, so there is none.
    command.arg("serve").args(["--listen", &address.to_string(), "--upstream", "http://127.0.0.1:9"]);
    command.env("SOLGATE_CACHE_DIR", cache).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let request = message(
        "POST",
        "/vnflcm/v2/subscriptions",
        &["Version: 2.0.0", "Content-Type: application/json"],
        r#"{"callbackUri": "nowhere"}"#,
    );
    let begun = Instant::now();
    let mut gateway = Gateway(command.spawn().context("`solgate serve` cannot be started")?);
    let answer = loop {
        if let Some(answer) = ask(address, &request)? {
            break answer;
        }
        if let Some(status) = gateway.0.try_wait()? {
            bail!("`solgate serve` ended with {status} instead of listening");
        }
        ensure!(begun.elapsed() < PATIENCE, "`solgate serve` did not answer within {} s", PATIENCE.as_secs());
        std::thread::sleep(Duration::from_micros(200));
    };
    let took = milliseconds(begun);
    ensure!(answer.starts_with("HTTP/1.1 400 "), "the first verdict is not the one asked for: {answer}");
    Ok(took)
}

/// The head of the answer; `None` if nobody listens yet.
fn ask(address: SocketAddr, request: &[u8]) -> anyhow::Result<Option<String>> {
    let mut stream = match TcpStream::connect(address) {
        Ok(stream) => stream,
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    stream.write_all(request)?;
    let mut head = [0; 64];
    let length = stream.read(&mut head)?;
    Ok(Some(String::from_utf8_lossy(&head[..length]).into_owned()))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
