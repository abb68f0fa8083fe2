//! Instructions of whole requests through a gate: what the host does around evaluations,
//! which are native here, with facts that are at hand.

use std::sync::Arc;

use anyhow::ensure;
use solgate::gate::{Gate, Verdict};
use solgate::policy::{BUILT_IN, BuiltIn, Policy, VNFLCM_V2};

use super::valgrind::{self, Valgrind};
use super::{Choice, Figure};
use crate::workload::{self, Workload};

pub(super) const GROUP: &str = "gate";

/// A request, and the policies of the gate.
struct Row {
    name: &'static str,
    work: fn() -> Workload,
    policies: fn() -> Vec<BuiltIn>,
}

/// The second of a pair says what policies cost that a request does not belong to.
const ROWS: [Row; 4] = [
    Row { name: "terminate", work: workload::terminate, policies: alone },
    Row { name: "terminate-beside-others", work: workload::terminate, policies: all },
    Row { name: "subscribe", work: workload::subscribe, policies: alone },
    Row { name: "subscribe-beside-others", work: workload::subscribe, policies: all },
];

fn alone() -> Vec<BuiltIn> {
    vec![VNFLCM_V2]
}

fn all() -> Vec<BuiltIn> {
    BUILT_IN.to_vec()
}

pub(super) fn figures(choice: &Choice, say: &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>> {
    let chosen: Vec<String> = names().filter(|name| choice.has(GROUP, name)).collect();
    if chosen.is_empty() {
        return Ok(Vec::new());
    }
    let valgrind = Valgrind::find()?;
    let figure = |name: &String| {
        say(&format!("instructions of a gate: {name}"));
        valgrind.figure(format!("{GROUP}/{name}"))
    };
    chosen.iter().map(figure).collect()
}

pub(super) fn names() -> impl Iterator<Item = String> {
    ROWS.iter().map(|row| row.name.to_owned())
}

/// What valgrind runs, if there is such a figure.
pub(super) fn evaluate(choice: &Choice) -> Option<anyhow::Result<()>> {
    let row = ROWS.iter().find(|row| choice.has(GROUP, row.name))?;
    Some(judge(&(row.work)(), &(row.policies)()))
}

fn judge(work: &Workload, policies: &[BuiltIn]) -> anyhow::Result<()> {
    let policy = |policy: &BuiltIn| -> anyhow::Result<Arc<Policy>> {
        let bundle = solgate_bundle::bake::bundle_of(&policy.unpack()?)?;
        Ok(Arc::new(Policy::without_sandbox(solgate_unsandboxed::judge(bundle)?)))
    };
    let policies = policies.iter().map(policy).collect::<anyhow::Result<Vec<_>>>()?;
    let gate = Gate::new(policies, Arc::new(work.vnfm()));
    let request = work.request();
    let decision = workload::judge(&gate, &request);
    ensure!(matches!(decision.verdict, Verdict::Allow), "it is denied: {:?}", decision.verdict);
    valgrind::work(|| Ok(workload::judge(&gate, &request)))
}
