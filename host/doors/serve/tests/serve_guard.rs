//! What the transport refuses, as a client sees it: ProblemDetails, an end of
//! the connection, and nothing at the VNFM.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod serve_support;

use std::time::Duration;

use serve_support::{Client, OK, Upstream, config, exchange, start};

/// Request, status, id of the fault.
fn faults() -> Vec<(Vec<u8>, u16, &'static str)> {
    let with = |fields: &str| format!("POST /a HTTP/1.1\r\nHost: h\r\n{fields}\r\n").into_bytes();
    let target = |target: &str| format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes();
    let mut table = vec![
        (b"GET / HTTP/1.1\nHost: h\n\n".to_vec(), 400, "transport.head.malformed"),
        (b"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (b"GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (b"GET / HTTP/1.1\r\n Host: h\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (with("X : y\r\n"), 400, "transport.head.malformed"),
        (with("no colon\r\n"), 400, "transport.head.malformed"),
        (with("X: a\0b\r\n"), 400, "transport.head.malformed"),
        (b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (b"GET /\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (b"G@T / HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (b"\x16\x03\x01\x02\x00\x01\x00".to_vec(), 400, "transport.head.malformed"),
        (b" GET / HTTP/1.1\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), 505, "transport.version"),
        (b"GET / HTTP/3.7\r\nHost: h\r\n\r\n".to_vec(), 505, "transport.version"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), 400, "transport.host"),
        (b"GET / HTTP/1.1\r\nHost:\r\n\r\n".to_vec(), 400, "transport.host"),
        (b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n".to_vec(), 400, "transport.host"),
        (b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".to_vec(), 400, "transport.host"),
        (target("http://other/x"), 400, "transport.target.form"),
        (target("/a#b"), 400, "transport.target.form"),
        (target("*"), 400, "transport.target.form"),
        (target("other:80"), 400, "transport.target.form"),
        (target("/\u{e9}"), 400, "transport.target.form"),
        (b"CONNECT vnfm:443 HTTP/1.1\r\nHost: vnfm\r\n\r\n".to_vec(), 400, "transport.target.form"),
        (b"CONNECT / HTTP/1.1\r\nHost: vnfm\r\n\r\n".to_vec(), 400, "transport.target.form"),
        (target(&format!("/{}", "a".repeat(17 << 10))), 414, "transport.target.size"),
        (with(&format!("X: {}\r\n", "a".repeat(70 << 10))), 431, "transport.head.size"),
        (with(&"X: y\r\n".repeat(120)), 431, "transport.head.fields"),
        (with("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400, "transport.framing"),
        (with("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400, "transport.framing"),
        (with("Content-Length: 3\r\nContent-Length: 3\r\n"), 400, "transport.field.repeated"),
        (with("Content-Length: 3\r\nContent-Length: 4\r\n"), 400, "transport.field.repeated"),
        (with("Transfer-Encoding: gzip, chunked\r\n"), 501, "transport.coding"),
        (with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 501, "transport.coding"),
        (with("Transfer-Encoding: identity\r\n"), 501, "transport.coding"),
        (with("Transfer-Encoding: \x0bchunked\r\n"), 400, "transport.head.malformed"),
        (b"POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), 400, "transport.head.malformed"),
        (with("Content_Type: text/plain\r\n"), 400, "transport.field.alias"),
        ([&b"GET / HTTP/1.1\r\nHost: h\r\nAccept: "[..], b"\xff\xfe\r\n\r\n"].concat(), 400, "transport.field.value"),
    ];
    for length in ["+3", "3,3", "0x3", "3 3", "-1", "", "99999999999999999999"] {
        table.push((with(&format!("Content-Length: {length}\r\n")), 400, "transport.framing.length"));
    }
    for name in ["Host", "Authorization", "Content-Type", "X-Auth-Token"] {
        table.push((with(&format!("{name}: a\r\n{name}: b\r\n")), 400, "transport.field.repeated"));
    }
    for name in ["X-HTTP-Method-Override", "X-Method-Override", "x-http-method", "X_HTTP_METHOD_OVERRIDE"] {
        table.push((with(&format!("{name}: DELETE\r\n")), 400, "transport.method-override"));
    }
    for name in ["X-Original-URL", "x-rewrite-url", "X_ORIGINAL_URL"] {
        table.push((with(&format!("{name}: /b\r\n")), 400, "transport.path-override"));
    }
    for (name, value) in [
        ("Version", "2.0.0"),
        ("Content-Type", "a/b"),
        ("Accept", "*/*"),
        ("If-Match", "*"),
        ("X-Auth-Token", "t"),
        ("X-Own", "y"),
    ] {
        table.push((
            with(&format!("{name}: {value}\r\nConnection: close, {}\r\n", name.to_lowercase())),
            400,
            "transport.connection",
        ));
    }
    table.push((with("Connection: Host\r\n"), 400, "transport.connection"));
    for body in [
        "x\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "-5\r\n",
        "1000000000000000\r\n",
        "0\r\nbad\x01trailer\r\n\r\n",
    ] {
        table.push((
            [with("Transfer-Encoding: chunked\r\n"), body.as_bytes().to_vec()].concat(),
            400,
            "transport.body",
        ));
    }
    table
}

#[tokio::test]
async fn every_fault_is_a_problem_and_reaches_nobody() {
    let upstream = Upstream::answering(OK).await;
    let gate = start(config(upstream.address)).await;
    for (request, status, rule) in faults() {
        let shown = request[..request.len().min(120)].escape_ascii().to_string();
        let mut client = Client::connect(gate.address).await;
        client.try_send(&request).await;
        let answer = client.receive(false).await;
        assert_eq!((answer.status, answer.rule().as_str()), (status, rule), "{shown}: {}", answer.body.escape_ascii());
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{shown}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{shown}");
        assert_eq!(answer.field("content-type").as_deref(), Some("application/problem+json"), "{shown}");
        assert_eq!(answer.field("connection").as_deref(), Some("close"), "{shown}");
        assert!(client.is_closed().await, "{shown}");
    }
    assert!(upstream.seen().is_empty(), "{:?}", upstream.seen());
}

#[tokio::test]
async fn a_fault_is_found_however_the_bytes_arrive() {
    let upstream = Upstream::answering(OK).await;
    let gate = start(config(upstream.address)).await;
    for (request, status, rule) in faults().into_iter().filter(|(request, ..)| request.len() < 200) {
        let mut client = Client::connect(gate.address).await;
        for byte in &request {
            client.try_send(&[*byte]).await;
            tokio::task::yield_now().await;
        }
        let answer = client.receive(false).await;
        assert_eq!((answer.status, answer.rule().as_str()), (status, rule), "{}", request.escape_ascii());
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn good_requests_before_a_bad_one_are_served_in_order() {
    let upstream = Upstream::start(|request| {
        let line = request.split(|&b| b == b'\r').next().unwrap();
        serve_support::send(
            [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", line.len()).as_bytes(), line].concat(),
        )
    })
    .await;
    let gate = start(config(upstream.address)).await;
    let pipeline = b"POST /1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello\
        \r\nPOST /2 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nGET /\r\n0\r\nT: x\r\n\r\n\
        GET /3 HTTP/1.1\r\nHost: h\r\n\r\n\
        GET /4 HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\n\
        GET /5 HTTP/1.1\r\nHost: h\r\n\r\n";
    for step in [1, 7, 64, pipeline.len()] {
        upstream.seen.lock().unwrap().clear();
        let mut client = Client::connect(gate.address).await;
        for piece in pipeline.chunks(step) {
            client.try_send(piece).await;
            tokio::task::yield_now().await;
        }
        for expected in ["POST /1 HTTP/1.1", "POST /2 HTTP/1.1", "GET /3 HTTP/1.1"] {
            let answer = client.receive(false).await;
            assert_eq!(
                (answer.status, String::from_utf8_lossy(&answer.body).as_ref()),
                (200, expected),
                "in steps of {step}"
            );
        }
        let answer = client.receive(false).await;
        assert_eq!((answer.status, answer.rule().as_str()), (400, "transport.field.repeated"), "in steps of {step}");
        assert!(client.is_closed().await);
        assert_eq!(upstream.seen().len(), 3, "what follows a refused head is not read");
    }
}

#[tokio::test]
async fn a_body_is_never_taken_for_a_request() {
    let upstream = Upstream::answering(OK).await;
    let gate = start(config(upstream.address)).await;
    let inner = "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut client = Client::connect(gate.address).await;
    client.send(format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n{inner}", inner.len())).await;
    assert_eq!(client.receive(false).await.status, 200);
    client
        .send(format!(
            "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{:x};e=\"\\\"\r\n{inner}\r\n0\r\n\r\n",
            inner.len()
        ))
        .await;
    assert_eq!(client.receive(false).await.status, 200);
    let seen = upstream.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|request| request.ends_with(inner.as_bytes())));
}

#[tokio::test]
async fn slow_heads_and_bodies_are_given_up() {
    let upstream = Upstream::answering(OK).await;
    let mut config = config(upstream.address);
    config.limits.head_timeout = Duration::from_millis(50);
    config.limits.body_timeout = Duration::from_millis(50);
    let gate = start(config).await;
    for unfinished in
        ["GET / HT", "GET / HTTP/1.1\r\nHost: h\r\n", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf"]
    {
        let mut client = Client::connect(gate.address).await;
        client.send(unfinished).await;
        let answer = client.receive(false).await;
        assert_eq!((answer.status, answer.rule().as_str()), (408, "transport.timeout"), "{unfinished:?}");
        assert!(client.is_closed().await);
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_a_word() {
    let upstream = Upstream::answering(OK).await;
    let mut config = config(upstream.address);
    config.limits.idle = Duration::from_millis(50);
    let gate = start(config).await;
    let mut client = Client::connect(gate.address).await;
    client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(client.receive(false).await.status, 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn what_is_odd_but_clear_passes() {
    let upstream = Upstream::answering(OK).await;
    let gate = start(config(upstream.address)).await;
    for request in [
        "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nVersion: 2.0.0\r\nVersion: 1.0.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nIf-Match: \"a\"\r\nIf-Match: \"b\"\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nConnection: content-type\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX-Name: caf\u{e9}\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0002\r\n\r\nok",
        "PURGE / HTTP/1.1\r\nHost: h\r\n\r\n",
    ] {
        assert_eq!(exchange(gate.address, request).await.status, 200, "{request:?}");
    }
    assert_eq!(upstream.seen().len(), 10);
    let upgraded = &upstream.seen()[5];
    assert!(!String::from_utf8_lossy(upgraded).to_lowercase().contains("upgrade"), "{}", upgraded.escape_ascii());
}

#[tokio::test]
async fn a_body_that_ends_early_is_refused() {
    let upstream = Upstream::answering(OK).await;
    let gate = start(config(upstream.address)).await;
    for unfinished in ["Content-Length: 9\r\n\r\nhalf", "Transfer-Encoding: chunked\r\n\r\n9\r\nhalf"] {
        let mut client = Client::connect(gate.address).await;
        client.send(format!("POST /a HTTP/1.1\r\nHost: h\r\n{unfinished}")).await;
        tokio::io::AsyncWriteExt::shutdown(&mut client.stream).await.unwrap();
        let answer = client.receive(false).await;
        assert_eq!((answer.status, answer.rule().as_str()), (400, "transport.body"), "{unfinished}");
    }
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_fault_in_answer_to_head_has_no_body() {
    let upstream = Upstream::answering(OK).await;
    let mut config = config(upstream.address);
    config.upstreams[0].path_prefix = Some("/vnflcm".to_owned());
    let gate = start(config).await;
    let mut client = Client::connect(gate.address).await;
    client.send("HEAD /other HTTP/1.1\r\nHost: h\r\n\r\nGET /vnflcm HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let answer = client.receive(true).await;
    assert_eq!((answer.status, answer.field("content-type").as_deref()), (404, Some("application/problem+json")));
    assert_eq!(client.receive(false).await.status, 200);
}
