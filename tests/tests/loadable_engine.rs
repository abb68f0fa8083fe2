//! The engine that is told its bundle at run time judges as the baked policy does.

use solgate::policy::Policy;
use solgate_bundle::BuildOptions;
use solgate_bundle::bake::loadable_engine;
use solgate_cases::{Judge, JudgeError};
use solgate_engine::Engine;
use solgate_engine::ir::Bundle;
use solgate_engine::verdict::{Context, Outcome, Request};
use solgate_tests::{default_policy, engine, workspace};

struct Compared<'a> {
    native: Engine,
    loaded: &'a Policy,
    baked: &'a Policy,
}

impl Judge for Compared<'_> {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.native.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let loaded = self.loaded.evaluate(request, context).expect("it comes to a verdict");
        let baked = self.baked.evaluate(request, context).expect("it comes to a verdict");
        assert_eq!(loaded, baked, "{} {}", request.method, request.target);
        Ok(loaded)
    }
}

fn json(bundle: &Bundle) -> Vec<u8> {
    serde_json::to_vec(bundle).expect("it is plain data")
}

#[test]
fn a_bundle_that_the_engine_refuses_is_an_error() {
    let folder = workspace().join("policies/vnflcm-v2");
    let bundle = solgate_bundle::compile_dir(&folder, &BuildOptions::default()).expect("it compiles").bundle;
    let twice = Bundle { facts: [&bundle.facts[..], &bundle.facts[..]].concat(), ..bundle };
    let refusal = Policy::from_bundle(engine(), &loadable_engine().expect("it is encoded"), json(&twice))
        .expect_err("the facts have the same names");
    assert!(
        matches!(&refusal, solgate::policy::LoadError::Refused(reason) if reason.contains("vnfInstance")),
        "{refusal}"
    );
}

#[test]
fn its_verdicts_are_those_of_the_baked_policy() {
    let folder = workspace().join("policies/vnflcm-v2");
    let compiled = solgate_bundle::compile_dir(&folder, &BuildOptions::default()).expect("it compiles");
    let loadable = loadable_engine().expect("it is encoded");
    let loaded = Policy::from_bundle(engine(), &loadable, json(&compiled.bundle)).expect("it loads");
    let baked = default_policy();
    assert_eq!(loaded.id(), baked.id());
    assert_eq!(format!("{:?}", loaded.manifest()), format!("{:?}", baked.manifest()));
    let native = Engine::new(compiled.bundle).expect("it starts");
    let compared = Compared { native, loaded: &loaded, baked: &baked };
    for case in &compiled.cases {
        solgate_cases::run(&compared, case).expect("it is judged");
    }
    assert!(compiled.cases.len() > 200, "{} cases", compiled.cases.len());
}
