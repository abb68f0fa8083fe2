//! Whole requests through the gate, with facts that are at hand.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::ensure;
use solgate::gate::{Gate, Verdict};
use solgate::policy::Policy;

use super::Four;
use crate::sampler::{Lane, Race};
use crate::subjects::Subjects;
use crate::workload::{self, Workload};

/// What is timed through the gate.
pub(super) struct Lanes {
    pub terminate: Four,
    pub subscribe: Four,
    /// Terminate by a rewound policy that judges nothing else.
    pub alone: Lane,
    /// The same with many rules more.
    pub enlarged: Lane,
}

pub(super) fn lanes(
    race: &mut Race<'_>,
    default: &Subjects,
    alone: &Subjects,
    larger: &Subjects,
) -> anyhow::Result<Lanes> {
    let (terminate, subscribe) = (workload::terminate(), workload::subscribe());
    let mut all = |work: &Workload| -> anyhow::Result<Four> {
        Ok(Four {
            native: lane(race, "native", &default.native, work)?,
            recycled: lane(race, "recycled", &default.recycled, work)?,
            rewound: lane(race, "rewound", &default.rewound, work)?,
            fresh: lane(race, "fresh", &default.fresh, work)?,
        })
    };
    Ok(Lanes {
        terminate: all(&terminate)?,
        subscribe: all(&subscribe)?,
        alone: lane(race, "rewound, nothing else", &alone.rewound, &terminate)?,
        enlarged: lane(race, "rewound, larger policy", &larger.rewound, &terminate)?,
    })
}

fn lane(race: &mut Race<'_>, how: &str, policy: &Arc<Policy>, work: &Workload) -> anyhow::Result<Lane> {
    let name = format!("gate, {}, {how}", work.name);
    let gate = Gate::new(vec![Arc::clone(policy)], Arc::new(work.vnfm()));
    let request = work.request();
    let decision = workload::judge(&gate, &request);
    ensure!(matches!(decision.verdict, Verdict::Allow), "{name} is denied: {:?}", decision.verdict);
    Ok(race.add(name, move || drop(black_box(workload::judge(&gate, &request)))))
}
