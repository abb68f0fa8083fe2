//! Solgate and other engines, on the same rules over the same documents.

mod documents;
mod others;
mod own;

use std::cell::RefCell;

use anyhow::{Context, ensure};
use solgate_slices::Peer;

use self::documents::Example;
use crate::Settings;
use crate::progress::Progress;
use crate::report::{Row, Target};
use crate::sampler::{Lane, Race, Times};

/// The median, in microseconds, that OPA's documentation shows as the outcome of
/// `opa bench` for a small RBAC policy (openpolicyagent.org/docs/policy-performance);
/// the mean there is 45.032. The input was parsed before.
const OPA: f64 = 35.846;

/// An engine's own lanes.
struct Timed {
    name: String,
    allowed: Lane,
    denied: Lane,
}

/// The suite.
///
/// # Errors
/// If an engine cannot be set up, or two of them differ in a verdict.
pub fn rows(settings: Settings, progress: &Progress) -> anyhow::Result<Vec<Row>> {
    progress.step("setting the engines up");
    let examples = documents::read()?;
    let mut engines: Vec<Box<dyn Peer>> = Vec::new();
    engines.extend(own::all()?.map(|engine| Box::new(engine) as Box<dyn Peer>));
    engines.extend(others::all()?.into_iter().map(|engine| Box::new(engine) as Box<dyn Peer>));
    for engine in &mut engines {
        agree(engine.as_mut(), &examples)?;
    }

    let (allowed, denied) = (documents::allowed(&examples)?, documents::denied(&examples)?);
    let engines: Vec<_> = engines.into_iter().map(RefCell::new).collect();
    let mut race = Race::default();
    let mut timed = Vec::new();
    for engine in &engines {
        let name = engine.borrow().name();
        let mut lane = |example: &Example, what| {
            let document = example.document.clone();
            race.add_slices(format!("{name}, {what}"), move |plan| engine.borrow_mut().slice(&document, plan))
        };
        let (allowed, denied) = (lane(allowed, "allowed"), lane(denied, "denied"));
        timed.push(Timed { name, allowed, denied });
    }
    let times = race.run(settings, progress)?;
    Ok(table(&times, &timed, &examples))
}

/// Refuses to time an engine that judges differently.
fn agree(engine: &mut dyn Peer, examples: &[Example]) -> anyhow::Result<()> {
    let name = engine.name();
    for Example { document, broken } in examples {
        let mut said = engine.broken(document).with_context(|| format!("{name} has no verdict on {document}"))?;
        said.sort_unstable();
        said.dedup();
        ensure!(
            said == *broken,
            "{name} says that {document} breaks {said:?}, and tests/bench/rules/documents.jsonl says {broken:?}"
        );
    }
    Ok(())
}

/// The rows: the rewound policy is to be faster than every peer.
fn table(times: &Times, timed: &[Timed], examples: &[Example]) -> Vec<Row> {
    let row = |engine: &Timed| {
        let note = format!("denied {:.2} us; {}", times.p50(engine.denied), times.spread(engine.allowed));
        Row::beside(format!("six rules: {}", engine.name), times.p50(engine.allowed), "us").note(note)
    };
    let mut rows: Vec<Row> = timed.iter().map(row).collect();
    let note = "published by its makers for another policy, parsed input";
    rows.push(Row::beside("six rules: OPA, median of its documentation", OPA, "us").note(note));
    let [_, recycled, rewound, _, peers @ ..] = timed else { return rows };
    let [machine, ..] = peers else { return rows };
    let bound = peers.iter().map(|engine| times.p50(engine.allowed)).fold(OPA, f64::min);
    let note = format!("verdicts equal on {} documents", examples.len());
    let what = "rewound, against the fastest peer";
    rows.push(Row::against(what, times.p50(rewound.allowed), "us", Target::Below(bound)).note(note));
    for (how, engine, bound) in [("recycled", recycled, 0.7), ("rewound", rewound, 1.0)] {
        let ratio = times.ratio(engine.allowed, machine.allowed);
        rows.push(Row::against(format!("{how} against Regorus' RVM"), ratio, "x", Target::AtMost(bound)));
    }
    rows
}
