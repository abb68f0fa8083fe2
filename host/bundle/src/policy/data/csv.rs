//! Tables as comma-separated values (RFC 4180), each cell with the type that the schema
//! gives its column.

use serde_json::Number;
use solgate_document::diagnostic::Report;
use solgate_document::source::{At, FileId};
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{Key, Node, Style, Value};

use super::Seen;
use crate::openapi::followed;

/// What separates the items of a cell that is a list.
const ITEMS: char = '|';

struct Cell {
    text: String,
    at: At,
}

/// What the cells of a column become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Bool,
}

struct Column<'r> {
    name: &'r str,
    at: At,
    kind: Kind,
    /// The cells hold several.
    is_list: bool,
}

/// A list of the rows, or with `column` an object that has each under the name in that
/// column. `None` if nothing can be made of the file, which has been reported.
pub(super) fn read(file: FileId, column: Option<(&str, &Node)>, schema: &Node, report: &mut Report) -> Option<Node> {
    let text = report.sources.text(file).to_owned();
    let rows = records(file, &text, report)?;
    let Some((header, rows)) = rows.split_first() else {
        report.mistake(At::start_of(file), "the file has no header").hint("the first line names the columns");
        return None;
    };
    let (keyword, whole) = if column.is_some() { ("additionalProperties", "an object") } else { ("items", "a list") };
    let of_rows = schema.get(keyword).map(|rows| followed(schema, rows));
    let Some(properties) = of_rows.and_then(|rows| rows.get("properties")) else {
        report
            .mistake(schema.at, format!("the schema does not say what columns there are: this file is {whole} of rows"))
            .hint(format!("describe a row: `{keyword}: {{ type: object, properties: {{ ... }} }}`"));
        return None;
    };
    let columns = columns(header, schema, properties, report)?;
    let key = match column {
        None => None,
        Some((name, node)) => {
            let Some(index) = columns.iter().position(|column| column.name == name) else {
                report
                    .mistake(node.at, format!("the file has no column `{name}`"))
                    .maybe_hint(did_you_mean(name, columns.iter().map(|column| column.name)));
                return None;
            };
            Some(index)
        }
    };
    let whole = At { file, start: 0, end: header.last().map_or(0, |cell| cell.at.end) };
    let value = match key {
        Some(index) => Value::Map(by_key(index, &columns, rows, report)),
        None => Value::List(listed(&columns, rows, report)),
    };
    Some(Node { value, at: whole, text: String::new(), style: Style::Plain, made_of: None })
}

fn columns<'r>(header: &'r [Cell], schema: &Node, properties: &Node, report: &mut Report) -> Option<Vec<Column<'r>>> {
    let mut seen = Seen::default();
    let before = report.mistakes();
    let mut columns = Vec::new();
    for cell in header {
        let name = cell.text.as_str();
        if name.is_empty() {
            report.mistake(cell.at, "a column has no name");
            continue;
        }
        if let Some(first) = seen.first(name, cell.at) {
            report.mistake(cell.at, format!("the column `{name}` is here twice")).related(first, "first here");
            continue;
        }
        let Some(property) = properties.get(name) else {
            let known = properties.as_map().unwrap_or_default().iter().map(|(key, _)| key.name.as_str());
            let of_one = header.len() == 1 && name.contains([';', '\t']);
            report
                .mistake(cell.at, format!("the schema of a row has no property `{name}`"))
                .maybe_hint(
                    of_one.then(|| "separate columns by commas".to_owned()).or_else(|| did_you_mean(name, known)),
                )
                .related(properties.at, "these are its properties");
            continue;
        };
        let property = followed(schema, property);
        let of = type_of(property);
        let is_list = of == "array";
        let of = if is_list { property.get("items").map_or("", |items| type_of(followed(schema, items))) } else { of };
        let kind = match of {
            "integer" | "number" => Kind::Number,
            "boolean" => Kind::Bool,
            _ => Kind::Text,
        };
        columns.push(Column { name, at: cell.at, kind, is_list });
    }
    (report.mistakes() == before).then_some(columns)
}

/// The type that a schema names, of several the first that is not null.
fn type_of(schema: &Node) -> &str {
    let Some(node) = schema.get("type") else { return "" };
    let first = node.as_list().and_then(|types| types.iter().find(|name| name.text != "null"));
    first.unwrap_or(node).text.as_str()
}

