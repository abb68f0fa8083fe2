//! What a sandbox costs: the same rules native, recycled, rewound and fresh.

mod evaluate;
mod gate;

use crate::enlarged::{OPERATIONS, RULES, enlarged};
use crate::progress::Progress;
use crate::report::{Row, Target};
use crate::sampler::{Lane, Race, Times};
use crate::subjects::{self, Subjects};
use crate::{Settings, workload};

/// The lanes of one workload: without a sandbox, recycled, rewound, fresh.
#[derive(Clone, Copy)]
struct Four {
    native: Lane,
    recycled: Lane,
    rewound: Lane,
    fresh: Lane,
}

/// The suite.
///
/// # Errors
/// If a policy cannot be loaded, or a verdict is not the one expected.
pub fn rows(settings: Settings, progress: &Progress) -> anyhow::Result<Vec<Row>> {
    progress.step("loading the default policy");
    // What a fresh instance costs grows with the pages that earlier requests have
    // read in the same slot. So the rows about one request have a policy to
    // themselves, the others share one, and a row shows that request among them.
    let alone = Subjects::vnflcm_v2()?;
    let default = Subjects::vnflcm_v2()?;
    progress.step("baking a larger policy");
    let larger = Subjects::of(&enlarged(solgate_bundle::bake::bundle_of(solgate_tests::default_component())?))?;
    let empty = subjects::empty()?;

    let (terminate, denied, retry) = (workload::terminate(), workload::denied(), workload::retry());
    let bodies = [1, 16, 256].map(workload::instantiate);
    let mut race = Race::default();
    let small = evaluate::judged(&mut race, &alone, &terminate)?;
    let nothing = evaluate::nothing(&mut race, &empty, &terminate)?;
    let twice = evaluate::asking_first(&mut race, &alone, &terminate)?;
    let denial = evaluate::judged(&mut race, &default, &denied)?;
    let bodiless = evaluate::judged(&mut race, &default, &retry)?;
    let mut instantiated = Vec::new();
    for body in &bodies {
        instantiated.push((body.body.len(), evaluate::judged(&mut race, &default, body)?));
    }
    let among = evaluate::judged(&mut race, &default, &terminate)?;
    let enlarged = evaluate::judged(&mut race, &larger, &terminate)?;
    let gates = gate::lanes(&mut race, &default, &alone, &larger)?;

    let times = race.run(settings, progress)?;
    let mut rows = evaluate::small_rows(&times, small, nothing, terminate.body.len());
    rows.extend(four(&times, "terminate, asked without facts and again with them", twice));
    rows.extend(four(&times, "terminate, denied by its body", denial));
    rows.extend(four(&times, "retry, no body", bodiless));
    for (bytes, lanes) in instantiated {
        let size = format!("{:.0} KB", bytes as f64 / 1024.0);
        rows.extend(four(&times, &format!("instantiate, {size}"), lanes));
        if bytes > 2048 {
            let ratio = times.ratio(lanes.rewound, lanes.native);
            let bound = Target::AtMost(2.1);
            rows.push(Row::against(format!("instantiate, {size}: rewound against native"), ratio, "x", bound));
        }
    }
    let mixed = "terminate, in turn with all kinds of requests";
    rows.extend(four(&times, mixed, among));
    let ratio = times.ratio(among.rewound, among.recycled);
    rows.push(Row::against(format!("{mixed}: rewound against recycled"), ratio, "x", Target::AtMost(1.15)));
    let more = format!("{RULES} more rules, {OPERATIONS} more operations");
    let pairs = [
        ("native", enlarged.native, small.native),
        ("recycled", enlarged.recycled, small.recycled),
        ("rewound", enlarged.rewound, small.rewound),
        ("rewound, through the gate", gates.enlarged, gates.alone),
    ];
    for (how, lane, base) in pairs {
        let note = format!("{:.2} us against {:.2} us", times.p50(lane), times.p50(base));
        let what = format!("terminate, {more}: {how}");
        rows.push(Row::against(what, times.ratio(lane, base), "x", Target::AtMost(1.05)).note(note));
    }
    rows.extend(four(&times, "gate, terminate with its facts at hand", gates.terminate));
    rows.extend(four(&times, "gate, subscribe", gates.subscribe));
    Ok(rows)
}

/// The times of one workload, for comparison.
fn four(times: &Times, what: &str, lanes: Four) -> [Row; 4] {
    let row = |how: &str, lane| {
        let mut note = times.spread(lane);
        if lane != lanes.native {
            note = format!("{:.2}x native; {note}", times.ratio(lane, lanes.native));
        }
        Row::beside(format!("{what}: {how}"), times.p50(lane), "us").note(note)
    };
    let Four { native, recycled, rewound, fresh } = lanes;
    [row("native", native), row("recycled", recycled), row("rewound", rewound), row("fresh", fresh)]
}
