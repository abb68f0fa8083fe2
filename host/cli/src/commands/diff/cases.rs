//! The cases of both policies, put before both.

use std::collections::BTreeSet;

use serde::Serialize;
use solgate_cases::{Case, Judge};
use solgate_contract::verdict::{Finding, Setting};

use super::side::Side;

/// What came of the cases.
pub struct Compared {
    /// How many were judged by both.
    pub judged: usize,
    pub differing: Vec<Differing>,
}

/// A case that the policies judge differently.
#[derive(Serialize)]
pub struct Differing {
    pub file: String,
    pub name: String,
    pub before: Said,
    pub after: Said,
}

/// A verdict in short.
#[derive(PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Said {
    /// Of a denial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The rules that are violated.
    pub rules: BTreeSet<String>,
    /// Findings that did not deny, each with its severity.
    pub findings: BTreeSet<String>,
    /// Why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_verdict: Option<String>,
}

pub fn compare(before: &Side, after: &Side) -> Compared {
    let mut cases: Vec<&Case> = before.cases.iter().collect();
    for case in &after.cases {
        if !before.cases.iter().any(|known| is_same(known, case)) {
            cases.push(case);
        }
    }
    let differing = cases.iter().filter_map(|case| {
        let (was, is) = (said(before, case), said(after, case));
        (was != is).then(|| Differing { file: case.file.clone(), name: case.name.clone(), before: was, after: is })
    });
    Compared { differing: differing.collect(), judged: cases.len() }
}

/// Whether two cases ask the same; what they expect does not matter.
fn is_same(one: &Case, other: &Case) -> bool {
    one.name == other.name
        && one.file == other.file
        && one.method == other.method
        && one.target == other.target
        && one.fields == other.fields
        && one.body == other.body
        && one.body_complete == other.body_complete
        && one.facts == other.facts
        && one.settings == other.settings
        && one.caller == other.caller
        && one.at == other.at
        && one.mode == other.mode
}

fn said(side: &Side, case: &Case) -> Said {
    let has = |setting: &Setting| match setting {
        Setting::Option { name, .. } => side.bundle.options.iter().any(|option| option.name == *name),
        Setting::Severity { rule, .. } => side.bundle.rules.iter().any(|known| known.id == *rule),
    };
    let mut case = case.clone();
    case.settings.retain(has);
    let policy: &dyn Judge = &side.policy;
    let listed = |findings: &[Finding]| -> BTreeSet<String> {
        findings.iter().map(|finding| format!("{} {}", finding.severity.name(), finding.violation.rule)).collect()
    };
    let nothing = Said { status: None, rules: BTreeSet::new(), findings: BTreeSet::new(), no_verdict: None };
    match solgate_cases::run(policy, &case) {
        Ok((ran, _)) => match &ran.outcome {
            Ok(findings) => Said { findings: listed(findings), ..nothing },
            Err(denial) => Said {
                status: Some(denial.status),
                rules: denial.violations.iter().map(|violation| violation.rule.clone()).collect(),
                findings: listed(&denial.findings),
                no_verdict: None,
            },
        },
        Err(reason) => Said { no_verdict: Some(reason.to_string()), ..nothing },
    }
}
