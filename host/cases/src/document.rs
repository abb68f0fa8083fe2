//! One file of cases.

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::{At, FileId};
use solgate_document::yaml::{self, Node, Value};

use crate::inherit::Bases;
use crate::inherited::{self, BaseCases};
use crate::model::Case;
use crate::vocabulary::Vocabulary;
use crate::{expect, given, request};

/// What a case may have besides its name, and a base, too.
const MEMBERS: [&str; 18] = [
    "base",
    "set",
    "unset",
    "method",
    "path",
    "target",
    "apiRoot",
    "headers",
    "body",
    "text",
    "base64",
    "bodyComplete",
    "facts",
    "options",
    "severity",
    "mode",
    "caller",
    "at",
];

/// Memory that cases may take: a file of a few lines can stand for much, by
/// `repeat` and by a large base that many cases share.
pub(crate) struct Room {
    /// In bytes.
    left: usize,
}

impl Room {
    /// Reports that it is used up.
    pub fn take(&mut self, bytes: usize, at: At, report: &mut Report) -> Option<()> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Some(())
            }
            None => {
                report
                    .mistake(at, "the cases up to here need more than 256 MiB of memory")
                    .hint("use fewer long texts, and smaller bases");
                None
            }
        }
    }
}

impl Default for Room {
    fn default() -> Self {
        Self { left: 256 << 20 }
    }
}

/// Reads a file. What is wrong goes to the report.
pub(crate) fn read(
    file: FileId,
    names: &Vocabulary,
    base: Option<&BaseCases<'_>>,
    room: &mut Room,
    report: &mut Report,
) -> Vec<Case> {
    let Some(root) = yaml::parse(file, report) else { return Vec::new() };
    let Some(mut members) = Members::open(&root, "a file of cases", report) else { return Vec::new() };
    let bases = members.get("bases").and_then(|node| reader::map(node, "`bases`", report)).unwrap_or_default();
    let inherited = members.get("inherited");
    let written = if inherited.is_some() { members.get("cases") } else { members.require("cases", report) };
    let written = written.and_then(|node| reader::list(node, "`cases`", report));
    members.finish(report);
    for (_, node) in bases {
        check_members(node, &[], report);
    }
    let lines = Lines::new(report.sources.text(file));
    let mut bases = Bases::new(bases);
    let mut known: BTreeMap<&str, At> = BTreeMap::new();
    let mut cases = Vec::new();
    for node in written.unwrap_or_default() {
        let Some(name_node) = check_members(node, &["name", "expect"], report) else { continue };
        let name = reader::line(name_node, "the name of a case", report);
        if let Some(name) = name {
            if let Some(first) = known.get(name) {
                report.mistake(name_node.at, format!("two cases have the name `{name}`")).related(*first, "the first");
            } else {
                known.insert(name, name_node.at);
            }
        }
        let Some(merged) = bases.merge(node, report) else { continue };
        if room.take(weight(&merged), node.at, report).is_none() {
            return cases;
        }
        let Some(built) = build(&merged, names, report) else { continue };
        for case in &built {
            if room.take(case.body.len().saturating_add(case.target.len()), node.at, report).is_none() {
                return cases;
            }
        }
        let place = (report.sources.name(file), lines.of(name_node.at.start));
        cases.extend(named(built, name.unwrap_or_default(), place));
    }
    bases.check_unused(report);
    if let (Some(node), Some(base)) = (inherited, base) {
        cases.extend(inherited::read(node, base, names, room, report));
    }
    cases
}

/// Reports members that neither case nor base has; gives the `name`, if one is
/// needed and there.
fn check_members<'n>(node: &'n Node, needed: &[&'static str], report: &mut Report) -> Option<&'n Node> {
    let mut members = Members::open(node, "a case", report)?;
    for name in MEMBERS {
        members.get(name);
    }
    members.get("expect");
    let name = if needed.is_empty() { None } else { members.require("name", report) };
    members.finish(report);
    name
}

/// A case with everything that it inherits; one for each API root.
pub(crate) fn build(merged: &Node, names: &Vocabulary, report: &mut Report) -> Option<Vec<Case>> {
    let mut members = Members::open(merged, "a case", report)?;
    let method = members.get("method").map_or(Some("GET"), |node| reader::line(node, "`method`", report));
    let (path, target, api_root) = (members.get("path"), members.get("target"), members.get("apiRoot"));
    let targets = request::targets(merged, path, target, api_root, names, report);
    let fields = request::fields(members.get("headers"), report);
    let body = request::body(members.get("body"), members.get("text"), members.get("base64"), report);
    let body_complete = members.get("bodyComplete").map(|node| reader::boolean(node, "`bodyComplete`", report));
    let facts = given::facts(members.get("facts"), names, report);
    let settings = given::settings(members.get("options"), members.get("severity"), names, report);
    let mode = given::mode(members.get("mode"), report);
    let caller = given::caller(members.get("caller"), report);
    let at = given::at(members.get("at"), report);
    let expect = members.require("expect", report).and_then(|node| expect::read(node, mode, names, report));
    members.finish(report);
    let case = Case {
        name: String::new(),
        file: String::new(),
        line: 0,
        method: method?.to_owned(),
        target: String::new(),
        fields,
        body: body?,
        body_complete: body_complete.unwrap_or(Some(true))?,
        facts,
        settings,
        caller,
        at: at?,
        mode,
        expect: expect?,
    };
    Some(targets?.into_iter().map(|target| Case { target, ..case.clone() }).collect())
}

pub(crate) fn named(cases: Vec<Case>, name: &str, (file, line): (&str, usize)) -> impl Iterator<Item = Case> {
    let several = cases.len() > 1;
    cases.into_iter().map(move |case| Case {
        name: if several { format!("{name} [{}]", case.target) } else { name.to_owned() },
        file: file.to_owned(),
        line,
        ..case
    })
}

/// Roughly the memory that a tree takes, in bytes.
pub(crate) fn weight(node: &Node) -> usize {
    let below: usize = match &node.value {
        Value::List(items) => items.iter().map(weight).fold(0, usize::saturating_add),
        Value::Map(entries) => {
            entries.iter().map(|(key, node)| weight(node).saturating_add(key.name.len())).fold(0, usize::saturating_add)
        }
        _ => node.text.len(),
    };
    below.saturating_add(size_of::<Node>())
}

/// Where the lines of a file begin.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub fn new(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line of a byte, counted from 1.
    pub fn of(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte).saturating_add(1)
    }
}
