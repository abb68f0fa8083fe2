//! A bundle from before types were checked, and what `upgrade` makes of it.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic, clippy::format_push_string)]

mod support;

use std::fs;
use std::path::Path;

use solgate_bundle::{BuildOptions, compile_dir, render, upgrade};
use solgate_engine::Engine;

const POLICY: &str = "name: old
version: 0.1.0 # of today
extends: vnflcm-v2
facts: { vnfInstance: { addMembers: [vnfInstanceName] } }
";

const RULES: &str = r#"# Rules from before.
- id: old.tenant
  operations: [terminate]
  require: caller.tenant == 'a'   # ours
  otherwise: { status: 403, title: Not yours, detail: "'not of ' + caller.tenant" }
  doc: Tenants.
- id: old.name
  operations: [terminate]
  require: "!vnfInstance.vnfInstanceName.startsWith('x')"
  otherwise: { status: 409, title: Names }
  doc: Names.
- id: old.timeout
  operations: [terminate]
  when: has(body.gracefulTerminationTimeout) || caller.subject == 'b' && caller.subject != 'c'
  require: >-
    body.gracefulTerminationTimeout >= 10
    && body.gracefulTerminationTimeout < 100
  otherwise: { status: 409, title: Timeout }
  doc: Timeouts.
- id: old.header
  operations: [terminate]
  require: 'headers["x-ticket"] != ""'
  otherwise: { status: 409, title: Ticket }
  doc: Tickets.
"#;

fn bundle(dir: &Path, rules: &str) {
    fs::create_dir(dir.join("rules")).unwrap();
    fs::write(dir.join("policy.yaml"), POLICY).unwrap();
    fs::write(dir.join("rules/old.yaml"), rules).unwrap();
}

#[test]
fn what_may_be_absent_is_read_as_such_and_all_else_stays_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    bundle(dir.path(), RULES);
    let upgraded = upgrade(dir.path()).unwrap();
    assert!(!upgraded.has_mistakes && !upgraded.by_hand, "{}", upgraded.left.render(false));
    let names: Vec<&str> = upgraded.changed.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["policy.yaml", "rules/old.yaml"]);
    let mended = RULES
        .replace("caller.tenant == 'a'", "caller.?tenant.orValue('') == 'a'")
        .replace("'not of ' + caller.tenant", "'not of ' + caller.?tenant.orValue('')")
        .replace("vnfInstance.vnfInstanceName.startsWith", "vnfInstance.?vnfInstanceName.orValue('').startsWith")
        .replace("caller.subject ==", "caller.?subject.orValue('') ==")
        .replace("caller.subject !=", "caller.?subject.orValue('') !=")
        .replace("body.gracefulTerminationTimeout >=", "body.?gracefulTerminationTimeout.orValue(0) >=")
        .replace("body.gracefulTerminationTimeout <", "body.?gracefulTerminationTimeout.orValue(0) <")
        .replace("headers[\"x-ticket\"] !=", "headers[?\"x-ticket\"].orValue(\"\") !=");
    assert_eq!(upgraded.changed[1].after, mended);
    assert_eq!(upgraded.changed[0].after, POLICY.replace("today\n", "today\nlanguage: 2\n"));
    // Nothing is written, and what is made of it is right.
    assert_eq!(fs::read_to_string(dir.path().join("rules/old.yaml")).unwrap(), RULES);
    for file in &upgraded.changed {
        fs::write(dir.path().join(&file.name), &file.after).unwrap();
    }
    let compiled = compile_dir(dir.path(), &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
    assert!(compiled.warnings.is_empty(), "{}", render(&compiled.warnings, &compiled.sources, false));
    assert!(upgrade(dir.path()).unwrap().changed.is_empty());
}

