//! Requests, cases, the rule book, states, options and logs: the page says what the commands
//! say.

use serde_json::{Value, json};
use solgate_tests::process::solgate;

use crate::bench::{Bench, bundle, printed};

const TARGET: &str = "/vnflcm/v2/vnf_instances/vnf-1/terminate";

/// In the condition of terminate.state, what lets a request with a timeout through.
const LENIENT: &str = "== 'INSTANTIATED' || has(body.gracefulTerminationTimeout)";

fn request(body: &str) -> Value {
    json!({
        "method": "POST",
        "target": TARGET,
        "headers": [["Version", "2.0.0"], ["Accept", "application/json"], ["Content-Type", "application/json"]],
        "body": body,
    })
}

fn instance(state: &str) -> Value {
    json!({ "vnfInstance": { "id": "vnf-1", "instantiationState": state } })
}

/// What `solgate ... --format json` prints.
fn command(arguments: &[&str]) -> Value {
    serde_json::from_str(&printed(solgate().args(arguments))).expect("it is JSON")
}

/// A document without the members of that name, wherever they are: no two runs take the same
/// time.
fn without(mut value: Value, name: &str) -> Value {
    match &mut value {
        Value::Object(members) => {
            members.retain(|known, _| known != name);
            members.values_mut().for_each(|member| *member = without(member.take(), name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without(item.take(), name)),
        _ => {}
    }
    value
}

#[test]
fn a_verdict_and_how_it_came_about_are_those_of_explain() {
    let (home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let body = r#"{"terminationType": "GRACEFUL", "gracefulTerminationTimeout": 7200}"#;
    let file = home.path().join("terminate.http");
    let text = format!(
        "POST {TARGET} HTTP/1.1\nVersion: 2.0.0\nAccept: application/json\nContent-Type: application/json\n\n{body}"
    );
    std::fs::write(&file, text).expect("it is written");
    let facts = home.path().join("facts.json");
    std::fs::write(&facts, instance("NOT_INSTANTIATED").to_string()).expect("it is written");
    let paths = [file.to_str(), facts.to_str(), folder.to_str()].map(|path| path.expect("a path"));
    let [file, facts, policy] = paths;
    let at = ["--at", "2026-01-31T12:00:00Z", "--format", "json"];
    for settings in [vec![], vec!["--set", "maxTimeout=7200"], vec!["--severity", "terminate.timeout.limit=warn"]] {
        let mut arguments = vec!["explain", file, "--facts", facts, "--policy", policy];
        arguments.extend(at.iter().chain(&settings));
        let expected = command(&arguments);
        let (mut options, mut severities) = (json!({}), json!({}));
        match settings.as_slice() {
            ["--set", _] => options = json!({ "maxTimeout": 7200 }),
            ["--severity", _] => severities = json!({ "terminate.timeout.limit": "warn" }),
            _ => {}
        }
        let mut found = bench.post(
            "judge",
            &json!({
                "request": request(body), "facts": instance("NOT_INSTANTIATED"), "receivedAt": "2026-01-31T12:00:00Z",
                "options": options, "severities": severities,
            }),
        );
        let members = found.as_object_mut().expect("an object");
        assert!(members.remove("milliseconds").is_some_and(|took| took.is_f64()));
        let places = members.remove("places").expect("places");
        assert_eq!(places["terminate.timeout.limit"]["path"], "rules/terminate.yaml");
        let titles = members.remove("titles").expect("titles");
        assert_eq!(titles["terminate.timeout.limit"], "gracefulTerminationTimeout is too long");
        assert_eq!(found, expected, "{settings:?}");
        let status = if settings.is_empty() { 400 } else { 409 };
        assert_eq!((&found["verdict"], &found["status"]), (&json!("deny"), &json!(status)));
    }
}

#[test]
fn what_is_typed_judges_and_what_is_missing_is_said() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let graceful = request(r#"{"terminationType": "GRACEFUL", "gracefulTerminationTimeout": 60}"#);
    let missing = bench.post("judge", &json!({ "request": graceful }));
    assert_eq!(missing["verdict"], "unknown");
    let fact = &missing["explanation"]["missing"][0];
    assert_eq!((&fact["name"], &fact["target"]), (&json!("vnfInstance"), &json!("/vnflcm/v2/vnf_instances/vnf-1")));

    let allowed = |files: &Value| {
        let question = json!({ "files": files, "request": graceful, "facts": instance("NOT_INSTANTIATED") });
        bench.post("judge", &question)["verdict"].clone()
    };
    assert_eq!(allowed(&json!({})), "deny");
    assert_eq!(allowed(&bench.edited("rules/terminate.yaml", "== 'INSTANTIATED'", LENIENT)), "allow");

    for (question, word) in [
        (json!({ "request": { "method": "PO ST", "target": "/" } }), "the method"),
        (json!({ "request": { "method": "GET", "target": "no" } }), "the target"),
        (json!({ "request": { "method": "GET", "target": "/", "headers": [["A", "b\nC: d"]] } }), "header field 1"),
        (json!({ "request": graceful, "facts": { "vnfInstance": 1 } }), "the facts"),
        (json!({ "request": graceful, "caller": { "role": [] } }), "the caller"),
        (json!({ "request": graceful, "receivedAt": "noon" }), "the time"),
        (json!({ "request": graceful, "mode": "on" }), "the mode"),
        (json!({ "request": graceful, "severities": { "terminate.type": "high" } }), "the severities"),
        (json!({ "request": graceful, "options": { "maxTimeouts": 1 } }), "maxTimeouts"),
    ] {
        let answer = bench.ask("POST", "/api/judge", &question);
        assert_eq!(answer.status, 400, "{question}");
        assert!(answer.json()["detail"].as_str().expect("words").contains(word), "{question}: {}", answer.json());
    }
}

#[test]
fn cases_and_coverage_are_those_of_test() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let policy = folder.to_str().expect("a path");
    let with_coverage = ["test", policy, "--coverage", "--format", "json"];
    let strip = |value: Value| without(without(value, "milliseconds"), "places");
    let found = bench.post("cases", &json!({}));
    assert_eq!(found["places"]["terminate.type"]["path"], "rules/terminate.yaml");
    assert_eq!(strip(found), strip(command(&with_coverage)));

    // One that fails, with the reasons.
    let files = bench.edited("rules/terminate.yaml", "== 'INSTANTIATED'", LENIENT);
    let edited = bench.post("cases", &json!({ "files": files }));
    assert_eq!((&edited["passed"], &edited["failed"]), (&json!(7), &json!(1)));
    std::fs::write(folder.join("rules/terminate.yaml"), files["rules/terminate.yaml"].as_str().expect("a text"))
        .expect("it is written");
    assert_eq!(strip(edited), strip(command(&with_coverage)));
    let filtered = command(&["test", policy, "--coverage", "--format", "json", "--filter", "timeout"]);
    assert_eq!(strip(bench.post("cases", &json!({ "filter": ["timeout"] }))), strip(filtered));
    let only = json!({ "file": "tests/terminate.yaml", "name": "a timeout is a number" });
    let one = bench.post("cases", &json!({ "only": only }));
    assert_eq!((&one["passed"], &one["notSelected"]), (&json!(1), &json!(7)));
}

#[test]
fn every_case_is_a_request_to_begin_with() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let examples = bench.post("examples", &json!({}));
    let examples = examples["examples"].as_array().expect("examples");
    assert_eq!(examples.len(), 8);
    for example in examples {
        let named = json!({ "file": example["file"], "name": example["name"] });
        let question = bench.post("example", &named);
        assert_eq!(question["receivedAt"], "2026-01-01T12:00:00.000Z", "{named}");
        let found = bench.post("judge", &question);
        assert_eq!((&found["verdict"], &found["status"]), (&example["verdict"], &example["status"]), "{named}");
    }
    let answer = bench.ask("POST", "/api/example", &json!({ "file": "tests/terminate.yaml", "name": "none" }));
    assert_eq!(answer.status, 404);
}

#[test]
fn the_rule_book_is_that_of_docs() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let book = bench.post("book", &json!({}));
    let page = printed(solgate().arg("docs").arg(&folder));
    assert_eq!(book["markdown"].as_str(), Some(page.as_str()));
    let rules = book["rules"].as_array().expect("rules");
    assert_eq!(rules.len(), page.matches("\n### ").count());
    for rule in rules {
        let id = rule["id"].as_str().expect("an id");
        let (_, section) = page.split_once(&format!("\n### {id}\n")).expect("the page has it");
        let section = section.split("\n### ").next().expect("a section");
        assert!(section.contains(&format!("- status {}", rule["status"])), "{id}: {section}");
        let severity = rule["severity"]["default"].as_str().expect("a severity");
        assert!(section.contains(&format!("severity `{severity}`")), "{id}: {section}");
        for operation in rule["operations"].as_array().expect("operations") {
            assert!(section.contains(operation.as_str().expect("an id")), "{id}: {section}");
        }
        assert_eq!(section.contains("condition, in CEL"), rule["kind"] == "condition", "{id}");
    }
    let limit = rules.iter().find(|rule| rule["id"] == "terminate.timeout.limit").expect("it is there");
    assert_eq!(limit["condition"]["require"], "body.gracefulTerminationTimeout <= options.maxTimeout");
    assert_eq!((&limit["options"], &limit["place"]["path"]), (&json!(["maxTimeout"]), &json!("rules/terminate.yaml")));
    let state = rules.iter().find(|rule| rule["id"] == "terminate.state").expect("it is there");
    assert_eq!(state["facts"], json!([{ "name": "vnfInstance", "path": "/vnf_instances/{vnfInstanceId}" }]));
}

