//! The cases of a bundle or a policy's file, for commands that look at one of them.

use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{anyhow, bail};
use serde_json::{Map, Value, json};
use solgate::facts::MapFacts;
use solgate_author::check::{Asked, Message};
use solgate_bundle::bake::bundle_of;
use solgate_bundle::{BuildOptions, Failure, compile_dir};
use solgate_cases::{Case, FactGiven};
use solgate_document::Source;
use solgate_engine::ir::Bundle;
use solgate_engine::verdict::Setting;

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

/// What a case asks, with settings beside its own.
pub fn asked(case: &Case, settings: Vec<Setting>) -> anyhow::Result<Asked> {
    let facts: Map<String, Value> = case.facts.iter().map(|(name, given)| (name.clone(), document(given))).collect();
    let facts =
        MapFacts::from_value(&Value::Object(facts)).map_err(|error| anyhow!("the facts of the case: {error}"))?;
    let fields = case.fields.iter().map(|(name, value)| (name.clone(), value.clone().into_bytes())).collect();
    Ok(Asked {
        message: Message {
            method: case.method.clone(),
            target: case.target.clone(),
            fields,
            body: case.body.clone().into(),
        },
        body_complete: case.body_complete,
        caller: case.caller.clone(),
        received_at: UNIX_EPOCH.checked_add(Duration::from_millis(case.at)).unwrap_or(UNIX_EPOCH),
        facts,
        settings: case.settings.iter().cloned().chain(settings).collect(),
        mode: case.mode,
        policies: Vec::new(),
    })
}

/// As the file of `--facts` has it.
fn document(given: &FactGiven) -> Value {
    match given {
        FactGiven::Found { etag: None, body } => json!({ "status": 200, "body": body }),
        FactGiven::Found { etag: Some(etag), body } => json!({ "status": 200, "etag": etag, "body": body }),
        FactGiven::Absent => json!({ "status": 404 }),
        FactGiven::Withheld => json!({ "status": 403 }),
        FactGiven::Unavailable => json!({ "status": 503 }),
    }
}
