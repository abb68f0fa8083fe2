//! What is asked about a place: completion, explanation, definition, outline.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::client::{Client, uri};
use crate::{Bundle, POLICY};

const WINDOWS: &str = "windows:\n  nights: { zone: Europe/Berlin, days: [mon], from: \"22:00\", to: \"23:00\" }\n";
const RULE: &str = "- id: mine.a\n  operations: [terminate]\n";

/// A bundle with one rules file, whose text the client holds.
struct Desk {
    bundle: Bundle,
    client: Client,
    version: i64,
}

impl Desk {
    fn new() -> Self {
        let policy = format!("{POLICY}{WINDOWS}");
        let bundle = Bundle::new(&[("policy.yaml", &policy), ("hosts.txt", "a\n"), ("tests/a.yaml", "cases: []\n")]);
        let mut client = Client::initialized();
        client.open(&bundle.at("rules/a.yaml"), Some("[]"));
        client.open(&bundle.at("policy.yaml"), None);
        client.open(&bundle.at("tests/a.yaml"), None);
        Self { bundle, client, version: 1 }
    }

    fn rules(&self) -> PathBuf {
        self.bundle.at("rules/a.yaml")
    }

    /// Asks about the place that `|` marks.
    fn ask(&mut self, method: &str, file: &str, marked: &str) -> Value {
        let (before, after) = marked.split_once('|').expect("a mark");
        let (line, character) =
            (before.matches('\n').count(), before.rsplit('\n').next().unwrap_or_default().encode_utf16().count());
        self.version += 1;
        let path = self.bundle.at(file);
        self.client.replace(&path, self.version, &format!("{before}{after}"));
        self.client.ask(method, &path, line, character)
    }

    fn labels(&mut self, file: &str, marked: &str) -> Vec<String> {
        let found = self.ask("textDocument/completion", file, marked);
        let items = found.as_array().expect("a list").iter();
        items.map(|item| item["label"].as_str().expect("a label").to_owned()).collect()
    }

    fn hover(&mut self, file: &str, marked: &str) -> String {
        let found = self.ask("textDocument/hover", file, marked);
        found["contents"]["value"].as_str().unwrap_or_default().to_owned()
    }

    /// The file, by its name, and the text that is defined there.
    fn definition(&mut self, file: &str, marked: &str) -> (String, String) {
        let found = self.ask("textDocument/definition", file, marked);
        let Some(target) = found["uri"].as_str() else { return (String::new(), format!("{found}")) };
        let path = target.strip_prefix("file://").expect("a file");
        let of_mine = uri(&self.bundle.at(""));
        let name = target.strip_prefix(&of_mine).map_or_else(|| path.to_owned(), str::to_owned);
        let text = match file == name {
            true => marked.replacen('|', "", 1),
            false => fs::read_to_string(path).expect("the file is there"),
        };
        let range = &found["range"];
        assert_eq!(range["start"]["line"], range["end"]["line"], "{range}");
        let line = text.lines().nth(range["start"]["line"].as_u64().expect("a line") as usize).expect("the line");
        let units: Vec<u16> = line.encode_utf16().collect();
        let place = |end: &str| range[end]["character"].as_u64().expect("a place") as usize;
        (name, String::from_utf16(&units[place("start")..place("end")]).expect("text"))
    }
}

