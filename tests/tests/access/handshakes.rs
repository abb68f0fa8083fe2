//! Clients that do not shake hands as they should. None of them stops the listener.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use solgate_tests::vnfm::{PATIENCE, exchange};

use super::certificates::Pki;
use super::support::{Gate, read};

/// The first message of a client that knows nothing newer than TLS 1.0 and a version.
fn hello(version: u8) -> Vec<u8> {
    let random = [7; 32];
    // TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, and TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256.
    let suites = [0xC0, 0x09, 0xC0, 0x2B];
    let mut body = vec![3, version];
    body.extend(random);
    body.extend([0, 0, 4]);
    body.extend(suites);
    body.extend([1, 0]);
    // Signatures with P-256 and SHA-256, the curve P-256, uncompressed points.
    let extensions = [[0, 13, 0, 4, 0, 2, 4, 3], [0, 10, 0, 4, 0, 2, 0, 23]].concat();
    body.extend([0, 22]);
    body.extend(extensions);
    body.extend([0, 11, 0, 2, 1, 0]);
    let mut message = vec![1, 0, 0, u8::try_from(body.len()).expect("it is short")];
    message.extend(body);
    let mut record = vec![22, 3, 1, 0, u8::try_from(message.len()).expect("it is short")];
    record.extend(message);
    record
}

/// What comes back until the connection ends.
fn answer(mut stream: TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    assert!(!ended.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "the connection is ended");
    bytes
}

fn send(gate: &Gate, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(gate.address).expect("it listens");
    stream.write_all(bytes).expect("it reads");
    answer(stream)
}

#[test]
fn what_is_no_handshake_ends_its_own_connection_only() {
    const ALERT: u8 = 21;
    const HANDSHAKE: u8 = 22;
    const PROTOCOL_VERSION: u8 = 70;
    let pki = Pki::new();
    let config = json!({"tls": pki.config("optional"), "limits": {"headTimeout": "1s"}});
    let gate = Gate::configured("serve", &config);
    let failures = |gate: &Gate, reason: &str| {
        gate.metric(&format!("solgate_tls_handshake_failures_total{{reason=\"{reason}\"}}"))
    };
    let client = pki.client(None);

    // TLS 1.1 and 1.0; the same with 1.2 is answered, and then given up.
    for version in [2, 1] {
        let alert = send(&gate, &hello(version));
        assert_eq!((alert.first(), alert.last()), (Some(&ALERT), Some(&PROTOCOL_VERSION)), "{alert:?}");
    }
    let answered = send(&gate, &hello(3));
    assert_eq!(answered.first(), Some(&HANDSHAKE), "{answered:?}");
    gate.wait("it is given up", |gate| failures(gate, "timeout") == 1);
    // HTTP without TLS: no answer that could be taken for one.
    let plain = send(&gate, &read(&[]));
    assert!(!plain.starts_with(b"HTTP"), "{plain:?}");
    // Another protocol in TLS.
    assert!(client.offering(&["h2"]).send(gate.address, &read(&[])).is_none());
    gate.wait("they are counted", |gate| failures(gate, "protocol") == 4);

    // Nothing, and the half of a handshake, with nothing after it.
    let half = hello(3);
    let silent = [&[][..], &half[..20]].map(|bytes| {
        let mut stream = TcpStream::connect(gate.address).expect("it listens");
        stream.write_all(bytes).expect("it reads");
        stream
    });
    // Meanwhile others are served.
    assert_eq!(client.send(gate.address, &read(&[])).expect("an answer").status, 202);
    for stream in silent {
        assert!(answer(stream).is_empty());
    }
    gate.wait("they are counted", |gate| failures(gate, "timeout") == 3);

    // One who leaves.
    let closed = failures(&gate, "closed");
    drop(TcpStream::connect(gate.address).expect("it listens"));
    gate.wait("it is counted", |gate| failures(gate, "closed") > closed);
    gate.wait("nobody is left", |gate| gate.metric("solgate_open_connections") == 0);
    assert_eq!(client.offering(&["h2", "http/1.1"]).send(gate.address, &read(&[])).expect("an answer").status, 202);
}

/// A connection on which every byte goes alone.
struct Dripping(TcpStream);

impl Read for Dripping {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Dripping {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        std::thread::sleep(Duration::from_micros(200));
        self.0.write(&bytes[..1.min(bytes.len())])
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

#[test]
fn one_byte_at_a_time_is_a_handshake_too() {
    let pki = Pki::new();
    let gate = Gate::configured("serve", &json!({"tls": pki.config("optional")}));
    let stream = pki.client(None).connect(gate.address);
    stream.sock.set_nodelay(true).expect("it is set");
    let dripping = rustls::StreamOwned::new(stream.conn, Dripping(stream.sock));
    assert_eq!(exchange(dripping, &read(&[])).expect("an answer").status, 202);
}
