//! Parses a text into [`Node`]s.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::scalar::resolve;
use super::{Key, Node, Style, Value};
use crate::diagnostic::Report;
use crate::source::{At, FileId};

/// Deepest nesting of lists and mappings.
const MAX_DEPTH: usize = 100;
/// Most values in one file, each alias counted with all that it repeats: a few
/// lines of aliases can otherwise stand for billions.
const MAX_NODES: usize = 200_000;
/// So many bytes of a text count as one value more.
const LONG_TEXT: usize = 256;

/// Reads one document. What is wrong goes to the report; `None` if the text is
/// empty or no tree can be had.
pub fn parse(file: FileId, report: &mut Report) -> Option<Node> {
    let text = report.sources.text(file).to_owned();
    let mut builder = Builder {
        file,
        offsets: Offsets::new(&text),
        text: &text,
        report,
        stack: Vec::new(),
        root: None,
        anchors: HashMap::new(),
        nodes: 0,
        broken: false,
    };
    let mut parser = Parser::new_from_str(&text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, span)) => builder.on_event(event, span)?,
            Err(error) => {
                builder.on_error(&error);
                return None;
            }
        }
    }
    if builder.broken { None } else { builder.root }
}

struct Builder<'t, 'r> {
    file: FileId,
    offsets: Offsets,
    text: &'t str,
    report: &'r mut Report,
    stack: Vec<Frame>,
    root: Option<Node>,
    /// By the parser's id: the tree and its number of nodes.
    anchors: HashMap<usize, (Node, usize)>,
    nodes: usize,
    broken: bool,
}

struct Frame {
    at: At,
    anchor: usize,
    /// [`Builder::nodes`] when the frame was opened.
    nodes_before: usize,
    items: Items,
}

enum Items {
    List(Vec<Node>),
    Map(Vec<(Key, Node)>, Option<Key>, HashMap<String, At>),
}

