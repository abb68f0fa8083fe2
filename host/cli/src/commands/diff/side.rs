//! One of the two policies.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use solgate::policy::Policy;
use solgate_bundle::bake::bundle_of;
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_cases::Case;
use solgate_engine::ir::Bundle;

use crate::commands::policies::{PolicyError, bundle_error, local};

pub struct Side {
    pub path: PathBuf,
    pub bundle: Bundle,
    /// Judges without a sandbox.
    pub policy: Policy,
    pub cases: Vec<Case>,
}

impl Side {
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let judge = |bundle: &Bundle| {
            solgate_unsandboxed::judge(bundle.clone())
                .map(Policy::without_sandbox)
                .map_err(|error| PolicyError::Refused { path: path.to_owned(), error })
        };
        if path.is_dir() {
            let compiled =
                compile_dir(path, &BuildOptions::default()).map_err(|failure| bundle_error(path, failure))?;
            let policy = judge(&compiled.bundle)?;
            return Ok(Self { path: path.to_owned(), policy, bundle: compiled.bundle, cases: compiled.cases });
        }
        let component = solgate::policy::read_file(&local(path)?).map_err(PolicyError::File)?;
        let bundle = bundle_of(&component).map_err(|error| PolicyError::Carried { path: path.to_owned(), error })?;
        let policy = judge(&bundle)?;
        let cases = solgate_cases::embedded(&component, &policy.manifest().into())
            .map_err(|error| anyhow!("the cases in {}: {}", path.display(), error.to_string().trim_end()))?;
        Ok(Self { path: path.to_owned(), bundle, policy, cases })
    }
}
