//! What the compiler says, in the protocol's words.

use std::path::PathBuf;

use gen_lsp_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, Message, Position, Range, Uri,
};
use solgate_bundle::{Lines, Severity, Sources, Span};

use crate::uri;

/// Who says it.
const SOURCE: &str = "solgate";

pub(crate) fn diagnostic(
    found: &solgate_bundle::Diagnostic,
    sources: &Sources,
    place: impl Fn(&str) -> Option<PathBuf>,
) -> Diagnostic {
    let related = found.related.as_ref().and_then(|related| {
        let uri = Uri(uri::of_path(&place(&related.file)?));
        let range = range(&related.file, &related.span, sources);
        Some(vec![DiagnosticRelatedInformation { location: Location { uri, range }, message: related.label.clone() }])
    });
    let range = found.span.as_ref().map_or_else(start, |span| range(&found.file, span, sources));
    Diagnostic { range, related_information: related, ..plain(severity(found.severity), message(found)) }
}

/// Of a file as a whole.
pub(crate) fn whole_file(severity: DiagnosticSeverity, message: String) -> Diagnostic {
    plain(severity, message)
}

fn plain(severity: DiagnosticSeverity, message: String) -> Diagnostic {
    Diagnostic {
        range: start(),
        severity: Some(severity),
        code: None,
        code_description: None,
        source: Some(SOURCE.to_owned()),
        message: Message::String(message),
        tags: None,
        related_information: None,
        data: None,
    }
}

/// As `solgate lint` says it.
pub(crate) fn message(found: &solgate_bundle::Diagnostic) -> String {
    match &found.hint {
        Some(hint) => format!("{}\nhelp: {hint}", found.message),
        None => found.message.clone(),
    }
}

pub(crate) fn severity(severity: Severity) -> DiagnosticSeverity {
    match severity {
        Severity::Mistake => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
    }
}

fn range(file: &str, span: &Span, sources: &Sources) -> Range {
    sources.find(file).map_or_else(start, |source| bytes(&Lines::of(&source.text), &span.bytes))
}

/// A stretch of bytes of a text.
pub(crate) fn bytes(lines: &Lines<'_>, bytes: &std::ops::Range<usize>) -> Range {
    let position = |place: solgate_bundle::Position| Position { line: place.line, character: place.character };
    let range = lines.range(bytes);
    Range { start: position(range.start), end: position(range.end) }
}

/// The byte at a place of the protocol.
pub(crate) fn byte(lines: &Lines<'_>, position: Position) -> usize {
    lines.byte(solgate_bundle::Position { line: position.line, character: position.character })
}

fn start() -> Range {
    let position = Position { line: 0, character: 0 };
    Range { start: position, end: position }
}
