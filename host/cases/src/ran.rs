//! What a policy made of a case.

use std::collections::BTreeSet;

use solgate_contract::verdict::{Denial, Finding};

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The findings of a request that was allowed, or its denial.
    pub outcome: Result<Vec<Finding>, Box<Denial>>,
    /// The facts that were asked for.
    pub asked: BTreeSet<String>,
}

impl Ran {
    /// What the verdict says: the details of a denial and of findings, each once.
    #[must_use]
    pub fn details(&self) -> Vec<&str> {
        let (denial, findings) = match &self.outcome {
            Ok(findings) => (None, findings),
            Err(denial) => (Some(denial), &denial.findings),
        };
        let own = denial.iter().flat_map(|denial| {
            std::iter::once(&denial.detail).chain(denial.violations.iter().map(|violation| &violation.detail))
        });
        let found = findings.iter().map(|finding| &finding.violation.detail);
        let mut details: Vec<&str> = Vec::new();
        for detail in own.chain(found) {
            if !details.contains(&detail.as_str()) {
                details.push(detail);
            }
        }
        details
    }
}
