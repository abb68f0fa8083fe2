//! Lists: sets of texts, in files of their own.

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::{At, FileId};
use solgate_document::yaml::{Node, Value};
use solgate_engine::ir;

use super::{file_name, redefinition};
use crate::files::{Home, IoError};
use crate::variables::is_identifier;

/// Most entries of one list.
const MAX_ENTRIES: usize = 50_000;
/// Longest entry, in bytes.
const MAX_ENTRY: usize = 1000;

/// A list and the places that messages about it point at.
#[derive(Debug)]
pub(crate) struct List {
    pub def: ir::List,
    pub at: At,
    /// Of each entry.
    pub places: Vec<At>,
}

/// Reads `lists` and adds them to the inherited ones.
pub(super) fn read(
    node: Option<&Node>,
    mut lists: Vec<List>,
    home: &Home,
    report: &mut Report,
) -> Result<Vec<List>, IoError> {
    let mut files: BTreeMap<String, Option<FileId>> = BTreeMap::new();
    let entries = node.and_then(|node| reader::map(node, "`lists`", report));
    for (key, node) in entries.unwrap_or_default() {
        if !is_identifier(&key.name) {
            report
                .mistake(key.at, format!("`{}` cannot be the name of a list", key.name))
                .hint("letters, digits and `_`, beginning with a letter or `_`");
            continue;
        }
        let mut file = Some(node);
        let mut replaces = None;
        if let Value::Map(_) = node.value
            && let Some(mut members) = Members::open(node, "a list", report)
        {
            file = members.require("file", report);
            replaces = members.get("override");
            members.finish(report);
        }
        let known = lists.iter().position(|list| list.def.name == key.name);
        let first = known.and_then(|index| lists.get(index)).map(|list| list.at);
        if !redefinition("list", key, first, replaces, report) {
            continue;
        }
        let Some((name, node)) = file.and_then(|node| file_name(node, "a list", "lists/callback-hosts.txt", report))
        else {
            continue;
        };
        let read = match files.get(name) {
            Some(file) => *file,
            None => {
                let (file, is_there) = home.read_file(name, report)?;
                if !is_there {
                    report
                        .mistake(node.at, format!("there is no file `{name}`"))
                        .hint("the path is relative to the folder of this policy.yaml");
                }
                files.insert(name.to_owned(), file);
                file
            }
        };
        // Known even if its file is not: rules may name it.
        let (entries, places) = read.map(|file| entries_of(file, report)).unwrap_or_default().into_iter().unzip();
        let list = List { def: ir::List { name: key.name.clone(), entries }, at: key.at, places };
        match known.and_then(|index| lists.get_mut(index)) {
            Some(known) => *known = list,
            None => lists.push(list),
        }
    }
    Ok(lists)
}

/// One entry a line; what follows a `#` at its start or after a blank is a comment.
fn entries_of(file: FileId, report: &mut Report) -> Vec<(String, At)> {
    let text = report.sources.text(file).to_owned();
    let mut entries: BTreeMap<&str, At> = BTreeMap::new();
    let mut found = Vec::new();
    let mut start = 0_usize;
    for line in text.split_inclusive('\n') {
        let line_start = start;
        start = start.saturating_add(line.len());
        let comment = line.match_indices('#').map(|(at, _)| at);
        let comment = comment
            .into_iter()
            .find(|at| line.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t'])));
        let content = comment.and_then(|at| line.get(..at)).unwrap_or(line);
        let entry = content.trim();
        if entry.is_empty() {
            continue;
        }
        let indent = content.len().saturating_sub(content.trim_start().len());
        let from = line_start.saturating_add(indent);
        let at = At { file, start: from, end: from.saturating_add(entry.len()) };
        if entry.len() > MAX_ENTRY || entry.chars().any(char::is_control) {
            report
                .mistake(
                    at,
                    format!(
                        "this cannot be an entry: it is longer than {MAX_ENTRY} bytes or holds a control character"
                    ),
                )
                .hint("a list has one entry a line");
        } else if let Some(fault) = wildcard_fault(entry) {
            report.mistake(at, fault).hint(
                "`*` is a wildcard only as `*.` at the start of an entry: it stands for all that is below the name",
            );
        } else if let Some(first) = entries.get(entry) {
            report.warning(at, format!("`{entry}` is in the list twice")).related(*first, "first here");
        } else if found.len() >= MAX_ENTRIES {
            report.mistake(at, format!("the list has more than {MAX_ENTRIES} entries"));
            break;
        } else {
            entries.insert(entry, at);
            found.push((entry.to_owned(), at));
        }
    }
    if found.is_empty() {
        report
            .warning(At::start_of(file), format!("the list {} is empty", report.sources.name(file).to_owned()))
            .hint("nothing is in it, so that `inList` is never true");
    }
    found
}

/// A `*` that would look as if it stood for something.
fn wildcard_fault(entry: &str) -> Option<String> {
    let rest = entry.strip_prefix("*.").unwrap_or(entry);
    (rest.is_empty() || rest.contains('*')).then(|| format!("`{entry}` has a `*` that is not a wildcard"))
}
