//! What stands at a place of a text that is being written.
//!
//! Such a text is rarely whole YAML. So a mark is put where the author is, as a name or
//! as part of a value, whatever makes YAML of it; then the tree tells where the mark is.

use std::ops::Range;

use solgate_document::diagnostic::Report;
use solgate_document::yaml::{Node, Value, parse};

/// No author writes this.
const MARK: &str = "zqSolgateMarkqz";

/// One step from a value to one within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Item(usize),
}

/// Where the author is.
#[derive(Debug)]
pub(super) struct Spot {
    /// The document, with the mark in it.
    pub tree: Node,
    /// To the value, or to the mapping that has the name.
    pub path: Vec<Step>,
    pub kind: Kind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// In the name of a member; its text before the place.
    Name(String),
    /// In a scalar; its text before and behind the place.
    Scalar(String, String),
}

/// Finds the spot at a byte of the text.
pub(super) fn find(text: &str, at: usize) -> Option<Spot> {
    let (before, behind) = text.split_at_checked(at)?;
    let line = before.rsplit('\n').next().unwrap_or_default();
    let rest = behind.lines().next().unwrap_or_default();
    let word_end = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
    let (word_rest, rest) = rest.split_at_checked(word_end)?;
    let head = line.trim_end_matches(is_of_word);
    let begins_line = head.trim_start_matches([' ', '-']).is_empty();
    let has_colon = rest.trim_start().starts_with(':');
    let after_word = behind.get(word_rest.len()..)?;
    let name = |end: &str| format!("{before}{MARK}{word_rest}{end}{after_word}");
    let as_name = if has_colon { name("") } else { name(": x") };
    let as_part = name("");
    // A quote that is not closed yet.
    let closed = |quote: char| (line.matches(quote).count() % 2 == 1).then(|| name(&quote.to_string()));
    let whole = move |made: &str| spot(made);
    let in_name = |spot: &Spot| matches!(spot.kind, Kind::Name(_));
    let first = begins_line.then(|| whole(&as_name)).flatten().filter(in_name);
    first
        .or_else(|| whole(&as_part))
        .or_else(|| closed('"').and_then(|made| whole(&made)))
        .or_else(|| closed('\'').and_then(|made| whole(&made)))
        .or_else(|| {
            // The rest of the file is in the way: the item of a list in which the author is.
            let item = item(&as_part)?;
            let cut = as_part.get(item)?;
            let named =
                begins_line.then(|| cut.replacen(&format!("{MARK}{word_rest}"), &format!("{MARK}{word_rest}: x"), 1));
            named.filter(|_| !has_colon).and_then(|made| whole(&made)).filter(in_name).or_else(|| whole(cut))
        })
}

/// The item of a list at the left margin that holds the mark.
fn item(text: &str) -> Option<Range<usize>> {
    let mark = text.find(MARK)?;
    let begins = |(at, _): &(usize, &str)| *at == 0 || text.as_bytes().get(at.saturating_sub(1)) == Some(&b'\n');
    let starts = || text.match_indices("- ").filter(begins).map(|(at, _)| at);
    let start = starts().take_while(|at| *at <= mark).last()?;
    let end = starts().find(|at| *at > mark).unwrap_or(text.len());
    (end.saturating_sub(start) < text.len()).then_some(start..end)
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '$' | '#')
}

fn spot(text: &str) -> Option<Spot> {
    let mut report = Report::default();
    let file = report.sources.add("", text);
    let tree = parse(file, &mut report)?;
    let mut path = Vec::new();
    let kind = search(&tree, &mut path)?;
    Some(Spot { tree, path, kind })
}

fn search(node: &Node, path: &mut Vec<Step>) -> Option<Kind> {
    match &node.value {
        Value::List(items) => items.iter().enumerate().find_map(|(index, item)| {
            path.push(Step::Item(index));
            let found = search(item, path);
            if found.is_none() {
                path.pop();
            }
            found
        }),
        Value::Map(entries) => entries.iter().find_map(|(key, value)| {
            if let Some((before, _)) = key.name.split_once(MARK) {
                return Some(Kind::Name(before.to_owned()));
            }
            path.push(Step::Member(key.name.clone()));
            let found = search(value, path);
            if found.is_none() {
                path.pop();
            }
            found
        }),
        _ => {
            let (before, behind) = node.text.split_once(MARK)?;
            Some(Kind::Scalar(before.to_owned(), behind.to_owned()))
        }
    }
}

/// A name as it was before the mark came into it.
pub(super) fn unmarked(name: &str) -> String {
    name.replace(MARK, "")
}

impl Spot {
    /// The value at the start of the path, so many steps of it.
    pub fn value(&self, steps: usize) -> Option<&Node> {
        let path = self.path.iter().take(steps).map(|step| match step {
            Step::Member(name) => name.clone(),
            Step::Item(index) => index.to_string(),
        });
        self.tree.follow(path)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn shown(marked: &str) -> String {
        let at = marked.find('|').unwrap();
        let text = marked.replacen('|', "", 1);
        let Some(spot) = find(&text, at) else { return "nothing".to_owned() };
        let path: Vec<String> = spot
            .path
            .iter()
            .map(|step| match step {
                Step::Member(name) => name.clone(),
                Step::Item(index) => index.to_string(),
            })
            .collect();
        format!("{} {:?}", path.join("/"), spot.kind)
    }

    #[test]
    fn a_place_is_found_in_what_is_no_yaml_yet() {
        for (text, expected) in [
            ("- id: a\n  req|\n", "0 Name(\"req\")"),
            ("- id: a\n  |\n  require: x\n", "0 Name(\"\")"),
            ("- id: a\n  re|quire: x\n", "0 Name(\"re\")"),
            ("- |", "0 Name(\"\")"),
            ("- id: a\n  require: body.|\n", "0/require Scalar(\"body.\", \"\")"),
            ("- id: a\n  require: body.te| == 1\n", "0/require Scalar(\"body.te\", \" == 1\")"),
            (
                "- id: a\n  require: >-\n    a &&\n    body.te|\n    || c\n",
                "0/require Scalar(\"a && body.te\", \" || c\")",
            ),
            ("- id: a\n  otherwise: { sta| }\n", "0/otherwise Name(\"sta\")"),
            ("- id: a\n  otherwise:\n    |\n", "0/otherwise Name(\"\")"),
            ("- id: a\n  severity: |\n", "0/severity Scalar(\"\", \"\")"),
            ("- id: a\n  operations: [ter|, b]\n", "0/operations/0 Scalar(\"ter\", \"\")"),
            ("- id: a\n  operations:\n    - ter|\n", "0/operations/0 Name(\"ter\")"),
            ("- id: a\n  require: \"body.|\n", "0/require Scalar(\"body.\", \"\")"),
            ("- id: a\n  require: inList('|\n", "0/require Scalar(\"inList('\", \"\")"),
            ("a: [\n- id: a\n  require: body.|\n- b: ]", "0/require Scalar(\"body.\", \"\")"),
            ("a: { |", "nothing"),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
