//! The case file of the domain (`cases.jsonl`): requests to a VNFM in a given
//! state, each with the verdict that a careful reading of the standards gives.
//! The file is not part of this repository.

mod vnfm;

pub use vnfm::Vnfm;

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use solgate_cases::{Case, Expect, Judge, Ran, Verdict, judge};
use solgate_engine::ir::FactDef;
use solgate_engine::verdict::{Denial, FactQuery, Mode, Setting};

/// One line of the file, as far as it is used.
#[derive(Debug, Clone, Deserialize)]
pub struct DomainCase {
    pub id: String,
    /// Counted from 1.
    #[serde(skip)]
    pub line: usize,
    pub operation: String,
    /// The settings under which the verdict holds.
    pub profile: String,
    pub request: Written,
    pub state: Value,
    pub expect: Value,
    /// Other verdicts that can be defended.
    #[serde(default)]
    pub alt: Value,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Written {
    pub method: String,
    pub path: String,
    #[serde(default)]
    pub headers: Map<String, Value>,
    pub body: Option<Value>,
    pub body_raw: Option<String>,
    pub body_raw_base64: Option<String>,
}

/// Figures over many cases, by which a policy is accepted.
#[derive(Debug, Default)]
pub struct Tally {
    pub hard: (usize, usize),
    pub all: (usize, usize),
    pub rules: (usize, usize),
    pub mentions: (usize, usize),
    /// What went wrong, one line each.
    pub faults: Vec<String>,
}

/// The folder with the case file: the environment variable `SOLGATE_DOMAIN`, or
/// `shared/domain` beside the workspace.
#[must_use]
pub fn folder() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/domain");
    std::env::var_os("SOLGATE_DOMAIN").map_or(beside, PathBuf::from)
}

/// All cases of the file; `None` if there is no such file.
///
/// # Errors
///
/// If a line is not a case.
pub fn read(folder: &Path) -> Result<Option<Vec<DomainCase>>, String> {
    let Ok(text) = std::fs::read_to_string(folder.join("cases.jsonl")) else {
        return Ok(None);
    };
    let cases = (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty());
    cases
        .map(|(line, text)| {
            let read = serde_json::from_str::<DomainCase>(text);
            read.map(|case| DomainCase { line, ..case }).map_err(|error| format!("line {line}: {error}"))
        })
        .collect::<Result<_, String>>()
        .map(Some)
}

/// The profiles of the file.
pub const PROFILES: [&str; 5] = ["default", "strict", "auth", "vendor", "tacker"];

/// What makes a profile.
#[must_use]
pub fn settings(profile: &str) -> Vec<Setting> {
    let name = match profile {
        "default" => return Vec::new(),
        "auth" => "requireAuthorization",
        other => other,
    };
    vec![Setting::Option { name: name.to_owned(), value: json!(true) }]
}

impl DomainCase {
    /// No fact shows that error handling has begun: only the VNFM can judge that.
    #[must_use]
    pub fn undecidable(&self) -> bool {
        self.state
            .get("vnf_lcm_op_occs")
            .and_then(Value::as_object)
            .is_some_and(|occurrences| occurrences.values().any(|o| o.get("errorHandlingInProgress").is_some()))
    }

    /// The case as one of a bundle: what the VNFM answers and the verdict apart.
    ///
    /// # Errors
    ///
    /// If its body is not base64.
    pub fn case(&self) -> Result<Case, String> {
        let request = &self.request;
        let body = match (&request.body_raw_base64, &request.body_raw, &request.body) {
            (Some(encoded), ..) => BASE64.decode(encoded.as_bytes()).map_err(|error| error.to_string())?,
            (None, Some(text), _) => text.clone().into_bytes(),
            (None, None, Some(body)) => serde_json::to_vec(body).map_err(|error| error.to_string())?,
            (None, None, None) => Vec::new(),
        };
        let mut fields = Vec::new();
        for (name, value) in &request.headers {
            let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
            for value in values {
                // HTTP strips whitespace around a value.
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                fields.push((name.to_ascii_lowercase(), text.trim().to_owned()));
            }
        }
        Ok(Case {
            name: self.id.clone(),
            file: "cases.jsonl".to_owned(),
            line: self.line,
            method: request.method.clone(),
            target: request.path.clone(),
            fields,
            body,
            body_complete: true,
            facts: std::collections::BTreeMap::new(),
            settings: settings(&self.profile),
            caller: None,
            at: 1_767_268_800_000,
            mode: Mode::Enforce,
            expect: Expect::new(Verdict::Allow),
        })
    }

