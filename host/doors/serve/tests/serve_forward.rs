//! What passes the gate, compared byte for byte on both sides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod serve_support;

use std::time::Duration;

use serve_support::{Act, Client, OK, Upstream, config, exchange, send, start};

/// Head as text and body.
fn parts(request: &[u8]) -> (String, Vec<u8>) {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    (String::from_utf8(request[..end].to_vec()).unwrap(), request[end..].to_vec())
}

#[tokio::test]
async fn methods_and_targets_arrive_as_sent() {
    let upstream = Upstream::answering(b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let gate = start(config(upstream.address)).await;
    let targets = [
        "/",
        "/?",
        "/a?",
        "//a//b/",
        "/a/../b/./c",
        "/%2e%2E/%2f%2F/%00/%zz/%",
        "/a;p=1,2/b",
        "/vnf_instances?filter=(eq,vnfInstanceName,'it''s');(in,a/b,1,2)&all_fields",
        "/a?x=1&x=2&&=&y",
        "/~user/!$&'()*+,;=:@",
        "/a?b?c/d",
        "/a?q=[1]",
        "/a?x=http://other/%23y",
    ];
    let mut client = Client::connect(gate.address).await;
    for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "get"] {
        for target in targets {
            client.send(format!("{method} {target} HTTP/1.1\r\nHost: Some.Host:81\r\nVersion: 2.0.0\r\n\r\n")).await;
            assert_eq!(client.receive(true).await.status, 204, "{method} {target}");
            let (head, body) = parts(upstream.seen().last().unwrap());
            let mut lines = head.lines();
            assert_eq!(lines.next().unwrap(), format!("{method} {target} HTTP/1.1"));
            let fields: Vec<&str> = lines.filter(|line| !line.is_empty() && !is_gates_own(line)).collect();
            // Methods that usually have a body are told that there is none.
            let allowed = [
                &["Host: Some.Host:81", "Version: 2.0.0"][..],
                &["Host: Some.Host:81", "Version: 2.0.0", "content-length: 0"],
            ];
            assert!(allowed.contains(&fields.as_slice()), "{method}: {fields:?}");
            assert!(body.is_empty());
        }
    }
    assert_eq!(*upstream.connections.lock().unwrap(), 1, "the connection to the VNFM is kept");
}

/// The gate is a hop, and says so (RFC 9110, 7.6.3).
fn is_gates_own(line: &str) -> bool {
    line.starts_with("via: 1.1 solgate-")
}

#[tokio::test]
async fn fields_arrive_as_sent_without_those_of_the_hop() {
    let upstream = Upstream::answering(OK).await;
    let gate = start(config(upstream.address)).await;
    let request = "POST /a HTTP/1.1\r\nHost: h\r\nVERSION: 2.0.0\r\nX-b: 1\r\nConnection: keep-alive, X-Absent\r\nX-a: caf\u{e9}\r\nx-B: 2\r\n\
        Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\nTrailer: T\r\nUpgrade: websocket\r\nCookie: a=b\r\nCookie: c=d\r\n\
        Authorization: Bearer t\r\nExpect: 100-continue\r\nEmpty:\r\nContent-Length: 4\r\n\r\n{\"\":";
    let mut client = Client::connect(gate.address).await;
    client.send(request).await;
    assert_eq!(client.receive(false).await.status, 100);
    assert_eq!(client.receive(false).await.status, 200);
    let (head, body) = parts(&upstream.seen()[0]);
    let mut lines: Vec<&str> = head.lines().skip(1).filter(|line| !line.is_empty()).map(str::trim_end).collect();
    assert_eq!(lines.iter().filter(|line| is_gates_own(line)).count(), 1, "{lines:?}");
    lines.retain(|line| !is_gates_own(line));
    lines.sort_unstable();
    let mut expected = [
        "Authorization: Bearer t",
        "Content-Length: 4",
        "Cookie: a=b",
        "Cookie: c=d",
        "Empty:",
        "Host: h",
        "VERSION: 2.0.0",
        "X-a: caf\u{e9}",
        "X-b: 1",
        "x-B: 2",
    ];
    expected.sort_unstable();
    assert_eq!(lines, expected);
    assert_eq!(body, b"{\"\":");
}

#[tokio::test]
async fn bodies_arrive_as_sent_however_they_are_framed() {
    let upstream = Upstream::answering(OK).await;
    let gate = start(config(upstream.address)).await;
    let all_bytes: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let chunked = |body: &[u8], size: usize| {
        let mut out = b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nTrailer: T\r\n\r\n".to_vec();
        for chunk in body.chunks(size) {
            out.extend(format!("{:X};x=y\r\n", chunk.len()).bytes());
            out.extend(chunk);
            out.extend(b"\r\n");
        }
        out.extend(b"000\r\nT: dropped\r\n\r\n");
        out
    };
    for body in [&b""[..], b"{}", b"\r\n\r\n0\r\n\r\n", &all_bytes] {
        let mut plain = format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        plain.extend(body);
        for request in [plain, chunked(body, 1000), chunked(&body[..body.len().min(500)], 1)] {
            assert_eq!(exchange(gate.address, &request).await.status, 200);
            let (head, got) = parts(upstream.seen().last().unwrap());
            assert!(body.starts_with(&got), "the bytes are the same");
            assert!(got.len() == body.len().min(got.len().max(500)));
            assert!(head.to_lowercase().contains(&format!("content-length: {}\r\n", got.len())), "{head}");
            assert!(!head.to_lowercase().contains("transfer-encoding") && !head.contains("dropped"), "{head}");
        }
    }
}

