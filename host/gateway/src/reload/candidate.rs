//! Policies that could take the place of those in use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use solgate::gate::SettingError;
use solgate::policy::{CheckedFile, EvaluateError, LoadError, Policy, SourceError};
use solgate_cases::Failure;
use solgate_config::{Limits, LiveGate, UpstreamConfig};
use solgate_registry::StoreError;

use super::loaders::ComponentLoader;
use super::versions::{Older, Versions};
use crate::admission;
use crate::build_gate::build_gate;
use crate::error::GatewayError;
use crate::vnfm::Vnfm;

/// Policies against which nothing stands.
pub struct Candidate {
    pub live: LiveGate,
    /// How many test cases they have brought along and passed.
    pub cases: usize,
    /// Their files, with the versions that their signatures give them.
    pub versions: Vec<(PathBuf, Option<u64>)>,
}

/// A candidate that must not judge.
pub struct Refused {
    /// The file at fault, if it is one.
    pub file: Option<PathBuf>,
    pub reason: Reason,
}

/// What stands against a candidate.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Fetched(#[from] StoreError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Older(#[from] Older),
    #[error(transparent)]
    Cases(#[from] Failure),
    #[error(transparent)]
    Gate(#[from] GatewayError),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error("the thread that loads the policy could not be started, or failed")]
    Unfinished,
}

impl Refused {
    /// The policies are not to be had as files.
    pub fn source(error: StoreError) -> Self {
        Self { file: None, reason: error.into() }
    }

    /// Whether it is because of a signature, which may be made later.
    pub fn is_unsigned(&self) -> bool {
        matches!(
            self.reason,
            Reason::Source(SourceError::Signature { .. }) | Reason::Fetched(StoreError::Refused { .. })
        )
    }

    /// A setting of the operator's fits none of the policies.
    pub fn setting(error: SettingError) -> Self {
        Self { file: None, reason: error.into() }
    }

    /// It was not even examined to the end.
    pub fn unfinished() -> Self {
        Self { file: None, reason: Reason::Unfinished }
    }
}

/// Loads the policies of an upstream again and examines them; `None` if their files
/// hold what is `live`. Takes as long as loading at the start, and the cases.
///
/// # Errors
/// What stands against them.
pub fn prepare(
    upstream: &UpstreamConfig,
    vnfm: &Vnfm,
    limits: &Limits,
    live: &[Arc<Policy>],
    versions: &Versions,
    load: &ComponentLoader,
) -> Result<Option<Candidate>, Refused> {
    // Read once: what is loaded is what was checked and examined, whatever is written
    // meanwhile.
    let read = upstream.gate.policies.read_each();
    let mut components = Vec::new();
    for (path, read) in read.map_err(|error| Refused { file: None, reason: error.into() })? {
        components.push(read.map_err(|error| Refused { file: Some(path.to_owned()), reason: error.into() })?);
    }
    let found = components.iter().map(|file| Some(Sha256::digest(&file.bytes).into()));
    if found.eq(live.iter().map(|policy| policy.component_digest().copied())) {
        for (file, policy) in components.iter().zip(live) {
            // They may have been signed again.
            policy.set_terms(file.terms);
            versions.judges(file.path, file.terms.version);
        }
        return Ok(None);
    }
    let (mut policies, mut cases, mut given) = (Vec::new(), 0_usize, Vec::new());
    for file in components {
        let refused = |reason| Refused { file: Some(file.path.to_owned()), reason };
        versions.check(&file).map_err(|error| refused(error.into()))?;
        let CheckedFile { path, bytes, terms } = file;
        given.push((path.to_owned(), terms.version));
        let policy = load(path, &bytes).map_err(|error| refused(error.into()))?;
        let policy = policy.with_isolation(upstream.gate.isolation);
        policy.set_terms(terms);
        admission::check(limits, policy.body_limit()).map_err(|error| refused(error.into()))?;
        let passed = examine(&policy, path, &bytes).map_err(refused)?;
        cases = cases.saturating_add(passed);
        policies.push(Arc::new(policy));
    }
    let built = build_gate(upstream, vnfm, &|_, _| Ok(policies.clone()));
    let live = built.map_err(|error| Refused { file: None, reason: error.into() })?;
    Ok(Some(Candidate { live, cases, versions: given }))
}

/// Runs the test cases that a policy brings along, and returns how many there are.
///
/// # Errors
/// One of them fails, or they cannot be run.
pub fn examine(policy: &Policy, path: &Path, component: &[u8]) -> Result<usize, Reason> {
    let cases = solgate_cases::examine(policy, &policy.manifest().into(), component, &EvaluateError::is_busy)?;
    if cases == 0 {
        tracing::warn!(file = %path.display(), "the policy carries no test cases: nothing shows that it judges correctly");
    }
    Ok(cases)
}