    /// Whether the outcome is the one that `expected` describes.
    fn agrees(&self, ran: &Ran, expected: &Value) -> bool {
        match &ran.outcome {
            // A GET of what does not exist is answered by the VNFM itself.
            Ok(_) if expected.get("allow") != Some(&json!(true)) => {
                let rule = expected.get("rule").and_then(Value::as_str).unwrap_or_default();
                self.request.method == "GET" && rule.starts_with("resource.")
            }
            Ok(_) => true,
            Err(denial) => expected.get("status").and_then(Value::as_u64) == Some(u64::from(denial.status)),
        }
    }
}

impl Tally {
    /// Runs one case and counts it. `facts` are the policy's templates.
    pub fn add(&mut self, policy: &dyn Judge, facts: &[FactDef], case: &DomainCase) {
        let vnfm = Vnfm::new(&case.state);
        let ran = case.case().and_then(|request| {
            let answer = |query: &FactQuery| {
                let fact = facts.iter().find(|fact| fact.name == query.name)?;
                Some(vnfm.answer(&fact.path, &fact.query, &query.variables))
            };
            judge(policy, &request, &answer).map_err(|error| error.to_string())
        });
        let ran = match ran {
            Ok(ran) => ran,
            Err(reason) => return self.faults.push(format!("{}: {reason}", case.id)),
        };
        let alternatives = case.alt.as_array().map_or(&[][..], Vec::as_slice);
        let good = std::iter::once(&case.expect).chain(alternatives).any(|expected| case.agrees(&ran, expected));
        count(&mut self.all, good);
        if alternatives.is_empty() {
            count(&mut self.hard, good);
        }
        if !good {
            let found = match &ran.outcome {
                Ok(_) => "allowed".to_owned(),
                Err(denial) => format!("{} {}: {}", denial.status, denial.rule, denial.detail),
            };
            self.faults.push(format!("{}: expected {}, found {found}", case.id, case.expect));
        }
        if let Err(denial) = &ran.outcome {
            self.compare(case, denial);
        } else if let Some(rule) = case.expect.get("warns").and_then(Value::as_str) {
            let warned = ran.outcome.iter().flatten().any(|finding| finding.violation.rule == rule);
            count(&mut self.rules, warned);
            if !warned {
                self.faults.push(format!("{}: no warning {rule}", case.id));
            }
        }
    }

    fn compare(&mut self, case: &DomainCase, denial: &Denial) {
        if case.expect.get("status").and_then(Value::as_u64) != Some(u64::from(denial.status)) {
            return;
        }
        if let Some(rule) = case.expect.get("rule").and_then(Value::as_str) {
            let named = denial.violations.iter().any(|violation| violation.rule == rule);
            count(&mut self.rules, named);
            if !named {
                let found: Vec<_> = denial.violations.iter().map(|violation| violation.rule.as_str()).collect();
                self.faults.push(format!("{}: expected the rule {rule}, found {found:?}", case.id));
            }
        }
        let text = format!("{} {} {:?}", denial.title, denial.detail, denial.violations).to_lowercase();
        for word in case.expect.get("detail_mentions").and_then(Value::as_array).into_iter().flatten() {
            let word = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
            let said = text.contains(&word.to_lowercase());
            count(&mut self.mentions, said);
            if !said {
                self.faults.push(format!("{}: does not mention {word:?}: {}", case.id, denial.detail));
            }
        }
    }

    /// Every hard case, 99 % of all, 95 % of the rule ids, 90 % of the mentions.
    #[must_use]
    pub fn accepted(&self) -> bool {
        let share =
            |(good, all): (usize, usize), percent: usize| good.saturating_mul(100) >= all.saturating_mul(percent);
        self.all.1 > 0
            && share(self.hard, 100)
            && share(self.all, 99)
            && share(self.rules, 95)
            && share(self.mentions, 90)
    }
}

fn count((good, all): &mut (usize, usize), is_good: bool) {
    *all = all.saturating_add(1);
    *good = good.saturating_add(usize::from(is_good));
}
