//! `solgate serve` under load, beside the same proxy with its gate off, nginx
//! and Prism.
//!
//! Load generator, proxies and VNFM share one machine. All proxies are up all
//! the time, and take turns in short rounds, so that what else goes on there
//! meets all of them; what is reported is the median of the rounds.

mod case;
mod envoy;
mod nginx;
mod prism;
mod process;
mod steady;
mod vnfm;
mod wrk;

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, bail};
use solgate_tests::process::{free_address, solgate};

use crate::Settings;
use crate::progress::Progress;
use crate::report::{Row, Target};
use crate::tools::find;
use case::{Case, SUBSCRIBE, TERMINATE};
use envoy::Gate;
use process::Process;
pub use vnfm::serve as serve_vnfm;
use wrk::Burst;

/// The option by which the benchmark becomes the VNFM of its own load run.
pub const VNFM_OPTION: &str = "--vnfm";

/// Connections of the target.
const CONNECTIONS: usize = 64;
/// Requests a second at which the gate has time to spare.
const STEADY_RATE: u32 = 3000;

/// A server that takes part, and how it did in each round.
struct Contender {
    name: &'static str,
    case: &'static Case,
    /// With which status it refuses what is wrong.
    refusal: Option<u16>,
    server: Process,
    full: Vec<Burst>,
    single: Vec<Burst>,
    steady: Vec<steady::Times>,
}

/// Runs all rounds.
///
/// # Errors
/// wrk is missing, or something does not start or answers wrongly.
pub fn rows(settings: Settings, progress: &Progress) -> anyhow::Result<Vec<Row>> {
    let Some(wrk) = find("wrk", &[]) else {
        bail!("wrk is not installed; tests/bench/install-tools.sh installs it, nginx and Prism");
    };
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    let vnfm = vnfm(folder)?;
    let mut missing = Vec::new();
    let mut contenders = contenders(vnfm.address, folder, &mut missing)?;
    for contender in &contenders {
        progress.step(format!("{}: is it right?", contender.name));
        contender.case.verify(contender.server.address, contender.refusal).with_context(|| contender.name)?;
        // Connections to the VNFM, and caches.
        wrk::burst(&wrk, contender.case, contender.server.address, CONNECTIONS, 1, folder)?;
    }
    let rounds = settings.pick(5, 2);
    let seconds = settings.pick(2, 1);
    for round in 1..=rounds {
        for contender in &mut contenders {
            progress.step(format!("{}, {} (round {round} of {rounds})", contender.name, contender.case.name));
            contender.measure(&wrk, seconds, folder)?;
        }
    }
    let mut rows = table(&contenders);
    rows.extend(missing);
    Ok(rows)
}

impl Contender {
    fn new(name: &'static str, case: &'static Case, refusal: Option<u16>, server: Process) -> Self {
        Self { name, case, refusal, server, full: Vec::new(), single: Vec::new(), steady: Vec::new() }
    }

    fn measure(&mut self, wrk: &Path, seconds: u32, folder: &Path) -> anyhow::Result<()> {
        let address = self.server.address;
        self.full.push(wrk::burst(wrk, self.case, address, CONNECTIONS, seconds, folder)?);
        self.single.push(wrk::burst(wrk, self.case, address, 1, 1, folder)?);
        // Prism does not get as far.
        if self.full.iter().all(|burst| burst.requests > f64::from(2 * STEADY_RATE)) {
            let connections = u32::try_from(CONNECTIONS)?;
            let time = Duration::from_secs(seconds.into());
            self.steady.push(steady::run(self.case, address, connections, STEADY_RATE, time)?);
        }
        Ok(())
    }