impl Builder<'_, '_> {
    /// `None` stops the reading.
    fn on_event(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let mut at = self.at(span);
                if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    // A block takes the line breaks after it along.
                    let text = self.text.get(at.start..at.end).unwrap_or("");
                    at.end = at.start.saturating_add(text.trim_end().len());
                }
                // A long text that is repeated takes its memory again each time.
                let nodes = text.len().wrapping_div(LONG_TEXT).saturating_add(1);
                self.count(at, nodes)?;
                let node = self.scalar(text.into_owned(), style, tag.as_deref(), at);
                self.close(node, anchor, nodes)
            }
            Event::SequenceStart(anchor, tag) => self.open(span, anchor, tag.as_deref(), Items::List(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                self.open(span, anchor, tag.as_deref(), Items::Map(Vec::new(), None, HashMap::new()))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let frame = self.stack.pop()?;
                let value = match frame.items {
                    Items::List(items) => Value::List(items),
                    Items::Map(entries, ..) => Value::Map(entries),
                };
                let node = Node { value, at: frame.at, text: String::new(), style: Style::Plain, made_of: None };
                let nodes = self.nodes.saturating_sub(frame.nodes_before);
                self.close(node, frame.anchor, nodes)
            }
            Event::Alias(id) => {
                let at = self.at(span);
                let Some((node, nodes)) = self.anchors.get(&id).cloned() else {
                    self.report
                        .mistake(at, "this alias stands inside the value that it repeats")
                        .hint("write the value out; it cannot contain itself");
                    return None;
                };
                self.count(at, nodes)?;
                self.close(node, 0, nodes)
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                let at = self.at(span);
                self.report
                    .mistake(at, "a second YAML document begins here")
                    .hint("keep one document in a file; `---` separates documents");
                None
            }
            _ => Some(()),
        }
    }

    fn on_error(&mut self, error: &ScanError) {
        let start = self.offsets.byte(error.marker().index());
        let end = self
            .text
            .get(start..)
            .and_then(|rest| rest.chars().next())
            .map_or(start, |c| start.saturating_add(c.len_utf8()));
        let at = At { file: self.file, start, end };
        self.report.mistake(at, format!("this is not YAML: {}", error.info())).hint(
            "the mistake may be earlier: look for an unquoted `: ` or `#`, an unclosed quote \
                 or bracket, a tab, or a line that is indented differently",
        );
    }

    fn at(&self, span: Span) -> At {
        let start = self.offsets.byte(span.start.index());
        let end = self.offsets.byte(span.end.index()).max(start);
        At { file: self.file, start, end }
    }

    fn count(&mut self, at: At, nodes: usize) -> Option<()> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes > MAX_NODES {
            self.report
                .mistake(at, format!("more than {MAX_NODES} values in one file"))
                .hint("split the file, or use fewer aliases: each counts with all that it repeats");
            return None;
        }
        Some(())
    }

    fn open(&mut self, span: Span, anchor: usize, tag: Option<&Tag>, items: Items) -> Option<()> {
        let mut at = self.at(span);
        at.end = self.end_of_line(at.start);
        self.count(at, 1)?;
        if self.stack.len() >= MAX_DEPTH {
            self.report.mistake(at, format!("lists and mappings are nested deeper than {MAX_DEPTH}"));
            return None;
        }
        if let Some(tag) = tag
            && !(tag.is_yaml_core_schema() && matches!(tag.suffix.as_str(), "map" | "seq"))
        {
            self.refuse_tag(tag, at);
        }
        self.stack.push(Frame { at, anchor, nodes_before: self.nodes.saturating_sub(1), items });
        Some(())
    }

    fn end_of_line(&self, start: usize) -> usize {
        let rest = self.text.get(start..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("").trim_end();
        start.saturating_add(line.len())
    }

    fn scalar(&mut self, text: String, style: ScalarStyle, tag: Option<&Tag>, at: At) -> Node {
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted => Style::SingleQuoted,
            ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
            ScalarStyle::Literal => Style::Literal,
            ScalarStyle::Folded => Style::Folded,
        };
        let value = match tag {
            Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => Value::String,
            Some(tag) => {
                self.refuse_tag(tag, at);
                Value::String
            }
            None if style != Style::Plain => Value::String,
            None => resolve(&text).unwrap_or_else(|| {
                self.broken = true;
                self.report
                    .mistake(at, format!("{text} is not a number that JSON can hold"))
                    .hint("put it in quotes if text is meant");
                Value::Null
            }),
        };
        Node { value, at, text, style, made_of: None }
    }

    fn refuse_tag(&mut self, tag: &Tag, at: At) {
        self.broken = true;
        self.report
            .mistake(at, format!("the YAML tag {tag} has no meaning here"))
            .hint("remove it; put a value in quotes to make it text");
    }

    /// Puts a finished node where it belongs.
    fn close(&mut self, node: Node, anchor: usize, nodes: usize) -> Option<()> {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), nodes));
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame { items: Items::List(items), .. }) => items.push(node),
            Some(Frame { items: Items::Map(entries, pending, seen), .. }) => match pending.take() {
                Some(key) => entries.push((key, node)),
                None => {
                    let key = Key { name: node.text, at: node.at };
                    if matches!(node.value, Value::List(_) | Value::Map(_)) {
                        self.broken = true;
                        self.report.mistake(key.at, "the name of a member is text, not a collection");
                    } else if key.name == "<<" && node.style == Style::Plain {
                        self.broken = true;
                        self.report
                            .mistake(key.at, "YAML 1.2 has no merge key `<<`")
                            .hint("write the members out, or repeat a whole value with an alias");
                    } else if let Some(first) = seen.get(&key.name) {
                        self.broken = true;
                        self.report
                            .mistake(key.at, format!("`{}` is here twice", key.name))
                            .hint("keep one of them; in YAML a name occurs once in a mapping")
                            .related(*first, "first here");
                    } else {
                        seen.insert(key.name.clone(), key.at);
                    }
                    *pending = Some(key);
                }
            },
        }
        Some(())
    }
}

/// The parser counts characters; places are in bytes.
struct Offsets {
    /// Byte offset of every character, unless the text is ASCII.
    of_char: Option<Vec<usize>>,
    len: usize,
}

impl Offsets {
    fn new(text: &str) -> Self {
        Self { of_char: (!text.is_ascii()).then(|| text.char_indices().map(|(at, _)| at).collect()), len: text.len() }
    }

    fn byte(&self, index: usize) -> usize {
        match &self.of_char {
            None => index.min(self.len),
            Some(of_char) => of_char.get(index).copied().unwrap_or(self.len),
        }
    }
}
