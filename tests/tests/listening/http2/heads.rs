//! What a request may look like in HTTP/2, and what of it reaches the VNFM.

use super::raw::{DATA, END_STREAM, Fate, Fields, Raw, get};
use super::{Http2, LIST};

/// Of a protocol error (RFC 9113, 7).
const PROTOCOL_ERROR: u32 = 1;
const COMPRESSION_ERROR: u32 = 9;
/// As the first byte of a head.
const OK: u8 = 0x88;

/// A good request with other fields: one of the same name takes the place of the first,
/// without a value none.
fn with(changes: &[(&'static str, &'static [u8])]) -> Fields<'static> {
    let mut fields = get(LIST);
    for (name, value) in changes {
        match fields.iter().position(|(have, _)| have == name) {
            Some(at) if value.is_empty() => drop(fields.remove(at)),
            Some(at) => fields[at].1 = value,
            None => fields.push((name, value)),
        }
    }
    fields
}

fn and(more: &[(&'static str, &'static [u8])]) -> Fields<'static> {
    get(LIST).into_iter().chain(more.iter().copied()).collect()
}

#[test]
fn a_request_reaches_the_vnfm_as_one_of_http_1() {
    let http2 = Http2::start("");
    let mut raw = Raw::connect(http2.address, &[]);
    raw.head(1, END_STREAM, &and(&[("cookie", b"a=1"), ("te", b"trailers"), ("cookie", b"b=2"), ("x-own", b"")]));
    assert_eq!(raw.fate(1), Fate::Answered(OK));
    // On the same connection, with a body in pieces, and without a length.
    let post =
        [(":method", &b"POST"[..]), (":path", b"/vnflcm/v2/subscriptions"), ("content-type", b"application/json")];
    raw.head(3, 0, &with(&post));
    raw.frame(DATA, 0, 3, b"{\"callbackUri\":");
    raw.frame(DATA, END_STREAM, 3, b"\"http://nfvo.example/cb\"}");
    assert!(matches!(raw.fate(3), Fate::Answered(_)));
    let received = http2.vnfm.received();
    let get = &received[0];
    assert_eq!(get.line, format!("GET {LIST} HTTP/1.1"));
    let fields: Vec<_> = get.fields.iter().filter(|(name, _)| name == "cookie" || name == "te").collect();
    assert_eq!(fields, [&("cookie".to_owned(), "a=1; b=2".to_owned())]);
    assert_eq!((get.field("host"), get.field("x-own")), (Some("gate.example"), Some("")));
    assert!(get.field("via").is_some_and(|via| via.starts_with("2.0 solgate-")), "{get:?}");
    let post = &received[1];
    let body = b"{\"callbackUri\":\"http://nfvo.example/cb\"}";
    assert_eq!((post.body.as_slice(), post.field("content-length")), (&body[..], Some("40")));
    assert!(post.fields.iter().all(|(name, _)| !name.starts_with(':') && name != "transfer-encoding"), "{post:?}");
    let lines = http2.gate.lines(2);
    assert!(lines.iter().all(|line| line["verdict"] == "allow"), "{lines:?}");
}

