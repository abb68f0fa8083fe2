//! What is tested: a policy, ready to judge, and its cases.

use std::path::Path;
use std::sync::Arc;

use anyhow::{anyhow, bail};
use solgate::policy::Policy;
use solgate_bundle::bake::bundle_of;
use solgate_bundle::{BuildOptions, compile_dir};
use solgate_cases::Case;
use solgate_engine::ir::Bundle;

use super::args::TestArgs;
use crate::commands::output::note;
use crate::commands::policies::{Loader, bundle_error};

/// A policy and those of its cases that were asked for.
pub struct Subject {
    pub policy: Arc<Policy>,
    pub cases: Vec<Case>,
    /// What the policy was made from, if something is to be measured on it.
    pub bundle: Option<Bundle>,
    /// How many cases `--filter` leaves out.
    pub not_selected: usize,
}

impl Subject {
    /// Loads what the command line names. The warnings of a bundle are shown.
    pub fn load(loader: &Loader, arguments: &TestArgs) -> anyhow::Result<Self> {
        let path = arguments.policy.as_path();
        let (policy, bundle, cases) = if path.is_dir() {
            folder(loader, path, &arguments.set)?
        } else if arguments.set.is_empty() {
            file(loader, path, arguments.measures())?
        } else {
            bail!("--set goes with a bundle's folder; the options of {} are built in", path.display());
        };
        let all = cases.len();
        let cases: Vec<Case> = cases.into_iter().filter(|case| selected(case, &arguments.filter)).collect();
        if cases.is_empty() {
            let filters: Vec<String> = arguments.filter.iter().map(|text| format!("`{text}`")).collect();
            bail!("none of the {all} cases of {} has {} in its file or name", path.display(), filters.join(" or "));
        }
        let bundle = bundle.filter(|_| arguments.measures());
        Ok(Self { policy, bundle, not_selected: all.saturating_sub(cases.len()), cases })
    }
}

/// A policy, its bundle, and all its cases.
type Loaded = (Arc<Policy>, Option<Bundle>, Vec<Case>);

fn folder(loader: &Loader, path: &Path, set: &[(String, String)]) -> anyhow::Result<Loaded> {
    let options = BuildOptions { set: set.to_vec(), ..BuildOptions::default() };
    let compiled = compile_dir(path, &options).map_err(|failure| bundle_error(path, failure))?;
    if !compiled.warnings.is_empty() {
        note(&solgate_bundle::render(&compiled.warnings, &compiled.sources, true));
    }
    if compiled.cases.is_empty() {
        bail!("{0} has no cases; write some into {0}/tests, such as\n{EXAMPLE}", path.display());
    }
    let policy = loader.bundle(path, &compiled.bundle)?;
    Ok((policy, Some(compiled.bundle), compiled.cases))
}

const EXAMPLE: &str = "\
cases:
  - name: the API root itself is not a resource
    path: \"\"
    expect: { status: 404 }";

fn file(loader: &Loader, path: &Path, with_bundle: bool) -> anyhow::Result<Loaded> {
    let (policy, component) = loader.component_with_bytes(path)?;
    let cases = solgate_cases::embedded(&component, &policy.manifest().into())
        .map_err(|error| anyhow!("the cases in {}: {}", path.display(), error.to_string().trim_end()))?;
    if cases.is_empty() {
        bail!("{} carries no cases; test the folder that it was built from", path.display());
    }
    let bundle = if with_bundle {
        Some(bundle_of(&component).map_err(|error| anyhow!("{}: {error}", path.display()))?)
    } else {
        None
    };
    Ok((Arc::new(policy), bundle, cases))
}

fn selected(case: &Case, filters: &[String]) -> bool {
    filters.is_empty() || filters.iter().any(|text| case.file.contains(text) || case.name.contains(text))
}
