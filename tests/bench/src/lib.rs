//! What Solgate costs: `make bench` measures what the targets for speed, memory and
//! start-up are about, in one run, and says which of them are met; `make count` counts
//! what may not grow ([`ratchet`]).
//!
//! A [suite](SUITES) measures and returns [rows](report::Row); the report prints
//! them and writes them as JSON.

pub mod arguments;
pub mod counting;
pub mod enlarged;
pub mod load;
pub mod memory;
pub mod peers;
pub mod progress;
pub mod ratchet;
pub mod report;
pub mod sampler;
pub mod sandbox;
pub mod startup;
pub mod subjects;
pub mod tools;
pub mod workload;

use report::Row;

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Fewer samples, so that all suites end within two minutes.
    pub quick: bool,
}

impl Settings {
    /// `thorough`, or `quick` in a quick run.
    #[must_use]
    pub fn pick<T>(self, thorough: T, quick: T) -> T {
        if self.quick { quick } else { thorough }
    }
}

/// One group of measurements.
pub struct Suite {
    /// By which `--only` names it.
    pub name: &'static str,
    /// The heading of its rows.
    pub title: &'static str,
    /// Measures.
    pub run: fn(Settings, &progress::Progress) -> anyhow::Result<Vec<Row>>,
}

/// In the order in which they are measured and printed.
pub const SUITES: &[Suite] = &[
    Suite { name: "sandbox", title: "What a sandbox costs (p50)", run: sandbox::rows },
    Suite { name: "peers", title: "Other engines on equal rules (p50)", run: peers::rows },
    Suite { name: "counting", title: "What the gate asks of the VNFM", run: counting::rows },
    Suite { name: "memory", title: "Memory (resident)", run: memory::rows },
    Suite {
        name: "startup",
        title: "Start of `solgate serve`, to the first verdict over HTTP; of `solgate test`",
        run: startup::rows,
    },
    Suite { name: "serve", title: "`solgate serve`, 64 connections, all on one machine", run: load::rows },
];
