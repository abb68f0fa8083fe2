//! Data: tables and other values in files of their own, each with a schema.

mod csv;
mod fit;

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::{At, FileId};
use solgate_document::yaml::{self, Key, Node, Style, Value};
use solgate_engine::ir;

use super::{file_name, redefinition};
use crate::digest;
use crate::files::{Home, IoError};
use crate::variables::is_identifier;

/// Most entries of one file.
const MAX_ENTRIES: usize = 50_000;
/// Longest JSON text of all data of a bundle, in bytes: all of it becomes part of the policy.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Data and the places that messages about it point at.
#[derive(Debug)]
pub(crate) struct Data {
    pub def: ir::Data,
    pub at: At,
    /// What every value in it is like: the types of expressions follow from it.
    pub schema: Node,
}

/// Reads `data` and adds it to the inherited.
pub(super) fn read(
    node: Option<&Node>,
    mut all: Vec<Data>,
    home: &Home,
    report: &mut Report,
) -> Result<Vec<Data>, IoError> {
    let entries = node.and_then(|node| reader::map(node, "`data`", report));
    for (key, node) in entries.unwrap_or_default() {
        if !is_identifier(&key.name) {
            report
                .mistake(key.at, format!("`{}` cannot be the name of data", key.name))
                .hint("letters, digits and `_`, so that expressions can read data.NAME");
            continue;
        }
        let mut written = Written { key, file: Some(node), schema: None, column: None };
        let mut replaces = None;
        if let Value::Map(_) = node.value
            && let Some(mut members) = Members::open(node, "a data file", report)
        {
            written.file = members.require("file", report);
            written.schema = members.get("schema");
            written.column = members.get("key");
            replaces = members.get("override");
            members.finish(report);
        }
        let known = all.iter().position(|data| data.def.name == key.name);
        let first = known.and_then(|index| all.get(index)).map(|data| data.at);
        if !redefinition("data file", key, first, replaces, report) {
            continue;
        }
        let Some(data) = data(&written, home, report)? else { continue };
        match known.and_then(|index| all.get_mut(index)) {
            Some(known) => *known = data,
            None => all.push(data),
        }
    }
    let bytes = all.iter().map(|data| data.def.json.len()).fold(0, usize::saturating_add);
    if let Some(node) = node.filter(|_| bytes > MAX_BYTES) {
        report
            .mistake(node.at, format!("the data of the bundle is {bytes} bytes long, as JSON; at most {MAX_BYTES}"))
            .hint("all of it becomes part of the policy: keep what rules read");
    }
    Ok(all)
}

/// An entry of `data`.
struct Written<'n> {
    key: &'n Key,
    file: Option<&'n Node>,
    schema: Option<&'n Node>,
    /// Of a CSV file, the column whose cells are the names of the rows.
    column: Option<&'n Node>,
}

