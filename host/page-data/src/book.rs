//! The rules of a policy, for the page's rule book: all that a bundle says of them, or what a
//! policy in another language says of itself.

use serde::Serialize;
use solgate_bundle::bake::{CarriedError, bundle_of};
use solgate_bundle::book::{Entry, entries};
use solgate_contract::manifest::{Manifest, RuleSummary};
use solgate_contract::verdict::Severity;
use solgate_engine::ir::Bundle;

/// The rules, and the operations that they are for.
#[derive(Debug, Serialize)]
pub struct Book<'m> {
    rules: Vec<Rule<'m>>,
    operations: Vec<Operation<'m>>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Rule<'m> {
    OfBundle(Box<Entry>),
    OfManifest(Summary<'m>),
}

/// A rule of which its policy says no more. The members are those of [`Entry`] of the same
/// names.
#[derive(Debug, Serialize)]
struct Summary<'m> {
    id: &'m str,
    title: &'m str,
    status: u16,
    severity: Severities,
    operations: &'m [String],
    clause: Option<&'m str>,
}

#[derive(Debug, Serialize)]
struct Severities {
    default: Severity,
}

#[derive(Debug, Serialize)]
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
    pub fn of(component: &[u8], manifest: &'m Manifest) -> Result<Self, CarriedError> {
        match bundle_of(component) {
            Ok(bundle) => Ok(Self::of_bundle(&bundle, manifest)),
            Err(CarriedError::Absent) => {
                let rules = manifest.rules.iter().map(|rule| Rule::OfManifest(summary(rule)));
                Ok(Self::new(rules.collect(), manifest))
            }
            Err(other) => Err(other),
        }
    }

    /// Of a bundle, and of what its engine says of it.
    #[must_use]
    pub fn of_bundle(bundle: &Bundle, manifest: &'m Manifest) -> Self {
        let rules = entries(bundle).into_iter().map(|rule| Rule::OfBundle(Box::new(rule)));
        Self::new(rules.collect(), manifest)
    }

    fn new(rules: Vec<Rule<'m>>, manifest: &'m Manifest) -> Self {
        let operation = |operation: &'m solgate_contract::manifest::Operation| Operation {
            id: &operation.id,
            method: &operation.method,
            path: &operation.path,
        };
        Self { rules, operations: manifest.operations.iter().map(operation).collect() }
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
