//! `solgate check`, as a process of its own for every request.

use std::fs;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use solgate::gate::{Mode, Setting};
use solgate_tests::doors::{Asked, Given, Said};
use solgate_tests::process::solgate;

pub fn judge(asked: &Asked, facts: &[Given]) -> Result<Option<Said>, String> {
    let case = &asked.case;
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("it is written");
        path
    };
    let mut request = format!("{} {} HTTP/1.1\r\n", case.method, case.target);
    for (name, value) in &case.fields {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str("\r\n");
    let facts: Map<String, Value> = facts.iter().map(|fact| (fact.name.clone(), fact.document())).collect();
    let at = humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(case.at));

    let mut command = solgate();
    command.arg("check").arg(file("request.raw", &[request.as_bytes(), &case.body].concat()));
    command.arg("--facts").arg(file("facts.json", json!({ "facts": facts }).to_string().as_bytes()));
    command.args(["--format", "json", "--at", &at.to_string()]);
    if case.mode == Mode::Monitor {
        command.args(["--mode", "monitor"]);
    }
    for setting in &case.settings {
        match setting {
            Setting::Option { name, value } => command.args(["--set", &format!("{name}={value}")]),
            Setting::Severity { rule, severity } => {
                let severity = serde_json::to_value(severity).expect("it is a word");
                command.args(["--severity", &format!("{rule}={}", severity.as_str().unwrap_or_default())])
            }
        };
    }
    if let Some(caller) = &case.caller {
        let caller = json!({
            "subject": caller.subject, "tenant": caller.tenant, "roles": caller.roles, "scopes": caller.scopes,
            "certificateNames": caller.certificate_names, "sourceAddress": caller.source_address,
        });
        let given: Map<String, Value> = caller
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        command.arg("--caller").arg(file("caller.json", Value::Object(given).to_string().as_bytes()));
    }
    let done = command.output().expect("it runs");
    let report: Value = match done.status.code() {
        Some(0 | 1) => serde_json::from_slice(&done.stdout).expect("it is JSON"),
        _ => return Err(String::from_utf8_lossy(&done.stderr).into_owned()),
    };
    let denied = report["verdict"] == "deny";
    assert_eq!(done.status.code(), Some(i32::from(denied)), "the exit status of {}", asked.label);
    Ok(denied.then(|| Said {
        status: report["status"].as_u64().and_then(|status| status.try_into().ok()).expect("a status"),
        fields: serde_json::from_value(report["fields"].clone()).expect("names and texts"),
        problem: if case.method == "HEAD" { Value::Null } else { report["problem"].clone() },
    }))
}
