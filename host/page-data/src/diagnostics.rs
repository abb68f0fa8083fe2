//! What the compiler says, as the page shows it: places as editors count them.

use std::ops::Range;

use serde_json::{Value, json};
use solgate_bundle::authoring::is_file;
use solgate_bundle::{Diagnostic, Lines, Position, Severity, Sources, Span};

/// All of them, in their order.
#[must_use]
pub fn all(found: &[Diagnostic], sources: &Sources) -> Vec<Value> {
    found.iter().map(|diagnostic| one(diagnostic, sources)).collect()
}

fn one(found: &Diagnostic, sources: &Sources) -> Value {
    let severity = match found.severity {
        Severity::Mistake => "error",
        Severity::Warning => "warning",
    };
    let related = found.related.as_ref().map(|related| {
        let range = in_file(&related.file, Some(&related.span), sources);
        json!({ "path": related.file, "range": range, "message": related.label })
    });
    // Of a file that is not there, or that nobody can change, the bundle's first file tells.
    let can_be_shown = sources.find(&found.file).is_some() && is_file(&found.file);
    let (path, range, message) = match can_be_shown {
        true => (found.file.as_str(), in_file(&found.file, found.span.as_ref(), sources), found.message.clone()),
        false => ("policy.yaml", in_file("", None, sources), format!("{}: {}", found.file, found.message)),
    };
    json!({
        "path": path,
        "range": range,
        "severity": severity,
        "message": message,
        "help": found.hint,
        "related": related,
    })
}

fn in_file(file: &str, span: Option<&Span>, sources: &Sources) -> Value {
    let start = Position { line: 0, character: 0 };
    let found = sources.find(file).zip(span).map(|(source, span)| Lines::of(&source.text).range(&span.bytes));
    range(&found.unwrap_or(start..start))
}

/// As the Language Server Protocol has it.
pub(crate) fn range(range: &Range<Position>) -> Value {
    let position = |place: Position| json!({ "line": place.line, "character": place.character });
    json!({ "start": position(range.start), "end": position(range.end) })
}
