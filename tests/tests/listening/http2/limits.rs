//! How much of the gate a connection of HTTP/2 may take.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use solgate_tests::certificates::Authority;
use solgate_tests::minimal::HEAD;
use solgate_tests::tls;
use solgate_tests::vnfm::{Reply, message};

use super::raw::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Fate, Fields, GOAWAY, HEADERS, PING, PRIORITY, RST_STREAM, Raw,
    SETTINGS, WINDOW_UPDATE, block, frame, get,
};
use super::{Http2, LIST};
use crate::process::wait_until;

const REFUSED_STREAM: u32 = 7;
const CANCEL: u32 = 8;
const OK: u8 = 0x88;

fn post() -> Fields<'static> {
    let mut fields = get("/vnflcm/v2/subscriptions");
    fields[0].1 = b"POST";
    fields.push(("content-type", b"application/json"));
    fields
}

fn answers(address: SocketAddr) {
    let mut raw = Raw::connect(address, &[]);
    raw.head(1, END_STREAM, &get(LIST));
    assert_eq!(raw.fate(1), Fate::Answered(OK));
}

/// Small ones, and at our own gate.
#[test]
fn floods_are_cut() {
    let http2 = Http2::start("");
    let head = block(&get(LIST));
    let floods: [(&str, Vec<u8>); 6] = [
        ("pings", frame(PING, 0, 0, &[0; 8])),
        ("settings", frame(SETTINGS, 0, 0, &[])),
        ("priorities", frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])),
        ("window updates", frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("unknown frames", frame(200, 0, 0, &[])),
        ("empty data", frame(DATA, 0, 1, &[])),
    ];
    for (what, one) in floods {
        println!("{what}");
        let mut raw = Raw::connect(http2.address, &[]);
        raw.head(1, 0, &post());
        raw.send(&one.repeat(6000));
        // Whatever it has answered before.
        while raw.next().is_some() {}
    }
    let cut = http2.metric("solgate_http2_connections_cut_total{outcome=\"flood\"}");
    assert!(cut >= 5, "{cut}");
    // Requests that are reset at once.
    let mut raw = Raw::connect(http2.address, &[]);
    for index in 0..1000 {
        let stream = index * 2 + 1;
        let both =
            [frame(HEADERS, END_HEADERS | END_STREAM, stream, &head), frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])];
        raw.send(&both.concat());
    }
    while raw.next().is_some() {}
    assert!(http2.vnfm.received().len() < 500, "most were never forwarded");
    answers(http2.address);
}

#[test]
fn streams_are_counted() {
    let http2 = Http2::start("streams: 20, connections: 16, clientShare: 1");
    // The connection has eight places, and each stream beyond takes one.
    let mut raw = Raw::connect(http2.address, &[]);
    for stream in (1..32).step_by(2) {
        raw.head(stream, 0, &post());
    }
    raw.head(33, 0, &post());
    assert!(matches!(raw.fate(33), Fate::Answered(_)), "it is told why not");
    let lines = http2.gate.lines(1);
    assert_eq!((&lines[0]["rule"], &lines[0]["status"]), (&"gate.connections".into(), &503.into()));
    drop(raw);
    wait_until(|| TcpStream::connect(http2.address).is_ok());
    // One more than a connection may have.
    let http2 = Http2::start("streams: 20");
    let mut raw = Raw::connect(http2.address, &[]);
    for stream in (1..42).step_by(2) {
        raw.head(stream, 0, &post());
    }
    assert_eq!(raw.fate(41), Fate::Reset(REFUSED_STREAM));
    raw.frame(DATA, END_STREAM, 1, b"{\"callbackUri\":\"http://nfvo.example/cb\"}");
    assert!(matches!(raw.fate(1), Fate::Answered(_)), "the others go on");
}

