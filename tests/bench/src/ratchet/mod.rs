//! `make count`: figures that may not grow unseen.
//!
//! Each has a file in `tests/bench/counts` with what it was when somebody last agreed to
//! it. They are counted, not timed, so that they are the same on every machine.

mod files;
mod fuel;
mod judge;
mod kept;
mod native;
mod size;

use std::path::{Path, PathBuf};

pub use self::judge::{Blessing, Judgement, judge};
pub use self::native::evaluate;
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
        let meant = |chosen: &String| match chosen.split_once('/') {
            Some((in_group, chosen)) => in_group == group && chosen == name,
            None => chosen == group,
        };
        self.is_all() || self.0.iter().any(meant)
    }
}

/// Where figures are kept.
#[must_use]
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("counts")
}

/// Counts what is chosen, and says beforehand what comes next.
///
/// # Errors
/// If something cannot be counted, or nothing is chosen.
pub fn count(choice: &Choice, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let mut figures = native::figures(choice, say)?;
    figures.extend(fuel::figures(choice, say)?);
    figures.extend(size::figures(choice, say)?);
    anyhow::ensure!(
        !figures.is_empty(),
        "there is no figure {}; `make count` lists all of them",
        choice.0.join(" or ")
    );
    Ok(figures)
}

/// The requests whose evaluations are counted.
fn workloads() -> Vec<(String, Workload)> {
    let mut all = vec![
        ("terminate".to_owned(), workload::terminate()),
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
