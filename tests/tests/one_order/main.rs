//! A policy is a function: of one request there is one outcome, to the last byte, in
//! every process, however its instances are used, and without a sandbox.
//!
//! Whatever depends on the seed of a hash map differs between processes, and between
//! evaluations in one instance. So this test asks itself in processes of their own.

mod expressions;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ring::digest::{Context as Hasher, SHA256};
use solgate::policy::{Engine as Sandbox, EngineConfig, EvaluationLimits, Policy};
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_cases::{Judge, JudgeError};
use solgate_engine::Engine;
use solgate_engine::verdict::{Context, Outcome, Request};
use solgate_tests::domain::{self, Tally};
use solgate_tests::{default_policy, recycled_policy, workspace};

const PROCESSES: usize = 4;
/// How often each request is put to each policy: more often than an instance serves
/// that is recycled twice.
const TIMES: usize = 3;
const ISOLATIONS: [&str; 4] = ["fresh", "rewound", "recycle:2", "recycle:64"];
/// Names the folder of the component that the processes load.
const FOLDER: &str = "SOLGATE_ONE_ORDER";
const MARK: &str = "digest of ";

#[test]
fn one_request_has_one_outcome_in_every_process_and_isolation() {
    let folder = tempfile::tempdir().expect("a folder");
    let component = solgate_bundle::bake::bake(&expressions::bundle()).expect("it is baked");
    std::fs::write(folder.path().join("policy.wasm"), component).expect("it is written");
    // Compiled once, for all of them.
    drop((baked(folder.path(), "fresh"), default_policy()));
    let start = || {
        let mut command = Command::new(std::env::current_exe().expect("this test is a file"));
        command.args(["--exact", "in_one_process", "--ignored", "--nocapture"]).env(FOLDER, folder.path());
        command.stdout(Stdio::piped()).spawn().expect("it starts")
    };
    let mut first: Option<BTreeMap<String, String>> = None;
    for _ in 0..PROCESSES / 2 {
        // As many at a time as a small machine has cores.
        for process in [start(), start()] {
            let output = process.wait_with_output().expect("it ends");
            let said = String::from_utf8(output.stdout).expect("it is text");
            assert!(output.status.success(), "{said}");
            let digests = said.lines().filter_map(|line| line.split_once(MARK)?.1.rsplit_once(' '));
            let digests = digests.map(|(what, digest)| (what.to_owned(), digest.to_owned())).collect();
            let first = first.get_or_insert_with(|| BTreeMap::clone(&digests));
            assert!(first.len() > 30, "{said}");
            assert_eq!(digests, *first, "the processes differ");
        }
    }
}

#[test]
#[ignore = "a part of the other test"]
fn in_one_process() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        println!("skipped: {FOLDER} is not set");
        return;
    };
    generated(Path::new(&folder));
    corpus();
}

/// Expressions that have nothing in common but that they see maps.
fn generated(folder: &Path) {
    let bundle = expressions::bundle();
    let trace = solgate_unsandboxed::traced(bundle.clone()).expect("it starts");
    let traced = Policy::without_sandbox(trace.clone());
    let native = Engine::new(bundle.clone()).expect("it starts");
    let by_cel = Engine::new(bundle).expect("it starts").by_cel_alone();
    let sandboxed = ISOLATIONS.map(|isolation| (isolation, baked(folder, isolation)));
    for target in expressions::targets() {
        let fields = [("content-type", "application/json")];
        let body = expressions::BODY.as_bytes();
        let request = Request { method: "POST", target: &target, fields: &fields, body, body_complete: true };
        let expected = native.evaluate(&request, &Context::default());
        assert!(matches!(&expected, Outcome::Allow(findings) if findings.len() > 20), "{target}: {expected:?}");
        assert_eq!(by_cel.evaluate(&request, &Context::default()), expected, "{target}, by CEL alone");
        for _ in 0..TIMES {
            for (isolation, policy) in &sandboxed {
                let outcome = policy.evaluate(&request, &Context::default()).expect("it comes to a verdict");
                assert_eq!(outcome, expected, "{target}, {isolation}");
            }
        }
        println!("{MARK}{target} {}", digest(&[format!("{expected:?}")]));
        // With the texts of errors, which no verdict has.
        traced.evaluate(&request, &Context::default()).expect("it comes to a verdict");
    }
    println!(
        "{MARK}the traces {}",
        digest(&trace.traces().iter().map(|trace| format!("{trace:?}")).collect::<Vec<_>>())
    );
}

fn baked(folder: &Path, isolation: &str) -> Policy {
    // Nothing here is about time, and an outcome has many findings.
    let evaluation = EvaluationLimits {
        time: Duration::from_secs(60),
        output: 64 << 20,
        violations: expressions::FINDINGS,
        ..EvaluationLimits::default()
    };
    let cache = folder.join("cache");
    let engine =
        Sandbox::new(EngineConfig { evaluation, concurrency: 4, cache: Some(cache), ..EngineConfig::default() });
    let policy = Policy::from_file(&engine.expect("it starts"), &folder.join("policy.wasm")).expect("it loads");
    policy.with_isolation(isolation.parse().expect("it is an isolation"))
}

/// The cases of the default policy, and those of the domain if they are there.
fn corpus() {
    let compiled = compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default()).expect("it compiles");
    let native = Engine::new(compiled.bundle).expect("it starts");
    let domain = domain::read(&domain::folder()).expect("it is readable");
    if domain.is_none() {
        println!("skipped: {} has no cases.jsonl", domain::folder().display());
    }
    let judge =
        Judges { native: &native, sandboxed: [default_policy(), recycled_policy()], outcomes: RefCell::default() };
    for case in &compiled.cases {
        solgate_cases::run(&judge, case).expect("it is judged");
    }
    let mut tally = Tally::default();
    for case in domain.iter().flatten().filter(|case| !case.undecidable()) {
        tally.add(&judge, &native.bundle().facts, case);
    }
    println!("{MARK}the corpus {}", digest(&judge.outcomes.take()));
}

/// All ways to judge by the default policy.
struct Judges<'a> {
    native: &'a Engine,
    sandboxed: [std::sync::Arc<Policy>; 2],
    outcomes: RefCell<Vec<String>>,
}

impl Judge for Judges<'_> {
    fn fact_members(&self, fact: &str) -> Option<&[String]> {
        self.native.fact_members(fact)
    }

    fn evaluate(&self, request: &Request<'_>, context: &Context<'_>) -> Result<Outcome, JudgeError> {
        let [fresh, _] = &self.sandboxed;
        let wanted = &fresh.manifest().fields;
        let fields: Vec<(&str, &str)> =
            request.fields.iter().filter(|(name, _)| wanted.iter().any(|field| field == name)).copied().collect();
        let request = Request { fields: &fields, ..*request };
        let expected = self.native.evaluate(&request, context);
        for policy in &self.sandboxed {
            assert_eq!(policy.evaluate(&request, context)?, expected, "{} {}", request.method, request.target);
        }
        self.outcomes.borrow_mut().push(format!("{expected:?}"));
        Ok(expected)
    }
}

fn digest(texts: &[String]) -> String {
    let mut hasher = Hasher::new(&SHA256);
    for text in texts {
        hasher.update(text.as_bytes());
        hasher.update(b"\n");
    }
    data_encoding::HEXLOWER.encode(hasher.finish().as_ref())
}
