//! The cases: run as by `solgate test`, with what they show of the rules, and as requests to
//! begin with.

use serde::Deserialize;
use serde_json::{Value, json};
use solgate_bundle::coverage::Coverage;
use solgate_cases::{Case, Verdict};
use solgate_trial::tested::{self, Measure, Measured, select};

use super::asked::Scene;
use super::{About, Desk, with};
use crate::answer::{self, Answer};
use crate::fault::Fault;
use crate::opened::{Files, engine};

/// Which cases are run; all, if nothing is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Run {
    #[serde(default)]
    files: Files,
    /// As `--filter`: texts of which one is in the file or the name.
    #[serde(default)]
    filter: Vec<String>,
    /// This one.
    #[serde(default)]
    only: Option<Named>,
}

/// A case by its file and name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    file: String,
    name: String,
}

impl Named {
    fn is(&self, case: &Case) -> bool {
        case.file == self.file && case.name == self.name
    }
}

pub(super) fn run(desk: &Desk, asked: Run) -> Result<Answer, Fault> {
    let mut subject = desk.opened.subject(asked.files)?;
    let (mut cases, mut not_selected) = select(std::mem::take(&mut subject.cases), &asked.filter);
    if let Some(only) = &asked.only {
        let before = cases.len();
        cases.retain(|case| only.is(case));
        not_selected = not_selected.saturating_add(before.saturating_sub(cases.len()));
    }
    let policy = desk.opened.sandboxed(&subject, &*desk.program)?;
    let measured = match &subject.bundle {
        Some(bundle) => {
            let coverage = Coverage::measure(&engine(bundle)?, &cases);
            Measured { coverage: Some(Measure { coverage, minimum: None }), mutation: None }
        }
        None => Measured::default(),
    };
    let report = tested::run(&policy, || subject.bundle.clone(), cases, not_selected, measured);
    let places = subject.places();
    let mut found = with(tested::value(&report), [("places", places)]);
    if let Value::Object(members) = &mut found {
        members.entry("coverage").or_insert(Value::Null);
    }
    Ok(answer::json(&found))
}

/// The cases as requests, in a few words each.
pub(super) fn examples(desk: &Desk, asked: About) -> Result<Answer, Fault> {
    let subject = desk.opened.subject(asked.files)?;
    let examples: Vec<Value> = subject.cases.iter().map(in_short).collect();
    Ok(answer::json(&json!({ "examples": examples })))
}

fn in_short(case: &Case) -> Value {
    let (verdict, status) = match case.expect.verdict {
        Verdict::Allow => ("allow", None),
        Verdict::Deny(status) => ("deny", Some(status)),
    };
    json!({
        "name": case.name,
        "file": case.file,
        "line": case.line,
        "method": case.method,
        "target": case.target,
        "verdict": verdict,
        "status": status,
    })
}

/// One case that is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    #[serde(default)]
    files: Files,
    file: String,
    name: String,
}

/// A case as the page asks it.
pub(super) fn example(desk: &Desk, asked: Example) -> Result<Answer, Fault> {
    let subject = desk.opened.subject(asked.files)?;
    let Example { file, name, .. } = asked;
    let named = Named { file, name };
    let found = subject.cases.iter().find(|case| named.is(case));
    let Named { file, name } = &named;
    let case = found.ok_or_else(|| Fault::NotFound(format!("there is no case {file}#{name}")))?;
    let scene = Scene::of_case(case)
        .ok_or_else(|| Fault::NotFound(format!("the body of {file}#{name} is not a text, so it cannot be shown")))?;
    Ok(answer::json(&scene.json(in_short(case))))
}