#[test]
fn members_and_values_of_files_are_completed() {
    let mut desk = Desk::new();
    for (file, marked, wanted, unwanted) in [
        ("rules/a.yaml", "- id: a\n  |\n", &["require", "severity", "otherwise"][..], &["id", "override"][..]),
        ("rules/a.yaml", "- override: a\n  |\n", &["severity", "doc"], &["require"]),
        ("rules/a.yaml", "- id: a\n  otherwise: { status: 403, | }\n", &["title", "detail"], &["status"]),
        ("rules/a.yaml", "- id: a\n  otherwise:\n    t|\n", &["title"], &[]),
        ("rules/a.yaml", "- id: a\n  severity: |\n", &["deny", "warn", "audit", "off"], &[]),
        ("rules/a.yaml", "- id: a\n  severity:\n    |\n", &["picky"], &["supportedVersions"]),
        ("rules/a.yaml", "- id: a\n  operations: [ter|]\n", &["terminate", "heal"], &[]),
        ("rules/a.yaml", "- id: a\n  operations:\n    - |\n", &["terminate"], &[]),
        ("rules/a.yaml", "- id: a\n  exists: |\n", &["vnfInstance"], &[]),
        ("rules/a.yaml", "- override: |\n", &["terminate.state.instantiated"], &["mine.a"]),
        ("policy.yaml", "name: a\nversion: 1.0.0\nextends: vnflcm-v2\n|", &["facts", "lists", "limits"], &["name"]),
        ("policy.yaml", "name: a\nversion: 1.0.0\nextends: |", &["vnflcm-v2"], &[]),
        ("policy.yaml", "name: a\nlimits:\n  |\n", &["bodyBytes", "depth"], &["name"]),
        ("policy.yaml", "windows:\n  a: { zone: Europe/| }\n", &["Europe/Berlin"], &[]),
        ("tests/a.yaml", "cases:\n- name: a\n  |\n", &["method", "expect", "facts"], &["name"]),
        ("tests/a.yaml", "cases:\n- name: a\n  expect: { status: 400, rules: [|] }\n", &["terminate.type.enum"], &[]),
        ("tests/a.yaml", "cases:\n- name: a\n  options:\n    |\n", &["picky"], &["require"]),
    ] {
        let labels = desk.labels(file, marked);
        for name in wanted {
            assert!(labels.iter().any(|label| label == name), "{marked:?}: {name} is not in {labels:?}");
        }
        for name in unwanted {
            assert!(!labels.iter().any(|label| label == name), "{marked:?}: {name} is in {labels:?}");
        }
    }
}

#[test]
fn expressions_are_completed() {
    let mut desk = Desk::new();
    for (expression, wanted, unwanted) in [
        (
            "|",
            &["body", "caller", "vnfInstance", "inList", "has", "receivedAt"][..],
            &["item", "variables", "trim"][..],
        ),
        ("body.|", &["terminationType", "gracefulTerminationTimeout"], &["cause", "body", "trim"]),
        ("a && (!has(body.te|", &["terminationType"], &[]),
        ("body.terminationType.|", &["startsWith", "matches", "size"], &["sum", "terminationType"]),
        ("body.terminationType == '|", &["FORCEFUL", "GRACEFUL"], &[]),
        ("operation == '|", &["terminate"], &["heal"]),
        ("vnfInstance.|", &["instantiationState"], &["nonsense"]),
        ("options.|", &["picky", "supportedVersions"], &[]),
        ("caller.|", &["roles", "tenant"], &["startsWith"]),
        ("caller.roles.|", &["exists", "filter", "join"], &["startsWith"]),
        ("caller.roles.exists(r, r.|", &["startsWith"], &["exists", "join"]),
        ("caller.roles.exists(rr, |", &["rr", "body"], &[]),
        ("inList('|", &["hosts"], &["nights"]),
        ("inWindow('|", &["nights"], &["hosts"]),
        ("path.|", &["vnfInstanceId"], &[]),
        ("variables.|", &["early"], &["late"]),
    ] {
        let marked =
            format!("{RULE}  variables:\n    early: caller.roles\n  forEach: '[1]'\n  require: >-\n    {expression}\n");
        let marked = match expression {
            "|" => format!("{RULE}  require: >-\n    {expression}\n"),
            _ => marked,
        };
        let labels = desk.labels("rules/a.yaml", &marked);
        for name in wanted {
            assert!(labels.iter().any(|label| label == name), "{expression}: {name} is not in {labels:?}");
        }
        for name in unwanted {
            assert!(!labels.iter().any(|label| label == name), "{expression}: {name} is in {labels:?}");
        }
    }
}

#[test]
fn a_proposal_takes_the_place_of_the_word() {
    let mut desk = Desk::new();
    let marked = format!("{RULE}  require: \"'\u{1f600}' == body.termi|\"\n");
    let found = desk.ask("textDocument/completion", "rules/a.yaml", &marked);
    let item = found.as_array().expect("a list").iter().find(|item| item["label"] == "terminationType").expect("it");
    let line = marked.lines().nth(2).expect("the line");
    let end = line.split('|').next().expect("before").encode_utf16().count();
    let range = json!({ "start": { "line": 2, "character": end - 5 }, "end": { "line": 2, "character": end } });
    assert_eq!(item["textEdit"], json!({ "range": range, "newText": "terminationType" }));
    assert!(item["documentation"]["value"].as_str().is_some_and(|doc| doc.contains("FORCEFUL")), "{item}");
}

