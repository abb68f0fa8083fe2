//! Every rule that the page of the default policy names has a severity that can be set.

use std::sync::Arc;

use solgate::facts::MapFacts;
use solgate::gate::{Gate, Setting, Severity, Verdict};
use solgate::policy::Policy;
use solgate_tests::{engine, request, workspace};

fn gate(policy: &Arc<Policy>) -> Gate {
    Gate::new(vec![Arc::clone(policy)], Arc::new(MapFacts::default()))
}

fn policy() -> Arc<Policy> {
    Arc::new(Policy::vnflcm_v2(engine()).expect("it loads"))
}

#[test]
fn each_documented_rule_takes_a_severity() {
    let page = std::fs::read_to_string(workspace().join("docs/rules-vnflcm-v2.md")).expect("it is readable");
    let rules: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert!(rules.len() > 170, "{} rules", rules.len());
    let policy = policy();
    for rule in rules {
        let setting = Setting::Severity { rule: rule.to_owned(), severity: Severity::Warn };
        assert!(gate(&policy).with_settings(vec![setting]).is_ok(), "{rule}");
    }
}

/// One that the bundle does not declare is the engine's own.
#[tokio::test]
async fn a_rule_of_the_engine_has_the_severity_that_was_set() {
    let members: String = (0..70_000).map(|n| format!("\"{n:x}\":1,")).collect();
    let body = format!("{{\"additionalParams\":{{{}}}}}", members.trim_end_matches(','));
    let fields = [("Version", "2.0.0"), ("Accept", "application/json"), ("Content-Type", "application/json")];
    let request = request("POST", "/vnflcm/v2/vnf_instances", &fields, body.as_bytes());
    let rules = |verdict: Verdict| match verdict {
        Verdict::Deny(problem) => problem.violations.into_iter().map(|violation| violation.rule).collect(),
        Verdict::Allow => Vec::new(),
    };
    let policy = policy();
    let denied = rules(gate(&policy).judge(&request).await.verdict);
    assert!(denied.contains(&"body.json.members".to_owned()), "{denied:?}");
    let off = Setting::Severity { rule: "body.json.members".to_owned(), severity: Severity::Off };
    let gate = gate(&policy).with_settings(vec![off]).expect("it is a rule");
    let denied = rules(gate.judge(&request).await.verdict);
    assert!(!denied.contains(&"body.json.members".to_owned()), "{denied:?}");
}
