//! What the measured processes do.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use solgate::policy::{Engine, EngineConfig, EvaluateError, EvaluationLimits, Policy};
use solgate_engine::verdict::Outcome;

use super::figure;
use crate::{subjects, workload};

/// Which process it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Probe {
    /// It has an engine.
    Engine,
    /// It has an engine and an idle policy.
    Policy,
    /// It has an engine and all built-in policies, idle.
    Policies,
    /// It evaluates small requests on as many threads as the engine allows.
    Held,
    /// It evaluates the largest body.
    Largest,
}

/// Resident memory of the process, in MB.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Reading {
    /// Before what is measured.
    pub before: f64,
    /// With it; at its peak, if it comes and goes.
    pub after: f64,
    /// What of it is no page of a file.
    pub anonymous: f64,
    /// What the files hold that lie in memory, mapped or not.
    pub files: f64,
    /// How many evaluations there were at one time.
    pub count: usize,
}

impl Probe {
    /// As on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Policy => "policy",
            Self::Policies => "policies",
            Self::Held => "held",
            Self::Largest => "largest",
        }
    }

    /// Measures this very process, and prints what it found.
    ///
    /// # Errors
    /// If the policy cannot be loaded, or a verdict is not the one expected.
    pub fn run(self) -> anyhow::Result<()> {
        let reading = match self {
            Self::Engine => {
                let _engine = engine()?;
                idle()?
            }
            Self::Policy => {
                let _policy = Policy::vnflcm_v2(&engine()?)?;
                idle()?
            }
            Self::Policies => {
                let _policies = Policy::all_built_in(&engine()?).map_err(|(policy, error)| {
                    anyhow::Error::new(error).context(format!("the built-in policy {}", policy.name()))
                })?;
                idle()?
            }
            Self::Held => held()?,
            Self::Largest => largest()?,
        };
        println!("{}", serde_json::to_string(&reading)?);
        Ok(())
    }
}

/// As a gateway has it, but that evaluations may wait for each other long.
fn engine() -> anyhow::Result<Engine> {
    let evaluation = EvaluationLimits { time: Duration::from_secs(60), ..EvaluationLimits::default() };
    Ok(Engine::new(EngineConfig { cache: Some(subjects::cache()), evaluation, ..EngineConfig::default() })?)
}

fn idle() -> anyhow::Result<Reading> {
    // Whatever was to be started has been by then.
    thread::sleep(Duration::from_millis(100));
    let huge = own("smaps_rollup", "AnonHugePages")?;
    ensure!(
        huge == 0.0,
        "{huge} MB lie in huge pages, which hold more than was asked for; write `madvise` to \
         /sys/kernel/mm/transparent_hugepage/enabled"
    );
    // Page by page; what `status` has of it is rounded for each thread.
    let anonymous = own("smaps_rollup", "Anonymous")?;
    Ok(Reading { after: status("VmRSS")?, anonymous, files: files()?, ..Reading::default() })
}

/// What the files in memory hold that this process has open, in MB.
fn files() -> anyhow::Result<f64> {
    let mut known = BTreeMap::new();
    for open in fs::read_dir("/proc/self/fd")? {
        let path = open?.path();
        // The folder's own descriptor is closed by now.
        let Ok(target) = fs::read_link(&path) else { continue };
        if target.to_string_lossy().starts_with("/memfd:") {
            let file = fs::metadata(&path)?;
            known.insert(file.ino(), file.blocks() * 512);
        }
    }
    Ok(known.values().sum::<u64>() as f64 / 1e6)
}

/// A figure of the kernel about this process, in MB.
fn status(name: &str) -> anyhow::Result<f64> {
    own("status", name)
}

fn own(file: &str, name: &str) -> anyhow::Result<f64> {
    figure(std::process::id(), file, name)
}

/// As many threads as evaluations are allowed do nothing but evaluate. There are
/// more of them than cores, so the scheduler stops most of them amid an evaluation:
/// that is how hundreds are held at one time.
fn held() -> anyhow::Result<Reading> {
    let engine = engine()?;
    let policy = Policy::vnflcm_v2(&engine)?;
    let work = workload::terminate();
    let threads = usize::try_from(engine.config().concurrency)?;
    let (evaluating, stop, failed) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicBool::new(false));
    let (ready, begin) = (Barrier::new(threads + 1), Barrier::new(threads + 1));
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let prepared = work.prepare(&policy);
                ready.wait();
                begin.wait();
                while !stop.load(Ordering::Relaxed) {
                    evaluating.fetch_add(1, Ordering::Relaxed);
                    let outcome = prepared.with_facts();
                    evaluating.fetch_sub(1, Ordering::Relaxed);
                    if !matches!(outcome, Ok(Outcome::Allow(_))) {
                        failed.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
        ready.wait();
        let before = status("VmRSS");
        begin.wait();
        let mut reading = Reading::default();
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            reading.count = reading.count.max(evaluating.load(Ordering::Relaxed));
            thread::sleep(Duration::from_millis(1));
        }
        let after = status("VmHWM");
        stop.store(true, Ordering::Relaxed);
        ensure!(!failed.load(Ordering::Relaxed), "an evaluation did not allow the request");
        Ok(Reading { before: before?, after: after?, ..reading })
    })
}

fn largest() -> anyhow::Result<Reading> {
    let engine = engine()?;
    let policy = Policy::vnflcm_v2(&engine)?;
    let before = status("VmRSS")?;
    let work = workload::instantiate(policy.body_limit() / 1024);
    let outcome = work.prepare(&policy).with_facts()?;
    ensure!(matches!(outcome, Outcome::Allow(_)), "the largest body is not allowed: {outcome:?}");
    let after = status("VmHWM")?;

    let hoarder = subjects::empty()?;
    match workload::hoarding().prepare(&hoarder).without_facts() {
        Err(EvaluateError::Memory) => Ok(Reading { before, after, count: 1, ..Reading::default() }),
        other => bail!("a policy that hoards memory was not stopped: {other:?}"),
    }
}
