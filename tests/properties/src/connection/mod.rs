//! Requests as they come over a connection, to the guard of `solgate serve` and the
//! HTTP implementation behind it.

mod http2;
mod plain;
mod socket;

use std::cell::RefCell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use solgate_serve::wire::{Connection, Guard, GuardLimits};

pub use http2::{http2, http2_requests};
use socket::Socket;

/// Small enough for inputs to get beyond them.
const LIMITS: GuardLimits =
    GuardLimits { head: 2048, target: 256, head_time: Duration::from_secs(60), idle: Duration::from_secs(60) };

/// One call of the service.
#[derive(Debug, Clone, PartialEq)]
struct Call {
    method: String,
    target: String,
    /// `None` if it broke off.
    body: Option<Bytes>,
    /// Method and target as the guard has read them; `None` if it refused the head. Why
    /// it did may depend on how much of it had come.
    passed: Option<(String, String)>,
}

/// The input is what comes over one connection. However it comes:
///
/// - the service is asked about what the guard let through, and nothing else;
/// - method, target and body are those that a plain reader finds, one request after
///   the other;
/// - it makes no difference in which pieces the bytes arrive;
/// - the HTTP implementation answers nothing by itself.
///
/// # Panics
/// If it is not so.
pub fn connection(input: &[u8]) {
    let _ = requests(input);
}

/// The same; says how many requests have reached the service whole.
///
/// # Panics
/// As [`connection`].
#[must_use]
pub fn requests(input: &[u8]) -> usize {
    let whole = requests_of(input);
    let read = plain::read(input);
    for (index, call) in whole.iter().enumerate() {
        let Some((method, target)) = &call.passed else {
            assert_eq!(index + 1, whole.len(), "a refusal ends the connection");
            continue;
        };
        assert_eq!((method, target), (&call.method, &call.target), "guard and service see the same request");
        if let Some(body) = &call.body {
            let request = read.get(index).unwrap_or_else(|| panic!("request {index} is not there: {call:?}"));
            assert_eq!((&request.method, &request.target), (method, target));
            assert_eq!(&request.body, body, "of request {index}");
        }
    }
    for step in [1, 7] {
        assert_eq!(served(input, step), whole, "in pieces of {step}");
    }
    whole.iter().filter(|call| call.passed.is_some() && call.body.is_some()).count()
}

/// What the service is asked when the bytes come in pieces of this size.
fn served(input: &[u8], step: usize) -> Vec<Call> {
    on_runtime(serve(input, step))
}

/// What the service is asked by a connection whose bytes come at once.
fn requests_of(input: &[u8]) -> Vec<Call> {
    served(input, input.len().max(1))
}

fn on_runtime<T>(task: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("it starts");
    }
    RUNTIME.with(|runtime| runtime.block_on(task))
}

async fn serve(input: &[u8], step: usize) -> Vec<Call> {
    let calls = RefCell::new(Vec::new());
    let connection = Arc::new(Connection::default());
    let (socket, written) = Socket::new(input, step);
    let service = service_fn(|request: Request<Incoming>| {
        let (calls, connection) = (&calls, &connection);
        async move {
            let passed = connection.pop().expect("the guard has let it through");
            let (method, target) = (request.method().to_string(), request.uri().to_string());
            let body = request.into_body().collect().await.ok().map(Collected::to_bytes);
            connection.finished();
            calls.borrow_mut().push(Call { method, target, body, passed: passed.outcome.ok() });
            Ok::<_, Infallible>(Response::builder().status(299).body(Full::new(Bytes::new())).expect("it is one"))
        }
    });
    // As the server sets it up, but that it answers what has come before the end.
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .half_close(true)
        .header_read_timeout(None)
        .preserve_header_case(true)
        .writev(false)
        .max_buf_size(LIMITS.head + (64 << 10));
    let guard = Guard::new(socket, LIMITS, Arc::clone(&connection));
    let _ = builder.serve_connection(TokioIo::new(guard), service).await;
    let written = written.borrow();
    let answers = String::from_utf8_lossy(&written);
    for line in answers.lines().filter(|line| line.starts_with("HTTP/1.")) {
        assert!(line.contains(" 299") || line.contains(" 100 "), "nobody but the service answers {line:?}");
    }
    drop(answers);
    calls.into_inner()
}
