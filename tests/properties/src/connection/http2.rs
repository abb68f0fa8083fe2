//! Requests of HTTP/2, to what `solgate serve` checks of their heads.

use std::cell::RefCell;
use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, request};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use solgate_serve::wire::{HttpLimits, check_http2_head};
use tokio::task::LocalSet;

use super::{Call, LIMITS, on_runtime, requests_of, socket::Socket};
use crate::message::{Message, parts};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Bytes of a frame here: so small that larger heads and bodies take several.
const FRAME: usize = 512;
/// Times that the server looks in vain for more before the connection ends: its tasks go on
/// meanwhile.
const LINGER: usize = 64;
/// The line that a head of HTTP/1.1 has beside what it has in HTTP/2.
const CODING: &str = "Transfer-Encoding: chunked\r\n";
/// Bytes of all bodies: more waits until the server gives the client room for it, and this
/// client does not listen.
const WINDOW: usize = 65_535;

/// Tasks of a connection, on the thread of the test.
#[derive(Clone)]
struct Here;

impl<F: Future + 'static> Executor<F> for Here {
    fn execute(&self, task: F) {
        tokio::task::spawn_local(async move { drop(task.await) });
    }
}

/// The parts of the input are the requests of one connection: method and target, fields,
/// body. A name that begins with `@` is that of a pseudo field; `:scheme` is http if it is
/// not there. What passes is a request of HTTP/1.1 that passes as well, and is the same
/// there; in which pieces it comes makes no difference.
///
/// # Panics
/// If it is not so.
pub fn http2(input: &[u8]) {
    let _ = http2_requests(input);
}

/// The same; says how many requests have passed whole.
///
/// # Panics
/// As [`http2`].
#[must_use]
pub fn http2_requests(input: &[u8]) -> usize {
    let bytes = frames(input);
    let whole = served(&bytes, bytes.len());
    for (call, text) in &whole {
        let (Some(passed), Some(body)) = (&call.passed, &call.body) else { continue };
        assert_eq!(passed, &(call.method.clone(), call.target.clone()), "what was checked is what is asked");
        let read = requests_of(text);
        let same = Call { body: Some(body.clone()), ..call.clone() };
        assert_eq!(read, [same], "as HTTP/1.1: {}", text.escape_ascii());
    }
    for step in [1, 7] {
        assert_eq!(served(&bytes, step), whole, "in pieces of {step}");
    }
    whole.iter().filter(|(call, _)| call.passed.is_some() && call.body.is_some()).count()
}

/// The requests in the order of their streams, each with its text in HTTP/1.1.
fn served(bytes: &[u8], step: usize) -> Vec<(Call, Vec<u8>)> {
    on_runtime(LocalSet::new().run_until(serve(bytes.to_vec(), step)))
}

async fn serve(bytes: Vec<u8>, step: usize) -> Vec<(Call, Vec<u8>)> {
    thread_local! {
        static CALLS: RefCell<Vec<(Call, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
    }
    CALLS.take();
    let service = service_fn(|request: Request<Incoming>| {
        let (mut parts, body) = request.into_parts();
        let (method, path) = (parts.method.to_string(), parts.uri.path_and_query().map(ToString::to_string));
        let limits = HttpLimits { head: LIMITS.head - CODING.len(), target: LIMITS.target, ..HttpLimits::default() };
        let passed = check_http2_head(&mut parts, &limits).ok();
        let call = Call { method, target: path.unwrap_or_default(), body: None, passed };
        let index = CALLS.with_borrow_mut(|calls| {
            calls.push((call, Vec::new()));
            calls.len() - 1
        });
        async move {
            if let Ok(body) = body.collect().await.map(Collected::to_bytes) {
                CALLS.with_borrow_mut(|calls| {
                    calls[index].1 = text(&parts, &body);
                    calls[index].0.body = Some(body);
                });
            }
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
        }
    });
    let (socket, _) = Socket::lingering(bytes, step, LINGER);
    let _ = hyper::server::conn::http2::Builder::new(Here).serve_connection(TokioIo::new(socket), service).await;
    CALLS.take()
}

/// A request as HTTP/1.1 writes it.
fn text(parts: &request::Parts, body: &[u8]) -> Vec<u8> {
    let mut text = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri).into_bytes();
    for (name, value) in &parts.headers {
        text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    if !body.is_empty() && !parts.headers.contains_key("content-length") {
        text.extend(format!("{CODING}\r\n{:x}\r\n", body.len()).into_bytes());
        text.extend([body, b"\r\n0\r\n\r\n"].concat());
    } else {
        text.extend([b"\r\n", body].concat());
    }
    text
}

/// A connection with these requests, one after the other.
fn frames(input: &[u8]) -> Vec<u8> {
    let mut bytes = PREFACE.to_vec();
    frame(&mut bytes, SETTINGS, 0, 0, b"");
    let mut window = WINDOW;
    for (index, request) in parts(input).enumerate() {
        let stream = u32::try_from(2 * index + 1).expect("inputs are small");
        let head = head(&request);
        let body = &request.body[..request.body.len().min(window)];
        window -= body.len();
        let mut pieces = head.chunks(FRAME).peekable();
        let mut kind = HEADERS;
        while let Some(piece) = pieces.next() {
            let end = if kind == HEADERS && body.is_empty() { END_STREAM } else { 0 };
            let last = if pieces.peek().is_none() { END_HEADERS } else { 0 };
            frame(&mut bytes, kind, end | last, stream, piece);
            kind = CONTINUATION;
        }
        let mut pieces = body.chunks(FRAME).peekable();
        while let Some(piece) = pieces.next() {
            let end = if pieces.peek().is_none() { END_STREAM } else { 0 };
            frame(&mut bytes, DATA, end, stream, piece);
        }
    }
    bytes
}

fn frame(bytes: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, content: &[u8]) {
    let length = u32::try_from(content.len()).expect("frames are small").to_be_bytes();
    bytes.extend([&length[1..], &[kind, flags], &stream.to_be_bytes(), content].concat());
}

/// The fields of a request, each written out (RFC 7541, 6.2.2).
fn head(request: &Message<'_>) -> Vec<u8> {
    let (method, path) = request.request_line();
    let scheme = request.fields.iter().all(|(name, _)| *name != b"@scheme");
    let mut fields = vec![(b":method".to_vec(), method), (b":path".to_vec(), path)];
    fields.extend(scheme.then(|| (b":scheme".to_vec(), &b"http"[..])));
    fields.extend(request.fields.iter().map(|(name, value)| {
        let name = name.strip_prefix(b"@").map_or_else(|| name.to_vec(), |name| [b":", name].concat());
        (name, *value)
    }));
    let mut head = Vec::new();
    for (name, value) in &fields {
        head.push(0);
        text_of_hpack(&mut head, name);
        text_of_hpack(&mut head, value);
    }
    head
}

/// A text without Huffman's code: its length in seven bits and more, then the bytes.
fn text_of_hpack(bytes: &mut Vec<u8>, text: &[u8]) {
    const PREFIX: usize = 127;
    match text.len().checked_sub(PREFIX) {
        None => bytes.push(u8::try_from(text.len()).expect("it is less")),
        Some(mut rest) => {
            bytes.push(0x7f);
            while rest >= 128 {
                bytes.push(u8::try_from(rest % 128).expect("it is less") | 0x80);
                rest /= 128;
            }
            bytes.push(u8::try_from(rest).expect("it is less"));
        }
    }
    bytes.extend_from_slice(text);
}