#[tokio::test]
async fn answers_come_back_as_sent() {
    let answers: [(&str, u16); 4] = [
        (
            "HTTP/1.1 303 Look There\r\nLocation: /vnflcm/v2/subscriptions/1\r\nVersion: 2.0.0\r\nContent-Length: 0\r\n\r\n",
            303,
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nwww-authenticate: Basic\r\nContent-Length: 3\r\n\r\n{}\n",
            401,
        ),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nLocation: x\r\nContent-Length: 0\r\n\r\n", 202),
        ("HTTP/1.1 204 No Content\r\nETag: \"1\"\r\n\r\n", 204),
    ];
    for (answer, status) in answers {
        let upstream = Upstream::start(move |_| send(answer)).await;
        let gate = start(config(upstream.address)).await;
        let got = exchange(gate.address, "POST /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert_eq!(got.status, status);
        let last = answer.rsplit("HTTP/1.1 ").next().unwrap();
        let (sent_head, sent_body) = last.split_once("\r\n\r\n").unwrap();
        let head = String::from_utf8(got.head).unwrap();
        for line in sent_head.split("\r\n") {
            assert!(head.contains(line), "{line:?} in {head}");
        }
        assert_eq!(got.body, sent_body.as_bytes());
        assert_eq!(upstream.seen().len(), 1, "a redirection is not followed");
    }
}

#[tokio::test]
async fn hop_by_hop_fields_of_an_answer_stay_behind() {
    let upstream = Upstream::answering(
        b"HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nX-End: 2\r\nKeep-Alive: 5\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    )
    .await;
    let gate = start(config(upstream.address)).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..2 {
        client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
        let answer = client.receive(false).await;
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]));
        assert_eq!((answer.field("x-hop"), answer.field("keep-alive"), answer.field("connection")), (None, None, None));
        assert_eq!(answer.field("x-end").as_deref(), Some("2"));
    }
}

#[tokio::test]
async fn an_answer_streams_while_the_vnfm_still_writes_it() {
    let upstream = Upstream::start(|_| {
        vec![
            Act::Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n".to_vec()),
            Act::Wait,
            Act::Send(b"6\r\nsecond\r\n0\r\n\r\n".to_vec()),
        ]
    })
    .await;
    let gate = start(config(upstream.address)).await;
    let mut client = Client::connect(gate.address).await;
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut got = Vec::new();
    while !got.windows(5).any(|window| window == b"first") {
        got.extend(client.at_least(1).await);
    }
    assert!(!got.windows(6).any(|window| window == b"second"));
    upstream.go.notify_one();
    while !got.ends_with(b"0\r\n\r\n") {
        got.extend(client.at_least(1).await);
    }
    assert!(got.windows(6).any(|window| window == b"second"));
}

