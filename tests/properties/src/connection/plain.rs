//! A second reader of requests (RFC 9112), short and without any check that is not
//! needed to go on: whatever passes the guard must look like this to it.

use crate::message::split_once;

/// One request.
pub struct Plain {
    pub method: String,
    pub target: String,
    /// Without transfer coding.
    pub body: Vec<u8>,
}

/// The requests of a connection, up to the first that is not whole.
pub fn read(mut bytes: &[u8]) -> Vec<Plain> {
    let mut requests = Vec::new();
    while let Some((request, rest)) = read_one(bytes) {
        requests.push(request);
        bytes = rest;
    }
    requests
}

fn read_one(mut bytes: &[u8]) -> Option<(Plain, &[u8])> {
    while let Some(rest) = bytes.strip_prefix(b"\r\n") {
        bytes = rest;
    }
    let (head, rest) = split_once(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let fields: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(':')).collect();
    let value = |name: &str| {
        fields
            .iter()
            .find(|(have, _)| have.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim_matches([' ', '\t']))
    };
    let (body, rest) = if value("transfer-encoding").is_some() {
        chunks(rest)?
    } else {
        let length = value("content-length").map_or(Some(0), |length| length.parse().ok())?;
        let (body, rest) = rest.split_at_checked(length)?;
        (body.to_vec(), rest)
    };
    Some((Plain { method, target, body }, rest))
}

fn chunks(mut bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut body = Vec::new();
    loop {
        let (line, rest) = split_once(bytes, b"\r\n")?;
        let size = std::str::from_utf8(line.split(|&byte| byte == b';').next()?).ok()?;
        let size = usize::from_str_radix(size.trim_matches([' ', '\t']), 16).ok()?;
        if size == 0 {
            return Some((body, trailers(rest)?));
        }
        let (data, rest) = rest.split_at_checked(size)?;
        body.extend_from_slice(data);
        bytes = rest.strip_prefix(b"\r\n")?;
    }
}

/// What follows the empty line.
fn trailers(mut bytes: &[u8]) -> Option<&[u8]> {
    loop {
        let (line, rest) = split_once(bytes, b"\r\n")?;
        if line.is_empty() {
            return Some(rest);
        }
        bytes = rest;
    }
}
