//! `make count`.

mod seeds;

use std::process::ExitCode;

use clap::Parser;
use solgate_bench::memory::Probe;
use solgate_bench::ratchet::{self, Blessing, Choice};

const AFTER_HELP: &str = "\
Environment:
  BLESS=1       keep the figures as they are now; what has risen, with a reason only
  REASON='...'  why something has risen

Examples:
  make count
  make count FIGURES='native sandbox/terminate'
  BLESS=1 make count
  BLESS=1 REASON='names are compared without case' make count

Exit status: 0 no figure has changed by more than it may, 1 one has, 2 something could not be counted.";

/// Count what may not grow, and compare it with tests/bench/counts
#[derive(Debug, Parser)]
#[command(name = "solgate-count", after_help = AFTER_HELP, disable_version_flag = true)]
struct Arguments {
    /// Only these, by name or by group: `native`, `gate`, `sandbox` or `size`
    #[arg(value_name = "FIGURE")]
    figures: Vec<String>,

    /// Be the process whose instructions are counted
    #[arg(long, value_name = "FIGURE", hide = true)]
    evaluate: Option<String>,

    /// Be the process whose memory is measured
    #[arg(long, hide = true)]
    probe: Option<Probe>,
}

fn main() -> ExitCode {
    seeds::fix();
    let arguments = Arguments::parse();
    let done = match (arguments.evaluate, arguments.probe) {
        (Some(figure), _) => ratchet::evaluate(&figure).map(|()| ExitCode::SUCCESS),
        (None, Some(probe)) => probe.run().map(|()| ExitCode::SUCCESS),
        (None, None) => count(Choice::new(arguments.figures)),
    };
    done.unwrap_or_else(|error| {
        eprintln!("solgate-count: {error:#}");
        ExitCode::from(2)
    })
}

fn count(choice: Choice) -> anyhow::Result<ExitCode> {
    let figures = ratchet::count(&choice, &|what| eprintln!("solgate-count: {what}"))?;
    let judgement = ratchet::judge(&ratchet::folder(), &figures, choice.is_all(), blessing().as_ref())?;
    for line in &judgement.table {
        println!("{line}");
    }
    for name in &judgement.blessed {
        println!("blessed: {name}");
    }
    for fault in &judgement.faults {
        eprintln!("solgate-count: {fault}.");
    }
    Ok(if judgement.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// What the environment asks for.
fn blessing() -> Option<Blessing> {
    std::env::var_os("BLESS")?;
    let reason = std::env::var("REASON").unwrap_or_default();
    // A line in a file.
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(Blessing { reason: Some(reason).filter(|reason| !reason.is_empty()) })
}
