//! Baking: a compiled bundle becomes a component.
//!
//! The engine, compiled to a core module, is started with the bundle, and the
//! memory in which schemas and expressions are then compiled is written back into
//! the module. A policy so baked starts with its rules ready, and the same bundle
//! gives the same bytes wherever it is baked.

#[cfg(feature = "system")]
mod sandbox;
mod snapshot;

use solgate_cases::EmbedError;
use solgate_cases::section::{self, SectionError};
use solgate_engine::ir;

#[cfg(feature = "system")]
pub use self::sandbox::{bake, engine, loadable_engine};
pub use self::snapshot::{Prepared, data, encode};
use crate::compile::Compiled;

/// Why a compiled bundle could not be baked. An author's mistakes are found before,
/// all but cases that are too large.
#[derive(Debug, thiserror::Error)]
pub enum BakeError {
    /// The engine refuses what the compiler made.
    #[error("the engine refuses the compiled bundle: {0}")]
    Refused(String),
    /// The engine or one of the tools that rewrite it failed.
    #[error("baking failed while {step}: {cause}")]
    Failed { step: &'static str, cause: String },
    #[error(transparent)]
    Cases(#[from] EmbedError),
}

impl Compiled {
    /// Puts the cases into the component that was baked of the bundle.
    ///
    /// # Errors
    /// If the cases are too large.
    pub fn with_cases(&self, mut component: Vec<u8>) -> Result<Vec<u8>, BakeError> {
        solgate_cases::embed(&mut component, self.tests())?;
        Ok(component)
    }
}

/// Why a component's own bundle cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum CarriedError {
    #[error(transparent)]
    Section(#[from] SectionError),
    /// Made in another language, or by an earlier version of `solgate build`.
    #[error(
        "it does not carry the bundle that it was baked from; name the bundle's folder instead, or bake it again with `solgate build`"
    )]
    Absent,
    #[error(
        "the bundle that it carries cannot be read: {0}; name the bundle's folder instead, or bake it again with `solgate build`"
    )]
    Unreadable(serde_json::Error),
}

/// Where in the work a failure happened.
fn failed<E: std::fmt::Display>(step: &'static str) -> impl FnOnce(E) -> BakeError {
    move |cause| BakeError::Failed { step, cause: format!("{cause:#}") }
}

/// The compiled bundle that a baked component carries, for those who want to know
/// what its rules say. Nothing vouches for it but the file itself.
///
/// # Errors
/// [`CarriedError`] if it carries none that this version can read.
pub fn bundle_of(component: &[u8]) -> Result<ir::Bundle, CarriedError> {
    let data = section::find(component, section::BUNDLE)?.ok_or(CarriedError::Absent)?;
    serde_json::from_slice(data).map_err(CarriedError::Unreadable)
}