    fn row(&self) -> Row {
        let full = |figure: fn(&Burst) -> f64| median(self.full.iter().map(figure));
        let mut note = format!(
            "p50 {:.0} us, p99 {:.0} us; one connection: p50 {:.0} us",
            full(|burst| burst.p50),
            full(|burst| burst.p99),
            median(self.single.iter().map(|burst| burst.p50)),
        );
        if !self.steady.is_empty() {
            let (p50, p99) = (self.steady.iter().map(|times| times.p50), self.steady.iter().map(|times| times.p99));
            note += &format!("; at {STEADY_RATE} requests/s: p50 {:.0} us, p99 {:.0} us", median(p50), median(p99));
        }
        Row::beside(format!("{}, {}", self.case.name, self.name), full(|burst| burst.requests), "requests/s").note(note)
    }
}

fn vnfm(folder: &Path) -> anyhow::Result<Process> {
    let address = free_address();
    let mut command = Command::new(std::env::current_exe()?);
    command.args([VNFM_OPTION, &address.to_string()]);
    Process::start("vnfm", command, address, folder)
}

/// Starts all that can be had; says of the others why not.
fn contenders(vnfm: SocketAddr, folder: &Path, missing: &mut Vec<Row>) -> anyhow::Result<Vec<Contender>> {
    let mut all = Vec::new();
    let mut peer = |name, refusal, started: Option<Process>| match started {
        Some(server) => all.push(Contender::new(name, &SUBSCRIBE, refusal, server)),
        None => missing.push(
            Row::beside(format!("{}, {name}", SUBSCRIBE.name), f64::NAN, "requests/s")
                .note("it is not installed; tests/bench/install-tools.sh and tests/doors/install.sh do that"),
        ),
    };
    peer("nginx", None, nginx::start(free_address(), vnfm, false, folder)?);
    peer("nginx with its access log", None, nginx::start(free_address(), vnfm, true, folder)?);
    peer(ENVOY, None, envoy::start(free_address(), vnfm, Gate::Nowhere, folder)?);
    peer(ENVOY_ASKS, JUDGED, envoy::start(free_address(), vnfm, Gate::Beside, folder)?);
    peer(ENVOY_JUDGES, JUDGED, envoy::start(free_address(), vnfm, Gate::Inside, folder)?);
    peer("Prism", Some(422), prism::start(free_address(), vnfm, folder)?);

    let gate = |name: &str, arguments: &[&str]| gate(name, arguments, vnfm, folder);
    let off = Contender::new(OFF, &SUBSCRIBE, None, gate("off", &["--mode", "off"])?);
    all.push(off);
    all.push(Contender::new(ON, &SUBSCRIBE, JUDGED, gate("on", &[])?));
    all.push(Contender::new(RECYCLED, &SUBSCRIBE, JUDGED, gate("recycled", &["--isolation", "recycle:64"])?));
    all.push(Contender::new(OFF, &TERMINATE, None, gate("terminate-off", &["--mode", "off"])?));
    all.push(Contender::new("facts from the VNFM", &TERMINATE, JUDGED, gate("terminate-facts", &[])?));
    let cached = gate("terminate-cached", &["--facts-ttl", "10m"])?;
    all.push(Contender::new("facts from the cache", &TERMINATE, JUDGED, cached));
    Ok(all)
}

const ENVOY: &str = "Envoy";
const ENVOY_ASKS: &str = "Envoy that asks solgate ext-authz";
const ENVOY_JUDGES: &str = "Envoy with the gate in it";
const OFF: &str = "gate off";
const ON: &str = "gate on";
const RECYCLED: &str = "gate on, instances recycled";
const JUDGED: Option<u16> = Some(400);

/// Starts `solgate serve`; its decision log goes to a file.
fn gate(name: &str, arguments: &[&str], vnfm: SocketAddr, folder: &Path) -> anyhow::Result<Process> {
    let address = free_address();
    let mut command = solgate();
    command
        .arg("serve")
        .args(["--listen", &address.to_string(), "--upstream", &format!("http://{vnfm}")])
        .args(arguments);
    Process::start(name, command, address, folder)
}

