//! A bundle from before types were checked, and what `upgrade` makes of it.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;

use solgate_bundle::{BuildOptions, compile_dir, render, upgrade};

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
