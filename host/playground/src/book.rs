//! The rules of a policy, for the page's rule book: all that a bundle says of them, or what a
//! policy in another language says of itself.

use serde::Serialize;
use solgate_bundle::bake::{CarriedError, bundle_of};
use solgate_bundle::book::{Entry, entries};
use solgate_contract::manifest::{Manifest, RuleSummary};
use solgate_contract::verdict::Severity;

/// The rules, and the operations that they are for.
#[derive(Serialize)]
pub(crate) struct Book<'m> {
    rules: Vec<Rule<'m>>,
    operations: Vec<Operation<'m>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Rule<'m> {
    OfBundle(Box<Entry>),
    OfManifest(Summary<'m>),
}

/// A rule of which its policy says no more. The members are those of [`Entry`] of the same
/// names.
#[derive(Serialize)]
struct Summary<'m> {
    id: &'m str,
    title: &'m str,
    status: u16,
    severity: Severities,
    operations: &'m [String],
    clause: Option<&'m str>,
}

#[derive(Serialize)]
struct Severities {
    default: Severity,
}

#[derive(Serialize)]
struct Operation<'m> {
    id: &'m str,
    method: &'m str,
    path: &'m str,
}

impl<'m> Book<'m> {
    /// Of a policy's file, and of what it says of itself.
    ///
    /// # Errors
    /// If the file carries a bundle that cannot be read.
    pub(crate) fn of(component: &[u8], manifest: &'m Manifest) -> Result<Self, CarriedError> {
        let rules = match bundle_of(component) {
            Ok(bundle) => entries(&bundle).into_iter().map(|rule| Rule::OfBundle(Box::new(rule))).collect(),
            Err(CarriedError::Absent) => manifest.rules.iter().map(|rule| Rule::OfManifest(summary(rule))).collect(),
            Err(other) => return Err(other),
        };
        let operation = |operation: &'m solgate_contract::manifest::Operation| Operation {
            id: &operation.id,
            method: &operation.method,
            path: &operation.path,
        };
        Ok(Self { rules, operations: manifest.operations.iter().map(operation).collect() })
    }
}

fn summary(rule: &RuleSummary) -> Summary<'_> {
    Summary {
        id: &rule.id,
        title: &rule.title,
        status: rule.status,
        severity: Severities { default: rule.severity },
        operations: &rule.operations,
        clause: rule.clause.as_deref(),
    }
}
