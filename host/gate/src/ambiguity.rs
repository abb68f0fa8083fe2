//! A request that a recipient could read in two ways is refused, not repaired: what the
//! policy judges must be what the VNFM reads.
//!
//! The gate checks every request, whichever door it came through. A door that sees the
//! bytes themselves checks more, before there is a request.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderName, Uri};

use crate::Request;
use crate::fault::Fault;
use crate::fields::{self, HOP_BY_HOP};

/// Fields that a request may hold once, because recipients differ in which one
/// of several they believe. Those of which a policy itself refuses several, such as
/// `Version`, are missing.
pub const SINGLETONS: [&str; 8] = [
    "authorization",
    "content-length",
    "content-type",
    "host",
    "proxy-authorization",
    "x-auth-token",
    "x-hm-authorization",
    "x-subject-token",
];

/// Other fields that policies judge.
const JUDGED: [&str; 4] = ["accept", "if-match", "version", "transfer-encoding"];

/// Fields by which some servers replace the method.
const METHOD_OVERRIDES: [&str; 3] = ["x-http-method-override", "x-method-override", "x-http-method"];

/// Fields by which some servers replace the path.
const PATH_OVERRIDES: [&str; 2] = ["x-original-url", "x-rewrite-url"];

/// Whether a field decides on what a request means to the gate: policies judge it, it says
/// who calls, or it is about this hop only.
#[must_use]
pub fn decides(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(name) || SINGLETONS.iter().chain(&JUDGED).any(|other| name == other)
}

/// Longest target that can be parsed; the policy refuses a much shorter one.
const PARSED_TARGET: usize = 65_000;

/// Checks a request that some server has received.
///
/// # Errors
/// The first fault found.
pub fn check(request: &Request) -> Result<(), Fault> {
    if request.target.len() <= PARSED_TARGET {
        check_target(&request.method, &request.target)?;
    }
    check_fields(|| request.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))?;
    check_framing(request)
}

/// Only a path with an optional query is read by everyone in the same way.
pub fn check_target(method: &str, target: &str) -> Result<(), Fault> {
    let reason = if method == "CONNECT" {
        "CONNECT asks for a tunnel, which the gate does not open"
    } else if target == "*" {
        "the asterisk form is not supported"
    } else if !target.starts_with('/') {
        "it does not start with a slash"
    } else if target.contains('#') {
        "it holds a fragment, which is never sent; encode # as %23"
    } else if !target.is_ascii() {
        "it holds characters beyond ASCII; percent-encode them"
    } else {
        match target.parse::<Uri>() {
            Ok(uri) if uri.path_and_query().is_some_and(|parsed| parsed.as_str() == target) => {
                return Ok(());
            }
            _ => "it holds characters that are not allowed; percent-encode them",
        }
    };
    Err(Fault::BadTarget { target: fields::excerpt(target), reason: reason.to_owned() })
}

/// Checks what a field Host says: a name or an address, and a port if need be. Everything
/// else is read differently by servers, or leads past the entry that it seems to name.
///
/// # Errors
/// What is wrong, as half a sentence.
pub fn check_host(value: &[u8]) -> Result<(), &'static str> {
    let (host, port) = match value {
        [] => return Err("it is empty"),
        [b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| *byte == b']').ok_or(HOST)?;
            let (address, after) = rest.split_at_checked(end).ok_or(HOST)?;
            let address = std::str::from_utf8(address).map_err(|_| HOST)?;
            address.parse::<Ipv6Addr>().map_err(|_| HOST)?;
            match after {
                [b']'] => return Ok(()),
                [b']', b':', port @ ..] => (&b"x"[..], port),
                _ => return Err(HOST),
            }
        }
        _ => match value.iter().position(|byte| *byte == b':').and_then(|at| value.split_at_checked(at)) {
            Some((host, [_, port @ ..])) => (host, port),
            _ => (value, &[][..]),
        },
    };
    if host.is_empty() || !host.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(byte)) {
        return Err(HOST);
    }
    if port.iter().all(u8::is_ascii_digit) { Ok(()) } else { Err("its port is not a number") }
}

/// What Host has to be.
const HOST: &str = "it is not a host with an optional port";

