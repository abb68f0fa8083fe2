//! What `solgate lint` says, from texts that are not saved.

use std::fs;

use serde_json::{Value, json};
use solgate_tests::process::solgate;

use crate::client::{Client, uri};
use crate::{Bundle, POLICY};

const RULES: &str = "\
# \u{1f600} an emoji has two units of UTF-16, \u{e9} one
- id: mine.reason
  operations: [terminate]
  require: \"'\u{1f600}\u{e9}' != '' && body.terminationTyp == 'FORCEFUL'\"
  otherwise:
    status: 403
    title: No
    detail: \"'No.'\"
  doc: None.
- id: mine.host
  operations: [subscribe]
  require: inList('hosts', host(body.callbackUri)) && options.picky
  otherwise: { status: 403, title: No, detail: \"'No.'\" }
  doc: None.
";

/// The lines and places that `solgate lint` gives, with the messages.
fn linted(bundle: &Bundle) -> Vec<(String, u64, String)> {
    let output = solgate().args(["lint", "--format", "json"]).arg(bundle.folder()).output().expect("it runs");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = found["diagnostics"].as_array().expect("a list");
    let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    found
        .iter()
        .map(|one| {
            let hint = one["hint"].as_str().map(|hint| format!("\nhelp: {hint}")).unwrap_or_default();
            (text(one, "file"), one["line"].as_u64().unwrap_or(1) - 1, text(one, "message") + &hint)
        })
        .collect()
}

#[test]
fn it_says_what_lint_says_where_lint_says_it() {
    let bundle = Bundle::new(&[("policy.yaml", POLICY), ("hosts.txt", "a\n"), ("rules/a.yaml", RULES)]);
    let rules = bundle.at("rules/a.yaml");
    let mut client = Client::initialized();
    client.open(&rules, None);
    let found = client.until_found(&rules, |found| !found.is_empty());
    let ours: Vec<_> = found
        .iter()
        .map(|one| {
            let line = one["range"]["start"]["line"].as_u64().expect("a line");
            ("rules/a.yaml".to_owned(), line, one["message"].as_str().expect("a message").to_owned())
        })
        .collect();
    assert_eq!(ours, linted(&bundle));
    // In UTF-16: `  require: "'`, two units of the emoji, one of the letter.
    let range = &found[0]["range"];
    let line = RULES.lines().nth(3).expect("the line");
    let before = line.split("terminationTyp").next().expect("what is before");
    let start = before.encode_utf16().count();
    assert_eq!(range["start"], json!({ "line": 3, "character": start }), "{found:#?}");
    assert_eq!(range["end"], json!({ "line": 3, "character": start + "terminationTyp".len() }));
    assert_eq!(found[0]["severity"], 2, "a warning");
}

#[test]
fn what_is_not_saved_counts_and_what_is_mended_goes_away() {
    let good = RULES.replace("terminationTyp ==", "terminationType ==");
    let bundle = Bundle::new(&[("policy.yaml", POLICY), ("hosts.txt", "a\n"), ("rules/a.yaml", &good)]);
    let (rules, policy) = (bundle.at("rules/a.yaml"), bundle.at("policy.yaml"));
    let mut client = Client::initialized();
    client.open(&rules, Some(RULES));
    client.until_found(&rules, |found| found.len() == 1);
    // One change, by its place.
    let line = RULES.lines().nth(3).expect("the line");
    let end = line.split(" ==").next().expect("before").encode_utf16().count();
    let place = json!({ "line": 3, "character": end });
    let change = json!({ "range": { "start": place, "end": place }, "text": "e" });
    let document = json!({ "uri": uri(&rules), "version": 2 });
    client.notify("textDocument/didChange", json!({ "textDocument": document, "contentChanges": [change] }));
    client.until_found(&rules, <[_]>::is_empty);
    // A name that goes away in one file is missed in another.
    client.open(&policy, Some(&POLICY.replace("picky:", "lax:")));
    let found = client.until_found(&rules, |found| !found.is_empty());
    assert!(found[0]["message"].as_str().is_some_and(|text| text.contains("no option `picky`")), "{found:#?}");
    // A file that is closed counts as it is saved.
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&policy) } }));
    client.until_found(&rules, <[_]>::is_empty);
    // What others have written is read when the client says so.
    fs::write(&policy, "nonsense").expect("it is written");
    let changes = json!({ "changes": [{ "uri": uri(&policy), "type": 2 }] });
    client.notify("workspace/didChangeWatchedFiles", changes);
    client.until_found(&policy, |found| !found.is_empty());
    // Of a bundle of which nothing is open, nothing is said.
    client.notify("textDocument/didClose", json!({ "textDocument": { "uri": uri(&rules) } }));
    client.until_found(&policy, <[_]>::is_empty);
}

#[test]
fn files_that_are_not_there_yet_count() {
    let bundle = Bundle::new(&[("policy.yaml", POLICY)]);
    let (policy, rules, hosts) = (bundle.at("policy.yaml"), bundle.at("rules/new.yaml"), bundle.at("hosts.txt"));
    let mut client = Client::initialized();
    client.open(&policy, None);
    client.until_found(&policy, |found| found.iter().any(|one| one["message"].to_string().contains("hosts.txt")));
    fs::write(hosts, "a\n").expect("it is written");
    client.open(&rules, Some(RULES));
    client.until_found(&rules, |found| found.len() == 1);
}

#[test]
fn a_mistake_in_a_base_is_shown_there() {
    let bundle = Bundle::new(&[
        ("base/policy.yaml", POLICY),
        ("base/hosts.txt", "a\n"),
        ("base/rules/a.yaml", RULES),
        ("top/policy.yaml", "name: top\nversion: 0.1.0\nextends: ../base\n"),
    ]);
    let mut client = Client::initialized();
    client.open(&bundle.at("top/policy.yaml"), None);
    let base = bundle.at("base/rules/a.yaml");
    // Types of a base are for its own author; a name that is not there is for everybody.
    client.open(&base, Some(&RULES.replace("options.picky", "options.pikky")));
    client.until_found(&base, |found| found.iter().any(|one| one["message"].to_string().contains("pikky")));
}
