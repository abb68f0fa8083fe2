//! From the files of a bundle to a compiled bundle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use solgate_cases::{BaseCases, Case, FactName, OptionName, Vocabulary};
use solgate_document::diagnostic::{Diagnostic, Diagnostics, Report};
use solgate_document::source::{At, FileId, Source, Sources};
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml;
use solgate_engine::Engine;
use solgate_engine::InitError;
use solgate_engine::ir::{self, Bundle, OptionKind};

use crate::base_cases;
use crate::built_in::BuiltIn;
use crate::complete::{self, Incomplete};
use crate::digest::digest;
use crate::files::{Home, IoError};
use crate::layer::Dialect;
use crate::layers::{self, Layers};
use crate::lint;
use crate::openapi::{self, Api};
use crate::options;
use crate::policy::{self, Function, Policy, windows};
use crate::rules::{self, Against, Declared};
use crate::template::Variable;
use crate::tree::Texts;
use crate::zones;

/// What a build can be told beyond the bundle itself.
#[derive(Debug, Clone, Default)]
pub struct BuildOptions {
    /// `--set name=value`: options of the bundle, each value as text that the
    /// type of the option gives a meaning to (a list is separated by commas).
    pub set: Vec<(String, String)>,
    /// As if the bundle said `language: 2`.
    pub checks_types: bool,
}

/// A bundle without mistakes.
#[derive(Debug)]
pub struct Compiled {
    pub bundle: Bundle,
    /// Those of the bundle's own tests/, in the order of the files' names.
    pub cases: Vec<Case>,
    /// Those of the bundle itself, not of what it extends. Sorted by file and
    /// line; [`crate::render`] shows them.
    pub warnings: Vec<Diagnostic>,
    pub sources: Sources,
    /// Where each rule stands, by its id.
    pub places: BTreeMap<String, Place>,
}

/// A place in a file of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name among the sources.
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl Compiled {
    /// The bundle's own files of cases.
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
    /// Part of the bundle got lost in the compiler.
    #[error(transparent)]
    Incomplete(#[from] Incomplete),
}

/// Compiles a bundle whose files are held in memory. The result depends only on their names
/// and texts and on `options`.
///
/// # Errors
///
/// [`Failure::Mistakes`] with every mistake that was found, [`Failure::Incomplete`] if the
/// compiler is at fault.
pub fn compile_texts(texts: &Arc<Texts>, options: &BuildOptions) -> Result<Compiled, Failure> {
    compile_home(Home::texts(texts), options)
}

/// Compiles a bundle that is part of the program; `None` if there is none of that
/// name. Its cases are not part of it.
///
/// # Errors
///
/// As [`compile_dir`]; none is to be expected without `options`.
pub fn compile_built_in(name: &str, options: &BuildOptions) -> Option<Result<Compiled, Failure>> {
    Some(compile_home(Home::built_in(BuiltIn::find(name)?), options))
}

/// The files of a bundle that is part of the program, its cases among them; `None` if there is
/// none of that name.
#[must_use]
pub fn built_in_texts(name: &str) -> Option<Texts> {
    BuiltIn::find(name).map(BuiltIn::texts)
}

/// Compiles the bundle that is there.
pub(crate) fn compile_home(home: Home, options: &BuildOptions) -> Result<Compiled, Failure> {
    let mut report = Report::default();
    let compiled = compile_reporting(home, options, &mut report)?;
    finished(compiled, report)
}

fn finished(compiled: Option<Compiled>, report: Report) -> Result<Compiled, Failure> {
    let Some(mut compiled) = compiled else {
        return Err(if report.has_mistakes() {
            Failure::Mistakes(report.finish())
        } else {
            Failure::Incomplete(Incomplete::Silent)
        });
    };
    (compiled.warnings, compiled.sources) = report.finish().into_parts();
    Ok(compiled)
}

/// Compiles a bundle and keeps what was found in a report; `None` if there are
/// mistakes.
pub(crate) fn compile_reporting(
    home: Home,
    options: &BuildOptions,
    report: &mut Report,
) -> Result<Option<Compiled>, Failure> {
    let layers = layers::read(home, report)?;
    let policy = layered_policy(&layers, report)?;
    // Cases say what a policy does and do not change it.
    let digest = digest(&report.sources, &options.set);
    let tests = match layers.layers.last() {
        Some(layer) => layer.home.read_tests(report)?,
        None => Vec::new(),
    };
    let policy = policy.map(|mut policy| {
        policy.types_are_checked |= options.checks_types;
        policy
    });
    let of_base = base_cases::files(&layers, &tests, report)?;
    let compiled = compile(&layers, policy, &options.set, Tests { own: &tests, of_base: &of_base }, report)?;
    let compiled = compiled.filter(|_| !report.has_mistakes());
    Ok(compiled.map(|mut compiled| {
        compiled.bundle.digest = digest;
        compiled
    }))
}

/// What the policy.yaml of all layers come to. Reads their lists.
pub(crate) fn layered_policy(layers: &Layers, report: &mut Report) -> Result<Option<Policy>, IoError> {
    let mut policy = None;
    for layer in &layers.layers {
        // What a base does not say, those above it may need.
        let Some(node) = &layer.policy else { return Ok(None) };
        policy = policy::read(node, &layer.home, layer.is_library, policy, report)?;
        if policy.is_none() {
            break;
        }
    }
    Ok(policy)
}

/// Files of cases.
#[derive(Clone, Copy)]
struct Tests<'t> {
    own: &'t [FileId],
    /// Those of the bundle that is extended, if they matter.
    of_base: &'t [FileId],
}