/// Checks names and values of all fields; `fields` starts again at the first one.
pub fn check_fields<'a, I>(fields: impl Fn() -> I) -> Result<(), Fault>
where
    I: Iterator<Item = (&'a str, &'a [u8])>,
{
    for (name, value) in fields() {
        check_field(name, value)?;
    }
    for singleton in SINGLETONS {
        let count = values(fields(), singleton).count();
        if count > 1 {
            return Err(Fault::RepeatedField { name: singleton.to_owned(), count });
        }
    }
    check_connection(fields)
}

fn check_field(name: &str, value: &[u8]) -> Result<(), Fault> {
    // CGI and WSGI cannot tell `Content_Type` from `Content-Type`.
    let aliased = name.contains('_');
    let dashed = if aliased { Cow::Owned(name.replace('_', "-")) } else { Cow::Borrowed(name) };
    if METHOD_OVERRIDES.iter().any(|other| dashed.eq_ignore_ascii_case(other)) {
        return Err(Fault::MethodOverride { name: name.to_owned() });
    }
    if PATH_OVERRIDES.iter().any(|other| dashed.eq_ignore_ascii_case(other)) {
        return Err(Fault::PathOverride { name: name.to_owned() });
    }
    let is_judged = || SINGLETONS.iter().chain(&JUDGED).any(|other| dashed.eq_ignore_ascii_case(other));
    if aliased && is_judged() {
        return Err(Fault::FieldAlias { name: name.to_owned(), alias: dashed.into_owned() });
    }
    // Any bytes are right in a field of somebody else's (RFC 9110, 5.5).
    if std::str::from_utf8(value).is_err() && is_judged() {
        return Err(Fault::BadFieldValue { name: name.to_owned() });
    }
    Ok(())
}

/// Connection may name what concerns this connection only: a field that it
/// names is removed, so it must not be one that has been judged.
fn check_connection<'a, I>(fields: impl Fn() -> I) -> Result<(), Fault>
where
    I: Iterator<Item = (&'a str, &'a [u8])>,
{
    let listed =
        values(fields(), "connection").filter_map(|value| std::str::from_utf8(value).ok()).flat_map(fields::list);
    for option in listed {
        let harmless = option.eq_ignore_ascii_case("close")
            || HOP_BY_HOP.iter().any(|name| option.eq_ignore_ascii_case(name.as_str()));
        if !harmless && fields().any(|(name, _)| name.eq_ignore_ascii_case(option)) {
            return Err(Fault::ConnectionNamesField { name: option.to_owned() });
        }
    }
    Ok(())
}

/// A server that passes the fields on may have undone the framing already; what
/// they say must still fit what it read.
fn check_framing(request: &Request) -> Result<(), Fault> {
    let length = request.headers.get(CONTENT_LENGTH);
    let mut codings = request.headers.get_all(TRANSFER_ENCODING).iter().map(|coding| coding.as_bytes());
    if let Some(first) = codings.next() {
        if length.is_some() {
            return Err(Fault::FramingConflict);
        }
        let others: Vec<&[u8]> = codings.collect();
        if !others.is_empty() || !first.eq_ignore_ascii_case(b"chunked") {
            let all = [&[first], others.as_slice()].concat().join(b", ".as_slice());
            return Err(Fault::TransferCoding { coding: fields::excerpt(&String::from_utf8_lossy(&all)) });
        }
    }
    let Some(value) = length else { return Ok(()) };
    let Some(said) = content_length(value.as_bytes()) else {
        return Err(Fault::BadContentLength { value: fields::excerpt(&String::from_utf8_lossy(value.as_bytes())) });
    };
    let found = u64::try_from(request.body.len()).unwrap_or(u64::MAX);
    if request.body_complete && said != found {
        return Err(Fault::BodyCut { said, found });
    }
    Ok(())
}

/// The number in a Content-Length field: digits, nothing else.
pub fn content_length(value: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(value).ok()?;
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// All values of a field.
pub fn values<'a>(fields: impl Iterator<Item = (&'a str, &'a [u8])>, wanted: &str) -> impl Iterator<Item = &'a [u8]> {
    fields.filter(move |(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}
