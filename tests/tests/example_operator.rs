//! The example of an operator's policy: one artefact made of its rules and those
//! of the default policy, which it extends by name.

use std::cell::Cell;
use std::collections::BTreeSet;

use solgate::policy::Policy;
use solgate_bundle::bake::bake;
use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_cases::{Case, Judge, JudgeError, Verdict};
use solgate_engine::Engine;
use solgate_engine::ir::Rule;
use solgate_engine::verdict::{Context, Outcome, Request};
use solgate_tests::{engine, workspace};

fn compiled(name: &str) -> Compiled {
    let compiled = compile_dir(&workspace().join("policies").join(name), &BuildOptions::default());
    let compiled = compiled.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(compiled.warnings.is_empty(), "{}", solgate_bundle::render(&compiled.warnings, &compiled.sources, false));
    compiled
}

/// The policy natively and baked, which must agree.
struct Both {
    native: Engine,
    baked: Policy,
    compared: Cell<usize>,
}

impl Both {
    fn new(compiled: &Compiled) -> Self {
        let component = bake(&compiled.bundle).expect("it is baked");
        Self {
            native: Engine::new(compiled.bundle.clone()).expect("it starts"),
            baked: Policy::from_bytes(engine(), &component).expect("it loads"),
            compared: Cell::new(0),
        }
    }
}

impl Judge for Both {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.native.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let wanted = &self.baked.manifest().fields;
        let fields: Vec<(&str, &str)> =
            request.fields.iter().filter(|(name, _)| wanted.iter().any(|field| field == name)).copied().collect();
        let request = Request { fields: &fields, ..*request };
        let native = self.native.evaluate(&request, context);
        let baked = self.baked.evaluate(&request, context).expect("it comes to a verdict");
        assert_eq!(baked, native, "{} {}", request.method, request.target);
        self.compared.set(self.compared.get() + 1);
        Ok(native)
    }
}

fn assert_held(judge: &dyn Judge, cases: &[&Case]) {
    let mut faults = Vec::new();
    for case in cases {
        let place = format!("{}:{}: {}", case.file, case.line, case.name);
        match solgate_cases::run(judge, case) {
            Ok((ran, different)) => {
                let said = ran.details().join("\n");
                faults.extend(different.into_iter().map(|difference| format!("{place}: {difference}\n{said}")));
            }
            Err(reason) => faults.push(format!("{place}: {reason}")),
        }
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

fn own_rules(compiled: &Compiled) -> Vec<&Rule> {
    compiled.bundle.rules.iter().filter(|rule| !rule.inherited).collect()
}

#[test]
fn its_cases_hold_natively_and_baked() {
    let compiled = compiled("example-operator");
    let both = Both::new(&compiled);
    assert_held(&both, &compiled.cases.iter().collect::<Vec<_>>());
    assert!(both.compared.get() >= compiled.cases.len() && compiled.cases.len() > 50, "{}", compiled.cases.len());
}

/// Each rule has a case in which it fails, and one in which it does not although
/// the rule is for the operation.
#[test]
fn its_cases_cover_its_own_rules_both_ways() {
    let compiled = compiled("example-operator");
    let engine = Engine::new(compiled.bundle.clone()).expect("it starts");
    let operation = |case: &Case| engine.route(&case.method, &case.target).map(str::to_owned);
    let rules = own_rules(&compiled);
    assert!(rules.len() > 10, "{} rules", rules.len());
    for rule in rules {
        let fails = |case: &&Case| {
            let expected = [&case.expect.rules, &case.expect.warns, &case.expect.audits];
            expected.into_iter().flatten().flatten().any(|id| *id == rule.id)
        };
        assert!(compiled.cases.iter().any(|case| fails(&case)), "no case breaks {}", rule.id);
        let passes = |case: &Case| {
            case.expect.verdict == Verdict::Allow
                && !fails(&case)
                && operation(case).is_some_and(|operation| rule.operations.contains(&operation))
        };
        assert!(compiled.cases.iter().any(passes), "no case passes {}", rule.id);
    }
}

/// What its rules do not touch is as in the default policy.
#[test]
fn the_default_policys_cases_hold_for_the_other_operations() {
    let compiled = compiled("example-operator");
    let base = self::compiled("vnflcm-v2");
    let native = Engine::new(compiled.bundle.clone()).expect("it starts");
    let touched: BTreeSet<&String> = own_rules(&compiled).into_iter().flat_map(|rule| &rule.operations).collect();
    assert!(own_rules(&compiled).iter().all(|rule| !rule.operations.is_empty()));
    let is_untouched = |case: &&Case| {
        native.route(&case.method, &case.target).is_none_or(|operation| !touched.contains(&operation.to_owned()))
    };
    let cases: Vec<&Case> = base.cases.iter().filter(is_untouched).collect();
    assert!(cases.len() > 60, "{} of {} cases", cases.len(), base.cases.len());
    assert_held(&native, &cases);
}
