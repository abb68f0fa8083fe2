//! The module as Envoy calls it, without Envoy: every call of Envoy's functions may lead
//! back into the module, and to the end of the filter.
#![allow(
    unsafe_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod stand_in;

use std::cell::RefCell;
use std::ffi::{CStr, c_char, c_void};
use std::ptr::{null, null_mut};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use stand_in::{Buffer, LOGGED, Replies, Seen, Stream, counted, hook};

const CONTINUE: u32 = 0;
const STOP: u32 = 1;
const STOP_NO_BUFFER: u32 = 3;

fn configure(text: &str) -> *const c_void {
    let init = hook::<unsafe extern "C" fn() -> *const c_char>("program_init");
    // SAFETY: as Envoy's interface has it, here and below.
    unsafe {
        let version = init();
        assert!(!version.is_null(), "all functions are there");
        assert_eq!(CStr::from_ptr(version), c"v0.2.0");
        let new = hook::<unsafe extern "C" fn(*mut c_void, Buffer, Buffer) -> *const c_void>("http_filter_config_new");
        new(null_mut(), Buffer::from("solgate"), Buffer::from(text))
    }
}

/// A filter with the built-in policy.
fn config() -> *const c_void {
    static CONFIG: OnceLock<usize> = OnceLock::new();
    let address = *CONFIG.get_or_init(|| {
        let config = configure(r#"{"mode": "enforce", "cluster": "vnfm"}"#);
        assert!(!config.is_null(), "{}", LOGGED.lock().unwrap());
        config as usize
    });
    address as *const c_void
}

fn request(method: &str, target: &str, replies: Replies) -> Box<Stream> {
    let fields = [
        (":method", method),
        (":path", target),
        (":authority", "vnfm.example"),
        ("version", "2.0.0"),
        ("accept", "application/json"),
        ("content-type", "application/json"),
    ];
    let mut stream = Box::new(Stream {
        headers: fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        buffered: Vec::new(),
        received: Vec::new(),
        replies,
        facts: vec![
            ("/vnflcm/v2/vnf_instances/", r#"{"id":"i","instantiationState":"INSTANTIATED"}"#),
            ("/vnflcm/v2/vnf_lcm_op_occs", "[]"),
        ],
        filter: null(),
        seen: RefCell::new(Seen::default()),
        event: AtomicU64::new(0),
    });
    let new = hook::<unsafe extern "C" fn(*const c_void, *mut c_void) -> *const c_void>("http_filter_new");
    // SAFETY: as Envoy's interface has it.
    stream.filter = unsafe { new(config(), stream.pointer()) };
    stream
}

fn head(stream: &Stream, end: bool) -> u32 {
    let headers = hook::<unsafe extern "C" fn(*mut c_void, *const c_void, bool) -> u32>("http_filter_request_headers");
    // SAFETY: as Envoy's interface has it.
    unsafe { headers(stream.pointer(), stream.filter, end) }
}

fn body(stream: &mut Stream, text: &str, end: bool) -> u32 {
    stream.received = text.as_bytes().to_owned();
    let body = hook::<unsafe extern "C" fn(*mut c_void, *const c_void, bool) -> u32>("http_filter_request_body");
    // SAFETY: as Envoy's interface has it.
    unsafe { body(stream.pointer(), stream.filter, end) }
}

/// Waits until a thread of the module's wants the filter to be called, and calls it.
fn wake(stream: &Stream) {
    let deadline = Instant::now() + Duration::from_secs(60);
    let event = loop {
        match stream.event.swap(0, Ordering::SeqCst) {
            0 => assert!(Instant::now() < deadline, "nothing happens"),
            event => break event,
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    let scheduled = hook::<unsafe extern "C" fn(*mut c_void, *const c_void, u64)>("http_filter_scheduled");
    // SAFETY: as Envoy's interface has it.
    unsafe { scheduled(stream.pointer(), stream.filter, event) };
}

/// What a body that was refused at once has for a status. On a machine that has other work to
/// do, judging may take longer than a worker is kept waiting: then the answer comes later.
fn refusal(stream: &Stream, status: u32) -> u32 {
    if status != STOP {
        return status;
    }
    while stream.seen.borrow().answer.is_none() {
        wake(stream);
    }
    STOP_NO_BUFFER
}

fn refused(stream: &Stream) -> (u32, String) {
    let seen = stream.seen.borrow();
    let (status, fields, body) = seen.answer.as_ref().expect("there is an answer");
    assert!(fields.iter().any(|(name, value)| name == "content-type" && value == "application/problem+json"));
    assert!(fields.iter().all(|(name, _)| name != "content-length"), "Envoy frames the answer");
    let problem: Value = serde_json::from_str(body).expect("it is JSON");
    (*status, problem["violations"][0]["rule"].as_str().expect("a rule").to_owned())
}

const TERMINATE: &str = "/vnflcm/v2/vnf_instances/i/terminate";
const GOOD: &str = r#"{"terminationType":"FORCEFUL"}"#;
const BAD: &str = r#"{"terminationType":"soon"}"#;

#[test]
fn a_request_without_body_is_judged_by_its_head() {
    let stream = request("GET", "/vnflcm/v2/vnf_instances", Replies::Never);
    assert_eq!(head(&stream, true), CONTINUE);
    let seen = stream.seen.borrow();
    assert_eq!((seen.continued, seen.answer.is_none()), (0, true));
    let of = |key: &str| seen.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    assert_eq!((of("verdict"), of("operation")), (Some("allow"), Some("query_instances")));
    assert!(counted("solgate_requests_allow") > 0);
}

#[test]
fn a_body_is_awaited_and_a_denial_ends_the_filter() {
    let mut stream = request("POST", TERMINATE, Replies::Never);
    assert_eq!(head(&stream, false), STOP);
    let (first, rest) = BAD.split_at(5);
    assert_eq!(body(&mut stream, first, false), STOP);
    stream.buffered = first.as_bytes().to_owned();
    let status = body(&mut stream, rest, true);
    assert_eq!(refusal(&stream, status), STOP_NO_BUFFER);
    assert_eq!(refused(&stream), (400, "terminate.type.enum".to_owned()));
}

#[test]
fn facts_may_come_within_the_call_that_asks_for_them() {
    let mut stream = request("POST", TERMINATE, Replies::AtOnce);
    assert_eq!(head(&stream, false), STOP);
    assert_eq!(body(&mut stream, GOOD, true), CONTINUE);
    let seen = stream.seen.borrow();
    assert_eq!((seen.asked.len(), seen.continued), (2, 0));
    for (_, cluster, fields) in &seen.asked {
        let of = |key: &str| fields.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
        assert_eq!((cluster.as_str(), of(":method"), of("host")), ("vnfm", Some("GET"), Some("vnfm.example")));
    }
}

#[test]
fn facts_may_come_later() {
    let mut stream = request("POST", TERMINATE, Replies::Later);
    assert_eq!(head(&stream, false), STOP);
    assert_eq!(body(&mut stream, GOOD, true), STOP);
    let ids: Vec<u64> = stream.seen.borrow().asked.iter().map(|(id, ..)| *id).collect();
    stream.reply(ids[1], "[]");
    assert_eq!(stream.seen.borrow().continued, 0, "one is missing");
    stream.reply(ids[0], r#"{"id":"i","instantiationState":"NOT_INSTANTIATED"}"#);
    assert_eq!(refused(&stream).0, 409);
}

#[test]
fn a_fact_that_cannot_be_had_refuses_the_request() {
    let mut stream = request("POST", TERMINATE, Replies::Never);
    head(&stream, false);
    let status = body(&mut stream, GOOD, true);
    assert_eq!(refusal(&stream, status), STOP_NO_BUFFER);
    assert_eq!(refused(&stream), (503, "gate.fact-unavailable".to_owned()));
}

#[test]
fn a_fact_without_end_is_given_up() {
    let mut stream = request("POST", TERMINATE, Replies::Later);
    head(&stream, false);
    body(&mut stream, GOOD, true);
    let ids: Vec<u64> = stream.seen.borrow().asked.iter().map(|(id, ..)| *id).collect();
    stream.reply(ids[0], r#"{"id":"i","instantiationState":"INSTANTIATED"}"#);
    let data = hook::<unsafe extern "C" fn(*mut c_void, *const c_void, u64, *const Buffer, usize, bool)>(
        "http_filter_http_stream_data",
    );
    let chunk = "x".repeat(1 << 20);
    let lent = Buffer::from(chunk.as_str());
    for _ in 0..5 {
        // SAFETY: as Envoy's interface has it.
        unsafe { data(stream.pointer(), stream.filter, ids[1], &raw const lent, 1, false) };
    }
    wake(&stream);
    assert_eq!(stream.seen.borrow().given_up, [ids[1]]);
    assert_eq!(refused(&stream), (503, "gate.fact-unavailable".to_owned()));
}

#[test]
fn what_is_large_is_judged_on_another_thread() {
    let before = counted("solgate_judged_aside");
    let large = format!("{}{BAD}", " ".repeat(100_000));
    let mut stream = request("POST", TERMINATE, Replies::Never);
    head(&stream, false);
    assert_eq!(body(&mut stream, &large, true), STOP);
    wake(&stream);
    assert_eq!(refused(&stream), (400, "terminate.type.enum".to_owned()));

    let large = format!("{}{GOOD}", " ".repeat(100_000));
    let mut stream = request("POST", TERMINATE, Replies::AtOnce);
    head(&stream, false);
    assert_eq!(body(&mut stream, &large, true), STOP);
    // The questions, and the verdict.
    wake(&stream);
    wake(&stream);
    assert_eq!(stream.seen.borrow().continued, 1);
    assert!(counted("solgate_judged_aside") >= before + 3);
}

#[test]
fn a_filter_may_go_while_another_thread_judges() {
    for _ in 0..20 {
        let mut stream = request("POST", TERMINATE, Replies::Never);
        head(&stream, false);
        assert_eq!(body(&mut stream, &format!("{}{BAD}", " ".repeat(300_000)), true), STOP);
        // SAFETY: as Envoy's interface has it.
        unsafe { hook::<unsafe extern "C" fn(*const c_void)>("http_filter_destroy")(stream.filter) };
        stream.event.store(0, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(stream.event.load(Ordering::SeqCst), 0, "nobody calls a filter that is gone");
    }
}

#[test]
fn what_is_too_long_is_refused_before_its_end() {
    let mut stream = request("POST", TERMINATE, Replies::Never);
    head(&stream, false);
    stream.buffered = vec![b' '; 1 << 20];
    assert_eq!(body(&mut stream, " ", false), STOP_NO_BUFFER, "nobody needs the rest");
    wake(&stream);
    assert_eq!(refused(&stream), (413, "body.size".to_owned()));
}

#[test]
fn a_head_that_cannot_be_read_is_refused() {
    let mut stream = request("GET", "/vnflcm/v2/vnf_instances", Replies::Never);
    stream.headers.push(("x y".to_owned(), "1".to_owned()));
    assert_eq!(head(&stream, true), STOP);
    assert_eq!(refused(&stream), (400, "transport.head.malformed".to_owned()));
}

#[test]
fn a_wrong_configuration_is_refused_in_words() {
    for (text, said) in [
        ("{", "filter_config:2:1: not valid YAML"),
        (r#"{"mode": "strict"}"#, "filter_config:1:10: expected enforce, monitor or off"),
        (r#"{"facts": {"url": "http://vnfm"}}"#, "facts.url has no meaning here"),
    ] {
        LOGGED.lock().unwrap().clear();
        assert!(configure(text).is_null(), "{text}");
        let logged = LOGGED.lock().unwrap().clone();
        assert!(logged.starts_with("solgate: ") && logged.contains(said), "{logged}");
    }
}