fn compile(
    layers: &Layers,
    policy: Option<Policy>,
    set: &[(String, String)],
    tests: Tests<'_>,
    report: &mut Report,
) -> Result<Option<Compiled>, Incomplete> {
    if layers.is_incomplete {
        return Ok(None);
    }
    let policy = policy.map(|mut policy| {
        options::set(&mut policy.options, set, report);
        windows::resolve(&mut policy.windows, &policy.lists, report);
        policy
    });
    let dialects = || layers.layers.iter().flat_map(|layer| &layer.dialects);
    let documents = layers.layers.iter().filter_map(|layer| layer.openapi.as_ref());
    let openapi = openapi::merge(documents, dialects().map(|dialect| &dialect.document), report);
    let api = openapi.as_deref().and_then(|node| openapi::read(node, dialects(), report));
    // Without one of them, every name that rules use would be unknown.
    let (Some(mut policy), Some(api)) = (policy, api) else { return Ok(None) };
    let mut sources = rules::collect(layers.layers.iter().map(|layer| layer.rules.as_slice()), report);
    rules::expand(&mut sources, &mut policy, report);
    let against = Against::new(&policy, &api);
    rules::spread(&mut sources, &policy, report);
    let mut declared = Vec::new();
    for source in &sources {
        declared.extend(rules::read(source, &against, report));
    }
    let ids: Vec<&str> = declared.iter().map(|rule| rule.id.as_str()).collect();
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    let is_declared = |id: &str| known.contains(id) || rules::is_of_engine(id);
    openapi::check_mapping(&api, &is_declared, &ids, report);
    check_root_variables(&policy, &api, report);
    check_dialects(&policy, dialects(), report);
    check_facts(&policy, &api, &declared, report);
    check_tables(&policy, &declared, report);
    lint::check(&policy, &api, &sources, &declared, report);
    // Rules of a file that is not even YAML would all be unknown.
    let all_rules_read = layers.layers.iter().all(|layer| layer.all_rules_read);
    let is_of_base_only = |case: &Case| base_cases::is_of_base_only(case, &layers.dropped, &api, &policy.api_roots);
    let of_base = BaseCases { files: tests.of_base, is_of_base_only: &is_of_base_only };
    let cases = if all_rules_read {
        solgate_cases::read_files(tests.own, &vocabulary(&policy, &ids), Some(&of_base), report)
    } else {
        Vec::new()
    };
    if report.has_mistakes() {
        return Ok(None);
    }
    let inherited: BTreeSet<&str> =
        sources.iter().filter(|source| source.is_inherited()).map(|source| source.id()).collect();
    let places: BTreeMap<String, At> = declared.iter().map(|rule| (rule.id.clone(), rule.at)).collect();
    let bundle = Bundle {
        format: ir::FORMAT,
        name: policy.name.clone(),
        version: policy.version.clone(),
        digest: String::new(),
        api_roots: policy.api_roots.clone(),
        limits: policy.limits.clone(),
        options: policy.options.clone(),
        facts: policy.facts.iter().map(|fact| fact.def.clone()).collect(),
        lists: policy.lists.iter().map(|list| list.def.clone()).collect(),
        windows: policy.windows.iter().map(|window| window.def.clone()).collect(),
        zones: zones::rules(windows::zones(&policy.windows).chain(zones_of_rules(&declared))),
        functions: policy.functions.iter().map(Function::def).collect(),
        data: policy.data.iter().map(|data| data.def.clone()).collect(),
        operations: api.operations.iter().map(|op| op.def.clone()).collect(),
        schemas: api.schemas.iter().map(|(name, node)| (name.clone(), node.to_json())).collect(),
        answers: openapi::answers(&api, policy.facts.iter().map(|fact| &fact.def)),
        rules: rules::compiled(declared, &inherited),
    };
    if let Err(error) = Engine::new(bundle.clone()) {
        let at = place_of(&error, &policy, &api, &places);
        report
            .mistake(at, format!("the engine does not accept this: {error}"))
            .hint("nothing else was found wrong with the bundle");
        return Ok(None);
    }
    let trees: Vec<_> = tests.own.iter().filter_map(|file| Some((*file, yaml::parse(*file, report)?))).collect();
    let built = complete::Built { bundle: &bundle, cases: &cases, functions: &policy.functions };
    complete::check(&layers.layers, &trees, built, &report.sources)?;
    let place = |at: At| Place { file: report.sources.name(at.file).to_owned(), line: report.sources.span(at).line };
    let places = places.into_iter().map(|(id, at)| (id, place(at))).collect();
    Ok(Some(Compiled { bundle, cases, warnings: Vec::new(), sources: Sources::default(), places }))
}

