//! One HTTP request as it stands in a file, and what both file formats share:
//! the request line's target, the fields, the framing.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

/// A request that was read from a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub method: String,
    /// Origin form.
    pub target: String,
    /// In the order and with the spelling of the file.
    pub fields: Vec<(String, Vec<u8>)>,
    pub body: Bytes,
}

/// What is wrong with a request file, and in which line (from 1).
///
/// Field values are not repeated: they may be credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct ParseError {
    pub line: usize,
    pub fault: ParseFault,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    #[error("no request: expected METHOD URL, such as POST /vnflcm/v2/vnf_instances HTTP/1.1")]
    NoRequest,
    #[error("no request is named {name:?}; there are {}", list(names))]
    NoSuchName { name: String, names: Vec<String> },
    #[error("the name {0:?} is used by more than one request: give them different names")]
    AmbiguousName(String),
    #[error("not UTF-8: save the file as UTF-8")]
    NotUtf8,
    #[error("not a request line: expected METHOD URL HTTP/1.1, with single spaces, and spaces in the URL as %20")]
    RequestLine,
    #[error("{0:?} is not a method: expected a token, such as POST")]
    Method(String),
    #[error("{0:?} is not supported: expected HTTP/1.1")]
    HttpVersion(String),
    #[error(
        "{0:?} is not a target: expected a path, or a URL with http:// or https:// and a host, without user, percent-encoded"
    )]
    Target(String),
    #[error("{0:?} does not start a header field: expected NAME: VALUE, or an empty line before the body")]
    Field(String),
    #[error("{0:?} is not the name of a header field: correct it, or put an empty line before the body")]
    FieldName(String),
    #[error("the value of {0} holds a control character: remove it")]
    FieldValue(String),
    #[error("a line that continues a header field starts with white space: put the field into one line")]
    Folded,
    #[error("Content-Length is not one number: correct or remove it")]
    ContentLength,
    #[error("Content-Length says {said} bytes, but the body has {found}: correct or remove it")]
    ContentLengthDiffers { said: u64, found: usize },
    #[error("Transfer-Encoding: give the body as it is, without coding, and remove the field")]
    TransferEncoding,
    #[error("@{0}: expected @NAME = VALUE")]
    Definition(String),
    #[error("the variable {0:?} is defined twice: remove one of the definitions")]
    DefinedTwice(String),
    #[error("the variable {0:?} is not defined: write @{0} = VALUE above the request, or use --var {0}=VALUE")]
    Undefined(String),
    #[error("{{{{{0}}}}} would differ from run to run: write a value instead")]
    SystemVariable(String),
    #[error("a script has no end: expected a line with %}}")]
    EndlessScript,
    #[error("a body from a file with variables is not supported: write `< FILE`, or put the body here")]
    FileWithVariables,
}

impl ParseFault {
    #[must_use]
    pub fn at(self, line: usize) -> ParseError {
        ParseError { line, fault: self }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "no names in this file".to_owned();
    }
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}

/// The origin form of a request target or URL, and the authority if it has one.
pub fn target(text: &str) -> Result<(String, Option<String>), ParseFault> {
    let bad = || {
        // What stands before an @ may be a password.
        let shown = text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, after)| format!("...@{after}"));
        ParseFault::Target(shown)
    };
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(bad());
    }
    // A client keeps the fragment to itself.
    let url = text.split('#').next().unwrap_or(text);
    if url.starts_with('/') {
        return Ok((url.to_owned(), None));
    }
    let after = match url.split_once("://") {
        Some((scheme, after)) if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") => after,
        _ => return Err(bad()),
    };
    let (authority, rest) = after.split_at_checked(after.find(['/', '?']).unwrap_or(after.len())).ok_or_else(bad)?;
    if authority.is_empty() || authority.contains('@') {
        return Err(bad());
    }
    let origin = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
    Ok((origin, Some(authority.to_owned())))
}

pub fn method(text: &str) -> Result<(), ParseFault> {
    http::Method::from_bytes(text.as_bytes()).map(|_| ()).map_err(|_| ParseFault::Method(text.to_owned()))
}

/// A header line without its line break.
pub fn field(line: &[u8]) -> Result<(String, Vec<u8>), ParseFault> {
    if line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) {
        return Err(ParseFault::Folded);
    }
    let printable = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // No more than the first word: what follows may be a credential.
    let first_word =
        || printable(line.split(|b| b.is_ascii_whitespace() || matches!(b, b':' | b'=')).next().unwrap_or_default());
    let colon = line.iter().position(|&b| b == b':');
    let Some((name, [_, value @ ..])) = colon.and_then(|at| line.split_at_checked(at)) else {
        return Err(ParseFault::Field(first_word()));
    };
    if HeaderName::from_bytes(name).is_err() {
        return Err(ParseFault::FieldName(first_word()));
    }
    let value = value.trim_ascii();
    if HeaderValue::from_bytes(value).is_err() {
        return Err(ParseFault::FieldValue(printable(name)));
    }
    Ok((printable(name), value.to_vec()))
}

/// A field with the line that it stands in.
pub type PlacedField = (usize, String, Vec<u8>);

/// Puts a message together: adds Host from the URL, checks the framing against
/// the body that is there, and adds Content-Length where a client would.
pub fn assemble(
    method: &str,
    (target, authority): (String, Option<String>),
    placed: Vec<PlacedField>,
    body: Bytes,
) -> Result<Message, ParseError> {
    let mut length = None;
    for (line, name, value) in &placed {
        if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(ParseFault::TransferEncoding.at(*line));
        }
        if name.eq_ignore_ascii_case("content-length") {
            let said = std::str::from_utf8(value)
                .ok()
                .filter(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|v| v.parse::<u64>().ok())
                .ok_or_else(|| ParseFault::ContentLength.at(*line))?;
            if usize::try_from(said) != Ok(body.len()) {
                return Err(ParseFault::ContentLengthDiffers { said, found: body.len() }.at(*line));
            }
            length = Some(said);
        }
    }
    let mut fields: Vec<_> = placed.into_iter().map(|(_, name, value)| (name, value)).collect();
    if let Some(authority) = authority
        && !fields.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"))
    {
        fields.insert(0, ("Host".to_owned(), authority.into_bytes()));
    }
    if length.is_none() && (!body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH")) {
        fields.push(("Content-Length".to_owned(), body.len().to_string().into_bytes()));
    }
    Ok(Message { method: method.to_owned(), target, fields, body })
}
