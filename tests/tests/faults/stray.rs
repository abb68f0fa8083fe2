//! Bytes of an answer that come where none belong: they are nobody's answer.

use std::time::Duration;

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm, answer};
use solgate_tests::vnfm::{message, send};

use crate::gate::{Gate, HEAD, subscribe};

/// What comes late. Whoever reads it as an answer gets 299.
const POISON: &str = "HTTP/1.1 299 POISON\r\nContent-Length: 0\r\n\r\n";
const CREATED: &str = "HTTP/1.1 201 Created\r\nVersion: 2.0.0\r\nContent-Length: 2\r\n\r\n{}";
const LATE: Duration = Duration::from_millis(30);
const ROUNDS: usize = 40;

/// What the VNFM sends first, the request, and the status that its client gets. The head
/// announces content of that many bytes.
fn strays() -> Vec<(&'static str, String, Vec<u8>, u16)> {
    let length = format!("Content-Length: {}\r\n\r\n", POISON.len());
    let list = |method| message(method, "/vnflcm/v2/vnf_instances", &HEAD[..2], "");
    vec![
        ("204 with a length", format!("HTTP/1.1 204 No Content\r\n{length}"), subscribe(), 204),
        (
            "204 with a coding",
            "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            subscribe(),
            204,
        ),
        ("204 with two lengths", format!("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n{length}"), subscribe(), 204),
        ("103 with a length", format!("HTTP/1.1 103 Early Hints\r\n{length}{CREATED}"), subscribe(), 201),
        ("100 with a length", format!("HTTP/1.1 100 Continue\r\n{length}{CREATED}"), subscribe(), 201),
        ("304 that has content", format!("HTTP/1.1 304 Not Modified\r\n{length}"), list("GET"), 304),
        ("content for HEAD", format!("HTTP/1.1 200 OK\r\n{length}"), list("HEAD"), 200),
        // This one has content, and its end is where it says.
        ("205 with a length", format!("HTTP/1.1 205 Reset Content\r\n{length}"), subscribe(), 205),
    ]
}

#[test]
fn content_where_none_belongs_is_nobodys_answer() {
    let vnfm = FaultyVnfm::start(|_| answer(CREATED));
    let gate = Gate::start(&vnfm.url(), &[], &["mode: off"]);
    for (stray, head, request, status) in strays() {
        let acts = [Act::ReadBody, Act::Send(head.into()), Act::Pause(LATE), Act::Send(POISON.into())];
        let mut others = Vec::new();
        for _ in 0..ROUNDS {
            let acts = acts.clone();
            vnfm.play(move |_| acts.to_vec());
            assert_eq!(send(gate.address, &request).status, status, "{stray}");
            vnfm.play(|_| answer(CREATED));
            others.push(send(gate.address, &subscribe()).status);
        }
        assert_eq!(others, [201; ROUNDS], "after: {stray}");
    }
}

/// What has no content and announces none costs no connection.
#[test]
fn a_connection_is_used_again_after_an_answer_without_content() {
    let heads = [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ];
    let vnfm = FaultyVnfm::start(|_| answer(CREATED));
    let gate = Gate::start(&vnfm.url(), &[], &["mode: off"]);
    for head in heads {
        vnfm.play(move |_| answer(head));
        for _ in 0..10 {
            assert_eq!(send(gate.address, &subscribe()).status, 204, "{head}");
        }
    }
    assert_eq!(vnfm.taken(), 1);
}
