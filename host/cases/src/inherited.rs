//! Cases of the bundle that a bundle extends, as far as they hold there as well.

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::source::{At, FileId};
use solgate_document::suggest::did_you_mean;
use solgate_document::yaml::{self, Node, Value};

use crate::case::{Lines, build, named};
use crate::inherit::Bases;
use crate::model::Case;
use crate::room::{Room, weight};
use crate::vocabulary::Vocabulary;

/// The cases of the bundle that is extended.
pub struct BaseCases<'b> {
    /// Its files.
    pub files: &'b [FileId],
    /// Whether a case is about an operation that the extending bundle does not have.
    pub is_of_base_only: &'b dyn Fn(&Case) -> bool,
}

/// Stands for all cases of a file.
const ALL: &str = "all";

/// A value of a header field that is another one here.
struct Change<'n> {
    field: &'n str,
    from: &'n str,
    at: At,
    to: &'n Node,
    is_met: bool,
}

/// A case that does not hold here, or all cases of a file.
struct Dropped<'n> {
    file: &'n str,
    name: Option<&'n str>,
    at: At,
    met: Met,
}

impl Dropped<'_> {
    fn shown(&self) -> String {
        match self.name {
            Some(name) => format!("the case `{name}`"),
            None => format!("the file {}", self.file),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Met {
    No,
    Yes,
    /// Without being dropped it would not be run either.
    LeftOut,
}

/// What `inherited` says.
struct Inherited<'n> {
    changes: Vec<Change<'n>>,
    dropped: Vec<Dropped<'n>>,
}

/// Reads `inherited` of a file of cases; the cases that are left.
pub(crate) fn read(
    node: &Node,
    base: &BaseCases<'_>,
    names: &Vocabulary,
    room: &mut Room,
    report: &mut Report,
) -> Vec<Case> {
    if base.files.is_empty() {
        report
            .mistake(node.at, "there are no cases to inherit: the bundle extends none, or one without cases")
            .hint("leave `inherited` out");
        return Vec::new();
    }
    let Some(mut inherited) = Inherited::read(node, report) else { return Vec::new() };
    let mut cases = Vec::new();
    for file in base.files {
        if !inherited.add(*file, base, names, (&mut cases, room), report) {
            break;
        }
    }
    inherited.check(base, report);
    cases
}

impl<'n> Inherited<'n> {
    fn read(node: &'n Node, report: &mut Report) -> Option<Self> {
        let mut members = Members::open(node, "`inherited`", report)?;
        let (headers, drop) = (members.get("headers"), members.get("drop"));
        members.finish(report);
        let mut changes = Vec::new();
        for (field, values) in headers.and_then(|node| reader::map(node, "`headers`", report)).unwrap_or_default() {
            for (from, to) in reader::map(values, "the values of a header field", report).unwrap_or_default() {
                if reader::line(to, "the value of a header field", report).is_some() {
                    changes.push(Change { field: &field.name, from: &from.name, at: from.at, to, is_met: false });
                }
            }
        }
        let mut dropped: Vec<Dropped<'_>> = Vec::new();
        let mut add = |one: Dropped<'n>, report: &mut Report| match dropped
            .iter()
            .find(|known| known.file == one.file && known.name == one.name)
        {
            Some(_) => {
                report.mistake(one.at, format!("{} is here twice", one.shown()));
            }
            None => dropped.push(one),
        };
        for (file, list) in drop.and_then(|node| reader::map(node, "`drop`", report)).unwrap_or_default() {
            let one = |name, at| Dropped { file: &file.name, name, at, met: Met::No };
            if list.as_str() == Some(ALL) {
                add(one(None, list.at), report);
                continue;
            }
            for item in reader::list(list, "the cases of a file", report).unwrap_or_default() {
                if let Some(name) = reader::line(item, "the name of a case", report) {
                    add(one(Some(name), item.at), report);
                }
            }
        }
        Some(Self { changes, dropped })
    }

    /// Adds the cases of a file; whether there is room for more.
    fn add(
        &mut self,
        file: FileId,
        base: &BaseCases<'_>,
        names: &Vocabulary,
        (cases, room): (&mut Vec<Case>, &mut Room),
        report: &mut Report,
    ) -> bool {
        let Some(root) = yaml::parse(file, report) else { return true };
        let file_name = report.sources.name(file).to_owned();
        let short = short(&file_name);
        let lines = Lines::new(report.sources.text(file));
        let mut bases = Bases::new(root.get("bases").and_then(Node::as_map).unwrap_or_default());
        for item in root.get("cases").and_then(Node::as_list).unwrap_or_default() {
            let Some(name) = item.get("name") else { continue };
            // What a case says of parts that this bundle does not have is a mistake here,
            // and none of its author's: such a case is left out.
            let mut unfit = Report::default();
            let Some(mut merged) = bases.merge(item, &mut unfit) else { continue };
            self.change(&mut merged);
            if room.take(weight(&merged), item.at, report).is_none() {
                return false;
            }
            let built = build(&merged, names, &mut unfit).filter(|_| !unfit.has_mistakes());
            let mut built = built.unwrap_or_default();
            built.retain(|case| !(base.is_of_base_only)(case));
            let text = name.text.trim_end();
            let mut dropped = self
                .dropped
                .iter_mut()
                .filter(|dropped| dropped.file == short && dropped.name.is_none_or(|name| name == text));
            if let Some(dropped) = dropped.next() {
                if !built.is_empty() {
                    dropped.met = Met::Yes;
                } else if dropped.met == Met::No {
                    dropped.met = Met::LeftOut;
                }
                continue;
            }
            cases.extend(named(built, text, (&file_name, lines.of(name.at.start))));
        }
        true
    }

    /// Puts other values into the header fields of a case.
    fn change(&mut self, case: &mut Node) {
        let Some(Value::Map(fields)) = case.get_mut("headers").map(|node| &mut node.value) else { return };
        for (key, node) in fields {
            let values = match &mut node.value {
                Value::List(items) => items.as_mut_slice(),
                _ => std::slice::from_mut(node),
            };
            for value in values {
                let mut changes = self.changes.iter_mut().filter(|change| change.field.eq_ignore_ascii_case(&key.name));
                if let Some(change) = changes.find(|change| change.from == value.text) {
                    change.is_met = true;
                    *value = change.to.clone();
                }
            }
        }
    }

    /// Reports what was said in vain.
    fn check(&self, base: &BaseCases<'_>, report: &mut Report) {
        for change in self.changes.iter().filter(|change| !change.is_met) {
            report.mistake(
                change.at,
                format!("no case of the extended bundle sends `{}: {}`", change.field, change.from),
            );
        }
        for dropped in self.dropped.iter().filter(|dropped| dropped.met != Met::Yes) {
            if dropped.met == Met::LeftOut {
                report
                    .mistake(dropped.at, format!("{} is not run anyway", dropped.shown()))
                    .hint("it is about what this bundle does not have: leave it out here");
                continue;
            }
            let file = base.files.iter().find(|file| short(report.sources.name(**file)) == dropped.file);
            let Some(file) = file else {
                let files: Vec<String> =
                    base.files.iter().map(|file| short(report.sources.name(*file)).to_owned()).collect();
                report
                    .mistake(dropped.at, format!("the extended bundle has no file tests/{}", dropped.file))
                    .maybe_hint(did_you_mean(dropped.file, files.iter().map(String::as_str)));
                continue;
            };
            let Some(name) = dropped.name else { continue };
            let root = yaml::parse(*file, report);
            let cases = root.as_ref().and_then(|root| root.get("cases")).and_then(Node::as_list).unwrap_or_default();
            let known = cases.iter().filter_map(|case| case.get("name")).map(|name| name.text.trim_end());
            report
                .mistake(dropped.at, format!("tests/{} of the extended bundle has no case `{name}`", dropped.file))
                .maybe_hint(did_you_mean(name, known));
        }
    }
}

/// The name of a file below tests/.
fn short(name: &str) -> &str {
    name.rsplit_once("tests/").map_or(name, |(_, name)| name)
}
