//! `make count`: figures that may not grow unseen.
//!
//! Each has a file in `tests/bench/counts` with what it was when somebody last agreed to
//! it. They are counted, not timed, so that they are the same on every machine.

mod files;
pub mod fuel;
mod gate;
mod judge;
mod kept;
mod native;
mod size;
mod valgrind;

use std::path::{Path, PathBuf};

use anyhow::bail;

pub use self::judge::{Blessing, Judgement, judge};
use crate::workload::{self, Workload};

/// Something that was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// The folder of its file, a slash, and the file's name without `.txt`.
    pub name: String,
    pub value: u64,
    pub unit: &'static str,
    /// By how many percent it may differ from what is kept.
    pub tolerance: u32,
}

/// Those figures that are asked for, by name or by group.
#[derive(Debug, Clone, Default)]
pub struct Choice(Vec<String>);

impl Choice {
    /// All, if `names` is empty.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    #[must_use]
    pub fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    fn has(&self, group: &str, name: &str) -> bool {
        self.is_all() || self.0.iter().any(|chosen| means(chosen, group, name))
    }

    /// One that means no figure.
    fn unknown(&self) -> Option<&str> {
        let known = |chosen: &str| names().any(|(group, name)| means(chosen, group, &name));
        self.0.iter().map(String::as_str).find(|chosen| !known(chosen))
    }
}

/// Whether a figure is meant by its name, or by its group.
fn means(chosen: &str, group: &str, name: &str) -> bool {
    match chosen.split_once('/') {
        Some((in_group, chosen)) => in_group == group && chosen == name,
        None => chosen == group,
    }
}

/// Groups and names of all figures.
fn names() -> impl Iterator<Item = (&'static str, String)> {
    let evaluations = [native::GROUP, fuel::GROUP].into_iter();
    let evaluations = evaluations.flat_map(|group| workloads().into_iter().map(move |(name, _)| (group, name)));
    let gates = gate::names().map(|name| (gate::GROUP, name));
    evaluations.chain(gates).chain(size::names())
}

/// Where figures are kept.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("counts")
}

/// Counts what is chosen, and says beforehand what comes next.
///
/// # Errors
/// If something cannot be counted, or something is chosen that there is not.
pub fn count(choice: &Choice, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    if let Some(unknown) = choice.unknown() {
        bail!(
            "there is no figure `{unknown}`; there are {}",
            names().map(|(group, name)| format!("{group}/{name}")).collect::<Vec<_>>().join(", ")
        );
    }
    let mut figures = native::figures(choice, say)?;
    figures.extend(gate::figures(choice, say)?);
    figures.extend(fuel::figures(choice, say)?);
    figures.extend(size::figures(choice, say)?);
    Ok(figures)
}

/// What valgrind runs for a figure.
///
/// # Errors
/// If there is no such figure, or the outcome is not the one that is meant.
pub fn evaluate(name: &str) -> anyhow::Result<()> {
    let choice = Choice::new(vec![name.to_owned()]);
    if let Some(judged) = gate::evaluate(&choice) {
        return judged;
    }
    match chosen(&choice, native::GROUP).first() {
        Some((_, work)) => native::evaluate(name, work),
        None => bail!("there is no figure {name}"),
    }
}

/// The requests whose evaluations are counted.
fn workloads() -> Vec<(String, Workload)> {
    let mut all = vec![
        ("terminate".to_owned(), workload::terminate()),
        ("terminate-settings".to_owned(), workload::terminate_with_settings()),
        ("terminate-denied".to_owned(), workload::denied()),
        ("retry".to_owned(), workload::retry()),
        ("subscribe".to_owned(), workload::subscribe()),
    ];
    for kib in [1, 16, 256] {
        all.push((format!("instantiate-{kib}K-declared"), workload::instantiate_declared(kib)));
        all.push((format!("instantiate-{kib}K-unknown"), workload::instantiate(kib)));
    }
    all
}

/// Those of them that are chosen in a group.
fn chosen(choice: &Choice, group: &str) -> Vec<(String, Workload)> {
    workloads().into_iter().filter(|(name, _)| choice.has(group, name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_names_figures_and_groups() {
        let chosen = |names: &[&str], (group, name)| {
            Choice::new(names.iter().map(|&name| name.to_owned()).collect()).has(group, name)
        };
        for (names, figure, has) in [
            (&[][..], ("native", "retry"), true),
            (&["native"], ("native", "retry"), true),
            (&["native"], ("sandbox", "retry"), false),
            (&["native/retry"], ("native", "retry"), true),
            (&["native/retry"], ("native", "terminate"), false),
            (&["native/retry"], ("sandbox", "retry"), false),
            (&["size", "native/retry"], ("size", "program"), true),
            (&["retry"], ("native", "retry"), false),
        ] {
            assert_eq!(chosen(names, figure), has, "{names:?}: {figure:?}");
        }
    }

    #[test]
    fn a_choice_of_nothing_is_noticed() {
        let unknown = |names: &[&str]| {
            let choice = Choice::new(names.iter().map(|&name| name.to_owned()).collect());
            choice.unknown().map(str::to_owned)
        };
        assert_eq!(unknown(&["native", "sandbox/retry", "size/program"]), None);
        for name in ["retry", "native/program", "size/retry", "native/", ""] {
            assert_eq!(unknown(&["native", name]).as_deref(), Some(name));
        }
    }
}