/// HTTP/1.1 on the same address is as always.
#[test]
fn both_versions_share_an_address() {
    let http2 = Http2::start("");
    let request = format!(
        "GET {LIST} HTTP/1.1\r\nHost: h\r\nVersion: 2.0.0\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(solgate_tests::vnfm::send(http2.address, request.as_bytes()).status, 200);
    // What only begins like the other is neither.
    let answer = solgate_tests::vnfm::send(http2.address, b"PRI * HTTP/2.0\r\n\r\n1234567890");
    assert_eq!(answer.status, 505);
}

/// Malformed streams are reset, or the connection ends. Nothing of them is forwarded.
#[test]
fn what_is_malformed_is_no_request() {
    let http2 = Http2::start("");
    let table: &[(&str, Fields<'_>)] = &[
        ("no method", with(&[(":method", b"")])),
        ("no scheme", with(&[(":scheme", b"")])),
        ("no path", with(&[(":path", b"")])),
        ("two paths", [vec![(":path", &b"/a"[..])], get(LIST)].concat()),
        ("two methods", [vec![(":method", &b"POST"[..])], get(LIST)].concat()),
        ("an unknown pseudo field", [vec![(":user", &b"root"[..])], get(LIST)].concat()),
        ("a status", [vec![(":status", &b"200"[..])], get(LIST)].concat()),
        ("a pseudo field behind others", [get(LIST), vec![(":authority", &b"b"[..])]].concat()),
        ("a protocol", with(&[(":method", b"CONNECT"), (":protocol", b"websocket")])),
        ("upper case", and(&[("X-Own", b"a")])),
        ("a space in a name", and(&[("x own", b"a")])),
        ("a colon in a name", and(&[("x:own", b"a")])),
        ("a line end in a value", and(&[("x-own", b"a\r\nx-other: b")])),
        ("a zero in a value", and(&[("x-own", b"a\0b")])),
        ("connection", and(&[("connection", b"close")])),
        ("keep-alive", and(&[("keep-alive", b"1")])),
        ("proxy-connection", and(&[("proxy-connection", b"close")])),
        ("upgrade", and(&[("upgrade", b"h2c")])),
        ("transfer-encoding", and(&[("transfer-encoding", b"chunked")])),
        ("te", and(&[("te", b"gzip")])),
        ("a length without a body", and(&[("content-length", b"5")])),
        ("a length that is not a number", and(&[("content-length", b"+0")])),
        ("two lengths", and(&[("content-length", b"0"), ("content-length", b"5")])),
        ("an absolute path", with(&[(":path", b"http://gate.example/vnflcm")])),
        ("a path without a slash", with(&[(":path", b"vnflcm")])),
        ("a space in the path", with(&[(":path", b"/vnflcm/v2/vnf_instances /x")])),
    ];
    for (what, fields) in table {
        let mut raw = Raw::connect(http2.address, &[]);
        raw.head(1, END_STREAM, fields);
        let fate = raw.fate(1);
        assert!(
            matches!(fate, Fate::Reset(PROTOCOL_ERROR) | Fate::Away(PROTOCOL_ERROR | COMPRESSION_ERROR)),
            "{what}: {fate:?}"
        );
    }
    for (what, length, flags) in [("more data than the length", &b"3"[..], 0), ("less", b"9", END_STREAM)] {
        let mut raw = Raw::connect(http2.address, &[]);
        raw.head(1, 0, &with(&[(":method", b"POST"), ("content-length", length)]));
        raw.frame(DATA, flags, 1, b"12345");
        assert_eq!(raw.fate(1), Fate::Reset(PROTOCOL_ERROR), "{what}");
    }
    assert_eq!(http2.vnfm.received(), []);
}

/// What HTTP/2 has nothing against, and HTTP/1.1 or its readers have.
#[test]
fn what_can_be_read_in_two_ways_is_refused_as_in_http_1() {
    let http2 = Http2::start("headBytes: 2000, targetBytes: 500");
    let long = "a".repeat(600).leak();
    let path: &[u8] = format!("/{long}").leak().as_bytes();
    let large: &[u8] = "a".repeat(2000).leak().as_bytes();
    let many: Vec<(&str, &[u8])> = (0..101).map(|index| (&*format!("x-{index}").leak(), &b""[..])).collect();
    let table: &[(&str, Fields<'_>)] = &[
        ("transport.host", and(&[("host", b"other.example")])),
        ("transport.host", with(&[(":authority", b"")])),
        ("transport.host", with(&[(":authority", b"user@gate.example")])),
        ("transport.host", with(&[(":authority", b"gate.example:http")])),
        ("transport.field.repeated", and(&[("host", b"gate.example"), ("host", b"gate.example")])),
        ("transport.field.repeated", and(&[("authorization", b"a"), ("authorization", b"b")])),
        ("transport.target.form", with(&[(":method", b"OPTIONS"), (":path", b"*")])),
        ("transport.target.form", vec![(":method", b"CONNECT"), (":authority", b"gate.example:80")]),
        ("transport.head.malformed", with(&[(":scheme", b"ftp")])),
        ("transport.head.malformed", with(&[("version", b" 2.0.0")])),
        ("transport.head.malformed", and(&[("x-own", b"a\t")])),
        ("transport.head.malformed", and(&[("x\"own", b"a")])),
        ("transport.method-override", and(&[("x-http-method-override", b"DELETE")])),
        ("transport.path-override", and(&[("x-original-url", b"/")])),
        ("transport.field.alias", and(&[("content_type", b"a")])),
        ("transport.target.size", with(&[(":path", path)])),
        ("transport.head.size", and(&[("x-own", large)])),
        ("transport.head.size", with(&[(":authority", large)])),
        ("transport.head.fields", get(LIST).into_iter().chain(many).collect()),
    ];
    for (what, fields) in table {
        let mut raw = Raw::connect(http2.address, &[]);
        raw.head(1, END_STREAM, fields);
        let fate = raw.fate(1);
        assert!(matches!(fate, Fate::Answered(status) if status != OK), "{what}: {fate:?}");
    }
    let lines = http2.gate.lines(table.len());
    let rules: Vec<_> = lines.iter().map(|line| line["rule"].as_str().unwrap_or_default()).collect();
    assert_eq!(rules, table.iter().map(|(rule, _)| *rule).collect::<Vec<_>>());
    assert_eq!(http2.vnfm.received(), []);
    // Alike twice is alright.
    let mut raw = Raw::connect(http2.address, &[]);
    raw.head(1, END_STREAM, &and(&[("host", b"GATE.example")]));
    assert_eq!(raw.fate(1), Fate::Answered(OK));
}
