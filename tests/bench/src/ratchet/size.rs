//! Sizes: of the program, of what it is built of, and of what a policy holds in memory.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, ensure};
use solgate_tests::process::binary;
use solgate_tests::workspace;

use super::{Choice, Figure};
use crate::memory;

const GROUP: &str = "size";

/// Measures one of them.
type Measure = fn() -> anyhow::Result<u64>;

const SIZES: [(&str, &str, Measure); 5] = [
    ("program", "bytes", program),
    ("crates-of-solgate", "crates", || crates("solgate")),
    ("crates-of-libsolgate", "crates", || crates("libsolgate")),
    ("idle-policy", "bytes", memory::idle_policy),
    ("further-policy", "bytes", memory::further_policy),
];

pub(super) fn figures(choice: &Choice, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let chosen = SIZES.iter().filter(|(name, ..)| choice.has(GROUP, name));
    let figure = |(name, unit, measure): &(&str, &'static str, Measure)| {
        let name = format!("{GROUP}/{name}");
        say(&name);
        let value = measure().with_context(|| name.clone())?;
        Ok(Figure { name, value, unit, tolerance: 5 })
    };
    chosen.map(figure).collect()
}

pub(super) fn names() -> impl Iterator<Item = (&'static str, String)> {
    SIZES.iter().map(|(name, ..)| (GROUP, (*name).to_owned()))
}

fn program() -> anyhow::Result<u64> {
    Ok(std::fs::metadata(binary())?.len())
}

/// How many crates a package is built of on Linux, itself included, without those that
/// only build it.
fn crates(package: &str) -> anyhow::Result<u64> {
    let output = Command::new("cargo")
        .args(["tree", "--locked", "--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .args(["--target", "x86_64-unknown-linux-gnu", "--package", package])
        .current_dir(workspace())
        .output()
        .context("cargo cannot be run")?;
    ensure!(output.status.success(), "cargo tree failed: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout)?;
    let crates: BTreeSet<&str> = text.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    Ok(u64::try_from(crates.len())?)
}