#[tokio::test]
async fn a_large_answer_is_complete() {
    let body: Vec<u8> = (0..=255).cycle().take(8 << 20).collect();
    let answer =
        [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes(), body.clone()].concat();
    let upstream = Upstream::start(move |_| send(answer.clone())).await;
    let gate = start(config(upstream.address)).await;
    let got = exchange(gate.address, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert!(got.body == body);
}

#[tokio::test]
async fn head_has_the_length_and_no_body() {
    let upstream = Upstream::start(|request| {
        let body = if request.starts_with(b"HEAD") { "" } else { "ok" };
        send(format!("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{body}"))
    })
    .await;
    let gate = start(config(upstream.address)).await;
    let mut client = Client::connect(gate.address).await;
    client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let answer = client.receive(true).await;
    assert_eq!((answer.status, answer.field("content-length").as_deref()), (200, Some("2")));
    assert_eq!(client.receive(false).await.body, b"ok");
}

#[tokio::test]
async fn a_vnfm_that_is_not_there() {
    let vacant = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = vacant.local_addr().unwrap();
    drop(vacant);
    let gate = start(config(address)).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..2 {
        client.send("POST /a?secret=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}").await;
        let answer = client.receive(false).await;
        assert_eq!((answer.status, answer.rule().as_str()), (503, "upstream.unreachable"));
        assert!(answer.field("retry-after").is_some());
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert!(!text.contains(&address.to_string()) && !text.contains("secret"), "{text}");
        assert_eq!(answer.json()["instance"], "/a");
    }
}

#[tokio::test]
async fn a_vnfm_that_breaks_off_gets_a_post_once() {
    let upstream = Upstream::start(|_| vec![Act::Close]).await;
    let gate = start(config(upstream.address)).await;
    let answer = exchange(gate.address, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}").await;
    assert_eq!((answer.status, answer.rule().as_str()), (502, "upstream.broken"));
    assert_eq!(upstream.seen().len(), 1);
    let answer = exchange(gate.address, "GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!(answer.status, 502);
    assert_eq!(upstream.seen().len(), 3, "a request without effect is tried twice");
}

#[tokio::test]
async fn answers_that_are_no_http_are_malformed() {
    for bytes in [
        &b"hello\r\n\r\n"[..],
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
    ] {
        let upstream = Upstream::start(move |_| [send(bytes), vec![Act::Close]].concat()).await;
        let gate = start(config(upstream.address)).await;
        let answer = exchange(gate.address, "POST /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
        assert_eq!((answer.status, answer.rule().as_str()), (502, "upstream.malformed"), "{}", bytes.escape_ascii());
    }
}

#[tokio::test]
async fn a_vnfm_that_stops_in_a_body_ends_the_clients_connection() {
    let upstream =
        Upstream::start(|_| [send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), vec![Act::Close]].concat())
            .await;
    let gate = start(config(upstream.address)).await;
    let mut client = Client::connect(gate.address).await;
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut got = Vec::new();
    while !got.ends_with(b"half") {
        got.extend(client.at_least(1).await);
    }
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_vnfm_that_says_nothing_is_given_up() {
    let upstream = Upstream::start(|_| vec![Act::Hang]).await;
    let mut config = config(upstream.address);
    config.limits.answer = Duration::from_millis(50);
    let gate = start(config).await;
    let answer = exchange(gate.address, "POST /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    assert_eq!((answer.status, answer.rule().as_str()), (504, "upstream.timeout"));
    upstream.gone.notified().await;
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_request_along() {
    let upstream = Upstream::start(|_| vec![Act::Hang]).await;
    let gate = start(config(upstream.address)).await;
    let mut client = Client::connect(gate.address).await;
    client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}").await;
    upstream.arrived.notified().await;
    drop(client);
    tokio::time::timeout(Duration::from_secs(20), upstream.gone.notified())
        .await
        .expect("the gate ends the connection");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_forwarded() {
    let upstream = Upstream::answering(OK).await;
    let gate = start(config(upstream.address)).await;
    let limit = 1 << 20;
    let body = vec![b' '; limit + 1];
    let plain = |body: &[u8]| {
        [format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
    };
    let chunked = |body: &[u8]| {
        [
            format!("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n", body.len()).as_bytes(),
            body,
            b"\r\n0\r\n\r\n",
        ]
        .concat()
    };
    for request in [plain(&body), chunked(&body)] {
        let mut client = Client::connect(gate.address).await;
        client.try_send(&request).await;
        let answer = client.receive(false).await;
        assert_eq!((answer.status, answer.rule().as_str()), (413, "transport.body.size"));
        assert_eq!(answer.field("connection").as_deref(), Some("close"));
        assert!(client.is_closed().await);
    }
    assert!(upstream.seen().is_empty());
    for request in [plain(&body[1..]), chunked(&body[1..])] {
        assert_eq!(exchange(gate.address, &request).await.status, 200, "the limit itself is allowed");
    }
    assert_eq!(parts(&upstream.seen()[1]).1.len(), limit);
}

#[tokio::test]
async fn a_connection_that_the_vnfm_has_closed_is_not_used_again() {
    let upstream = Upstream::start(|_| [send(OK), vec![Act::Close]].concat()).await;
    let gate = start(config(upstream.address)).await;
    let mut client = Client::connect(gate.address).await;
    for _ in 0..3 {
        client.send("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}").await;
        assert_eq!(client.receive(false).await.status, 200);
        upstream.gone.notified().await;
        // Until the gate's kernel has been told.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(*upstream.connections.lock().unwrap(), 3);
}

#[tokio::test]
async fn a_client_that_leaves_an_answer_ends_it() {
    let upstream =
        Upstream::start(|_| [send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"), vec![Act::Hang]].concat()).await;
    let gate = start(config(upstream.address)).await;
    let mut client = Client::connect(gate.address).await;
    client.send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n").await;
    let mut got = Vec::new();
    while !got.ends_with(b"half") {
        got.extend(client.at_least(1).await);
    }
    drop(client);
    tokio::time::timeout(Duration::from_secs(20), upstream.gone.notified())
        .await
        .expect("the gate ends the connection");
    let again = exchange(gate.address, "GET /a HTTP/1.1\r\nHost: h\r\nX-HTTP-Method: x\r\n\r\n").await;
    assert_eq!(again.status, 400, "and lives on");
}