/// The names that cases may use, also where a definition could not be understood.
fn vocabulary(policy: &Policy, rules: &[&str]) -> Vocabulary {
    let option = |option: &ir::OptionDef| OptionName {
        name: option.name.clone(),
        kind: option.kind,
        values: option.values.clone(),
    };
    Vocabulary {
        api_roots: policy.api_roots.iter().map(|root| root.path.clone()).collect(),
        facts: policy.facts.iter().map(|fact| FactName { name: fact.def.name.clone(), list: fact.def.list }).collect(),
        options: policy.options.iter().map(option).collect(),
        rules: solgate_cases::with_engine_rules(rules.iter().map(|id| (*id).to_owned())),
    }
}

/// A dialect is spoken while the option is on that its file is named after.
fn check_dialects<'d>(policy: &Policy, dialects: impl Iterator<Item = &'d Dialect>, report: &mut Report) {
    // A value of another option is named behind a dot.
    let switches = policy.options.iter().flat_map(|option| match option.kind {
        OptionKind::Boolean => vec![option.name.clone()],
        OptionKind::String => {
            let values = option.values.iter().filter_map(|value| value.as_str());
            values.map(|value| format!("{}.{value}", option.name)).collect()
        }
        _ => Vec::new(),
    });
    let switches: Vec<String> = switches.collect();
    for dialect in dialects {
        let name = &dialect.option;
        if !switches.contains(name) {
            let missing = match name.split_once('.') {
                Some((option, value)) => {
                    format!("policy.yaml defines no option `{option}` that has `{value}` among its values")
                }
                None => format!("policy.yaml defines no boolean option `{name}`"),
            };
            report
                .mistake(At::start_of(dialect.document.at.file), missing)
                .maybe_hint(did_you_mean(name, switches.iter().map(String::as_str)))
                .hint_if_none("the file of a dialect has the name of the option that switches it on");
        }
    }
}