/// `None` if there is no such file, which has been reported. Whatever else is wrong leaves
/// the name known: rules may read it.
fn data(written: &Written<'_>, home: &Home, report: &mut Report) -> Result<Option<Data>, IoError> {
    let name = written.key.name.as_str();
    let example = "data/flavours.yaml";
    let Some((path, node)) = written.file.and_then(|node| file_name(node, "a data file", example, report)) else {
        return Ok(None);
    };
    let (file, is_there) = home.read_file(path, report)?;
    if !is_there {
        report
            .mistake(node.at, format!("there is no file `{path}`"))
            .hint("the path is relative to the folder of this policy.yaml");
        return Ok(None);
    }
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
    let schema = schema(written, stem, home, report)?;
    let before = report.mistakes();
    let value = match (extension, file) {
        (_, None) => None,
        ("yaml" | "yml" | "json", Some(file)) => {
            if let Some(column) = written.column {
                report
                    .mistake(column.at, "`key` goes with a CSV file only")
                    .hint("in YAML and JSON, write an object: the names of its members are the keys");
            }
            yaml::parse(file, report)
        }
        ("csv", Some(file)) => {
            let column = written.column.and_then(|node| reader::line(node, "`key`", report).map(|name| (name, node)));
            schema.as_ref().and_then(|schema| csv::read(file, column, schema, report))
        }
        (_, Some(_)) => {
            report
                .mistake(node.at, format!("`{path}` has none of the formats of data"))
                .hint("its name ends in .yaml, .yml, .json or .csv");
            None
        }
    };
    if let (Some(value), Some(file)) = (&value, file) {
        check_size(name, value, file, report);
    }
    if let (Some(value), Some(schema)) = (&value, &schema)
        && report.mistakes() == before
    {
        fit::check(value, schema, report);
    }
    let json = value.map_or_else(|| "null".to_owned(), |value| value.to_json().to_string());
    let digest = file.map_or_else(String::new, |file| digest::of(report.sources.text(file)));
    let schema = schema.unwrap_or(Node {
        value: Value::Map(Vec::new()),
        at: written.key.at,
        text: String::new(),
        style: Style::Plain,
        made_of: None,
    });
    let def = ir::Data { name: name.to_owned(), file: path.to_owned(), digest, json };
    Ok(Some(Data { def, at: written.key.at, schema }))
}

/// The schema: in policy.yaml, in the file that it names, or beside the data.
fn schema(written: &Written<'_>, stem: &str, home: &Home, report: &mut Report) -> Result<Option<Node>, IoError> {
    let schema = match written.schema {
        Some(node) if node.as_map().is_some() => Some(node.clone()),
        Some(node) => {
            let Some((path, node)) = file_name(node, "a schema", "data/flavours.schema.json", report) else {
                return Ok(None);
            };
            let (file, is_there) = home.read_file(path, report)?;
            if !is_there {
                report
                    .mistake(node.at, format!("there is no file `{path}`"))
                    .hint("write a JSON Schema here, or the path of a file that holds one");
            }
            file.and_then(|file| yaml::parse(file, report))
        }
        None => {
            let beside = [".schema.json", ".schema.yaml"].map(|ending| format!("{stem}{ending}"));
            let mut found: Option<Option<FileId>> = None;
            for path in &beside {
                let (file, is_there) = home.read_file(path, report)?;
                if is_there {
                    found = Some(file);
                    break;
                }
            }
            match found {
                Some(file) => file.and_then(|file| yaml::parse(file, report)),
                None => {
                    let [json, _] = &beside;
                    report
                        .mistake(written.key.at, format!("the data `{}` has no schema", written.key.name))
                        .hint(format!("write a JSON Schema under `schema`, or into a file {json} beside the data"));
                    return Ok(None);
                }
            }
        }
    };
    if let Some(schema) = &schema
        && schema.as_map().is_none()
    {
        report.mistake(schema.at, format!("a schema is a mapping, but here is {}", schema.kind()));
        return Ok(None);
    }
    Ok(schema)
}

fn check_size(name: &str, value: &Node, file: FileId, report: &mut Report) {
    let entries = value.as_list().map(<[Node]>::len).or_else(|| value.as_map().map(<[(Key, Node)]>::len));
    match entries {
        Some(0) => {
            report.warning(At::start_of(file), format!("the data `{name}` is empty"));
        }
        Some(entries) if entries > MAX_ENTRIES => {
            report.mistake(
                At::start_of(file),
                format!("the data `{name}` has {entries} entries; at most {MAX_ENTRIES} are allowed"),
            );
        }
        _ => {}
    }
}

/// Names that are there twice, by what they are.
#[derive(Default)]
struct Seen<'t>(BTreeMap<&'t str, At>);

impl<'t> Seen<'t> {
    /// The first place of a name that is there already.
    fn first(&mut self, name: &'t str, at: At) -> Option<At> {
        let first = self.0.get(name).copied();
        if first.is_none() {
            self.0.insert(name, at);
        }
        first
    }
}
