//! Mistakes and warnings, and how they are shown.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::source::{At, Source, Sources, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document cannot be used.
    Mistake,
    /// The document can be used, but probably does not do what was meant.
    Warning,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    pub severity: Severity,
    pub message: String,
    /// As in [`Source::name`]; `--set` for an option of a build.
    pub file: String,
    /// Absent if the file as a whole is meant (because it is missing, say).
    #[serde(flatten)]
    pub span: Option<Span>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Of a member that may be absent: what is read in its place, as an expression.
    #[serde(skip)]
    pub or_value: Option<&'static str>,
    /// Another place that matters, such as the first of two definitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related: Option<Related>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    pub file: String,
    #[serde(flatten)]
    pub span: Span,
    pub label: String,
}

/// What was found in some documents, sorted by file and line, with the texts that
/// it was found in.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    sources: Sources,
}

impl Diagnostics {
    #[must_use]
    pub fn new(mut items: Vec<Diagnostic>, sources: Sources) -> Self {
        items.sort_by(|a, b| {
            let place = |d: &Diagnostic| d.span.as_ref().map(|s| (s.bytes.start, s.bytes.end));
            (&a.file, place(a), &a.message).cmp(&(&b.file, place(b), &b.message))
        });
        items.dedup();
        Self { items, sources }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.items.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// All of them as text for a terminal, each with an excerpt of its source.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        render(&self.items, &self.sources, color)
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// Shows `items` with excerpts from `sources`, one blank line after each.
#[must_use]
pub fn render(items: &[Diagnostic], sources: &Sources, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    for item in items {
        out.push_str(&renderer.render(&report(item, sources)));
        out.push_str("\n\n");
    }
    out
}

fn report<'a>(item: &'a Diagnostic, sources: &'a Sources) -> Vec<Group<'a>> {
    let level = match item.severity {
        Severity::Mistake => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(shown(&item.message));
    let primary = AnnotationKind::Primary;
    let context = |related: &'a Related| (AnnotationKind::Context, &related.span, Some(&*related.label));
    let mut group = match (&item.span, excerpt(&item.file, item.span.as_ref(), sources)) {
        (Some(span), Some(source)) => {
            let primary = (primary, span, None);
            match &item.related {
                Some(related) if related.file == item.file && related.span.bytes.end <= source.text.len() => {
                    with_lines(Group::with_title(title), source, &item.file, [Some(primary), Some(context(related))])
                }
                Some(related) => {
                    let group = with_lines(Group::with_title(title), source, &item.file, [Some(primary), None]);
                    match excerpt(&related.file, Some(&related.span), sources) {
                        Some(other) => with_lines(group, other, &related.file, [Some(context(related)), None]),
                        None => group,
                    }
                }
                None => with_lines(Group::with_title(title), source, &item.file, [Some(primary), None]),
            }
        }
        _ => title.element(annotate_snippets::Origin::path(&item.file)),
    };
    if let Some(hint) = &item.hint {
        group = group.element(Level::HELP.message(shown(hint)));
    }
    vec![group]
}

/// A place in a source, with what is said of it.
type Note<'a> = (AnnotationKind, &'a Span, Option<&'a str>);

/// Longest text that is shown whole, in bytes: the renderer takes as long as the text that
/// it gets.
const LONGEST: usize = 4096;
/// How much of a longer line is shown on each side of what is said of it, in bytes.
const AROUND: usize = 120;

/// Adds the lines of a source that something is said of, and those between them.
fn with_lines<'a>(group: Group<'a>, source: &'a Source, path: &'a str, notes: [Option<Note<'a>>; 2]) -> Group<'a> {
    let text = source.text.as_str();
    let spans = || notes.iter().flatten().map(|(_, span, _)| *span);
    let first = spans().min_by_key(|span| span.bytes.start);
    let (start, mut line) = first.map_or((0, 1), |span| (span.bytes.start, span.line));
    let last = spans().map(|span| span.bytes.end).max().unwrap_or_default();
    let line_start =
        |at: usize| text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |at| at.saturating_add(1));
    let mut begin = line_start(start);
    if begin == text.len() && line > 1 {
        // Behind the last line there is nothing to show.
        (begin, line) = (line_start(begin.saturating_sub(1)), line.saturating_sub(1));
    }
    let end = text.get(last..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| last.saturating_add(at));
    let line_end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| start.saturating_add(at));
    if line_end.saturating_sub(begin) > LONGEST
        && let Some(span) = first
    {
        begin = text.floor_char_boundary(begin.max(start.saturating_sub(AROUND)));
        let last = span.bytes.end.min(start.saturating_add(AROUND));
        let end = text.ceil_char_boundary(line_end.min(last.saturating_add(AROUND)));
        let notes = notes.into_iter().flatten().filter(|(_, span, _)| span.bytes.start <= end);
        let origin = annotate_snippets::Origin::path(path).line(span.line).char_column(span.column);
        let lines = Snippet::source(shown_source(text.get(begin..end).unwrap_or_default())).line_start(line);
        return group.element(origin).element(annotated(lines, notes, begin..end));
    }
    let lines = Snippet::source(shown_source(text.get(begin..end).unwrap_or(text))).path(path).line_start(line);
    group.element(annotated(lines, notes.into_iter().flatten(), begin..end))
}

/// The same lines, which are this part of the source, with the notes.
fn annotated<'a>(
    lines: Snippet<'a, Annotation<'a>>,
    notes: impl Iterator<Item = Note<'a>>,
    part: Range<usize>,
) -> Snippet<'a, Annotation<'a>> {
    notes.fold(lines, |lines, (kind, span, label)| {
        let within = |at: usize| at.min(part.end).saturating_sub(part.start);
        let note = kind.span(within(span.bytes.start)..within(span.bytes.end));
        lines.annotation(match label {
            Some(label) => note.label(label),
            None => note,
        })
    })
}

/// The source of an excerpt, if the span lies in it: the fields are public, and
/// the renderer does not forgive a span that lies outside.
fn excerpt<'a>(file: &str, span: Option<&Span>, sources: &'a Sources) -> Option<&'a Source> {
    sources.find(file).filter(|source| span.is_some_and(|span| source.text.get(span.bytes.clone()).is_some()))
}

