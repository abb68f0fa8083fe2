//! Checks the head of a request of HTTP/2, and makes of it one of HTTP/1.1, which is what a
//! VNFM gets.
//!
//! A name in upper case, a pseudo field that is missing, repeated, unknown or behind others,
//! fields of the connection, and a Content-Length that is not that of the data have been
//! refused before.

use http::header::{CONTENT_LENGTH, COOKIE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri, request};
use solgate::ambiguity::{self, check_target, content_length};
use solgate::fault::Fault;
use solgate::fields;
use solgate_config::Limits;

use crate::head::{FIELD_LIMIT, Refusal};

/// Bytes of a line of a field beside its name and value, as HTTP/1.1 writes it.
const LINE: usize = 4;
/// The same of the request line beside method and target, with the empty line at the end.
const REQUEST_LINE: usize = " ".len() + " HTTP/1.1\r\n".len() + "\r\n".len();

/// The method and the target of a request that may pass; it is one of HTTP/1.1 then, but for
/// the version.
///
/// # Errors
/// The first fault found.
pub fn check(parts: &mut request::Parts, limits: &Limits) -> Result<(String, String), Refusal> {
    let method = parts.method.as_str().to_owned();
    // CONNECT has no path.
    let target = parts.uri.path_and_query().map(PathAndQuery::as_str).unwrap_or_default().to_owned();
    if target.len() > limits.target {
        return Err(Fault::TargetTooLong { limit: limits.target }.into());
    }
    check_target(&method, &target)?;
    let line = method.len().saturating_add(target.len()).saturating_add(REQUEST_LINE);
    match fields(parts, line, limits).and_then(|()| origin_form(parts, &target)) {
        Ok(()) => Ok((method, target)),
        Err(fault) => Err(Refusal { fault, target: Some(target), method: Some(method) }),
    }
}

/// `line` is the size of the request line.
fn fields(parts: &mut request::Parts, line: usize, limits: &Limits) -> Result<(), Fault> {
    check_scheme(&parts.uri)?;
    let headers = &mut parts.headers;
    join_cookies(headers)?;
    if headers.len() > FIELD_LIMIT {
        return Err(Fault::TooManyFields { limit: FIELD_LIMIT });
    }
    check_names(headers)?;
    check_values(headers)?;
    ambiguity::check_fields(|| headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())))?;
    set_host(&parts.uri, headers)?;
    check_size(headers, line, limits.head)?;
    match headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes) {
        Some(value) if content_length(value).is_none() => {
            Err(Fault::BadContentLength { value: fields::excerpt(&String::from_utf8_lossy(value)) })
        }
        _ => Ok(()),
    }
}

/// The head has no more bytes than one of HTTP/1.1 may have.
fn check_size(headers: &HeaderMap, line: usize, limit: usize) -> Result<(), Fault> {
    let size = |(name, value): (&http::HeaderName, &HeaderValue)| {
        name.as_str().len().saturating_add(value.len()).saturating_add(LINE)
    };
    if headers.iter().map(size).fold(line, usize::saturating_add) > limit {
        return Err(Fault::HeadTooLarge { limit });
    }
    Ok(())
}

/// Whether there is a scheme at all has been checked before.
fn check_scheme(uri: &Uri) -> Result<(), Fault> {
    match uri.scheme_str() {
        None | Some("http" | "https") => Ok(()),
        Some(_) => Err(Fault::MalformedHead("its :scheme is not http or https".to_owned())),
    }
}

/// A client may send each cookie in a field of its own (RFC 9113, 8.2.3); in HTTP/1.1 they
/// are one field.
fn join_cookies(headers: &mut HeaderMap) -> Result<(), Fault> {
    if headers.get_all(COOKIE).iter().nth(1).is_none() {
        return Ok(());
    }
    let crumbs: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    let joined = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]));
    // Never: each of them is one already.
    let joined = joined.map_err(|_| Fault::BadFieldValue { name: COOKIE.as_str().to_owned() })?;
    headers.insert(COOKIE, joined);
    Ok(())
}

/// The crate `http` takes a double quote in a name for HTTP/2. The VNFM would get a line
/// that is no field.
fn check_names(headers: &HeaderMap) -> Result<(), Fault> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    match headers.keys().find(|name| !name.as_str().as_bytes().iter().all(is_token)) {
        None => Ok(()),
        Some(name) => {
            let name = fields::excerpt(name.as_str());
            Err(Fault::MalformedHead(format!("the field name {name} holds a character that is not allowed there")))
        }
    }
}

/// In HTTP/1.1 space around a value does not belong to it, so that the VNFM would read
/// another value than was judged (RFC 9113, 8.2.1).
fn check_values(headers: &HeaderMap) -> Result<(), Fault> {
    let spaced = |value: &HeaderValue| {
        let bytes = value.as_bytes();
        [bytes.first(), bytes.last()].into_iter().flatten().any(|byte| matches!(byte, b' ' | b'\t'))
    };
    match headers.iter().find(|(_, value)| spaced(value)) {
        None => Ok(()),
        Some((name, _)) => {
            Err(Fault::MalformedHead(format!("the value of the field {name} begins or ends with white space")))
        }
    }
}

/// The host is `:authority`, or Host, or both alike.
fn set_host(uri: &Uri, headers: &mut HeaderMap) -> Result<(), Fault> {
    let bad = |reason: &str| Fault::BadHost { reason: reason.to_owned() };
    match (uri.authority(), headers.get(HOST)) {
        (None, None) => return Err(bad("it is missing")),
        (Some(authority), Some(host)) if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) => {
            return Err(bad("it is not the same as :authority"));
        }
        (Some(authority), None) => {
            let host = HeaderValue::from_str(authority.as_str()).map_err(|_| bad("it is not a host"))?;
            headers.insert(HOST, host);
        }
        (_, Some(_)) => {}
    }
    let host = headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    ambiguity::check_host(host).map_err(bad)
}

fn origin_form(parts: &mut request::Parts, target: &str) -> Result<(), Fault> {
    // Never: the target has been checked.
    parts.uri = target.parse().map_err(|_| Fault::MalformedHead("its :path is not a path".to_owned()))?;
    Ok(())
}
