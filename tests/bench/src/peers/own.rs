//! Solgate's own ways to judge.

use std::path::Path;
use std::sync::Arc;

use solgate::policy::Policy;
use solgate_engine::verdict::{Context, Outcome, Request};
use solgate_slices::Peer;

use crate::subjects::Subjects;

/// The rules in one kind of isolation.
pub(super) struct Solgate {
    name: &'static str,
    policy: Arc<Policy>,
}

/// Native, recycled, rewound and fresh.
pub(super) fn all() -> anyhow::Result<[Solgate; 4]> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/solgate"));
    let compiled = solgate_bundle::compile_dir(folder, &solgate_bundle::BuildOptions::default())?;
    let subjects = Subjects::of(&compiled.bundle)?;
    Ok([
        Solgate { name: "Solgate, native", policy: subjects.native },
        Solgate { name: "Solgate, recycled", policy: subjects.recycled },
        Solgate { name: "Solgate, rewound", policy: subjects.rewound },
        Solgate { name: "Solgate, fresh", policy: subjects.fresh },
    ])
}

impl Peer for Solgate {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn broken(&mut self, document: &str) -> anyhow::Result<Vec<String>> {
        let request = Request {
            method: "POST",
            target: "/bench/v1/scale",
            fields: &[("content-type", "application/json")],
            body: document.as_bytes(),
            body_complete: true,
        };
        match self.policy.evaluate(&request, &Context::default())? {
            Outcome::Allow(_) => Ok(Vec::new()),
            Outcome::Deny(denial) => Ok(denial.violations.into_iter().map(|violation| violation.rule).collect()),
            Outcome::Need(_) => anyhow::bail!("it asks for facts"),
        }
    }
}