#[test]
fn heads_and_bodies_come_in_time() {
    let http2 = Http2::start("headTimeout: 500ms, bodyTimeout: 500ms");
    let mut raw = Raw::connect(http2.address, &[]);
    raw.head(1, 0, &post());
    assert!(matches!(raw.fate(1), Fate::Answered(_)));
    assert_eq!(http2.gate.lines(1)[0]["rule"], "transport.timeout");
    let mut unfinished = Raw::connect(http2.address, &[]);
    let head = block(&get(LIST));
    unfinished.frame(HEADERS, END_STREAM, 1, &head[..20]);
    unfinished.frame(CONTINUATION, 0, 1, &head[20..40]);
    while unfinished.next().is_some() {}
    assert_eq!(http2.metric("solgate_http2_connections_cut_total{outcome=\"head\"}"), 1);
    // In time.
    let mut raw = Raw::connect(http2.address, &[]);
    raw.frame(HEADERS, END_STREAM, 1, &head[..20]);
    raw.frame(CONTINUATION, END_HEADERS, 1, &head[20..]);
    assert_eq!(raw.fate(1), Fate::Answered(OK));
}

#[test]
fn a_connection_without_requests_ends_with_a_word() {
    let http2 = Http2::start("idle: 500ms, headTimeout: 500ms");
    let mut raw = Raw::connect(http2.address, &[]);
    raw.head(1, END_STREAM, &get(LIST));
    assert_eq!(raw.fate(1), Fate::Answered(OK));
    let away = std::iter::from_fn(|| raw.next()).any(|frame| frame.kind == GOAWAY && frame.content[4..8] == [0; 4]);
    assert!(away, "it says so");
}

/// A client that takes nothing of one answer gets the others.
#[test]
fn an_answer_that_nobody_takes_is_reset() {
    let http2 = Http2::start("idle: 700ms");
    let large = serde_json::Value::from(vec!["x".repeat(100_000)]);
    http2.vnfm.reply("GET", "/vnflcm/v2/subscriptions", Reply::json(&large));
    let initial_window = 4;
    let mut raw = Raw::connect(http2.address, &[(initial_window, 1000)]);
    raw.head(1, END_STREAM, &get("/vnflcm/v2/subscriptions"));
    assert_eq!(raw.fate(1), Fate::Answered(OK));
    let other = std::thread::spawn({
        let address = http2.address;
        move || {
            (0..20).for_each(|_| {
                answers(address);
                std::thread::sleep(Duration::from_millis(50));
            })
        }
    });
    raw.head(3, END_STREAM, &get(LIST));
    assert_eq!(raw.fate(3), Fate::Answered(OK));
    assert_eq!(raw.fate(1), Fate::Reset(CANCEL));
    other.join().expect("no panic");
}

/// The client is told which requests will be answered, and they are.
#[test]
fn the_end_is_announced_and_what_is_under_way_is_answered() {
    let mut http2 = Http2::start("");
    let mut raw = Raw::connect(http2.address, &[]);
    raw.head(1, 0, &post());
    raw.head(3, END_STREAM, &get(LIST));
    assert_eq!(raw.fate(3), Fate::Answered(OK));
    http2.gate.signal("TERM");
    let away = std::iter::from_fn(|| raw.next()).find(|frame| frame.kind == GOAWAY || frame.kind == PING);
    assert!(away.is_some());
    raw.frame(DATA, END_STREAM, 1, b"{\"callbackUri\":\"http://nfvo.example/cb\"}");
    let answered = std::iter::from_fn(|| raw.next()).any(|frame| frame.kind == HEADERS && frame.stream == 1);
    assert!(answered, "it is answered");
    drop(raw);
    assert_eq!(http2.gate.wait(), Some(0));
}

#[test]
fn in_tls_the_client_chooses() {
    let authority = Authority::new("authority");
    let http2 = Http2::start_with("", |folder| {
        let (certificate, key) = authority.server().write(folder, "gate");
        format!("tls: {{ certFile: {}, keyFile: {} }}\n", certificate.display(), key.display())
    });
    let client = tls::Client::new(&authority, None);
    let mut raw = Raw::begin(client.offering(&["h2", "http/1.1"]).connect(http2.address), &[]);
    raw.head(1, END_STREAM, &get(LIST));
    assert_eq!(raw.fate(1), Fate::Answered(OK));
    for protocols in [&["http/1.1"][..], &[]] {
        let request = message("GET", LIST, &HEAD[..2], "");
        let answer = client.offering(protocols).send(http2.address, &request).expect("an answer");
        assert_eq!(answer.status, 200, "{protocols:?}");
    }
}
