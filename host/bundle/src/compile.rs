//! From a folder to a compiled bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use solgate_engine::Engine;
use solgate_engine::InitError;
use solgate_engine::ir::{self, Bundle};

use crate::cases::{self, Case, FactName, Vocabulary};
use crate::diagnostic::{Diagnostic, Diagnostics, Report};
use crate::digest::digest;
use crate::files::{self, Files, IoError};
use crate::openapi::{self, Api};
use crate::policy::{self, Policy};
use crate::rules::{self, Against, Declared};
use crate::source::{At, FileId, Source, Sources};
use crate::suggest::did_you_mean;
use crate::yaml;

/// What a build can be told beyond the bundle itself.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// `--set name=value`: options of the bundle, each value as text that the
    /// type of the option gives a meaning to (a list is separated by commas).
    pub set: Vec<(String, String)>,
}

/// A bundle without mistakes.
#[derive(Debug)]
pub struct Compiled {
    pub bundle: Bundle,
    /// Those of tests/, in the order of the files' names.
    pub cases: Vec<Case>,
    /// Sorted by file and line; [`crate::render`] shows them.
    pub warnings: Vec<Diagnostic>,
    pub sources: Sources,
}

impl Compiled {
    /// The files of cases.
    pub fn tests(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().filter(|source| source.name.starts_with("tests/"))
    }
}

/// Why a folder did not become a bundle.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The folder or a file in it could not be read.
    #[error(transparent)]
    Io(#[from] IoError),
    /// All that is wrong with it, warnings included.
    #[error("{}", .0.render(false))]
    Mistakes(Diagnostics),
}

/// Compiles the bundle in a folder and reads its cases. The result depends only on the names and
/// contents of its files and on `options`.
///
/// # Errors
///
/// [`Failure::Io`] if the folder cannot be read, [`Failure::Mistakes`] with
/// every mistake that was found.
pub fn compile_dir(dir: &Path, options: &BuildOptions) -> Result<Compiled, Failure> {
    let mut report = Report::default();
    let files = files::read(dir, &mut report)?;
    // Cases say what a policy does and do not change it.
    let digest = digest(&report.sources, &options.set);
    let tests = files::read_tests(dir, &mut report)?;
    let mut cases = Vec::new();
    let bundle = compile(&files, &options.set, digest, &tests, &mut cases, &mut report);
    let bundle = bundle.filter(|_| !report.has_mistakes());
    match bundle {
        Some(bundle) => {
            let (warnings, sources) = report.finish().into_parts();
            Ok(Compiled { bundle, cases, warnings, sources })
        }
        None => Err(Failure::Mistakes(report.finish())),
    }
}

fn compile(
    files: &Files,
    set: &[(String, String)],
    digest: String,
    tests: &[FileId],
    cases: &mut Vec<Case>,
    report: &mut Report,
) -> Option<Bundle> {
    let policy_node = files.policy.and_then(|file| document(file, report));
    let openapi_node = files.openapi.and_then(|file| document(file, report));
    let before = report.mistakes();
    let rule_nodes: Vec<_> = files.rules.iter().filter_map(|file| yaml::parse(*file, report)).collect();
    let all_rules_read = report.mistakes() == before;
    let policy = policy_node.as_ref().and_then(|node| policy::read(node, set, report));
    let api = openapi_node.as_ref().and_then(|node| openapi::read(node, report));
    // Without one of them, every name that rules use would be unknown.
    let (policy, api) = (policy?, api?);
    let against = Against::new(&policy, &api);
    let mut declared = Vec::new();
    for node in &rule_nodes {
        rules::read(node, &against, &mut declared, report);
    }
    let ids: Vec<&str> = declared.iter().map(|rule| rule.id.as_str()).collect();
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    let is_declared = |id: &str| known.contains(id) || rules::is_of_engine(id);
    openapi::check_mapping(&api, &is_declared, &ids, report);
    check_facts(&policy, &api, &declared, report);
    // Rules of a file that is not even YAML would all be unknown.
    if all_rules_read {
        *cases = cases::read_files(tests, &vocabulary(&policy, &ids), report);
    }
    if report.has_mistakes() {
        return None;
    }
    let places: BTreeMap<String, At> = declared.iter().map(|rule| (rule.id.clone(), rule.at)).collect();
    let bundle = Bundle {
        format: ir::FORMAT,
        name: policy.name.clone(),
        version: policy.version.clone(),
        digest,
        api_roots: policy.api_roots.clone(),
        limits: policy.limits.clone(),
        options: policy.options.clone(),
        facts: policy.facts.iter().map(|fact| fact.def.clone()).collect(),
        operations: api.operations.iter().map(|op| op.def.clone()).collect(),
        schemas: api.schemas.iter().map(|(name, node)| (name.clone(), node.to_json())).collect(),
        rules: rules::compiled(declared),
    };
    if let Err(error) = Engine::new(bundle.clone()) {
        let at = place_of(&error, &policy, &api, &places);
        report
            .mistake(at, format!("the engine does not accept this: {error}"))
            .hint("nothing else was found wrong with the bundle");
        return None;
    }
    Some(bundle)
}

