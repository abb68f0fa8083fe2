//! The rules, and what happens when one is broken.

use crate::exports::solgate::policy::judge::{
    Denial, Finding, Location, Outcome, RuleSummary, Setting, Severity, Violation,
};

/// The host knows the rules by this table: what a denial names must be here.
const RULES: &[(&str, u16, &str)] = &[
    ("terminate.size", 413, "The body is too large"),
    ("terminate.body", 400, "The body is not a JSON object"),
    ("terminate.forceful", 403, "FORCEFUL is not allowed"),
    ("terminate.exists", 404, "There is no such VNF instance"),
    ("terminate.state", 409, "The VNF instance is not instantiated"),
];

pub fn summaries() -> Vec<RuleSummary> {
    let summary = |(id, status, title): &(&str, u16, &str)| RuleSummary {
        id: (*id).to_owned(),
        severity: Severity::Deny,
        status: *status,
        title: (*title).to_owned(),
        clause: None,
        operations: vec!["terminate".to_owned()],
    };
    RULES.iter().map(summary).collect()
}

/// The rules under the settings of one request.
pub struct Rules {
    pub allow_forceful: bool,
    /// By rule, where the operator has set another.
    severities: Vec<(String, Severity)>,
    /// Of broken rules that do not deny.
    pub findings: Vec<Finding>,
}

impl Rules {
    pub fn new(settings: &[Setting]) -> Self {
        let mut rules = Self { allow_forceful: false, severities: Vec::new(), findings: Vec::new() };
        for setting in settings {
            match setting {
                Setting::Option(option) if option.name == "allowForceful" => {
                    rules.allow_forceful = option.value == "true";
                }
                Setting::Option(_) => {}
                Setting::Severity(severity) => rules.severities.push(severity.clone()),
            }
        }
        rules
    }

    /// A rule is broken: a denial, or a finding, or nothing, by the severity of the rule.
    pub fn broken(&mut self, rule: &str, location: Location, detail: String) -> Option<Outcome> {
        let set = self.severities.iter().find(|(id, _)| id == rule);
        let severity = set.map_or(Severity::Deny, |(_, severity)| *severity);
        let (_, status, title) = RULES.iter().find(|(id, ..)| *id == rule)?;
        let detail = printable(&detail);
        let violation = Violation { rule: rule.to_owned(), location, detail: detail.clone(), clause: None };
        match severity {
            Severity::Off => return None,
            Severity::Audit | Severity::Warn => {
                self.findings.push(Finding { severity, status: *status, violation });
                return None;
            }
            Severity::Deny => {}
        }
        Some(Outcome::Deny(Denial {
            status: *status,
            rule: rule.to_owned(),
            title: (*title).to_owned(),
            detail,
            violations: vec![violation],
            fields: vec![],
            findings: std::mem::take(&mut self.findings),
        }))
    }
}

/// The host takes no control characters, and no text of more than 4096 bytes.
fn printable(text: &str) -> String {
    text.chars().take(1000).map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}
