//! Request files as editors know them (the REST Client of VS Code, the HTTP
//! Client of JetBrains):
//!
//! ```text
//! @host = http://vnfm:9890
//!
//! ### terminate
//! POST {{host}}/vnflcm/v2/vnf_instances/1/terminate HTTP/1.1
//! Version: 2.0.0
//! Content-Type: application/json
//!
//! { "terminationType": "FORCEFUL" }
//!
//! ### next request
//! ```
//!
//! Lines with `#` or `//` before the body are comments, `# @name N` names the
//! request. Definitions hold for the whole file. Empty lines after a body belong to the
//! file, not to the body. Scripts and response handlers are passed over: they
//! do not change the request.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::message::{Message, ParseError, ParseFault, PlacedField, assemble, field, method, target};

/// A request file, its lines read but no variable replaced yet.
#[derive(Debug)]
pub struct HttpFile<'t> {
    requests: Vec<Block<'t>>,
    variables: BTreeMap<String, String>,
}

/// One request of a file.
#[derive(Debug)]
struct Block<'t> {
    names: Vec<&'t str>,
    line: usize,
    /// The request line, and the lines that continue its URL.
    head: String,
    fields: Vec<(usize, &'t str)>,
    body: Body<'t>,
}

#[derive(Debug)]
enum Body<'t> {
    Here { line: usize, text: &'t str },
    File { line: usize, path: &'t str },
}

/// A line with its number, and where it starts.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    number: usize,
    start: usize,
    /// With its line break.
    raw: &'t str,
}

impl<'t> Line<'t> {
    /// Without its line break.
    fn text(self) -> &'t str {
        let text = self.raw.strip_suffix('\n').unwrap_or(self.raw);
        text.strip_suffix('\r').unwrap_or(text)
    }

    fn comment(self) -> Option<&'t str> {
        let text = self.text().trim_start();
        text.strip_prefix('#').or_else(|| text.strip_prefix("//"))
    }
}

impl<'t> HttpFile<'t> {
    /// Reads a file. `given` are variables that win over those of the file.
    ///
    /// # Errors
    /// If a line can be neither of what may stand in its place.
    pub fn parse(content: &'t str, given: &[(String, String)]) -> Result<Self, ParseError> {
        let content = content.strip_prefix('\u{feff}').unwrap_or(content);
        let mut start = 0_usize;
        let mut lines = Vec::new();
        for (index, raw) in content.split_inclusive('\n').enumerate() {
            lines.push(Line { number: index.saturating_add(1), start, raw });
            start = start.saturating_add(raw.len());
        }
        let mut definitions = Vec::new();
        let mut requests = Vec::new();
        for block in lines.chunk_by(|_, next| !next.raw.starts_with("###")) {
            requests.extend(block_of(content, block, &mut definitions)?);
        }
        let mut file = Self { requests, variables: given.iter().cloned().collect() };
        file.define(&definitions, given)?;
        Ok(file)
    }

    fn define(&mut self, definitions: &[(usize, &str, &str)], given: &[(String, String)]) -> Result<(), ParseError> {
        let mut seen = Vec::new();
        for (line, name, value) in definitions {
            if seen.contains(name) {
                return Err(ParseFault::DefinedTwice((*name).to_owned()).at(*line));
            }
            seen.push(*name);
            if !given.iter().any(|(n, _)| n == name) {
                let value = self.replace(value, *line)?;
                self.variables.insert((*name).to_owned(), value);
            }
        }
        Ok(())
    }

    /// The request with this name, or the first one. `read` gives the content of
    /// a file that a body refers to.
    ///
    /// # Errors
    /// If there is no such request, or what it says is malformed; and what
    /// `read` reports.
    pub fn request<E: From<ParseError>>(
        &self,
        name: Option<&str>,
        read: impl FnOnce(&str) -> Result<Bytes, E>,
    ) -> Result<Message, E> {
        let block = self.find(name)?;
        let head = self.replace(&block.head, block.line)?;
        let (verb, url) = request_line(head.trim()).map_err(|fault| fault.at(block.line))?;
        let mut fields: Vec<PlacedField> = Vec::new();
        for (line, text) in &block.fields {
            let text = self.replace(text, *line)?;
            let (name, value) = field(text.as_bytes()).map_err(|fault| fault.at(*line))?;
            fields.push((*line, name, value));
        }
        let body = match block.body {
            Body::Here { line, text } => self.replace(text, line)?.into(),
            Body::File { line, path } => read(&self.replace(path, line)?)?,
        };
        Ok(assemble(verb, url, fields, body)?)
    }

