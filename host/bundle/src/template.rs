//! Texts with variables in braces: paths of operations and of facts.

use solgate_document::diagnostic::Report;
use solgate_document::source::At;
use solgate_document::yaml::{Node, locate};

use crate::variables::is_identifier;

/// A variable of a template.
#[derive(Debug, Clone)]
pub(crate) struct Variable {
    pub name: String,
    pub at: At,
}

impl Variable {
    /// What it takes from elsewhere than the path: `caller`, `body` or a fact, and the
    /// members that lead to it.
    pub fn taken(&self) -> Option<(&str, Vec<&str>)> {
        let mut steps = self.name.split('.');
        let root = steps.next()?;
        let steps: Vec<&str> = steps.collect();
        (!steps.is_empty()).then_some((root, steps))
    }
}

/// The variables of a text, in order. Braces that do not pair or that do not
/// enclose a name are reported.
pub(crate) fn variables(node: &Node, report: &mut Report) -> Vec<Variable> {
    read(node, is_identifier, report)
}

/// The same for a template that also takes members, such as `{caller.tenant}`.
pub(crate) fn members_and_variables(node: &Node, report: &mut Report) -> Vec<Variable> {
    read(node, |name| name.split('.').all(is_identifier), report)
}

fn read(node: &Node, is_name: impl Fn(&str) -> bool, report: &mut Report) -> Vec<Variable> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, c) in node.text.chars().enumerate() {
        match (c, &mut open) {
            ('{', None) => open = Some((at, String::new())),
            ('}', Some((start, name))) => {
                let place = locate(node, &report.sources, *start, at.saturating_add(1));
                if is_name(name) {
                    found.push(Variable { name: std::mem::take(name), at: place });
                } else {
                    report.mistake(place, format!("`{{{name}}}` does not name a variable"));
                }
                open = None;
            }
            ('{' | '}', _) => {
                let place = locate(node, &report.sources, at, at.saturating_add(1));
                report.mistake(place, format!("`{c}` without its counterpart"));
                return found;
            }
            (c, Some((_, name))) => name.push(c),
            (_, None) => {}
        }
    }
    if let Some((start, _)) = open {
        let place = locate(node, &report.sources, start, start.saturating_add(1));
        report.mistake(place, "`{` without its counterpart");
    }
    found
}

/// What is wrong with a path below an API root, apart from its variables.
pub(crate) fn path_fault(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("must start with a slash");
    }
    if path.len() > 1 && path.ends_with('/') {
        return Some("must not end with a slash");
    }
    let segments = || path.split('/').skip(1);
    if path.len() > 1 && segments().any(str::is_empty) {
        return Some("has an empty segment");
    }
    if segments().any(|segment| matches!(segment, "." | "..")) {
        return Some("has a dot segment");
    }
    if path.chars().any(|c| !c.is_ascii_graphic() || matches!(c, '?' | '#' | '%' | '\\' | '"' | '<' | '>')) {
        return Some("holds a character that a path here must not have");
    }
    None
}
