//! A bundle and those that it extends.

use std::path::{Path, PathBuf};

use solgate_document::diagnostic::Report;
use solgate_document::reader;
use solgate_document::source::{At, FileId};
use solgate_document::suggest::{list, nearest};
use solgate_document::yaml::{self, Node};

use crate::built_in::BuiltIn;
use crate::files::{Files, Found, Home, IoError};
use crate::layer::{Dialect, Layer};
use crate::reduce::{self, DroppedOperation};

/// Most bundles that one extends, directly and indirectly.
const MAX_BASES: usize = 8;
/// Most libraries that a bundle and those that it extends import.
const MAX_LIBRARIES: usize = 32;

/// The bundle that is compiled and its bases.
pub(crate) struct Layers {
    /// The one that extends nothing first, the one that is compiled last.
    pub layers: Vec<Layer>,
    /// A base could not be found, or what is dropped is still needed, which has been
    /// reported: what is named here may well exist.
    pub is_incomplete: bool,
    /// The operations that were dropped on the way.
    pub dropped: Vec<DroppedOperation>,
}

pub(crate) fn read(home: Home, report: &mut Report) -> Result<Layers, IoError> {
    let mut layers = Vec::new();
    let mut is_incomplete = false;
    let mut next = Some(home);
    let mut met: Vec<PathBuf> = Vec::new();
    while let Some(home) = next.take() {
        met.push(home.identity()?);
        let files = home.read(report)?;
        let policy = files.policy.text().and_then(|file| document(file, report));
        let extends = policy.as_ref().and_then(|node| node.get("extends"));
        if let Some(node) = extends {
            next = base(node, &home, report)?;
            if let Some(base) = &next
                && let Some(fault) = circle_or_depth(&met, &base.identity()?)
            {
                report.mistake(node.at, fault.0).hint(fault.1);
                next = None;
            }
            is_incomplete |= next.is_none();
        } else if files.openapi == Found::Absent && (policy.is_some() || files.policy == Found::Absent) {
            home.report_absent("openapi.yaml", report)?;
        }
        layers.push(layer(home, policy, &files, report));
    }
    layers.reverse();
    let mut layers = with_libraries(layers, &mut met, report)?;
    let mut dropped = Vec::new();
    is_incomplete |= !is_reduced(&mut layers, &mut dropped, report);
    Ok(Layers { layers, is_incomplete, dropped })
}

fn layer(home: Home, policy: Option<Node>, files: &Files, report: &mut Report) -> Layer {
    let openapi = files.openapi.text().and_then(|file| document(file, report));
    let dialects = files.dialects.iter().filter_map(|file| dialect(*file, report)).collect();
    let before = report.mistakes();
    let rules = files.rules.iter().filter_map(|file| yaml::parse(*file, report)).collect();
    let all_rules_read = report.mistakes() == before;
    Layer { home, policy, openapi, dialects, rules, all_rules_read, is_library: false }
}

/// Puts before each layer the libraries that it imports, each where it is first needed.
fn with_libraries(layers: Vec<Layer>, met: &mut Vec<PathBuf>, report: &mut Report) -> Result<Vec<Layer>, IoError> {
    let mut all = Vec::new();
    for layer in layers {
        import(&layer, &[], &mut all, met, report)?;
        all.push(layer);
    }
    Ok(all)
}

/// Adds the libraries that a layer imports, and before each those that it imports itself. `met`
/// has the bundles that are there, `way` the libraries from the bundle to this layer.
fn import(
    layer: &Layer,
    way: &[PathBuf],
    all: &mut Vec<Layer>,
    met: &mut Vec<PathBuf>,
    report: &mut Report,
) -> Result<(), IoError> {
    let Some(node) = layer.policy.as_ref().and_then(|policy| policy.get("imports")) else { return Ok(()) };
    for item in reader::list(node, "`imports`", report).unwrap_or_default() {
        let Some(home) = folder(item, &layer.home, report)? else { continue };
        let identity = home.identity()?;
        if way.contains(&identity) || layer.home.identity()? == identity {
            report
                .mistake(item.at, "the library imports itself, by way of what it imports")
                .hint("one of them has to import nothing");
            continue;
        }
        if all.iter().any(|known| known.is_library && known.home.identity().is_ok_and(|known| known == identity)) {
            continue;
        }
        if met.contains(&identity) {
            report
                .mistake(item.at, "this bundle is extended, so what it has is there already")
                .hint("leave it out of `imports`");
            continue;
        }
        if all.iter().filter(|known| known.is_library).count() >= MAX_LIBRARIES {
            report.mistake(item.at, format!("more than {MAX_LIBRARIES} libraries")).hint("put some of them into one");
            continue;
        }
        let files = home.read(report)?;
        let policy = files.policy.text().and_then(|file| document(file, report));
        let library = Layer { is_library: true, ..self::layer(home, policy, &files, report) };
        check_library(&library, item.at, report);
        let way: Vec<PathBuf> = way.iter().cloned().chain([layer.home.identity()?]).collect();
        import(&library, &way, all, met, report)?;
        all.push(library);
    }
    Ok(())
}