/// Callers, names of instances, bodies and fields for the rules above.
fn cases() -> String {
    let mut cases = "cases:\n".to_owned();
    let callers = ["", "caller: {}, ", "caller: { tenant: a }, ", "caller: { tenant: b, subject: b }, "];
    let names = ["", "vnfInstanceName: x1, ", "vnfInstanceName: y1, "];
    let timeouts = [
        "",
        ", gracefulTerminationTimeout: 5",
        ", gracefulTerminationTimeout: 50",
        ", gracefulTerminationTimeout: 500",
    ];
    let tickets = ["", ", x-ticket: ''", ", x-ticket: t"];
    for (number, (caller, name, timeout, ticket)) in callers
        .iter()
        .flat_map(|caller| names.iter().map(move |name| (caller, name)))
        .flat_map(|(caller, name)| timeouts.iter().map(move |timeout| (caller, name, timeout)))
        .flat_map(|(caller, name, timeout)| tickets.iter().map(move |ticket| (caller, name, timeout, ticket)))
        .enumerate()
    {
        cases += &format!(
            "- {{ name: c{number}, method: POST, path: /vnf_instances/i/terminate, {caller}\
             headers: {{ Version: 2.0.0, Accept: application/json, Content-Type: application/json{ticket} }}, \
             body: {{ terminationType: GRACEFUL{timeout} }}, \
             facts: {{ openOps: [], vnfInstance: {{ {name}id: i, instantiationState: INSTANTIATED }} }}, expect: allow }}\n"
        );
    }
    cases
}

/// What each case comes to, in words; `None` if a rule could not be evaluated.
fn verdicts(dir: &Path) -> Vec<Option<String>> {
    let compiled = compile_dir(dir, &BuildOptions::default()).unwrap_or_else(|failure| panic!("{failure}"));
    let engine = Engine::new(compiled.bundle).unwrap();
    let verdict = |case: &solgate_cases::Case| match solgate_cases::run(&engine, case) {
        Ok((_, differences)) => Some(format!("{differences:?}")).filter(|said| !said.contains("500")),
        Err(reason) => panic!("{}: {reason}", case.name),
    };
    compiled.cases.iter().map(verdict).collect()
}

#[test]
fn what_could_be_judged_before_is_judged_as_before() {
    let dir = tempfile::tempdir().unwrap();
    bundle(dir.path(), RULES);
    fs::create_dir(dir.path().join("tests")).unwrap();
    fs::write(dir.path().join("tests/all.yaml"), cases()).unwrap();
    let before = verdicts(dir.path());
    for file in &upgrade(dir.path()).unwrap().changed {
        fs::write(dir.path().join(&file.name), &file.after).unwrap();
    }
    let after = verdicts(dir.path());
    let judged = before.iter().zip(&after).filter(|(before, _)| before.is_some());
    for (number, (before, after)) in judged.clone().enumerate() {
        assert_eq!(before, after, "{number}");
    }
    // Both kinds of verdict, and what could not be judged, are among them.
    assert!(judged.clone().any(|(before, _)| before.as_deref() == Some("[]")));
    assert!(judged.clone().any(|(before, _)| before.as_deref() != Some("[]")));
    assert!(before.iter().any(Option::is_none) && after.iter().all(Option::is_some));
}

#[test]
fn what_cannot_be_mended_is_left_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let slip = "- id: old.slip\n  operations: [terminate]\n  require: body.terminationType != 'FORCE' || caller.tenant == 'a'\n  \
                otherwise: { status: 409, title: A }\n  doc: D\n";
    bundle(dir.path(), slip);
    let upgraded = upgrade(dir.path()).unwrap();
    let left = upgraded.left.render(false);
    assert!(upgraded.has_mistakes && left.contains("`body.terminationType` is never 'FORCE'"), "{left}");
    assert!(left.contains("known here: `FORCEFUL`, `GRACEFUL`") && !left.contains("`tenant`"), "{left}");
    // The rest is mended, and the language stays.
    let names: Vec<&str> = upgraded.changed.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["rules/old.yaml"]);
}
