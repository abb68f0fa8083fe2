//! Checks one request head before the HTTP implementation may see it.
//!
//! A head that could be read in two ways is refused, not repaired: what the policy
//! judges must be what the VNFM reads.

use solgate::ambiguity::{check_target, content_length};
use solgate::fault::Fault;
use solgate::{ambiguity, fields};

use super::framing::Framing;

/// Header fields in one request: hyper's own limit, up to which it does not
/// allocate for them.
pub const FIELD_LIMIT: usize = 100;

/// What the gate needs to know of a head that may pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub method: String,
    /// The request target as received.
    pub target: String,
    pub framing: Framing,
}

/// A head that may not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub fault: Fault,
    /// The request target, if it could be read; also the method then.
    pub target: Option<String>,
    pub method: Option<String>,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self { fault, target: None, method: None }
    }
}

/// Checks a whole head, from the method to the empty line.
///
/// # Errors
/// The first fault found, with the target if that could be read.
pub fn check(bytes: &[u8], target_limit: usize) -> Result<Head, Refusal> {
    check_request_line(bytes, target_limit)?;
    check_line_ends(bytes)?;
    let mut storage = [httparse::EMPTY_HEADER; FIELD_LIMIT];
    let mut request = httparse::Request::new(&mut storage);
    match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) if length == bytes.len() => {}
        Ok(_) => return Err(malformed("it does not end where its empty line is").into()),
        Err(error) => return Err(parse_fault(error).into()),
    }
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(malformed("the request line is incomplete").into());
    };
    check_target(method, target)?;
    match check_fields(request.headers, version) {
        Ok(framing) => Ok(Head { method: method.to_owned(), target: target.to_owned(), framing }),
        Err(fault) => Err(Refusal { fault, target: Some(target.to_owned()), method: Some(method.to_owned()) }),
    }
}

/// The faults that httparse does not tell apart: length of the target and
/// protocol version.
fn check_request_line(bytes: &[u8], target_limit: usize) -> Result<(), Fault> {
    let end = memchr::memchr(b'\n', bytes).unwrap_or(bytes.len());
    let line = bytes.get(..end).unwrap_or_default().trim_ascii_end();
    let mut parts = line.split(|&b| b == b' ');
    let target = parts.nth(1).unwrap_or_default();
    if target.len() > target_limit {
        return Err(Fault::TargetTooLong { limit: target_limit });
    }
    let Some(version) = parts.next_back() else {
        return Err(malformed("the request line is not a method, a target and a version, one space apart"));
    };
    match version {
        b"HTTP/1.1" | b"HTTP/1.0" => Ok(()),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Err(Fault::HttpVersion)
        }
        _ => Err(malformed("the request line does not end in an HTTP version")),
    }
}

/// Every line ends in CR LF, no line is folded (RFC 9112, 2.2 and 5.2).
fn check_line_ends(bytes: &[u8]) -> Result<(), Fault> {
    // Where the LF belongs to the CR before it.
    let mut line_end = None;
    for at in memchr::memchr2_iter(b'\r', b'\n', bytes) {
        match bytes.get(at..).unwrap_or_default() {
            [b'\r', b'\n', ..] => line_end = at.checked_add(1),
            [b'\r', _, ..] => return Err(malformed("a CR is not followed by a LF")),
            [b'\n', ..] if line_end != Some(at) => return Err(malformed("a line ends in LF without CR")),
            [b'\n', b' ' | b'\t', ..] => return Err(malformed("a header field is folded over several lines")),
            _ => {}
        }
    }
    Ok(())
}

fn check_fields(headers: &[httparse::Header<'_>], version: u8) -> Result<Framing, Fault> {
    ambiguity::check_fields(|| pairs(headers))?;
    check_host(headers, version)?;
    framing(headers, version)
}

fn check_host(headers: &[httparse::Header<'_>], version: u8) -> Result<(), Fault> {
    let reason = match values(headers, "host").next() {
        None if version == 0 => return Ok(()),
        None => "it is missing",
        Some(value) => match ambiguity::check_host(value) {
            Ok(()) => return Ok(()),
            Err(reason) => reason,
        },
    };
    Err(Fault::BadHost { reason: reason.to_owned() })
}

fn framing(headers: &[httparse::Header<'_>], version: u8) -> Result<Framing, Fault> {
    let length = values(headers, "content-length").next();
    let codings: Vec<String> =
        values(headers, "transfer-encoding").map(|value| String::from_utf8_lossy(value).into_owned()).collect();
    match (length, codings.is_empty()) {
        (Some(_), false) => Err(Fault::FramingConflict),
        (None, true) => Ok(Framing::Length(0)),
        (Some(value), true) => match content_length(value).filter(|length| *length <= LENGTH_LIMIT) {
            Some(length) => Ok(Framing::Length(length)),
            None => Err(Fault::BadContentLength { value: fields::excerpt(&String::from_utf8_lossy(value)) }),
        },
        (None, false) => {
            let coding = codings.join(", ");
            if !coding.eq_ignore_ascii_case("chunked") {
                Err(Fault::TransferCoding { coding: fields::excerpt(&coding) })
            } else if version == 0 {
                Err(malformed("HTTP/1.0 has no Transfer-Encoding"))
            } else {
                Ok(Framing::Chunked)
            }
        }
    }
}

/// The largest Content-Length that hyper takes: it reserves the top values.
const LENGTH_LIMIT: u64 = u64::MAX - 3;

fn values<'a>(headers: &'a [httparse::Header<'a>], name: &str) -> impl Iterator<Item = &'a [u8]> {
    ambiguity::values(pairs(headers), name)
}

fn pairs<'a>(headers: &'a [httparse::Header<'a>]) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    headers.iter().map(|header| (header.name, header.value))
}

fn malformed(reason: &str) -> Fault {
    Fault::MalformedHead(reason.to_owned())
}

fn parse_fault(error: httparse::Error) -> Fault {
    use httparse::Error as E;
    malformed(match error {
        E::TooManyHeaders => return Fault::TooManyFields { limit: FIELD_LIMIT },
        E::Token => "the method or the target holds a character that is not allowed there",
        E::HeaderName => {
            "a field name holds a character that is not allowed there, or is not followed at once by a colon"
        }
        E::HeaderValue => "a field value holds a control character",
        E::NewLine => "a line does not end in CR LF",
        E::Version => "the request line is not a method, a target and a version, one space apart",
        E::Status => "it is not a request",
    })
}
