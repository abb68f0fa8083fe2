//! The sandboxed policy and the native engine give the same outcome, to the last
//! byte, for every case of the default policy and of the domain, and for many
//! requests that are generated from them.

mod generated;
mod generator;
mod mutation;
mod subject;
mod tree;

use std::cell::Cell;
use std::sync::Arc;

use solgate::policy::Policy;
use solgate_bundle::BuildOptions;
use solgate_cases::{Case, Judge, JudgeError};
use solgate_engine::Engine;
use solgate_engine::verdict::{Context, Outcome, Request};
use solgate_tests::domain::{self, Tally};
use solgate_tests::{default_policy, recycled_policy, rewound_policy, workspace};

/// Asks both, and takes note of a difference.
struct Both {
    native: Engine,
    sandboxed: [Arc<Policy>; 3],
    compared: Cell<usize>,
}

impl Judge for Both {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.native.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        // As the gate does: only what the manifest asks for enters the sandbox.
        let [fresh, ..] = &self.sandboxed;
        let wanted = &fresh.manifest().fields;
        let fields: Vec<(&str, &str)> =
            request.fields.iter().filter(|(name, _)| wanted.iter().any(|field| field == name)).copied().collect();
        let request = Request { fields: &fields, ..*request };
        let native = self.native.evaluate(&request, context);
        for sandboxed in &self.sandboxed {
            let sandboxed = sandboxed.evaluate(&request, context).expect("it comes to a verdict");
            assert_eq!(sandboxed, native, "{} {}", request.method, request.target);
        }
        self.compared.set(self.compared.get() + 1);
        Ok(native)
    }
}

/// Both, and the policy's own cases.
fn both() -> (Both, Vec<Case>) {
    let compiled = solgate_bundle::compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default());
    let compiled = compiled.expect("it compiles");
    let native = Engine::new(compiled.bundle).expect("it starts");
    (
        Both { native, sandboxed: [default_policy(), recycled_policy(), rewound_policy()], compared: Cell::new(0) },
        compiled.cases,
    )
}

#[test]
fn on_the_policys_own_cases() {
    let (both, cases) = both();
    for case in &cases {
        solgate_cases::run(&both, case).expect("it is judged");
    }
    let (compared, cases) = (both.compared.get(), cases.len());
    assert!(compared >= cases && cases > 200, "{cases} cases, {compared} evaluations");
}

#[test]
fn on_the_domains_cases() {
    let Some(cases) = domain::read(&domain::folder()).expect("it is readable") else {
        println!("skipped: {} has no cases.jsonl", domain::folder().display());
        return;
    };
    let (both, _) = both();
    let mut tally = Tally::default();
    for case in cases.iter().filter(|case| !case.undecidable()) {
        tally.add(&both, &both.native.bundle().facts, case);
    }
    assert!(tally.accepted(), "{}", tally.faults.join("\n"));
    assert!(both.compared.get() >= cases.len(), "{} evaluations", both.compared.get());
}
