//! Where an answer ends, and what its connection is good for then (RFC 9112, 6.3).

use http::StatusCode;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderValue, TRANSFER_ENCODING};

use super::flaw::Flaw;

/// What the Content-Length fields say.
enum Length {
    Absent,
    /// Said once.
    One(u64),
    /// Said several times, and always the same.
    Repeated(u64),
    Unclear,
}

/// Leaves, in the head of an answer, no field that says of its content anything else
/// than is so. Returns whether the connection can be used again after it.
///
/// # Errors
/// The answer cannot be passed on.
pub fn settle(to_head: bool, status: StatusCode, headers: &mut HeaderMap) -> Result<bool, Flaw> {
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Flaw::Protocol);
    }
    let coded = headers.contains_key(TRANSFER_ENCODING);
    let length = length(headers);
    if to_head || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) {
        match length {
            Length::Repeated(length) if !coded => set(headers, length),
            Length::Repeated(_) | Length::Unclear => drop(headers.remove(CONTENT_LENGTH)),
            Length::One(_) if coded => drop(headers.remove(CONTENT_LENGTH)),
            Length::Absent | Length::One(_) => {}
        }
        // Such an answer has no content. After a 204 that announces some, it often
        // follows, and would be read as the next answer; to HEAD, or with 304, it may
        // rightly be announced, and is sent by mistake as well. A new connection costs
        // less than an answer to somebody else.
        return Ok(!coded && matches!(length, Length::Absent | Length::One(0)));
    }
    if coded {
        if !is_chunked(headers) {
            return Err(Flaw::Coding);
        }
        // The coding says where the content ends. Whoever sent both may mean the other.
        return Ok(headers.remove(CONTENT_LENGTH).is_none());
    }
    match length {
        Length::Repeated(length) => set(headers, length),
        Length::Unclear => return Err(Flaw::Length),
        Length::Absent | Length::One(_) => {}
    }
    Ok(true)
}

/// The head of an interim answer, which never has content, announces some.
pub fn announces_content(headers: &HeaderMap) -> bool {
    headers.contains_key(TRANSFER_ENCODING) || !matches!(length(headers), Length::Absent | Length::One(0))
}

fn set(headers: &mut HeaderMap, length: u64) {
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
}

fn length(headers: &HeaderMap) -> Length {
    let mut found = Length::Absent;
    for field in headers.get_all(CONTENT_LENGTH) {
        for value in field.as_bytes().split(|byte| *byte == b',') {
            let Some(value) = number(value.trim_ascii()) else { return Length::Unclear };
            found = match found {
                Length::Absent => Length::One(value),
                Length::One(other) | Length::Repeated(other) if other == value => Length::Repeated(value),
                _ => return Length::Unclear,
            };
        }
    }
    found
}

/// Digits only: no sign, and not nothing.
fn number(digits: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

/// Chunked, once, and nothing else.
fn is_chunked(headers: &HeaderMap) -> bool {
    let mut fields = headers.get_all(TRANSFER_ENCODING).iter();
    let chunked = |field: &HeaderValue| field.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked");
    fields.next().is_some_and(chunked) && fields.next().is_none()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Status, fields, and the Content-Length that is left with whether the connection
    /// can be used again.
    #[test]
    fn an_answer_says_of_its_content_only_what_is_so() {
        let te = |value| ("transfer-encoding", value);
        let cl = |value| ("content-length", value);
        let table = [
            (200, vec![], Ok((None, true))),
            (200, vec![cl("5")], Ok((Some("5"), true))),
            (200, vec![cl("5, 5")], Ok((Some("5"), true))),
            (200, vec![cl("5"), cl("5")], Ok((Some("5"), true))),
            (200, vec![cl("05"), cl("5")], Ok((Some("5"), true))),
            (200, vec![cl("5"), cl("6")], Err(Flaw::Length)),
            (200, vec![cl("+5")], Err(Flaw::Length)),
            (200, vec![cl("5,")], Err(Flaw::Length)),
            (200, vec![te("Chunked")], Ok((None, true))),
            (200, vec![te("chunked"), cl("3")], Ok((None, false))),
            (200, vec![te("chunked"), cl("3"), cl("4")], Ok((None, false))),
            (200, vec![te("gzip, chunked")], Err(Flaw::Coding)),
            (200, vec![te("gzip"), te("chunked")], Err(Flaw::Coding)),
            (200, vec![te("chunked, chunked")], Err(Flaw::Coding)),
            (200, vec![te("identity"), cl("3")], Err(Flaw::Coding)),
            (101, vec![], Err(Flaw::Protocol)),
            (204, vec![], Ok((None, true))),
            (204, vec![cl("0")], Ok((Some("0"), true))),
            (204, vec![cl("44")], Ok((Some("44"), false))),
            (204, vec![te("chunked")], Ok((None, false))),
            (304, vec![cl("44")], Ok((Some("44"), false))),
            (304, vec![cl("4, 4")], Ok((Some("4"), false))),
            (304, vec![cl("4"), cl("x")], Ok((None, false))),
            (304, vec![te("chunked"), cl("4")], Ok((None, false))),
            // Its content ends as that of any other, RFC 9110 notwithstanding.
            (205, vec![cl("44")], Ok((Some("44"), true))),
        ];
        for (status, fields, expected) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in &fields {
                headers.append(*name, HeaderValue::from_static(value));
            }
            let settled = settle(false, StatusCode::from_u16(status).unwrap(), &mut headers);
            let lengths: Vec<_> = headers.get_all(CONTENT_LENGTH).iter().map(|value| value.to_str().unwrap()).collect();
            let left = settled.map(|reusable| (lengths.first().copied(), reusable));
            assert_eq!(left, expected, "{status} {fields:?}");
            assert!(expected.is_err() || lengths.len() < 2, "{status} {fields:?}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("44"));
        assert_eq!(settle(true, StatusCode::OK, &mut headers), Ok(false), "to HEAD");
        assert!(headers.contains_key(CONTENT_LENGTH));
    }
}
