//! What the cases show of the rules: coverage, and mutants that they notice. Both
//! are measured natively, on the compiled bundle.

use std::time::Duration;

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressStyle};
use solgate_bundle::coverage::Coverage;
use solgate_bundle::mutation::{Change, Grain, Mutation, mutate};
use solgate_cases::Case;
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;

use crate::commands::test::args::{self, TestArgs};

/// What was asked for and measured.
#[derive(Default)]
pub struct Measured {
    pub coverage: Option<Measure>,
    pub mutation: Option<Mutation>,
}

/// The coverage, and how much of it there has to be.
pub struct Measure {
    pub coverage: Coverage,
    /// In percent.
    pub minimum: Option<u8>,
}

impl Measure {
    /// Whether there is enough of it.
    pub fn suffices(&self) -> bool {
        self.minimum.is_none_or(|minimum| self.coverage.permille() >= usize::from(minimum).saturating_mul(10))
    }
}

impl Measured {
    /// Whether nothing stands against the cases.
    pub fn suffices(&self) -> bool {
        let noticed = self.mutation.as_ref().is_none_or(|mutation| mutation.survivors().next().is_none());
        noticed && self.coverage.as_ref().is_none_or(Measure::suffices)
    }
}

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

/// In percent, with one decimal.
pub fn percent(coverage: &Coverage) -> String {
    let permille = coverage.permille();
    format!("{}.{}", permille.wrapping_div(10), permille.wrapping_rem(10))
}

/// What was done to a rule, in words.
pub fn change(change: &Change) -> String {
    match change {
        Change::Disabled => "disabled".to_owned(),
        Change::Inverted => "inverted".to_owned(),
        Change::Unguarded { .. } => "without its when".to_owned(),
        Change::Edited(edit) => format!("{} in {}", edit.what, edit.member),
        Change::Emptied { list } => format!("with the list {list} empty"),
    }
}

/// The source before and after a change, if it is of the source.
pub fn source(change: &Change) -> Option<(String, String)> {
    match change {
        Change::Disabled | Change::Inverted | Change::Emptied { .. } => None,
        Change::Unguarded { when } => {
            let when = when.split_whitespace().collect::<Vec<_>>().join(" ");
            Some((format!("when: {when}"), "when: true".to_owned()))
        }
        Change::Edited(edit) => Some((edit.before.clone(), edit.after.clone())),
    }
}

impl From<args::Grain> for Grain {
    fn from(grain: args::Grain) -> Self {
        match grain {
            args::Grain::Rules => Self::Rules,
            args::Grain::Fine => Self::Fine,
        }
    }
}