#[test]
fn states_and_options_are_those_of_the_bundle() {
    let (_home, folder) = bundle();
    let bench = Bench::open(&[&folder]);
    let states = bench.post("states", &json!({}));
    let picture = &states["facts"][0];
    assert_eq!((&picture["fact"], &picture["member"]), (&json!("vnfInstance"), &json!("instantiationState")));
    assert_eq!(picture["states"], json!(["NOT_INSTANTIATED", "INSTANTIATED"]));
    let terminate = &picture["operations"][0];
    assert_eq!((&terminate["operation"], &terminate["rules"]), (&json!("terminate"), &json!(["terminate.state"])));
    assert_eq!(
        terminate["states"],
        json!({
            "INSTANTIATED": { "allowed": true, "refused": [], "depends": [] },
            "NOT_INSTANTIATED": { "allowed": false, "refused": ["terminate.state"], "depends": [] },
        })
    );
    let options = bench.post("options", &json!({}));
    let known = options["options"].as_array().expect("options");
    let timeout = known.iter().find(|option| option["name"] == "maxTimeout").expect("it is there");
    let doc = "The longest gracefulTerminationTimeout, in seconds.";
    assert_eq!(
        *timeout,
        json!({ "name": "maxTimeout", "kind": "integer", "of": null, "values": null, "default": 3600, "doc": doc })
    );
    let severities = options["severities"].as_array().expect("severities");
    let of_type = severities.iter().find(|rule| rule["rule"] == "terminate.type").expect("it is there");
    assert_eq!((&of_type["default"], &of_type["byOption"]), (&json!("deny"), &json!([])));
}

