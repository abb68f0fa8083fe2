//! `solgate explain` comes to the verdict of `solgate check`, in the same words.

use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use solgate::facts::MapFacts;
use solgate::gate::{Decision, Gate, Verdict};
use solgate::policy::Policy;
use solgate_bundle::bake::bundle_of;
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_cases::FactGiven;
use solgate_tests::process::solgate;
use solgate_tests::{default_component, default_policy, workspace};

/// The policy that explains judges as the sandboxed one does, at the same gate.
#[tokio::test]
async fn on_every_case_of_the_default_policy() {
    let compiled = compile_dir(&workspace().join("policies/vnflcm-v2"), &BuildOptions::default()).expect("it compiles");
    let carried = bundle_of(default_component()).expect("the built-in policy carries its bundle");
    assert_eq!(carried, compiled.bundle, "run `make artifacts`");
    let traces = solgate_unsandboxed::traced(carried).expect("the engine takes it");
    let traced = Arc::new(Policy::without_sandbox(traces.clone()));
    for case in &compiled.cases {
        let facts = case.facts.iter().map(|(name, given)| (name.clone(), document(given))).collect();
        let facts = Arc::new(MapFacts::from_value(&Value::Object(facts)).expect("they are facts"));
        let gate = |policy| {
            let gate = Gate::new(vec![policy], Arc::clone(&facts) as _);
            gate.with_settings(case.settings.clone()).expect("they fit").with_mode(case.mode)
        };
        let fields: Vec<_> = case.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let request = solgate::Request {
            body_complete: case.body_complete,
            caller: case.caller.clone(),
            received_at: UNIX_EPOCH + Duration::from_millis(case.at),
            ..solgate_tests::request(&case.method, &case.target, &fields, &case.body)
        };
        let before = traces.traces().len();
        let explained = gate(Arc::clone(&traced)).judge(&request).await;
        let judged = gate(default_policy()).judge(&request).await;
        let place = format!("{}:{}: {}", case.file, case.line, case.name);
        assert_eq!(words(&explained), words(&judged), "{place}");
        // A gate refuses some requests by itself.
        let evaluated = traces.traces().len() > before;
        assert!(evaluated || matches!(judged.verdict, Verdict::Deny(_)), "{place}");
    }
}

fn document(given: &FactGiven) -> Value {
    match given {
        FactGiven::Found { etag: None, body } => json!({"status": 200, "body": body}),
        FactGiven::Found { etag: Some(etag), body } => json!({"status": 200, "etag": etag, "body": body}),
        FactGiven::Absent => json!({"status": 404}),
        FactGiven::Withheld => json!({"status": 403}),
        FactGiven::Unavailable => json!({"status": 503}),
    }
}

/// All of a decision but how long it took.
fn words(decision: &Decision) -> String {
    let Decision { verdict, findings, operation, facts, policies, .. } = decision;
    format!("{verdict:?}\n{findings:?}\n{operation:?}\n{facts:?}\n{policies:?}")
}

#[test]
fn the_command_prints_the_verdict_of_check_and_exits_as_it_does() {
    let home = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(home.path().join(name), text).expect("it is written");
    write(
        "requests.http",
        "# @name forceful\nPOST http://vnfm/vnflcm/v2/vnf_instances/i1/terminate\nVersion: 2.0.0\n\
         Content-Type: application/json\n\n{\"terminationType\": \"FORCEFUL\"}\n\n###\n# @name typo\n\
         POST http://vnfm/vnflcm/v2/vnf_instances/i1/terminate\nContent-Type: application/json\n\n{\"terminationTyp\": 1}\n",
    );
    write("up.json", r#"{"vnfInstance": {"id": "i1", "instantiationState": "INSTANTIATED"}, "openOps": []}"#);
    write("down.json", r#"{"vnfInstance": {"status": 404}, "openOps": {"status": 503}}"#);
    write(
        "spelt.json",
        r#"{"vnfInstance": {"id": "I1", "instantiationState": "INSTANTIATED"}, "openOps": [], "allOpenOps": [{"id": "o", "vnfInstanceId": "I1", "operation": "HEAL", "operationState": "PROCESSING"}]}"#,
    );
    write("half.json", r#"{"vnfInstance": {"id": "I1", "instantiationState": "INSTANTIATED"}, "openOps": []}"#);
    let bundle = workspace().join("policies/vnflcm-v2").display().to_string();
    let cases: [(&[&str], i32); 10] = [
        (&["--name", "forceful", "--facts", "up.json"], 0),
        (&["--name", "forceful", "--facts", "up.json", "--set", "strict=true"], 1),
        (&["--name", "forceful", "--facts", "up.json", "--policy", &bundle], 0),
        (&["--name", "forceful", "--facts", "down.json"], 1),
        (&["--name", "forceful", "--severity", "header.accept.required=deny"], 1),
        (&["--name", "typo"], 1),
        (&["--name", "typo", "--mode", "monitor", "--facts", "up.json"], 0),
        // Where a fact is asked for because of what others say.
        (&["--name", "forceful", "--facts", "spelt.json"], 1),
        (&["--name", "forceful", "--facts", "half.json"], 2),
        (&["--name", "none"], 2),
    ];
    for (arguments, status) in cases {
        let run = |command: &str| {
            let done = solgate()
                .args([command, "requests.http", "--format", "json", "--at", "2026-01-31T12:00:00Z"])
                .args(arguments)
                .current_dir(home.path())
                .output();
            done.expect("it runs")
        };
        let (checked, explained) = (run("check"), run("explain"));
        assert_eq!((checked.status.code(), explained.status.code()), (Some(status), Some(status)), "{arguments:?}");
        assert_eq!(checked.stderr, explained.stderr, "{arguments:?}");
        if status < 2 {
            let mut explained = json(&explained);
            let explanation = explained.as_object_mut().and_then(|members| members.remove("explanation"));
            let explanation = explanation.expect("it explains");
            assert!(explanation["evaluations"].is_array(), "{arguments:?}");
            let asked = json!({"name": "allOpenOps", "rules": ["terminate.state.in-progress"]});
            let is_asked = explanation["asked"].as_array().is_some_and(|facts| facts.contains(&asked));
            assert_eq!(is_asked, arguments.contains(&"spelt.json"), "{arguments:?}: {explanation}");
            assert_eq!(explained, json(&checked), "{arguments:?}");
        }
    }
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}
