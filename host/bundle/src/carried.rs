//! The bundle that a policy file carries: what it was baked from, for those who
//! want to know what its rules say. It is no part of what runs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use solgate_engine::ir::Bundle;

use crate::section::{self, BUNDLE, SectionError};

/// A compiled bundle, and what is known of where its rules come from. Nothing
/// vouches for it but the file itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Carried {
    pub bundle: Bundle,
    /// As in [`Compiled`](crate::Compiled).
    pub inherited: BTreeSet<String>,
}

/// Why a component's own bundle cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum CarriedError {
    #[error(transparent)]
    Section(#[from] SectionError),
    /// Made in another language, or by an earlier version of `solgate build`.
    #[error(
        "it does not carry the bundle that it was baked from; name the bundle's folder instead, or bake it anew with `solgate build`"
    )]
    Absent,
    #[error(
        "the bundle that it carries cannot be read: {0}; name the bundle's folder instead, or bake it anew with `solgate build`"
    )]
    Unreadable(serde_json::Error),
}

/// Appends a bundle to the component that was baked from it.
pub(crate) fn embed(
    component: &mut Vec<u8>,
    bundle: &Bundle,
    inherited: &BTreeSet<String>,
) -> Result<(), serde_json::Error> {
    #[derive(Serialize)]
    struct Written<'a> {
        bundle: &'a Bundle,
        inherited: &'a BTreeSet<String>,
    }
    section::append(component, BUNDLE, &serde_json::to_vec(&Written { bundle, inherited })?);
    Ok(())
}

/// The bundle that a component carries.
///
/// # Errors
/// If it carries none that this version can read.
pub fn carried(component: &[u8]) -> Result<Carried, CarriedError> {
    let data = section::find(component, BUNDLE)?.ok_or(CarriedError::Absent)?;
    serde_json::from_slice(data).map_err(CarriedError::Unreadable)
}