/// Five lines: two that are judged the same, one that is not, one without its body, one that
/// is no record.
fn log() -> String {
    let record = |id: &str, body: Option<&str>, verdict: Value| {
        let recorded = body.map(|text| json!({ "text": text }));
        json!({
            "format": 1, "id": id, "time": "2026-01-31T12:00:00.000Z", "operation": "terminate",
            "request": {
                "method": "POST", "target": TARGET,
                "fields": [["version", "2.0.0"], ["accept", "application/json"], ["content-type", "application/json"]],
                "bodyBytes": body.map_or(40, str::len), "bodyComplete": true, "body": recorded,
            },
            "context": { "mode": "enforce", "factFailure": "deny" },
            "policies": [{ "name": "my-policy", "digest": "00" }],
            "facts": [{ "name": "vnfInstance", "outcome": "found", "body": instance("INSTANTIATED")["vnfInstance"] }],
            "verdict": verdict,
        })
        .to_string()
    };
    let refused = json!({
        "allowed": false, "status": 400, "rule": "terminate.type",
        "violations": [{ "rule": "terminate.type", "pointer": "/terminationType" }],
    });
    let long = r#"{"terminationType":"GRACEFUL","gracefulTerminationTimeout":7200}"#;
    [
        record("a-1", Some(r#"{"terminationType":"FORCEFUL"}"#), json!({ "allowed": true })),
        record("a-2", Some(r#"{"terminationType":"GENTLE"}"#), refused),
        record("a-3", Some(long), json!({ "allowed": true })),
        record("a-4", None, json!({ "allowed": true })),
        "{\"format\":1,\"torn".to_owned(),
    ]
    .join("\n")
        + "\n"
}

#[test]
fn a_log_is_judged_again_as_by_replay() {
    let (home, folder) = bundle();
    let file = home.path().join("decisions.jsonl");
    std::fs::write(&file, log()).expect("it is written");
    let bench = Bench::open(&[&folder, "--log".as_ref(), &file]);
    assert_eq!(bench.get("/api/workbench").json()["logs"], json!([file]));
    let paths = [file.to_str(), folder.to_str()].map(|path| path.expect("a path"));
    let expected = command(&["replay", paths[0], "--policy", paths[1], "--format", "json"]);

    for named in [json!({ "name": file }), json!({ "text": log() })] {
        let found = bench.post("replay", &json!({ "log": named }));
        let counts = ["total", "same", "different", "notJudged", "matching"].map(|name| found[name].as_u64());
        assert_eq!(counts, [5, 2, 1, 2, 5].map(Some), "{found}");
        assert_eq!((&found["same"], &found["kinds"]), (&expected["same"], &expected["kinds"]));
        let records = found["records"].as_array().expect("records");
        let differing: Vec<&Value> = records.iter().filter(|record| record["same"] == false).collect();
        let differences = expected["differences"].as_array().expect("differences");
        assert_eq!(differing.len(), differences.len());
        for (record, difference) in differing.iter().zip(differences) {
            for member in ["line", "id", "method", "then", "now"] {
                assert_eq!(record[member], difference[member], "{member}");
            }
        }
        let left_out: Vec<&Value> = records.iter().filter(|record| record["same"].is_null()).collect();
        for (record, reason) in left_out.iter().zip(expected["notJudged"].as_array().expect("reasons")) {
            assert_eq!((&record["line"], &record["reason"]), (&reason["line"], &reason["reason"]));
        }
    }

    let text = json!({ "text": log() });
    let ids = |filter: Value| -> Vec<Value> {
        let found = bench.post("replay", &json!({ "log": text, "filter": filter }));
        found["records"].as_array().expect("records").iter().map(|record| record["id"].clone()).collect()
    };
    assert_eq!(ids(json!({ "disagreeing": true })), ["a-3"]);
    assert_eq!(ids(json!({ "verdict": "deny" })), ["a-2"]);
    assert_eq!(ids(json!({ "rule": "terminate.timeout.limit" })), ["a-3"]);
    assert_eq!(ids(json!({ "text": "a-4" })), ["a-4"]);
    assert_eq!(ids(json!({ "operation": "heal" })), [Value::Null; 0]);
    let page = bench.post("replay", &json!({ "log": text, "limit": 2, "offset": 1 }));
    let lines: Vec<Option<u64>> =
        page["records"].as_array().expect("records").iter().map(|record| record["line"].as_u64()).collect();
    assert_eq!((lines, page["matching"].as_u64()), (vec![Some(2), Some(3)], Some(5)));

    // A candidate that is only typed, and a recorded request that is opened.
    let files = bench.edited("policy.yaml", "default: 3600", "default: 7200");
    assert_eq!(bench.post("replay", &json!({ "log": text, "files": files }))["different"], 0);
    let question = bench.post("record", &json!({ "log": text, "line": 3 }));
    let judged = bench.post("judge", &question);
    assert_eq!((&judged["verdict"], &judged["status"]), (&json!("deny"), &json!(400)));
    for (line, why) in [(4, "was not recorded"), (5, "not a record"), (9, "no such line")] {
        let answer = bench.ask("POST", "/api/record", &json!({ "log": text, "line": line }));
        assert_eq!(answer.status, 404, "{line}");
        assert!(answer.json()["detail"].as_str().expect("words").contains(why), "{line}: {}", answer.json());
    }
    let answer = bench.ask("POST", "/api/replay", &json!({ "log": { "name": "/etc/hosts" } }));
    assert_eq!(answer.status, 404);
}