/// The names that cases may use, also where a definition could not be understood.
fn vocabulary(policy: &Policy, rules: &[&str]) -> Vocabulary {
    Vocabulary {
        api_roots: policy.api_roots.iter().map(|root| root.path.clone()).collect(),
        facts: policy.facts.iter().map(|fact| FactName { name: fact.def.name.clone(), list: fact.def.list }).collect(),
        options: policy.options.clone(),
        rules: cases::with_engine_rules(rules.iter().map(|id| (*id).to_owned())),
    }
}

/// A file that cannot be empty.
fn document(file: FileId, report: &mut Report) -> Option<yaml::Node> {
    let is_blank =
        report.sources.text(file).lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    if is_blank {
        let name = report.sources.name(file).to_owned();
        report
            .mistake(At::start_of(file), format!("{name} is empty"))
            .hint("docs/bundle-format.md shows what belongs there");
        return None;
    }
    yaml::parse(file, report)
}

/// Variables that no operation can fill, and facts that nobody reads.
fn check_facts(policy: &Policy, api: &Api<'_>, declared: &[Declared], report: &mut Report) {
    for fact in &policy.facts {
        for variable in &fact.variables {
            if !api.is_incomplete && !api.has_path_variable(&variable.name) {
                let names = api.operations.iter().flat_map(|op| &op.path_variables);
                report
                    .mistake(variable.at, format!("no operation's path has a variable `{}`", variable.name))
                    .maybe_hint(did_you_mean(&variable.name, names.map(String::as_str)));
            }
        }
        let name = &fact.def.name;
        // A rule that could not be understood may be the one.
        if !report.has_mistakes() && !declared.iter().any(|rule| rule.facts.contains(name)) {
            report
                .warning(fact.at, format!("no rule reads the fact `{name}`"))
                .hint("remove it, or the rule that was to read it is missing");
        }
    }
}

/// Where the author has to look for what the engine refuses.
fn place_of(error: &InitError, policy: &Policy, api: &Api<'_>, rules: &BTreeMap<String, At>) -> At {
    let rule = |id: &String| rules.get(id).copied();
    let found = match error {
        InitError::UnknownRule { rule: id, .. }
        | InitError::UnknownFact { rule: id, .. }
        | InitError::UnknownOperation { rule: id, .. }
        | InitError::FactVariable { rule: id, .. }
        | InitError::Expression { rule: id, .. } => rule(id),
        InitError::Schema { schema, operation, .. } => {
            api.schemas.get(schema).map(|node| node.at).or_else(|| api.operation(operation).map(|op| op.at))
        }
        InitError::Path { operation, .. } => api.operation(operation).map(|op| op.at),
        InitError::Annotation { .. } => Some(api.at),
        InitError::Format { .. }
        | InitError::ApiRoot { .. }
        | InitError::Limit { .. }
        | InitError::Option { .. }
        | InitError::Duplicate { .. } => None,
    };
    found.unwrap_or(policy.at)
}