    fn find(&self, name: Option<&str>) -> Result<&Block<'t>, ParseError> {
        let first = self.requests.first().ok_or_else(|| ParseFault::NoRequest.at(1))?;
        let Some(name) = name else { return Ok(first) };
        let mut named = self.requests.iter().filter(|block| block.names.contains(&name));
        let block = named.next().ok_or_else(|| {
            let names = self.requests.iter().filter_map(|b| b.names.first()).map(|n| (*n).to_owned()).collect();
            ParseFault::NoSuchName { name: name.to_owned(), names }.at(1)
        })?;
        match named.next() {
            Some(other) => Err(ParseFault::AmbiguousName(name.to_owned()).at(other.line)),
            None => Ok(block),
        }
    }

    /// Puts the values of variables into a text that starts at `line`.
    fn replace(&self, text: &str, line: usize) -> Result<String, ParseError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            let line = line.saturating_add(out.matches('\n').count());
            match after.split_once("}}").map(|(inner, tail)| (inner.trim(), tail)) {
                Some((name, _)) if name.starts_with('$') => {
                    return Err(ParseFault::SystemVariable(name.to_owned()).at(line));
                }
                Some((name, tail)) if is_variable(name) => {
                    let value = self.variables.get(name);
                    out.push_str(value.ok_or_else(|| ParseFault::Undefined(name.to_owned()).at(line))?);
                    rest = tail;
                }
                // Braces of another kind.
                _ => {
                    out.push_str("{{");
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Method and target. The method may be missing, and means GET then.
fn request_line(text: &str) -> Result<(&str, (String, Option<String>)), ParseFault> {
    let mut parts = text.split_ascii_whitespace();
    let (Some(first), second, third, None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(ParseFault::RequestLine);
    };
    let is_version = |part: &str| part.starts_with("HTTP/");
    let (verb, url, version) = match (second, third) {
        (None, None) => ("GET", first, None),
        (Some(version), None) if is_version(version) => ("GET", first, Some(version)),
        (Some(url), version) => (first, url, version),
        (None, Some(_)) => return Err(ParseFault::RequestLine),
    };
    match version {
        None | Some("HTTP/1.1" | "HTTP/2" | "HTTP/2.0") => {}
        Some(other) if is_version(other) => return Err(ParseFault::HttpVersion(other.to_owned())),
        Some(_) => return Err(ParseFault::RequestLine),
    }
    method(verb)?;
    // `vnfm:9890/path` is understood by the editors, too.
    let has_scheme = url.contains("://") || url.starts_with('/');
    Ok((verb, if has_scheme { target(url)? } else { target(&format!("http://{url}"))? }))
}

/// The request in the lines between two separators, if there is one.
fn block_of<'t>(
    content: &'t str,
    lines: &[Line<'t>],
    definitions: &mut Vec<(usize, &'t str, &'t str)>,
) -> Result<Option<Block<'t>>, ParseError> {
    let mut lines = lines.iter().copied().peekable();
    let mut names = Vec::new();
    if let Some(separator) = lines.next_if(|line| line.raw.starts_with("###")) {
        let name = separator.text().trim_start_matches('#').trim();
        names.extend((!name.is_empty()).then_some(name));
    }

    // What comes before the request line.
    let request_line = loop {
        let Some(line) = lines.next() else {
            return Ok(None);
        };
        let text = line.text().trim();
        if let Some(comment) = line.comment() {
            if let Some(name) = comment.trim_start().strip_prefix("@name") {
                let name = name.trim_start().trim_start_matches('=').trim();
                names.extend((!name.is_empty()).then_some(name));
            }
        } else if let Some(definition) = text.strip_prefix('@') {
            let (name, value) = definition
                .split_once('=')
                .map(|(name, value)| (name.trim(), value.trim()))
                .filter(|(name, _)| is_variable(name))
                .ok_or_else(|| {
                    let name = definition.split(['=', ' ']).next().unwrap_or_default();
                    ParseFault::Definition(name.to_owned()).at(line.number)
                })?;
            definitions.push((line.number, name, value));
        } else if text.starts_with("< {%") {
            let mut last = Some(line);
            while last.is_some_and(|line| !line.raw.contains("%}")) {
                last = lines.next();
            }
            if last.is_none() {
                return Err(ParseFault::EndlessScript.at(line.number));
            }
        } else if !text.is_empty() {
            break line;
        }
    };
    let mut head = request_line.text().trim().to_owned();
    while let Some(line) = lines.next_if(|line| line.text().trim_start().starts_with(['?', '&'])) {
        insert_into_url(&mut head, line.text().trim());
    }

    let mut fields = Vec::new();
    for line in lines.by_ref() {
        if line.text().trim().is_empty() {
            break;
        }
        if line.comment().is_none() {
            fields.push((line.number, line.text()));
        }
    }

    let body_lines: Vec<Line<'t>> = lines.take_while(|line| !handles_response(line.raw)).collect();
    let body = body_of(content, &body_lines, request_line.number)?;
    Ok(Some(Block { names, line: request_line.number, head, fields, body }))
}

/// Appends to the URL, which the HTTP version may follow.
fn insert_into_url(head: &mut String, query: &str) {
    match head.rsplit_once(' ') {
        Some((before, version)) if version.starts_with("HTTP/") => *head = format!("{before}{query} {version}"),
        _ => head.push_str(query),
    }
}

/// Lines after the body that say what to do with the answer.
fn handles_response(line: &str) -> bool {
    ["> ", ">> ", ">>! ", "<> "].iter().any(|mark| line.starts_with(mark))
}

fn body_of<'t>(content: &'t str, lines: &[Line<'t>], default_line: usize) -> Result<Body<'t>, ParseError> {
    let (Some(first), Some(last)) = (lines.first(), lines.iter().rfind(|line| !line.text().trim().is_empty())) else {
        return Ok(Body::Here { line: default_line, text: "" });
    };
    if first.number == last.number {
        if first.raw.starts_with("<@") {
            return Err(ParseFault::FileWithVariables.at(first.number));
        }
        if let Some(path) = first.text().strip_prefix("< ") {
            return Ok(Body::File { line: first.number, path: path.trim() });
        }
    }
    let end = last.start.saturating_add(last.text().len());
    Ok(Body::Here { line: first.number, text: content.get(first.start..end).unwrap_or_default() })
}
