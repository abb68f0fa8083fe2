//! What cases show of the rules, and how that is said.

use solgate_bundle::coverage::Coverage;
use solgate_bundle::mutation::{Change, Mutation};

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
    #[must_use]
    pub fn suffices(&self) -> bool {
        self.minimum.is_none_or(|minimum| self.coverage.permille() >= usize::from(minimum).saturating_mul(10))
    }
}

impl Measured {
    /// Whether nothing stands against the cases.
    #[must_use]
    pub fn suffices(&self) -> bool {
        let noticed = self.mutation.as_ref().is_none_or(|mutation| mutation.survivors().next().is_none());
        noticed && self.coverage.as_ref().is_none_or(Measure::suffices)
    }
}

/// In percent, with one decimal.
#[must_use]
pub fn percent(coverage: &Coverage) -> String {
    let permille = coverage.permille();
    format!("{}.{}", permille.wrapping_div(10), permille.wrapping_rem(10))
}

/// What was done to a rule, in words.
#[must_use]
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
#[must_use]
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
