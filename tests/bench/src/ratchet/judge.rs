//! Figures beside those that are kept.

use std::path::Path;

use super::Figure;
use super::files::{self, Found};
use super::kept::Kept;

#[cfg(test)]
mod tests;

const BLESS: &str = "BLESS=1 make count";
const RAISE: &str = "BLESS=1 REASON='why' make count";

/// Keeps figures as they are now.
#[derive(Debug, Clone, Default)]
pub struct Blessing {
    /// Why something rose: without it, nothing may.
    pub reason: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judgement {
    /// A line for each figure.
    pub table: Vec<String>,
    /// What is wrong; nothing is written then.
    pub faults: Vec<String>,
    /// The figures that were written.
    pub blessed: Vec<String>,
}

/// How a figure stands to the one that is kept.
enum Change {
    /// It differs by no more than it may.
    None,
    Worse,
    Better,
}

impl Change {
    fn of(figure: &Figure, kept: u64) -> Self {
        let (now, kept) = (u128::from(figure.value) * 100, u128::from(kept));
        let tolerance = u128::from(figure.tolerance);
        if now > kept * (100 + tolerance) {
            Self::Worse
        } else if now < kept * 100_u128.saturating_sub(tolerance) {
            Self::Better
        } else {
            Self::None
        }
    }
}

/// Compares figures with what `folder` keeps of them, and keeps them if they are
/// blessed. If they are `all` that there are, the folder must have no others.
///
/// # Errors
/// If the folder cannot be listed or written.
pub fn judge(folder: &Path, figures: &[Figure], all: bool, blessing: Option<&Blessing>) -> anyhow::Result<Judgement> {
    let mut judgement = Judgement::default();
    let mut changed: Vec<(&Figure, Kept)> = Vec::new();
    for figure in figures {
        let kept = match files::read(folder, figure) {
            Found::Kept(kept) => kept,
            Found::Nothing => {
                judgement.table.push(line(figure, "new"));
                if blessing.is_none() {
                    judgement.faults.push(format!("{} is new. Keep it: {BLESS}", figure.name));
                }
                changed.push((figure, Kept { value: figure.value, reasons: Vec::new() }));
                continue;
            }
            Found::Unreadable(why) => {
                judgement.table.push(line(figure, "its file is no figure"));
                let path = files::path(folder, figure);
                judgement.faults.push(format!("{} is no figure: {why}. Restore it from git", path.display()));
                continue;
            }
        };
        judgement.table.push(line(figure, &format!("{} was {}", percent(figure, kept.value), kept.value)));
        let told = told(figure, kept.value);
        match (Change::of(figure, kept.value), blessing) {
            (Change::None, _) => {}
            (Change::Better, None) => judgement.faults.push(format!("{told}. Keep the gain in this commit: {BLESS}")),
            (Change::Better, Some(_)) => changed.push((figure, Kept { value: figure.value, ..kept })),
            (Change::Worse, Some(Blessing { reason: Some(reason) })) => {
                changed.push((figure, kept.raised(figure.value, reason)));
            }
            (Change::Worse, None) => judgement.faults.push(format!(
                "{told}, and may by {} %. Find what costs it; if it is worth that, say why: {RAISE}",
                figure.tolerance
            )),
            (Change::Worse, Some(Blessing { reason: None })) => {
                judgement.faults.push(format!("{told}. What rises is kept with the reason only: {RAISE}"));
            }
        }
    }
    if all {
        let strange = files::strange(folder, figures)?;
        let told = strange.iter().map(|path| format!("{} belongs to no figure. Delete it", path.display()));
        judgement.faults.extend(told);
    }
    if blessing.is_some() && judgement.faults.is_empty() {
        for (figure, kept) in changed {
            files::write(folder, figure, &kept)?;
            judgement.blessed.push(figure.name.clone());
        }
    }
    Ok(judgement)
}

fn line(figure: &Figure, note: &str) -> String {
    format!("{:<34} {:>11} {:<12} {note}", figure.name, figure.value, figure.unit).trim_end().to_owned()
}

/// What has become of a figure.
fn told(figure: &Figure, kept: u64) -> String {
    let Figure { name, value, unit, .. } = figure;
    let how = if *value > kept { "rose" } else { "fell" };
    let by = percent(figure, kept);
    format!("{name} {how} by {}, from {kept} to {value} {unit}", by.trim_start_matches(['+', '-']))
}

/// The change, with its sign.
fn percent(figure: &Figure, kept: u64) -> String {
    format!("{:+.2} %", (figure.value as f64 / kept as f64 - 1.0) * 100.0)
}
