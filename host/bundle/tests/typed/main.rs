//! What the types of expressions say is so: an expression of which nothing is said can be
//! evaluated for every request, and what is written with the right types is not remarked
//! upon.
//!
//! `TYPED_ROUNDS` is how many bundles are made; ten judge some 50,000 times.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod generate;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fastrand::Rng;
use generate::{Kind, Maker, body};
use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_engine::Engine;
use solgate_engine::verdict::{Context, Mode, Outcome, Request};
use support::{copy, folder};

/// Rules of one bundle; as many violations can be told.
const RULES: usize = 100;
const BODIES: usize = 50;

/// Words of findings that are about what is the same for every request, which can be
/// evaluated all the same.
const CONSTANT: [&str; 5] =
    ["this is never true", "this is always true", " is never '", "can never be the first to fail", "so the rule never"];

fn rounds() -> usize {
    std::env::var("TYPED_ROUNDS").map_or(10, |text| text.parse().unwrap())
}

/// A bundle with these conditions as rules `made.0` and on.
fn bundle(dir: &Path, conditions: &[String]) -> Compiled {
    copy(&folder("bundles/typed"), dir);
    let rules: Vec<_> = conditions
        .iter()
        .enumerate()
        .map(|(place, condition)| {
            serde_json::json!({
                "id": format!("made.{place}"), "operations": ["terminate"], "stage": "body", "require": condition,
                "otherwise": {"status": 409, "title": "Made"}, "doc": "Made.",
            })
        })
        .collect();
    // One rule a line, by which findings are known.
    let lines: Vec<String> = rules.iter().map(|rule| format!("- {rule}\n")).collect();
    fs::write(dir.join("rules/made.yaml"), lines.concat()).unwrap();
    compile_dir(dir, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"))
}

/// What is said of each rule, by its place.
fn said(compiled: &Compiled) -> BTreeMap<usize, Vec<String>> {
    let mut said: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for warning in compiled.warnings.iter().filter(|warning| warning.file == "rules/made.yaml") {
        if let Some(span) = &warning.span {
            said.entry(span.line - 1).or_default().push(warning.message.clone());
        }
    }
    said
}

fn is_about_types(message: &str) -> bool {
    !CONSTANT.iter().any(|words| message.contains(words))
}

/// The rules that could not be evaluated for some body.
fn failing(compiled: Compiled, random: &mut Rng) -> BTreeMap<String, String> {
    let engine = Engine::new(compiled.bundle).unwrap();
    let mut failing = BTreeMap::new();
    for _ in 0..BODIES {
        let body = body(random).to_string();
        let fields = [
            ("version", "2.0.0"),
            ("accept", "application/json"),
            ("content-type", "application/json"),
            ("host", "vnfm"),
        ];
        let request = Request {
            method: "POST",
            target: "/vnflcm/v2/vnf_instances/a/terminate",
            fields: &fields,
            body: body.as_bytes(),
            body_complete: true,
        };
        let context = Context { received_at: 1_700_000_000_000, mode: Mode::default(), ..Context::default() };
        match engine.evaluate(&request, &context) {
            Outcome::Deny(denial) => {
                assert!([409, 500].contains(&denial.status), "{denial:?}\n{body}");
                for violation in
                    denial.violations.iter().filter(|violation| violation.detail.contains("could not be evaluated"))
                {
                    failing.insert(violation.rule.clone(), body.clone());
                }
            }
            Outcome::Allow(_) => {}
            Outcome::Need(facts) => panic!("{facts:?}"),
        }
    }
    failing
}

#[test]
fn expressions_with_the_right_types_are_not_remarked_upon_and_can_be_evaluated() {
    let mut random = Rng::with_seed(18);
    for _ in 0..rounds() {
        let conditions: Vec<String> =
            (0..RULES).map(|_| Maker::new(&mut random, 0).expression(Kind::Bool, 4)).collect();
        let dir = tempfile::tempdir().unwrap();
        let compiled = bundle(dir.path(), &conditions);
        for (place, messages) in said(&compiled) {
            let of_types: Vec<_> = messages.iter().filter(|message| is_about_types(message)).collect();
            assert!(of_types.is_empty(), "{}: {of_types:?}", conditions[place]);
        }
        let failing = failing(compiled, &mut random);
        assert!(failing.is_empty(), "{:?}", shown(&failing, &conditions));
    }
}

#[test]
fn expressions_of_which_nothing_is_said_can_be_evaluated() {
    let mut random = Rng::with_seed(81);
    let (mut remarked, mut failed) = (0, 0);
    for _ in 0..rounds() {
        let conditions: Vec<String> =
            (0..RULES).map(|_| Maker::new(&mut random, 8).expression(Kind::Bool, 3)).collect();
        let dir = tempfile::tempdir().unwrap();
        let compiled = bundle(dir.path(), &conditions);
        let wrong: BTreeSet<String> = said(&compiled)
            .into_iter()
            .filter(|(_, messages)| messages.iter().any(|message| is_about_types(message)))
            .map(|(place, _)| format!("made.{place}"))
            .collect();
        let failing = failing(compiled, &mut random);
        let unsaid: BTreeMap<_, _> = failing
            .iter()
            .filter(|(rule, _)| !wrong.contains(*rule))
            .map(|(rule, body)| (rule.clone(), body.clone()))
            .collect();
        assert!(unsaid.is_empty(), "{:?}", shown(&unsaid, &conditions));
        remarked += wrong.len();
        failed += failing.len();
    }
    // The slips are there, and most of them matter.
    assert!(failed > rounds() * RULES / 20 && remarked >= failed, "{failed} failed, {remarked} remarked upon");
}

fn shown(failing: &BTreeMap<String, String>, conditions: &[String]) -> Vec<String> {
    let condition = |rule: &str| conditions[rule.strip_prefix("made.").unwrap().parse::<usize>().unwrap()].clone();
    failing.iter().map(|(rule, body)| format!("{}\n  for {body}\n", condition(rule))).collect()
}
