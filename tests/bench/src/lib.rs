//! The benchmarks of Solgate: `make bench` measures what the targets for speed,
//! memory and start-up are about, in one run, and says which of them are met.
//!
//! A [suite](SUITES) measures and returns [rows](report::Row); the report prints
//! them and writes them as JSON.

pub mod arguments;
pub mod load;
pub mod progress;
pub mod report;

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
pub const SUITES: &[Suite] =
    &[Suite { name: "serve", title: "solgate serve, 64 connections, all on one machine", run: load::run }];