fn by_key(key: usize, columns: &[Column<'_>], rows: &[Vec<Cell>], report: &mut Report) -> Vec<(Key, Node)> {
    let mut seen = Seen::default();
    let mut entries = Vec::with_capacity(rows.len());
    for cells in rows {
        let Some(row) = row(columns, cells, report) else { continue };
        let Some(cell) = cells.get(key) else { continue };
        let name = cell.text.as_str();
        let column = columns.get(key).map_or("", |column| column.name);
        if name.is_empty() {
            report.mistake(row.at, format!("the row has no `{column}`")).hint("each row has a key of its own");
        } else if let Some(first) = seen.first(name, cell.at) {
            report
                .mistake(cell.at, format!("`{name}` is there twice as `{column}`"))
                .hint("each row has a key of its own")
                .related(first, "first here");
        } else {
            entries.push((Key { name: name.to_owned(), at: cell.at }, row));
        }
    }
    entries
}

fn listed(columns: &[Column<'_>], rows: &[Vec<Cell>], report: &mut Report) -> Vec<Node> {
    let texts: Vec<String> = rows
        .iter()
        .map(|cells| cells.iter().map(|cell| cell.text.as_str()).collect::<Vec<_>>().join("\u{1f}"))
        .collect();
    let mut seen = Seen::default();
    let mut items = Vec::with_capacity(rows.len());
    for (cells, text) in rows.iter().zip(&texts) {
        let Some(row) = row(columns, cells, report) else { continue };
        match seen.first(text, row.at) {
            Some(first) => {
                report.mistake(row.at, "this row is there twice").related(first, "first here");
            }
            None => items.push(row),
        }
    }
    items
}

/// `None` if it has more or fewer cells than the header, which has been reported.
fn row(columns: &[Column<'_>], cells: &[Cell], report: &mut Report) -> Option<Node> {
    let (first, last) = (cells.first()?, cells.last()?);
    let at = At { file: first.at.file, start: first.at.start, end: last.at.end };
    if cells.len() != columns.len() {
        report
            .mistake(at, format!("the row has {} cells, but the header names {} columns", cells.len(), columns.len()))
            .hint("put a cell that holds a comma or a quote in double quotes; leave a cell empty for what is absent");
        return None;
    }
    let mut members = Vec::with_capacity(columns.len());
    for (column, cell) in columns.iter().zip(cells) {
        // An empty cell says that the row has no such member.
        if cell.text.is_empty() {
            continue;
        }
        let scalar = |text: &str, report: &mut Report| value(column, text, cell.at, report);
        let node = if column.is_list {
            let items = cell.text.split(ITEMS).filter_map(|item| scalar(item.trim(), report)).collect();
            Some(Node {
                value: Value::List(items),
                at: cell.at,
                text: String::new(),
                style: Style::Plain,
                made_of: None,
            })
        } else {
            scalar(&cell.text, report)
        };
        members.extend(node.map(|node| (Key { name: column.name.to_owned(), at: column.at }, node)));
    }
    Some(Node { value: Value::Map(members), at, text: String::new(), style: Style::Plain, made_of: None })
}

fn value(column: &Column<'_>, text: &str, at: At, report: &mut Report) -> Option<Node> {
    let (value, what) = match column.kind {
        Kind::Text => (Some(Value::String), "text"),
        Kind::Number => (serde_json::from_str::<Number>(text).ok().map(Value::Number), "a number"),
        Kind::Bool => (text.parse().ok().map(Value::Bool), "true or false"),
    };
    if value.is_none() {
        report.mistake(at, format!("`{}` is {what} by the schema, but here is `{text}`", column.name));
    }
    value.map(|value| Node { value, at, text: text.to_owned(), style: Style::Plain, made_of: None })
}

/// The rows of a text, apart from blank lines. `None` for quotes that do not pair.
fn records(file: FileId, text: &str, report: &mut Report) -> Option<Vec<Vec<Cell>>> {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut row: Vec<Cell> = Vec::new();
    let mut at = 0_usize;
    loop {
        let rest = text.get(at..).unwrap_or("");
        let blank = rest.len().saturating_sub(rest.trim_start_matches([' ', '\t']).len());
        let start = at.saturating_add(blank);
        let (cell, end) = match rest.get(blank..).and_then(|cell| cell.strip_prefix('"')) {
            Some(quoted) => {
                let Some((cell, length)) = unquoted(quoted) else {
                    report
                        .mistake(At { file, start, end: start.saturating_add(1) }, "a quote without its counterpart")
                        .hint("in a quoted cell, a double quote is written twice");
                    return None;
                };
                (cell, start.saturating_add(length).saturating_add(1))
            }
            None => {
                let cell = rest.split([',', '\n']).next().unwrap_or("");
                (cell.trim().to_owned(), at.saturating_add(cell.len()))
            }
        };
        let after = text.get(end..).unwrap_or("");
        let separator = after.trim_start_matches([' ', '\t', '\r']);
        let next = text.len().saturating_sub(separator.len());
        let is_quoted = rest.get(blank..).is_some_and(|cell| cell.starts_with('"'));
        if is_quoted && !separator.is_empty() && !separator.starts_with([',', '\n']) {
            report
                .mistake(At { file, start: next, end: next.saturating_add(1) }, "text behind a quoted cell")
                .hint("a comma or the end of the line follows a quoted cell");
            return None;
        }
        let length = if is_quoted { end.saturating_sub(start) } else { cell.len() };
        row.push(Cell { text: cell, at: At { file, start, end: start.saturating_add(length) } });
        if separator.starts_with(',') {
            at = next.saturating_add(1);
            continue;
        }
        let is_blank = matches!(row.as_slice(), [only] if only.text.is_empty() && !is_quoted);
        let ended = std::mem::take(&mut row);
        if !is_blank {
            rows.push(ended);
        }
        if separator.is_empty() {
            return Some(rows);
        }
        at = next.saturating_add(1);
    }
}

/// The text of a quoted cell, from behind its first quote, and its length with the last.
fn unquoted(text: &str) -> Option<(String, usize)> {
    let mut cell = String::new();
    let mut at = 0_usize;
    loop {
        let rest = text.get(at..)?;
        let (part, after) = rest.split_once('"')?;
        cell.push_str(part);
        at = at.saturating_add(part.len()).saturating_add(1);
        if !after.starts_with('"') {
            return Some((cell, at));
        }
        cell.push('"');
        at = at.saturating_add(1);
    }
}