/// What a library can have in policy.yaml.
const OF_LIBRARIES: [&str; 10] =
    ["name", "version", "language", "imports", "functions", "variables", "options", "lists", "windows", "data"];

/// Reports what makes a bundle of a library.
fn check_library(library: &Layer, imported: At, report: &mut Report) {
    let odd = |at: At, what: &str, report: &mut Report| {
        report
            .mistake(at, format!("a library has no {what}"))
            .hint("a bundle that has them is extended: `extends` in place of `imports`")
            .related(imported, "imported here");
    };
    for (key, _) in library.policy.as_ref().and_then(Node::as_map).unwrap_or_default() {
        if !OF_LIBRARIES.contains(&key.name.as_str()) {
            odd(key.at, &format!("`{}`", key.name), report);
        }
    }
    if let Some((key, _)) = library.openapi.as_ref().and_then(|document| document.entry("paths")) {
        odd(key.at, "`paths`", report);
    }
    let first = library.rules.first().or_else(|| library.dialects.first().map(|dialect| &dialect.document));
    if let Some(node) = first {
        odd(At::start_of(node.at.file), if library.rules.is_empty() { "dialects" } else { "rules" }, report);
    }
}

/// Takes out of each layer what those after it drop and replace; whether nothing is wrong
/// with that.
fn is_reduced(layers: &mut [Layer], dropped: &mut Vec<DroppedOperation>, report: &mut Report) -> bool {
    // What a file that is broken says would seem to be dropped without being there.
    let mut ignored = Report::default();
    let report = if report.has_mistakes() { &mut ignored } else { report };
    dropped.extend(reduce::apply(layers, report));
    !report.has_mistakes()
}

/// The bundle that `extends` names.
fn base(node: &Node, home: &Home, report: &mut Report) -> Result<Option<Home>, IoError> {
    let Some(name) = node.as_str().filter(|name| !name.trim().is_empty()) else {
        report
            .mistake(node.at, format!("`extends` names a bundle, but here is {}", node.kind()))
            .hint("write the name of a built-in bundle, or a folder such as ../base");
        return Ok(None);
    };
    if let Some(bundle) = BuiltIn::find(name) {
        return Ok(Some(Home::built_in(bundle)));
    }
    if !is_path(name) {
        let draft = report.mistake(node.at, format!("there is no built-in bundle `{name}`"));
        if Path::new(name).is_absolute() {
            draft.hint("a folder is written relative to this one, such as ../base, so that it is the same everywhere");
        } else {
            let names: Vec<&str> = BuiltIn::names().collect();
            match nearest(name, &names) {
                Some(meant) => draft.hint(format!("did you mean `{meant}`?")),
                None => draft.hint(format!(
                    "built in is {}; a folder is written with its dots, such as ./base or ../base",
                    list(&names)
                )),
            };
        }
        return Ok(None);
    }
    there(name, node, home, report)
}

fn is_path(name: &str) -> bool {
    name == "." || name == ".." || name.starts_with("./") || name.starts_with("../")
}

/// The folder of a library.
fn folder(node: &Node, home: &Home, report: &mut Report) -> Result<Option<Home>, IoError> {
    match node.as_str().filter(|name| is_path(name)) {
        Some(name) => there(name, node, home, report),
        None => {
            report
                .mistake(node.at, format!("`imports` names folders, but here is {}", reader::shown(node)))
                .hint("write the folder relative to this one, such as ./library or ../library");
            Ok(None)
        }
    }
}

/// The folder of that name.
fn there(name: &str, node: &Node, home: &Home, report: &mut Report) -> Result<Option<Home>, IoError> {
    let found = if name.contains('\\') { None } else { home.relative(name)? };
    if found.is_none() {
        report.mistake(node.at, format!("there is no folder `{name}`")).hint(
            "the path is relative to the folder of this policy.yaml, with `/` on every system; symbolic links are not followed",
        );
    }
    Ok(found)
}

fn circle_or_depth(met: &[PathBuf], next: &Path) -> Option<(&'static str, &'static str)> {
    if met.iter().any(|known| known == next) {
        return Some(("the bundle extends itself, by way of what it extends", "one of them has to extend nothing"));
    }
    if met.len() > MAX_BASES {
        return Some(("more than 8 bundles extend each other", "put some of them into one"));
    }
    None
}

fn dialect(file: FileId, report: &mut Report) -> Option<Dialect> {
    let name = report.sources.name(file);
    let name = name.rsplit_once('/').map_or(name, |(_, name)| name);
    let option = name.rsplit_once('.').map_or(name, |(name, _)| name).to_owned();
    Some(Dialect { option, document: document(file, report)? })
}

/// A file that cannot be empty.
fn document(file: FileId, report: &mut Report) -> Option<Node> {
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
