//! What the cases show of the rules: coverage, and mutants that they notice. Both
//! are measured natively, on the compiled bundle.

use std::time::Duration;

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressStyle};
use solgate_bundle::coverage::Coverage;
use solgate_bundle::mutation::{Grain, mutate};
use solgate_cases::Case;
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;
use solgate_trial::tested::{Measure, Measured};

use crate::commands::test::args::{self, TestArgs};

/// Measures what the command line asks for.
///
/// # Errors
/// If the native engine refuses the bundle.
pub fn measure(bundle: &Bundle, cases: &[Case], arguments: &TestArgs) -> anyhow::Result<Measured> {
    let refused = |error| anyhow!("the engine refuses the compiled bundle: {error}");
    let engine = Engine::new(bundle.clone()).map_err(refused)?;
    let coverage = Coverage::measure(&engine, cases);
    let mutation = if let Some(grain) = arguments.mutate {
        let bar = progress();
        let mutation = mutate(bundle, cases, &coverage, grain.into(), &|done, all| {
            bar.set_length(u64::try_from(all).unwrap_or(u64::MAX));
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
        });
        bar.finish_and_clear();
        Some(mutation.map_err(refused)?)
    } else {
        None
    };
    let coverage = arguments.shows_coverage().then_some(Measure { coverage, minimum: arguments.min_coverage });
    Ok(Measured { coverage, mutation })
}

/// On a terminal; nowhere else.
fn progress() -> ProgressBar {
    let bar = ProgressBar::new(0).with_message("trying mutants");
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}

impl From<args::Grain> for Grain {
    fn from(grain: args::Grain) -> Self {
        match grain {
            args::Grain::Rules => Self::Rules,
            args::Grain::Fine => Self::Fine,
        }
    }
}
