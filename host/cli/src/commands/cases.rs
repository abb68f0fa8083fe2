//! The cases of a bundle or a policy's file, for commands that look at one of them.

use std::path::Path;

use anyhow::{anyhow, bail};
use solgate_bundle::bake::bundle_of;
use solgate_bundle::{BuildOptions, Failure, compile_dir};
use solgate_cases::Case;
use solgate_document::Source;
use solgate_engine::ir::Bundle;

use super::policies::{bundle_error, local, rendered};

/// The files of cases in a folder, which need not be that of a bundle.
pub fn case_files(folder: &Path) -> anyhow::Result<Vec<Source>> {
    solgate_bundle::case_files(folder).map_err(|failure| match failure {
        Failure::Mistakes(mistakes) => anyhow!("{}\n{}", folder.display(), rendered(&mistakes)),
        other => anyhow!("{other}"),
    })
}

/// A bundle, and its own cases.
pub struct Tested {
    pub bundle: Bundle,
    pub cases: Vec<Case>,
}

impl Tested {
    /// From a bundle's folder, or from a policy's file that carries both.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            let compiled =
                compile_dir(path, &BuildOptions::default()).map_err(|failure| bundle_error(path, failure))?;
            return Ok(Self { bundle: compiled.bundle, cases: compiled.cases });
        }
        let component = solgate::policy::read_file(&local(path)?)?;
        let bundle = bundle_of(&component).map_err(|error| anyhow!("{}: {error}", path.display()))?;
        let manifest = solgate_engine::Engine::new(bundle.clone())
            .map_err(|error| anyhow!("{}: the engine refuses the bundle in it: {error}", path.display()))?
            .manifest();
        let cases = solgate_cases::embedded(&component, &(&manifest).into())
            .map_err(|error| anyhow!("the cases in {}: {}", path.display(), error.to_string().trim_end()))?;
        Ok(Self { bundle, cases })
    }
}

/// The case that somebody means by `FILE#NAME`, by `FILE:LINE` as `solgate test` shows it,
/// or by its name or a part of it.
pub fn find<'c>(cases: &'c [Case], wanted: &str, policy: &Path) -> anyhow::Result<&'c Case> {
    let by_name = wanted.split_once('#').map(|(file, name)| (file, Some(name), None));
    let by_line = || wanted.rsplit_once(':').and_then(|(file, line)| Some((file, None, Some(line.parse().ok()?))));
    let found: Vec<&Case> = match by_name.or_else(by_line) {
        Some((file, name, line)) => cases
            .iter()
            .filter(|case| is_file(case, file))
            .filter(|case| {
                name.is_none_or(|name| name == case.name) && line.is_none_or(|line: usize| line == case.line)
            })
            .collect(),
        None => {
            let exact: Vec<&Case> = cases.iter().filter(|case| case.name == wanted).collect();
            if exact.is_empty() { cases.iter().filter(|case| case.name.contains(wanted)).collect() } else { exact }
        }
    };
    match found.as_slice() {
        [one] => Ok(one),
        [] => bail!(
            "{} has no case {wanted}; name it by FILE#NAME, by FILE:LINE as `solgate test` shows it, or by a part of its name",
            policy.display()
        ),
        several => {
            let names: Vec<String> =
                several.iter().take(MOST).map(|case| format!("  {}#{}", case.file, case.name)).collect();
            let more = if several.len() > MOST { "\n  ..." } else { "" };
            bail!("{wanted} stands for {} cases; name one of them:\n{}{more}", several.len(), names.join("\n"))
        }
    }
}

/// Most cases that are listed.
const MOST: usize = 8;

/// Whether somebody means a case's file: by its name within the bundle, or by a path.
fn is_file(case: &Case, file: &str) -> bool {
    case.file == file || case.file.strip_prefix("tests/") == Some(file) || file.ends_with(&format!("/{}", case.file))
}
