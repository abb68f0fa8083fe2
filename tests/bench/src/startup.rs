//! How long `solgate serve` takes from its start to its first verdict over HTTP.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use solgate::policy::{Engine, EngineConfig, Policy};
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_tests::process::{free_address, solgate};
use solgate_tests::vnfm::message;
use solgate_tests::workspace;

use crate::Settings;
use crate::memory::figure;
use crate::progress::Progress;
use crate::report::{Row, Target};

/// No start takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Milliseconds that a start with an empty cache may take longer than one with a full
/// one.
const LONGER: f64 = 50.0;

/// What a gateway is started with.
struct Started<'a> {
    /// As in the rows.
    name: &'static str,
    policy: Option<&'a Path>,
}

/// The suite.
///
/// # Errors
/// If the gateway does not start, or gives another verdict than the one asked for.
pub fn rows(settings: Settings, progress: &Progress) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let own = folder.path().join("own.wasm");
    progress.step("baking a policy of one's own");
    let bundle = workspace().join("policies/example-operator");
    let compiled = compile_dir(&bundle, &BuildOptions::default()).map_err(|failure| anyhow!("{failure}"))?;
    std::fs::write(&own, compiled.bake()?)?;
    let started = [
        Started { name: "the default policy", policy: None },
        Started { name: "a policy of one's own", policy: Some(&own) },
    ];
    let mut rows = Vec::new();
    let mut memory = Vec::new();
    for Started { name, policy } in started {
        let (mut full, mut empty) = (Vec::new(), Vec::new());
        // Below the folder, so that the gateway makes it as it wants to have it.
        let kept = folder.path().join(name);
        start(&kept, policy)?;
        for number in 0..settings.pick(10, 3) {
            progress.step(format!("{name}, start {}", number + 1));
            full.push(start(&kept, policy)?.took);
            let fresh = tempfile::tempdir()?;
            let first = start(&fresh.path().join("compiled"), policy)?;
            empty.push(first.took);
            memory.push(first.memory);
        }
        let notes = [note(&full), note(&empty)];
        let [full, empty] = [median(full), median(empty)];
        let [full_note, empty_note] = notes;
        rows.push(Row::against(format!("{name}, full cache"), full, "ms", Target::AtMost(50.0)).note(full_note));
        let bound = Target::AtMost(full + LONGER);
        rows.push(Row::against(format!("{name}, empty cache"), empty, "ms", bound).note(empty_note));
    }
    let most = memory.into_iter().fold(0.0, f64::max);
    rows.push(Row::against("most memory until then, empty cache", most, "MB", Target::AtMost(60.0)));
    rows.push(first_test(settings, progress, folder.path())?);
    progress.step("compiling");
    rows.push(Row::beside("compiling a policy that no release has baked", compile()?, "ms"));
    Ok(rows)
}

/// How long the first `solgate test` of a new bundle takes.
fn first_test(settings: Settings, progress: &Progress, folder: &Path) -> anyhow::Result<Row> {
    let bundle = folder.join("bundle");
    ensure!(solgate().arg("new").arg(&bundle).stdout(Stdio::null()).status()?.success(), "`solgate new` failed");
    let mut times = Vec::new();
    for number in 0..settings.pick(5, 2) {
        progress.step(format!("first test {}", number + 1));
        let cache = tempfile::tempdir()?;
        let mut command = solgate();
        command.arg("test").arg(&bundle).env("SOLGATE_CACHE_DIR", cache.path().join("compiled")).stdout(Stdio::null());
        let begun = Instant::now();
        ensure!(command.status()?.success(), "`solgate test` failed");
        times.push(milliseconds(begun));
    }
    let note = note(&times);
    Ok(Row::against("first `solgate test` of a new bundle", median(times), "ms", Target::AtMost(1000.0)).note(note))
}

fn note(times: &[f64]) -> String {
    let low = times.iter().copied().fold(f64::INFINITY, f64::min);
    let high = times.iter().copied().fold(0.0, f64::max);
    format!("median of {}, {low:.0} to {high:.0}", times.len())
}

/// Milliseconds to compile the default policy in this process, as if another release
/// had baked it.
fn compile() -> anyhow::Result<f64> {
    let engine = Engine::new(EngineConfig { native: &[], ..EngineConfig::default() })?;
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

/// The start of a process to its first verdict.
struct Start {
    /// Milliseconds.
    took: f64,
    /// The most memory that was resident until then, in MB.
    memory: f64,
}

fn start(cache: &Path, policy: Option<&Path>) -> anyhow::Result<Start> {
    let address = free_address();
    let mut command = solgate();
    // The verdict needs no VNFM, so there is none.
    command.arg("serve").args(["--listen", &address.to_string(), "--upstream", "http://127.0.0.1:9"]);
    if let Some(policy) = policy {
        command.arg("--policy").arg(policy);
    }
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
    Ok(Start { took, memory: figure(gateway.0.id(), "status", "VmHWM")? })
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