/// Text that may quote an author's file cannot steer the terminal.
fn shown(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect::<String>().into()
    } else {
        text.into()
    }
}

/// The same for an excerpt. The renderer does it for other control characters, but
/// not for U+0080 to U+009F, some of which are commands to a terminal. What stands
/// for them has their length in UTF-8, so that all places stay right.
fn shown_source(text: &str) -> Cow<'_, str> {
    let is_command = |c: char| matches!(c, '\u{80}'..='\u{9f}');
    if text.contains(is_command) { text.replace(is_command, "\u{b7}").into() } else { text.into() }
}

/// Collects what is found while documents are read.
#[derive(Debug, Default)]
pub struct Report {
    pub sources: Sources,
    drafts: Vec<Draft>,
    /// Where they are kept.
    names: Option<BTreeMap<String, BTreeSet<String>>>,
}

#[derive(Debug)]
pub struct Draft {
    severity: Severity,
    message: String,
    place: Place,
    hint: Option<String>,
    or_value: Option<&'static str>,
    related: Option<(At, String)>,
}

#[derive(Debug)]
enum Place {
    At(At),
    File(String),
}

impl Draft {
    /// A warning about a bundle that is only extended is for its own author.
    fn is_of_base(&self, sources: &Sources) -> bool {
        self.severity == Severity::Warning && matches!(self.place, Place::At(at) if sources.is_inherited(at.file))
    }

    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = Some(hint.into());
        self
    }

    /// A hint, if there is one to give.
    pub fn maybe_hint(&mut self, hint: Option<String>) -> &mut Self {
        self.hint = hint.or(self.hint.take());
        self
    }

    pub fn hint_if_none(&mut self, hint: &str) -> &mut Self {
        self.hint.get_or_insert_with(|| hint.to_owned());
        self
    }

    /// What can be read in place of a member that may be absent, if something can.
    pub fn or_value(&mut self, value: Option<&'static str>) -> &mut Self {
        self.or_value = value;
        self
    }

    pub fn related(&mut self, at: At, label: impl Into<String>) -> &mut Self {
        self.related = Some((at, label.into()));
        self
    }
}

impl Report {
    /// One that keeps the names that the reader knows of each mapping and choice, so
    /// that a schema can be compared with them.
    #[must_use]
    pub fn keeping_names() -> Self {
        Self { names: Some(BTreeMap::new()), ..Self::default() }
    }

    /// The names kept, by what the mapping or choice is called in messages.
    pub fn take_names(&mut self) -> BTreeMap<String, BTreeSet<String>> {
        self.names.take().unwrap_or_default()
    }

    pub(crate) fn keep_names<'n>(&mut self, what: &str, names: impl IntoIterator<Item = &'n str>) {
        if let Some(kept) = &mut self.names {
            kept.entry(what.to_owned()).or_default().extend(names.into_iter().map(str::to_owned));
        }
    }

    pub fn mistake(&mut self, at: At, message: impl Into<String>) -> &mut Draft {
        self.add(Severity::Mistake, Place::At(at), message.into())
    }

    pub fn warning(&mut self, at: At, message: impl Into<String>) -> &mut Draft {
        self.add(Severity::Warning, Place::At(at), message.into())
    }

    /// A mistake of a file as a whole, which perhaps could not even be read.
    pub fn file_mistake(&mut self, file: &str, message: impl Into<String>) -> &mut Draft {
        self.add(Severity::Mistake, Place::File(file.to_owned()), message.into())
    }

    #[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
    fn add(&mut self, severity: Severity, place: Place, message: String) -> &mut Draft {
        self.drafts.push(Draft { severity, message, place, hint: None, or_value: None, related: None });
        // Just pushed.
        let last = self.drafts.len() - 1;
        &mut self.drafts[last]
    }

    pub fn has_mistakes(&self) -> bool {
        self.mistakes() > 0
    }

    /// The number of mistakes found so far.
    pub fn mistakes(&self) -> usize {
        self.drafts.iter().filter(|draft| draft.severity == Severity::Mistake).count()
    }

    pub fn finish(self) -> Diagnostics {
        let sources = self.sources;
        let items = self
            .drafts
            .into_iter()
            .filter(|draft| !draft.is_of_base(&sources))
            .map(|draft| {
                let (file, span) = match draft.place {
                    Place::At(at) => (sources.name(at.file).to_owned(), Some(sources.span(at))),
                    Place::File(name) => (name, None),
                };
                Diagnostic {
                    severity: draft.severity,
                    message: draft.message,
                    file,
                    span,
                    hint: draft.hint,
                    or_value: draft.or_value,
                    related: draft.related.map(|(at, label)| Related {
                        file: sources.name(at.file).to_owned(),
                        span: sources.span(at),
                        label,
                    }),
                }
            })
            .collect();
        Diagnostics::new(items, sources)
    }
}

impl Diagnostics {
    /// The diagnostics and the sources that they refer to.
    #[must_use]
    pub fn into_parts(self) -> (Vec<Diagnostic>, Sources) {
        (self.items, self.sources)
    }
}
