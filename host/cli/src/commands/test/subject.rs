//! What is tested: a policy, ready to judge, and its cases.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{anyhow, bail};
use solgate::policy::Policy;
use solgate_bundle::bake::{CarriedError, bundle_of};
use solgate_bundle::{BuildOptions, Compiled, compile_dir};
use solgate_cases::Case;
use solgate_engine::ir::Bundle;
use solgate_trial::tested::select;

use super::args::TestArgs;
use crate::commands::cases::case_files;
use crate::commands::output::note;
use crate::commands::policies::{Loader, bundle_error, rendered};

/// A policy and those of its cases that were asked for.
pub struct Subject {
    pub policy: Arc<Policy>,
    pub cases: Vec<Case>,
    origin: Origin,
    /// How many cases `--filter` leaves out.
    pub not_selected: usize,
}

impl Subject {
    /// The bundle with its sources, if it was compiled here.
    pub fn compiled(&self) -> Option<&Compiled> {
        match &self.origin {
            Origin::Compiled(compiled) => Some(compiled),
            Origin::Carried { .. } => None,
        }
    }

    /// What the policy was made from.
    pub fn bundle(&self) -> anyhow::Result<Bundle> {
        match &self.origin {
            Origin::Compiled(compiled) => Ok(compiled.bundle.clone()),
            Origin::Carried { component, path } => {
                bundle_of(component).map_err(|error| anyhow!("{}: {error}", path.display()))
            }
        }
    }

    /// The same; none of a policy in another language.
    pub fn bundle_if_any(&self) -> anyhow::Result<Option<Bundle>> {
        match &self.origin {
            Origin::Carried { component, .. } if matches!(bundle_of(component), Err(CarriedError::Absent)) => Ok(None),
            _ => self.bundle().map(Some),
        }
    }

    /// Loads what the command line names. The warnings of a bundle are shown.
    pub fn load(loader: &Loader, arguments: &TestArgs) -> anyhow::Result<Self> {
        let path = arguments.policy.as_path();
        let (policy, origin, own) = if path.is_dir() {
            folder(loader, path, &arguments.set, arguments.cases.is_none())?
        } else if arguments.set.is_empty() {
            file(loader, path, arguments.cases.is_none())?
        } else {
            bail!("--set goes with a bundle's folder; the options of {} are built in", path.display());
        };
        let cases = match &arguments.cases {
            Some(folder) => elsewhere(folder, &policy)?,
            None => own,
        };
        let all = cases.len();
        let (cases, not_selected) = select(cases, &arguments.filter);
        if cases.is_empty() {
            let filters: Vec<String> = arguments.filter.iter().map(|text| format!("`{text}`")).collect();
            bail!("none of the {all} cases of {} has {} in its file or name", path.display(), filters.join(" or "));
        }
        Ok(Self { policy, origin, not_selected, cases })
    }
}

/// Where the bundle of a policy is.
enum Origin {
    Compiled(Box<Compiled>),
    Carried { component: Vec<u8>, path: PathBuf },
}

/// A policy, where its bundle is, and all its cases.
type Loaded = (Arc<Policy>, Origin, Vec<Case>);

fn folder(loader: &Loader, path: &Path, set: &[(String, String)], needs_cases: bool) -> anyhow::Result<Loaded> {
    let options = BuildOptions { set: set.to_vec(), ..BuildOptions::default() };
    let mut compiled = compile_dir(path, &options).map_err(|failure| bundle_error(path, failure))?;
    if !compiled.warnings.is_empty() {
        note(&solgate_bundle::render(&compiled.warnings, &compiled.sources, true));
    }
    if needs_cases && compiled.cases.is_empty() {
        bail!("{0} has no cases; write some into {0}/tests, such as\n{EXAMPLE}", path.display());
    }
    let policy = loader.bundle(path, &compiled.bundle)?;
    let cases = std::mem::take(&mut compiled.cases);
    Ok((policy, Origin::Compiled(Box::new(compiled)), cases))
}

const EXAMPLE: &str = "\
cases:
  - name: the API root itself is not a resource
    path: \"\"
    expect: { status: 404 }";

fn file(loader: &Loader, path: &Path, needs_cases: bool) -> anyhow::Result<Loaded> {
    let (policy, component) = loader.component_with_bytes(path)?;
    let cases = if needs_cases {
        solgate_cases::embedded(&component, &policy.manifest().into())
            .map_err(|error| anyhow!("the cases in {}: {}", path.display(), error.to_string().trim_end()))?
    } else {
        Vec::new()
    };
    if needs_cases && cases.is_empty() {
        bail!(
            "{} carries no cases; name a folder of cases with --cases, or test the folder that it was built from",
            path.display()
        );
    }
    Ok((Arc::new(policy), Origin::Carried { component, path: path.to_owned() }, cases))
}

/// Cases of a folder that need not be the policy's own.
fn elsewhere(folder: &Path, policy: &Policy) -> anyhow::Result<Vec<Case>> {
    let sources = case_files(folder)?;
    let cases = solgate_cases::read(&sources, &policy.manifest().into()).map_err(|mistakes| {
        anyhow!("the cases in {} do not fit the policy\n{}", folder.display(), rendered(&mistakes))
    })?;
    if cases.is_empty() {
        bail!("{} has no cases: expected *.yaml files with `cases:`", folder.display());
    }
    Ok(cases)
}
