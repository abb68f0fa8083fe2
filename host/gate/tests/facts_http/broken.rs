//! A VNFM whose connections end when they should not.

use solgate::facts::{FactAnswer, HttpFacts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::{ask, found, reason, vnf_instance};

const WHOLE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// Answers the requests of the nth connection with the nth list, then closes it
/// as soon as one more request arrives. Connections without a list are closed
/// at their first request.
async fn start(connections: &'static [&'static [&'static str]]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for index in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else {
                return;
            };
            let answers = connections.get(index).copied().unwrap_or_default();
            tokio::spawn(async move {
                let mut request = [0; 4096];
                for answer in answers {
                    // Requests without content arrive in one piece here.
                    if stream.read(&mut request).await.unwrap_or(0) == 0 {
                        return;
                    }
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    if *answer != WHOLE {
                        return;
                    }
                }
                let _ = stream.read(&mut request).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_replaced() {
    let facts = HttpFacts::builder(start(&[&[WHOLE], &[WHOLE]]).await).build().unwrap();
    for _ in 0..2 {
        assert_eq!(ask(&facts, &vnf_instance()).await, found("{}"));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_none() {
    let cases: [(&'static [&'static [&'static str]], &str); 6] = [
        (&[], "the VNFM or NFVO ended the connection"),
        (&[&["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}"]], "the VNFM or NFVO ended the connection"),
        (
            &[&["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"]],
            "the VNFM or NFVO ended the connection",
        ),
        (
            &[&["SSH-2.0\r\n\r\n"], &["SSH-2.0\r\n\r\n"]],
            "the answer of the VNFM or NFVO cannot be read: invalid HTTP version parsed",
        ),
        (
            &[&["HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"], &["HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n"]],
            "the answer of the VNFM or NFVO cannot be read: a header field goes on in the next line",
        ),
        (
            &[&["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"x\":\"12\"\r\n1\r\n}\r\n0\r\n\r\n"]],
            "the answer is larger than 9 bytes",
        ),
    ];
    for (connections, expected) in cases {
        let facts = HttpFacts::builder(start(connections).await).max_bytes(9).build().unwrap();
        assert_eq!(reason(ask(&facts, &vnf_instance()).await), expected, "{connections:?}");
    }
}

#[tokio::test]
async fn an_answer_may_be_as_large_as_the_bound() {
    let facts = HttpFacts::builder(start(&[&[WHOLE], &[WHOLE]]).await).max_bytes(2).build().unwrap();
    assert!(matches!(ask(&facts, &vnf_instance()).await, FactAnswer::Found { .. }));
}
