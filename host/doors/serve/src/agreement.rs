//! hyper reads what the guard lets through as the guard did: random heads and bodies,
//! most of them slightly wrong, go through both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::framing::{BodyTracker, Framing};
use super::head;

/// A small generator, so that every run tests the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }

    fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.roll(choices.len())]
    }

    /// Deletes, doubles or replaces a few bytes, or none.
    fn damage(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..self.roll(3) {
            let at = self.roll(bytes.len());
            match self.roll(3) {
                0 => {
                    bytes.remove(at);
                }
                1 => bytes.insert(at, bytes[at]),
                _ => {
                    bytes[at] = *self
                        .pick(&[b"\r", b"\n", b" ", b"\t", b";", b":", b"0", b"f", b",", b"\x80", b"\0", b"#"])
                        .first()
                        .unwrap()
                }
            }
        }
    }
}

type Seen = (String, String, Result<Bytes, ()>);

/// What hyper alone makes of the bytes of a connection.
async fn read_by_hyper(bytes: &[u8]) -> Vec<Seen> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (mut client, server) = tokio::io::duplex(1 << 20);
    client.write_all(bytes).await.unwrap();
    client.shutdown().await.unwrap();
    let service = service_fn(|request: Request<Incoming>| {
        let seen = seen.clone();
        async move {
            let (method, target) = (request.method().to_string(), request.uri().to_string());
            let body = request.into_body().collect().await.map(http_body_util::Collected::to_bytes).map_err(|_| ());
            seen.lock().unwrap().push((method, target, body));
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())))
        }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    let _ = builder.half_close(true).serve_connection(TokioIo::new(server), service).await;
    let mut rest = Vec::new();
    let _ = client.read_to_end(&mut rest).await;
    let seen = seen.lock().unwrap();
    seen.clone()
}

const NEXT: &[u8] = b"GET /next HTTP/1.1\r\nHost: h\r\n\r\n";

#[tokio::test]
async fn on_chunked_bodies() {
    let mut dice = Dice(0x5eed);
    let mut accepted = 0;
    for _ in 0..4000 {
        let mut body = Vec::new();
        let mut content = Vec::new();
        for _ in 0..dice.roll(4) {
            let data = vec![b'd'; dice.roll(20) + 1];
            let extension = dice.pick(&["", "", ";a", " ; a=b", ";a=\"\\\"\""]);
            body.extend(format!("{:0>1$x}{extension}\r\n", data.len(), dice.roll(4)).bytes());
            body.extend(&data);
            body.extend(b"\r\n");
            content.extend(&data);
        }
        body.extend(dice.pick(&["0\r\n\r\n", "0\r\nA: b\r\n\r\n", "00;x\r\nA: b\r\nC:\r\n\r\n"]).bytes());
        let intact = body.clone();
        dice.damage(&mut body);

        let mut tracker = BodyTracker::new(Framing::Chunked);
        let end = tracker.advance(&body);
        if end != Ok(body.len()) || !tracker.is_done() {
            assert_ne!(body, intact, "an intact body is accepted: {}", body.escape_ascii());
            continue;
        }
        accepted += 1;
        let bytes =
            [b"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", body.as_slice(), NEXT].concat();
        let seen = read_by_hyper(&bytes).await;
        let Some((_, _, Ok(read))) = seen.first() else {
            // hyper may be stricter, about trailers for instance; then it stops.
            assert_eq!(seen.len(), 1, "{}", bytes.escape_ascii());
            continue;
        };
        if body == intact {
            assert_eq!(read, &content);
        }
        assert_eq!(seen.len(), 2, "both end at the same place: {}", bytes.escape_ascii());
        assert_eq!(seen[1].1, "/next", "{}", bytes.escape_ascii());
    }
    assert!(accepted > 1000, "{accepted}");
}

#[tokio::test]
async fn on_heads() {
    let mut dice = Dice(0xcafe);
    let mut accepted = 0;
    for _ in 0..6000 {
        let method = dice.pick(&["GET", "POST", "DELETE", "PATCH"]);
        let target = dice.pick(&["/", "/a?b=c&d", "/a/%2f/../b", "//x", "/vnf_instances/1/terminate"]);
        let mut bytes = format!("{method} {target} HTTP/1.1\r\nHost: h\r\nVersion: 2.0.0\r\n").into_bytes();
        let length = dice.roll(3);
        if length > 0 {
            bytes.extend(format!("Content-Length: {length}\r\n").bytes());
        }
        bytes.extend(
            dice.pick(&["", "X: y\r\n", "Accept: */*\r\nTE: trailers\r\n", "Expect: 100-continue\r\n"]).bytes(),
        );
        bytes.extend(b"\r\n");
        dice.damage(&mut bytes);
        // The guard hands over what ends in an empty line.
        if bytes.windows(4).position(|window| window == b"\r\n\r\n") != bytes.len().checked_sub(4) {
            continue;
        }
        let Ok(head) = head::check(&bytes, 1000) else {
            continue;
        };
        accepted += 1;
        let Framing::Length(length) = head.framing else { panic!("no chunks here") };
        let Ok(length) = usize::try_from(length) else {
            continue;
        };
        if length > 1000 {
            continue;
        }
        let body = vec![b'd'; length];
        let all = [bytes.as_slice(), &body, NEXT].concat();
        let seen = read_by_hyper(&all).await;
        let shown = all.escape_ascii();
        let first = (head.method, head.target, Ok(Bytes::from(body)));
        assert_eq!(seen.first(), Some(&first), "{shown}");
        if let Some(second) = seen.get(1) {
            assert_eq!(second.1, "/next", "{shown}");
        }
    }
    assert!(accepted > 1000, "{accepted}");
}
