//! One file of cases.

use std::collections::BTreeMap;

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::{At, FileId};
use solgate_document::yaml::{self, Node};

use crate::case::{Lines, build, named};
use crate::inherit::Bases;
use crate::inherited::{self, BaseCases};
use crate::model::Case;
use crate::room::{Room, weight};
use crate::vocabulary::Vocabulary;

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
