//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::memory::Probe;

const AFTER_HELP: &str = "\
Examples:
  make bench
  make bench BENCH_FLAGS=--quick
  make bench BENCH_FLAGS='--only sandbox --format json'

Exit status: 0 every target is met, or it is a quick run, 1 some target is missed, 2 something could not be measured.";

/// Measure Solgate against its targets and its peers, in one run
#[derive(Debug, Parser)]
#[command(name = "solgate-bench", after_help = AFTER_HELP, disable_version_flag = true)]
pub struct Arguments {
    /// Take fewer samples: less than two minutes in all, and figures too noisy to be judged
    #[arg(long)]
    pub quick: bool,

    /// Measure only these suites
    #[arg(long, value_name = "SUITE")]
    pub only: Vec<String>,

    /// How the report is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,

    /// Where the report is written as JSON [default: target/bench/report.json]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Be the VNFM of the load run, on this address
    #[arg(long, value_name = "ADDR:PORT", hide = true)]
    pub vnfm: Option<SocketAddr>,

    /// Be the process whose memory is measured
    #[arg(long, hide = true)]
    pub probe: Option<Probe>,
}

/// How the report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    #[default]
    Table,
    /// For documentation, without the notes
    Markdown,
    Json,
}
