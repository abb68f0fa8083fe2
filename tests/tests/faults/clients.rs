//! Clients that dawdle, leave, or send just too much.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm, answer};
use solgate_tests::vnfm::{Vnfm, message, send};

use crate::documented;
use crate::gate::{Gate, HEAD, PATIENCE, expect_problem, subscribe, terminate, wait_until};

const CREATED: &str = "HTTP/1.1 201 Created\r\nVersion: 2.0.0\r\nContent-Length: 0\r\n\r\n";

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    stream
}

fn read_all(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Slowloris: each byte comes before anybody could call the client silent.
#[test]
fn a_client_that_sends_byte_by_byte_is_given_up() {
    let vnfm = Vnfm::start();
    let gate = Gate::start(&vnfm.url(), &[], &[]);
    let request = subscribe();
    let head = request.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("its end") + 4;
    for (where_, at_once) in [("in the head", 0), ("in the body", head)] {
        let mut stream = connect(gate.address);
        stream.write_all(&request[..at_once]).expect("it is sent");
        let mut writer = stream.try_clone().expect("it is shared");
        let rest = request[at_once..].to_vec();
        let dawdling = std::thread::spawn(move || {
            // Ends when the gate does not take any more.
            let _ = rest.iter().try_for_each(|byte| {
                std::thread::sleep(Duration::from_millis(100));
                writer.write_all(&[*byte])
            });
        });
        let said = read_all(&mut stream);
        assert!(said.starts_with("HTTP/1.1 408 ") && said.contains("transport.timeout"), "{where_}: {said}");
        assert!(said.to_ascii_lowercase().contains("connection: close"), "{where_}: {said}");
        drop(stream);
        dawdling.join().expect("it ends");
        assert_eq!(vnfm.received(), [], "{where_}");
        assert_eq!(send(gate.address, &request).status, 202, "{where_}: others are served");
        assert_eq!(vnfm.received().len(), 1);
    }
    documented::names(408, "transport.timeout");
}

/// What arrives at the VNFM is a whole request or none.
#[test]
fn a_client_that_leaves_before_its_request_is_whole_has_sent_none() {
    let vnfm = Vnfm::start();
    let gate = Gate::start(&vnfm.url(), &[], &[]);
    let request = subscribe();
    let chunked = |body: &str| {
        message("POST", "/vnflcm/v2/subscriptions", &[HEAD[0], HEAD[1], HEAD[2], "Transfer-Encoding: chunked"], "")
            .into_iter()
            .chain(body.bytes())
            .collect::<Vec<u8>>()
    };
    for unfinished in [
        request[..10].to_vec(),
        request[..60].to_vec(),
        request[..request.len() - 1].to_vec(),
        chunked("28\r\n{\"callbackUri\""),
        chunked("28\r\n{\"callbackUri\":\"http://nfvo.example/cb\"}\r\n"),
    ] {
        for abruptly in [false, true] {
            let mut stream = connect(gate.address);
            stream.write_all(&unfinished).expect("it is sent");
            if abruptly {
                drop(stream);
            } else {
                stream.shutdown(Shutdown::Write).expect("it is open");
                let said = read_all(&mut stream);
                assert!(said.is_empty() || said.starts_with("HTTP/1.1 400 "), "{said}");
            }
        }
    }
    assert_eq!(send(gate.address, &request).status, 202);
    wait_until("all connections are gone", || gate.count("solgate_open_connections") == 0);
    assert_eq!(vnfm.received().len(), 1, "the whole one");
}

#[test]
fn a_client_that_leaves_before_the_answer_takes_nothing_from_the_next_one() {
    let instance = r#"{"id":"i","instantiationState":"INSTANTIATED"}"#;
    let facts = move |line: &str| {
        let body = if line.contains("/vnf_instances/") { instance } else { "[]" };
        answer(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
    };
    let vnfm = FaultyVnfm::start(move |request| match request.line.starts_with("POST ") {
        true => vec![Act::ReadBody, Act::Hang],
        false => facts(&request.line),
    });
    // Nobody is given up because of the time that it takes.
    let gate = Gate::start(&vnfm.url(), &["answerTimeout: 60s"], &[]);
    let posts = || vnfm.received().into_iter().filter(|request| request.line.starts_with("POST ")).collect::<Vec<_>>();
    let mut stream = connect(gate.address);
    stream.write_all(&terminate("i")).expect("it is sent");
    let mut arrived = Vec::new();
    wait_until("the request arrives", || {
        arrived.extend(posts());
        !arrived.is_empty()
    });
    drop(stream);
    assert_eq!(arrived[0].body, br#"{"terminationType":"FORCEFUL"}"#, "it is whole");
    // It held the turn for this instance.
    vnfm.play(move |request| match request.line.starts_with("POST ") {
        true => answer(CREATED),
        false => facts(&request.line),
    });
    assert_eq!(send(gate.address, &terminate("i")).status, 201);
    assert_eq!(posts().len(), 1);
    let (url, left) = (vnfm.url(), r#"api="vnflcm/v2",operation="terminate",status="0",verdict="allow",rule="""#);
    let left = format!("solgate_requests_total{{upstream=\"{}\",{left}}}", url.trim_start_matches("http://"));
    wait_until("it is counted as one that left", || gate.count(&left) == 1);
    wait_until("the connection to the VNFM is closed", || vnfm.open() <= 1);
}

/// From three bytes below the limit of a body to three bytes above it.
#[test]
fn a_body_may_have_as_many_bytes_as_the_limit_says_and_not_one_more() {
    const LIMIT: usize = 1 << 20;
    let vnfm = Vnfm::start();
    let gate = Gate::start(&vnfm.url(), &["bodyTimeout: 60s"], &[]);
    let body = |size: usize| {
        let text = r#"{"callbackUri":"http://nfvo.example/cb"}"#;
        format!("{text}{}", " ".repeat(size - text.len()))
    };
    for size in LIMIT - 3..=LIMIT + 3 {
        let plain = message("POST", "/vnflcm/v2/subscriptions", &HEAD, &body(size));
        let fields = [HEAD[0], HEAD[1], HEAD[2], "Transfer-Encoding: chunked"];
        let mut chunked = message("POST", "/vnflcm/v2/subscriptions", &fields, "");
        for chunk in body(size).as_bytes().chunks(100_000) {
            chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunked.extend_from_slice(chunk);
            chunked.extend_from_slice(b"\r\n");
        }
        chunked.extend_from_slice(b"0\r\n\r\n");
        for (how, request) in [("whole", plain), ("in chunks", chunked)] {
            let answer = send(gate.address, &request);
            let received = vnfm.received();
            if size <= LIMIT {
                assert_eq!(answer.status, 202, "{size} {how}");
                assert_eq!(received.iter().map(|one| one.body.len()).collect::<Vec<_>>(), [size], "{how}");
            } else {
                expect_problem(&answer, 413, "body.size", &format!("{size} {how}"));
                assert_eq!(received, [], "{size} {how}");
            }
        }
    }
}
