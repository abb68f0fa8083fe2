//! Instructions of evaluations without a sandbox.

use anyhow::Context;
use solgate::policy::Policy;

use super::valgrind::{self, Valgrind};
use super::{Choice, Figure, chosen};
use crate::workload::Workload;

pub(super) const GROUP: &str = "native";

pub(super) fn figures(choice: &Choice, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let chosen = chosen(choice, GROUP);
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let valgrind = Valgrind::find()?;
    let figure = |(name, _): &(String, _)| {
        say(&format!("native instructions of {name}"));
        valgrind.figure(format!("{GROUP}/{name}"))
    };
    chosen.iter().map(figure).collect()
}

/// What valgrind runs: evaluations of the request that a figure is about.
pub(super) fn evaluate(name: &str, work: &Workload) -> anyhow::Result<()> {
    let policy = Policy::without_sandbox(solgate_unsandboxed::judge(solgate_bundle::bake::bundle_of(
        solgate_tests::default_component(),
    )?)?);
    let prepared = work.prepare(&policy);
    work.check(name, &prepared.with_facts().context("there is no verdict")?)?;
    valgrind::work(|| Ok(prepared.with_facts()?))
}
