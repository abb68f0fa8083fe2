//! Single evaluations.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::ensure;
use solgate::policy::Policy;
use solgate_engine::verdict::Outcome;

use super::Four;
use crate::report::{Row, Target};
use crate::sampler::{Lane, Race, Times};
use crate::subjects::Subjects;
use crate::workload::Workload;

/// Evaluations with the facts at hand.
pub(super) fn judged<'a>(race: &mut Race<'a>, subjects: &'a Subjects, work: &'a Workload) -> anyhow::Result<Four> {
    lanes(subjects, |how, policy| {
        let name = format!("{}, {how}", work.name);
        let prepared = work.prepare(policy);
        work.check(&name, &prepared.with_facts()?)?;
        Ok(race.add(name, move || drop(black_box(prepared.with_facts()))))
    })
}

/// Evaluations as a gate makes them: first without facts, then with those asked for.
pub(super) fn asking_first<'a>(
    race: &mut Race<'a>,
    subjects: &'a Subjects,
    work: &'a Workload,
) -> anyhow::Result<Four> {
    lanes(subjects, |how, policy| {
        let name = format!("{} asked twice, {how}", work.name);
        let prepared = work.prepare(policy);
        ensure!(matches!(prepared.without_facts()?, Outcome::Need(_)), "{name} needs no facts");
        work.check(&name, &prepared.with_facts()?)?;
        Ok(race.add(name, move || {
            drop(black_box(prepared.without_facts()));
            drop(black_box(prepared.with_facts()));
        }))
    })
}

/// A fresh instance that has nothing to do.
pub(super) fn nothing<'a>(race: &mut Race<'a>, empty: &'a Policy, work: &'a Workload) -> anyhow::Result<Lane> {
    let prepared = work.prepare(empty);
    work.check("the empty call", &prepared.without_facts()?)?;
    Ok(race.add("an empty call, fresh", move || drop(black_box(prepared.without_facts()))))
}

fn lanes<'a>(
    subjects: &'a Subjects,
    mut lane: impl FnMut(&str, &'a Arc<Policy>) -> anyhow::Result<Lane>,
) -> anyhow::Result<Four> {
    Ok(Four {
        native: lane("native", &subjects.native)?,
        recycled: lane("recycled", &subjects.recycled)?,
        rewound: lane("rewound", &subjects.rewound)?,
        fresh: lane("fresh", &subjects.fresh)?,
    })
}

/// The rows that the targets for a small request are about.
pub(super) fn small_rows(times: &Times, lanes: Four, nothing: Lane, bytes: usize) -> Vec<Row> {
    let what = |how: &str| format!("terminate, {bytes} bytes: {how}");
    let Four { native, recycled, rewound, fresh } = lanes;
    let [over_native, over_recycled] =
        [(recycled, native), (rewound, recycled)].map(|(lane, base)| times.ratio(lane, base));
    vec![
        Row::against(what("native"), times.p50(native), "us", Target::AtMost(2.0)).note(times.spread(native)),
        Row::against(what("recycled against native"), over_native, "x", Target::AtMost(2.4)),
        Row::beside(what("recycled"), times.p50(recycled), "us").note(times.spread(recycled)),
        Row::beside(what("rewound"), times.p50(rewound), "us").note(times.spread(rewound)),
        Row::against(what("rewound against recycled"), over_recycled, "x", Target::AtMost(1.15)),
        Row::beside("an empty call in a fresh instance", times.p50(nothing), "us").note(times.spread(nothing)),
        Row::beside(what("fresh"), times.p50(fresh), "us").note(times.spread(fresh)),
    ]
}