fn table(contenders: &[Contender]) -> Vec<Row> {
    let find = |name: &str| contenders.iter().find(|one| one.name == name && one.case.name == SUBSCRIBE.name);
    let mut rows = Vec::new();
    if let (Some(on), Some(off)) = (find(ON), find(OFF)) {
        rows.push(Row::against(
            "gate on, of the requests/s with the gate off",
            ratio(on, off),
            "x",
            Target::AtLeast(0.8),
        ));
        rows.push(
            Row::against("gate on, p50 above that with the gate off", full(on, off), "us", Target::AtMost(15.0))
                .note("under full load, where it is what a lower rate makes of the same number of connections"),
        );
        rows.push(Row::beside("the same, one connection", single(on, off), "us"));
        rows.push(Row::beside(format!("the same, {STEADY_RATE} requests/s"), steady(on, off), "us"));
        if let Some(recycled) = find(RECYCLED) {
            rows.push(Row::beside(format!("{RECYCLED}, of the requests/s with it off"), ratio(recycled, off), "x"));
            rows.push(Row::beside("its p50 above, one connection", single(recycled, off), "us"));
            rows.push(Row::beside(format!("its p50 above, {STEADY_RATE} requests/s"), steady(recycled, off), "us"));
        }
        if let Some(nginx) = find("nginx") {
            rows.push(
                Row::against("gate off, of the requests/s of nginx", ratio(off, nginx), "x", Target::AtLeast(0.8))
                    .note("nginx writes no access log, the gate a decision line for each request"),
            );
        }
        if let (Some(asks), Some(envoy)) = (find(ENVOY_ASKS), find(ENVOY)) {
            rows.push(Row::beside(format!("{ENVOY_ASKS}, of the requests/s of Envoy"), ratio(asks, envoy), "x"));
            rows.push(Row::beside("its p50 above, one connection", single(asks, envoy), "us"));
            rows.push(Row::beside("gate on, of the requests/s of Envoy that asks", ratio(on, asks), "x"));
        }
        if let (Some(judges), Some(asks), Some(envoy)) = (find(ENVOY_JUDGES), find(ENVOY_ASKS), find(ENVOY)) {
            let name = |what: &str| format!("{ENVOY_JUDGES}, of the requests/s of {what}");
            rows.push(Row::against(name("Envoy"), ratio(judges, envoy), "x", Target::AtLeast(0.82)));
            let one = |what: &str| format!("{}, one connection", name(what));
            rows.push(Row::against(one("Envoy"), single_ratio(judges, envoy), "x", Target::AtLeast(0.9)));
            rows.push(Row::beside(name("Envoy that asks"), ratio(judges, asks), "x"));
            rows.push(Row::against(one("Envoy that asks"), single_ratio(judges, asks), "x", Target::AtLeast(4.0)));
        }
        if let Some(prism) = find("Prism") {
            rows.push(Row::beside("gate on, of the requests/s of Prism", ratio(on, prism), "x"));
        }
    }
    rows.extend(contenders.iter().map(Contender::row));
    rows
}

/// How much longer one's requests take, by the median: under full load.
fn full(one: &Contender, other: &Contender) -> f64 {
    between(one, other, |one| one.full.iter().map(|burst| burst.p50).collect())
}

/// The same over a single connection.
fn single(one: &Contender, other: &Contender) -> f64 {
    between(one, other, |one| one.single.iter().map(|burst| burst.p50).collect())
}

/// The same at a steady rate.
fn steady(one: &Contender, other: &Contender) -> f64 {
    between(one, other, |one| one.steady.iter().map(|times| times.p50).collect())
}

/// Median over the rounds of one's requests as a multiple of the other's.
fn ratio(one: &Contender, other: &Contender) -> f64 {
    median(one.full.iter().zip(&other.full).map(|(one, other)| one.requests / other.requests))
}

/// The same over a single connection.
fn single_ratio(one: &Contender, other: &Contender) -> f64 {
    median(one.single.iter().zip(&other.single).map(|(one, other)| one.requests / other.requests))
}

/// Median over the rounds of how much more of something one has.
fn between(one: &Contender, other: &Contender, figures: fn(&Contender) -> Vec<f64>) -> f64 {
    median(figures(one).into_iter().zip(figures(other)).map(|(one, other)| one - other))
}

fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
