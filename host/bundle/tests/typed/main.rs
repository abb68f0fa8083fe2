//! What the types of expressions say is so: an expression of which nothing is said can be
//! evaluated for every request, and what is written with the right types is not remarked
//! upon.
//!
//! `TYPED_ROUNDS` is how many bundles are made; ten judge some 50,000 times.
#![allow(clippy::unwrap_used, clippy::panic, clippy::arithmetic_side_effects, clippy::indexing_slicing)]

mod generate;
mod open;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use fastrand::Rng;
use generate::{Kind, Maker, body, broken};
use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_engine::Engine;
use solgate_engine::verdict::{Context, FactAnswer, Finding, Mode, Outcome, Request, Setting, Severity};
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
            let stage = if condition.contains("instance.") { "state" } else { "body" };
            let mut rule = serde_json::json!({
                "id": format!("made.{place}"), "operations": ["terminate"], "stage": stage, "require": condition,
                "otherwise": {"status": 409, "title": "Made"}, "doc": "Made.",
            });
            if condition.contains("variables.") {
                rule["variables"] = serde_json::json!({
                    "any": "body.?bag.?a.orValue('x')", "is": "type(variables.any) == string",
                    "text": "variables.is ? variables.any : ''",
                });
            }
            if condition.contains("item") {
                rule["forEach"] = "body.mixed".into();
            }
            rule
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

/// What is sent, and what the VNFM answers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Values {
    /// As their schemas say.
    Right,
    /// Otherwise, and the rules of the schemas are off.
    Broken,
}

/// Rules that only say what a schema, or the JSON, is to be.
const RELAXED: [&str; 5] =
    ["typed.body", "body.json.object", "body.json.number", "body.json.number-free", "body.json.name-case"];

/// The rules that could not be evaluated for some body.
fn failing(compiled: Compiled, values: Values, random: &mut Rng) -> (BTreeMap<String, String>, usize) {
    let settings: Vec<Setting> = match values {
        Values::Right => Vec::new(),
        Values::Broken => {
            RELAXED.iter().map(|rule| Setting::Severity { rule: (*rule).to_owned(), severity: Severity::Off }).collect()
        }
    };
    let mut left_out = 0;
    let engine = Engine::new(compiled.bundle).unwrap();
    let mut failing = BTreeMap::new();
    for _ in 0..BODIES {
        let mut sent = body(random);
        let mut known = body(random);
        if values == Values::Broken {
            sent = broken(random, sent);
            known = broken(random, known);
            // A fact that is no object is no answer at all.
            if !known.is_object() {
                known = serde_json::json!({});
            }
        }
        let body = sent.to_string().replace("\"big\"", "1e400");
        let known = known.to_string();
        let facts = [("instance", FactAnswer::Found { etag: None, body: known.as_bytes() })];
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
        let context = Context {
            received_at: 1_700_000_000_000,
            // Every rule is judged, whatever the others say.
            mode: Mode::Monitor,
            facts: &facts,
            settings: &settings,
            ..Context::default()
        };
        let findings = match engine.evaluate(&request, &context) {
            Outcome::Allow(findings) => findings,
            other => panic!("{other:?}\n{body}"),
        };
        for Finding { violation, .. } in &findings {
            if violation.detail.contains("could not be evaluated") {
                failing.insert(violation.rule.clone(), format!("{body}, and of the instance {known}"));
            }
            left_out += usize::from(violation.detail.contains("left out"));
        }
    }
    (failing, left_out)
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
        let (failing, _) = failing(compiled, Values::Right, &mut random);
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
        let (failing, _) = failing(compiled, Values::Right, &mut random);
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

/// Conditions with what can fail in them, about bodies and facts.
fn risky(random: &mut Rng) -> Vec<String> {
    let condition = |random: &mut Rng| {
        let opens = random.bool();
        let mut maker = Maker::new(random, 0);
        maker.risks = true;
        maker.opens = opens;
        let condition = maker.expression(Kind::Bool, 3);
        if random.bool() { condition.replace("body.inner.", "instance.") } else { condition }
    };
    (0..RULES).map(|_| condition(random)).collect()
}

/// A bundle of those of some conditions of which nothing is said, and these.
fn clean(conditions: &[String]) -> (Compiled, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let remarked: BTreeSet<usize> = said(&bundle(dir.path(), conditions))
        .into_iter()
        .filter(|(_, messages)| messages.iter().any(|message| is_about_types(message)))
        .map(|(place, _)| place)
        .collect();
    let kept = conditions.iter().enumerate().filter(|(place, _)| !remarked.contains(place));
    let kept: Vec<String> = kept.map(|(_, condition)| condition.clone()).collect();
    let dir = tempfile::tempdir().unwrap();
    (bundle(dir.path(), &kept), kept)
}

#[test]
fn what_can_fail_is_said_unless_a_condition_rules_it_out() {
    let mut random = Rng::with_seed(1818);
    let (mut failed, mut kept) = (0, 0);
    for _ in 0..rounds() {
        let conditions = risky(&mut random);
        let dir = tempfile::tempdir().unwrap();
        failed += failing(bundle(dir.path(), &conditions), Values::Right, &mut random).0.len();
        let (compiled, conditions) = clean(&conditions);
        kept += conditions.len();
        let (failing, _) = failing(compiled, Values::Right, &mut random);
        assert!(failing.is_empty(), "{:?}", shown(&failing, &conditions));
    }
    // There is something to find, and guards are seen.
    println!("{} judged", kept * BODIES);
    assert!(failed > rounds() * RULES / 20 && kept > rounds() * RULES / 4, "{failed} failed, {kept} kept");
}

#[test]
fn values_that_break_their_schemas_leave_rules_out_and_fail_none() {
    let mut random = Rng::with_seed(8181);
    let (mut all, mut judged) = (0, 0);
    for _ in 0..rounds() {
        let (compiled, conditions) = clean(&risky(&mut random));
        let (failing, left_out) = failing(compiled, Values::Broken, &mut random);
        assert!(failing.is_empty(), "{:?}", shown(&failing, &conditions));
        all += left_out;
        judged += conditions.len() * BODIES;
    }
    println!("{judged} judged, {all} left out");
    assert!(all > rounds() * 100, "{all} rules left out");
}

fn shown(failing: &BTreeMap<String, String>, conditions: &[String]) -> Vec<String> {
    let condition = |rule: &str| conditions[rule.strip_prefix("made.").unwrap().parse::<usize>().unwrap()].clone();
    failing.iter().map(|(rule, body)| format!("{}\n  for {body}\n", condition(rule))).collect()
}