#[test]
fn what_stands_somewhere_is_explained() {
    let mut desk = Desk::new();
    let rule = |expression: &str| format!("{RULE}  require: {expression}\n");
    for (marked, wanted) in [
        ("- id: a\n  on|Error: deny\n".to_owned(), "cannot be evaluated"),
        ("- override: terminate.state.inst|antiated\n  severity: warn\n".to_owned(), "409"),
        ("- id: a\n  operations: [termi|nate]\n".to_owned(), "POST /vnf_instances/{vnfInstanceId}/terminate"),
        (rule("bo|dy.terminationType == 'A'"), "by the schema of the operation"),
        (rule("body.termination|Type == 'A'"), "FORCEFUL"),
        (rule("inLi|st('hosts', body.a)"), "inList("),
        (rule("inList('ho|sts', body.a)"), "a list of 1 texts"),
        (rule("body.terminationType.star|tsWith('A')"), "TEXT.startsWith(TEXT)"),
        (rule("options.pi|cky"), "Whether it is picky."),
        (rule("vnfIn|stance.instantiationState == 'A'"), "GET /vnf_instances/{vnfInstanceId}"),
        (rule("caller.roles.exi|sts(r, r == 'a')"), "for an item"),
        (rule("caller.roles.exists(r, |r == 'a')"), "text"),
    ] {
        let hover = desk.hover("rules/a.yaml", &marked);
        assert!(hover.contains(wanted), "{marked:?}: {hover:?}");
    }
    assert_eq!(desk.hover("rules/a.yaml", &rule("body.no|nsense == 1")), "");
}

#[test]
fn definitions_are_found() {
    let mut desk = Desk::new();
    let rule = |expression: &str| format!("{RULE}  variables: {{ late: 'true' }}\n  require: {expression}\n");
    for (marked, file, text) in [
        (rule("inList('ho|sts', body.a)"), "policy.yaml", "hosts"),
        (rule("inWindow('nig|hts', receivedAt)"), "policy.yaml", "nights"),
        (rule("options.pi|cky"), "policy.yaml", "picky"),
        (rule("variables.la|te"), "rules/a.yaml", "late"),
        ("- override: terminate.state.inst|antiated\n".to_owned(), "", "terminate.state.instantiated"),
        (rule("body.termination|Type == 'A'"), "", "terminationType"),
        (rule("vnfIn|stance.id == 'A'"), "", "vnfInstance"),
        ("- id: a\n  operations: [termi|nate]\n".to_owned(), "", "terminate"),
    ] {
        let (found, defined) = desk.definition("rules/a.yaml", &marked);
        assert_eq!(defined.trim_end_matches(':'), text, "{marked:?} in {found}");
        match file {
            // Laid out, so that an editor can show it, and not to be changed.
            "" => assert!(fs::metadata(&found).expect("it is there").permissions().readonly(), "{marked:?} in {found}"),
            file => assert_eq!(found, file, "{marked:?}"),
        }
    }
}

#[test]
fn a_file_has_an_outline() {
    let mut desk = Desk::new();
    let rules = desk.rules();
    desk.client.replace(&rules, 9, "- id: a.b\n  require: x\n  otherwise: { title: No }\n- override: c\n");
    let document = json!({ "textDocument": { "uri": uri(&rules) } });
    let found = desk.client.request("textDocument/documentSymbol", document);
    let names: Vec<_> = found.as_array().expect("a list").iter().map(|one| (&one["name"], &one["detail"])).collect();
    assert_eq!(names, [(&json!("a.b"), &json!("No")), (&json!("c"), &json!("override"))]);
}

/// Whatever is half written at whatever place, the server answers.
#[test]
fn every_place_of_a_text_that_is_being_written_has_an_answer() {
    let mut desk = Desk::new();
    let text = fs::read_to_string(example()).expect("it is there");
    let text: String = text.chars().take(1500).collect();
    let rules = desk.rules();
    let ends = text.char_indices().map(|(at, _)| at).filter(|at| at % 7 == 0);
    for (version, end) in (2..).zip(ends) {
        let written = &text[..end];
        desk.client.replace(&rules, version, written);
        let line = written.matches('\n').count();
        let character = written.rsplit('\n').next().unwrap_or_default().encode_utf16().count();
        for method in ["completion", "hover", "definition"] {
            desk.client.ask(&format!("textDocument/{method}"), &rules, line, character);
        }
    }
}

fn example() -> PathBuf {
    let policies: &Path = &solgate_tests::workspace().join("policies");
    policies.join("example-operator/rules/others.yaml")
}
