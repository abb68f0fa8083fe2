//! A policy that misbehaves when the request's path asks it to. It shows that
//! the host bears it: each path costs its own request and nothing else.
#![cfg(target_arch = "wasm32")]

mod judge;
mod marks;
mod packed;

use solgate_contract::verdict;

wit_bindgen::generate!({ path: "../../wit", world: "policy" });

use exports::solgate::policy::judge::{
    Context, Denial, FactQuery, Guest, Limits, Location, Manifest, Outcome, Pair, Request, RuleSummary, Severity,
    Violation,
};

struct Hostile;

export!(Hostile);

impl Guest for Hostile {
    fn describe() -> Manifest {
        Manifest {
            name: "hostile".to_owned(),
            version: "1.0.0".to_owned(),
            digest: "0".repeat(64),
            fields: vec![],
            api_roots: vec!["/hostile".to_owned()],
            operations: vec![],
            facts: vec![],
            options: vec![],
            rules: ["hostile", "h"].map(rule).into(),
            limits: Limits { body_bytes: 1 << 20, target_bytes: 8192, depth: 64 },
            secrets: vec![],
        }
    }

    fn evaluate(request: Request, _: Context) -> Outcome {
        match judge::judge(&request.target) {
            verdict::Outcome::Allow(_) => Outcome::Allow(vec![]),
            verdict::Outcome::Deny(denial) => Outcome::Deny(Denial {
                status: denial.status,
                rule: denial.rule,
                title: denial.title,
                detail: denial.detail,
                violations: denial.violations.into_iter().map(violation).collect(),
                fields: denial.fields.into_iter().map(pair).collect(),
                findings: vec![],
            }),
            verdict::Outcome::Need(queries) => {
                let query = |query: verdict::FactQuery| FactQuery { name: query.name, variables: vec![] };
                Outcome::Need(queries.into_iter().map(query).collect())
            }
        }
    }
}

fn rule(id: &str) -> RuleSummary {
    RuleSummary {
        id: id.to_owned(),
        severity: Severity::Deny,
        status: 400,
        title: "Hostile".to_owned(),
        clause: None,
        operations: vec![],
    }
}

fn violation(violation: verdict::Violation) -> Violation {
    Violation { rule: violation.rule, location: Location::Request, detail: violation.detail, clause: violation.clause }
}

fn pair((name, value): (String, String)) -> Pair {
    Pair { name, value }
}
