//! Finishes what a toolchain of another language has made.

use std::path::Path;

use anyhow::{anyhow, bail};
use solgate::policy::read_file;
use solgate_bundle::bake::{BakeError, encode};
use solgate_cases::section;

use super::Built;
use crate::commands::cases::case_files;
use crate::commands::policies::Loader;

/// How each core module of WebAssembly begins.
const CORE_MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A component of the file, with the cases in it, that a gate takes as a policy.
pub(super) fn finish(path: &Path, cases: Option<&Path>) -> anyhow::Result<Built> {
    let mut component = read_file(path)?;
    if component.starts_with(CORE_MODULE) {
        component = encode(&component).map_err(|error| anyhow!("{}: {}", path.display(), refused(error)))?;
    }
    if let Some(folder) = cases {
        if section::find(&component, section::TESTS)?.is_some() {
            bail!("{} carries cases already; build it again without them, or leave --cases out", path.display());
        }
        let mut files = case_files(folder)?;
        for file in &mut files {
            file.name = carried(&file.name);
        }
        solgate_cases::embed(&mut component, &files)?;
    }
    let policy =
        Loader::for_author()?.bytes(Some(path), &component).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    let manifest = policy.manifest();
    // Cases that the policy's gate cannot read are worse than none.
    if let Err(error) = solgate_cases::embedded(&component, &manifest.into()) {
        bail!("the cases do not fit {}: {}", path.display(), error.to_string().trim_end());
    }
    Ok(Built {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        digest: manifest.digest.clone(),
        rules: manifest.rules.len(),
        operations: manifest.operations.len(),
        component,
    })
}

/// The name of a file of cases within a policy, whatever the folder is called that it comes from.
fn carried(name: &str) -> String {
    format!("tests/{}", name.split_once('/').map_or(name, |(_, rest)| rest))
}

/// Why a core module is not made a component.
fn refused(error: BakeError) -> String {
    match error {
        BakeError::Failed { cause, .. } => {
            let cause = cause.split_whitespace().collect::<Vec<_>>().join(" ");
            format!(
                "this core module cannot be made a policy: {cause}; build it for wit/policy.wit, and so that it imports nothing (docs/other-languages.md)"
            )
        }
        other => other.to_string(),
    }
}
