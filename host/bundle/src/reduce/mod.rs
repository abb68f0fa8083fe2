//! What a bundle drops and replaces of the bundles that it extends.
//!
//! This happens to the trees of the files, before anything else looks at them: the base
//! is then one that never had these parts. Whoever drops or replaces what is not there is
//! told so, and so is whoever leaves something behind that needed what is gone.

mod drops;
mod edit;
mod left;
mod replacements;
mod uses;

use solgate_document::diagnostic::Report;

use crate::layer::Layer;
use drops::Drops;
use left::Gone;
use uses::Uses;

/// An operation that no bundle has any more.
pub(crate) struct DroppedOperation {
    /// In capitals.
    pub method: String,
    pub path: String,
}

/// Applies what each layer says about those before it, that of the bundle which extends
/// nothing first.
pub(crate) fn apply(layers: &mut [Layer], report: &mut Report) -> Vec<DroppedOperation> {
    let mut dropped = Vec::new();
    for index in 0..layers.len() {
        let (bases, rest) = layers.split_at_mut(index);
        let Some(own) = rest.first_mut() else { break };
        let drops = own.policy.as_ref().map(|policy| Drops::read(policy, report)).unwrap_or_default();
        let before = Uses::of(bases);
        let mut gone = Gone::default();
        replacements::take(bases, own, &mut gone, report);
        dropped.extend(drops.take(bases, &mut gone, report));
        left::check(layers.get_mut(..=index).unwrap_or_default(), &before, &gone, report);
        drops.take_values(layers.get_mut(..index).unwrap_or_default());
    }
    dropped
}
