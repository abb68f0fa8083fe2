//! One case, from all that stands in it.

use solgate_document::diagnostic::Report;
use solgate_document::reader::{self, Members};
use solgate_document::yaml::Node;

use crate::model::Case;
use crate::vocabulary::Vocabulary;
use crate::{expect, given, request};

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