/// Variables of API roots that operations have, too: a name stands for one segment.
fn check_root_variables(policy: &Policy, api: &Api<'_>, report: &mut Report) {
    for variable in &policy.root_variables {
        if let Some(op) = api.operations.iter().find(|op| op.path_variables.contains(&variable.name)) {
            report
                .mistake(variable.at, format!("the path of `{}` also has a variable `{}`", op.def.id, variable.name))
                .hint("give the variable of the API root another name");
        }
    }
}

/// Variables that no operation can fill, and facts that nobody reads.
fn check_facts(policy: &Policy, api: &Api<'_>, declared: &[Declared], report: &mut Report) {
    rules::check_given(policy, api, report);
    for fact in &policy.facts {
        for variable in fact.variables.iter().filter(|variable| variable.taken().is_none()) {
            if !api.is_incomplete && !api.has_path_variable(&variable.name) {
                let names = api.operations.iter().flat_map(|op| &op.path_variables);
                report
                    .mistake(variable.at, format!("no operation's path has a variable `{}`", variable.name))
                    .maybe_hint(did_you_mean(&variable.name, names.map(String::as_str)));
            }
        }
        let name = &fact.def.name;
        // A rule that could not be understood may be the one.
        let is_taken =
            |other: &policy::Fact| other.variables.iter().filter_map(Variable::taken).any(|(root, _)| root == name);
        if !report.has_mistakes()
            && !declared.iter().any(|rule| rule.uses.facts.contains(name))
            && !policy.facts.iter().any(is_taken)
        {
            report
                .warning(fact.at, format!("no rule reads the fact `{name}`"))
                .hint("remove it, or add the rule that should read it");
        }
    }
}

/// Lists, windows and data that nobody names.
fn check_tables(policy: &Policy, declared: &[Declared], report: &mut Report) {
    // A rule that could not be understood may be the one.
    if report.has_mistakes() {
        return;
    }
    let mut unused = |what: &str, name: &str, at: At, is_used: bool| {
        if !is_used {
            report
                .warning(at, format!("no rule names the {what} `{name}`"))
                .hint("remove it, or add the rule that should name it");
        }
    };
    for list in &policy.lists {
        let name = &list.def.name;
        let mut of_windows =
            policy.windows.iter().flat_map(|window| &window.dates).flat_map(windows::PeriodDates::lists);
        let is_used =
            declared.iter().any(|rule| rule.uses.lists.contains(name)) || of_windows.any(|known| known == name);
        unused("list", name, list.at, is_used);
    }
    for window in &policy.windows {
        let name = &window.def.name;
        unused("window", name, window.at, declared.iter().any(|rule| rule.uses.windows.contains(name)));
    }
    for data in &policy.data {
        let name = &data.def.name;
        unused("data", name, data.at, declared.iter().any(|rule| rule.uses.data.contains(name)));
    }
}

/// The time zones that expressions name.
fn zones_of_rules(declared: &[Declared]) -> impl Iterator<Item = &str> {
    declared.iter().flat_map(|rule| &rule.uses.zones).map(String::as_str)
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
        InitError::FactSource { fact, .. } | InitError::FactOrder { fact } => policy.fact(fact).map(|fact| fact.at),
        InitError::Path { operation, .. } => api.operation(operation).map(|op| op.at),
        InitError::Annotation { .. } => Some(api.at),
        InitError::Window { window, .. } => {
            policy.windows.iter().find(|known| known.def.name == *window).map(|window| window.at)
        }
        InitError::Zone { zone } => {
            let is_in = |window: &&policy::Window| window.def.periods.iter().any(|period| period.zone == *zone);
            policy.windows.iter().find(is_in).map(|window| window.at)
        }
        InitError::Data { data } => policy.data.iter().find(|known| known.def.name == *data).map(|data| data.at),
        InitError::Format { .. }
        | InitError::ApiRoot { .. }
        | InitError::Limit { .. }
        | InitError::Option { .. }
        | InitError::Duplicate { .. } => None,
    };
    found.unwrap_or(policy.at)
}
