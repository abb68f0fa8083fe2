//! Clients behind other servers: whom the gate takes for the caller, and what it lets
//! others say of clients to a VNFM.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use solgate_tests::certificates::Holder;
use solgate_tests::vnfm::{Answer, PATIENCE, Received, exchange, message, send};

use super::certificates::Pki;
use super::support::{Gate, read, said};

/// The addresses that the rules of a policy see.
fn sources(gate: &Gate, count: usize) -> Vec<Value> {
    gate.callers(count).iter().map(|caller| caller["sourceAddress"].clone()).collect()
}

/// What arrives at the VNFM of one request with these fields.
fn arrived(gate: &Gate, fields: &[&str]) -> Received {
    assert_eq!(send(gate.address, &read(fields)).status, 202, "{fields:?}\n{}", gate.server.said());
    let mut received = gate.vnfm.received();
    assert_eq!(received.len(), 1, "{fields:?}");
    received.remove(0)
}

const SAID: [&str; 10] = [
    "X-Forwarded-For: 10.0.0.1",
    "X-Forwarded-Host: vnfm.internal",
    "X-Forwarded-Proto: https",
    "X-Forwarded-Client-Cert: Subject=\"CN=nfvo\"",
    "Forwarded: for=10.0.0.1",
    "X-Real-IP: 10.0.0.1",
    "X-Remote-User: nfvo",
    "SSL-Client-S-DN: CN=nfvo",
    "SSL-Client-Verify: SUCCESS",
    "X_Forwarded_For: 10.0.0.1",
];

#[test]
fn what_a_client_says_in_the_place_of_a_server_does_not_reach_the_vnfm() {
    let gate = Gate::configured("serve", &json!({}));
    let received = arrived(&gate, &[&SAID[..], &["X-Request-Id: 1"]].concat());
    let mut names: Vec<&str> = received.fields.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept", "host", "version", "via", "x-request-id"], "{received:?}");
    assert_eq!(sources(&gate, 1), ["127.0.0.1"]);

    // Of a server that is believed it does.
    let gate = Gate::configured("serve", &json!({"trustedHops": ["127.0.0.0/8"]}));
    let received = arrived(&gate, &SAID);
    for line in SAID {
        let (name, value) = line.split_once(": ").expect("a field");
        assert_eq!(received.field(&name.to_ascii_lowercase()), Some(value), "{received:?}");
    }
    assert_eq!(sources(&gate, 1), ["10.0.0.1"]);
}

#[test]
fn a_path_override_is_refused_as_one_of_the_method_is() {
    let gate = Gate::configured("serve", &json!({}));
    for field in ["X-Original-URL: /admin", "X-Rewrite-URL: /admin", "X_Original_URL: /admin"] {
        let answer = send(gate.address, &read(&[field]));
        assert_eq!(said(&answer), (400, "transport.path-override".to_owned()), "{field}");
    }
    assert_eq!(gate.vnfm.received(), []);
}

#[test]
fn behind_trusted_hops_the_caller_is_the_client_that_they_name() {
    let gate = Gate::configured("serve", &json!({"trustedHops": ["127.0.0.1", "10.0.0.0/8"]}));
    let table = [
        (vec![], json!("127.0.0.1")),
        (vec!["X-Forwarded-For: 192.0.2.7"], json!("192.0.2.7")),
        (vec!["X-Forwarded-For: 192.0.2.7:5555"], json!("192.0.2.7")),
        (vec!["X-Forwarded-For: [2001:db8::7]:5555"], json!("2001:db8::7")),
        (vec!["X-Forwarded-For: 203.0.113.1, 192.0.2.7, 10.1.1.1"], json!("192.0.2.7")),
        (vec!["X-Forwarded-For: 203.0.113.1", "X-Forwarded-For: 192.0.2.7"], json!("192.0.2.7")),
        (vec!["X-Forwarded-For: 192.0.2.7, unknown"], Value::Null),
    ];
    for (fields, _) in &table {
        assert_eq!(send(gate.address, &read(fields)).status, 202, "{fields:?}");
    }
    let expected: Vec<Value> = table.iter().map(|(_, address)| address.clone()).collect();
    assert_eq!(sources(&gate, table.len()), expected);

    // Nobody is believed who is not named.
    let gate = Gate::configured("serve", &json!({"trustedHops": ["10.0.0.0/8"]}));
    assert_eq!(send(gate.address, &read(&["X-Forwarded-For: 192.0.2.7"])).status, 202);
    assert_eq!(sources(&gate, 1), ["127.0.0.1"]);
}

#[test]
fn the_vnfm_is_told_who_the_client_and_the_caller_are() {
    let pki = Pki::new();
    let forwarding = json!({"clientFields": true, "callerField": "X-Caller"});
    let gate = Gate::configured("serve", &json!({"tls": pki.config("required"), "forwarding": forwarding}));
    let nfvo = pki.clients.issue(&Holder { common_name: "nfvo", ..Holder::default() });
    let fields = [&SAID[..], &["X-Caller: root"]].concat();
    let answer = pki.client(Some(&nfvo)).send(gate.address, &read(&fields)).expect("an answer");
    assert_eq!(answer.status, 202);
    let received = gate.vnfm.received().remove(0);
    let mut told: Vec<String> = received.fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    // The gate says in another field that it stands between, under a new name each time.
    told.retain(|field| !field.starts_with("via: 1.1 solgate-"));
    told.sort();
    assert_eq!(
        told,
        [
            "accept: application/json",
            "forwarded: for=127.0.0.1;host=\"vnfm.example\";proto=https",
            "host: vnfm.example",
            "version: 2.0.0",
            "x-caller: CN=nfvo",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: vnfm.example",
            "x-forwarded-proto: https",
        ]
    );
}

/// What forward-auth makes of an address that the server in front of it says.
#[test]
fn an_address_that_cannot_be_read_is_not_the_asking_servers() {
    let table = [
        (Some("192.0.2.7"), json!("192.0.2.7")),
        (Some("10.0.0.9:5555"), json!("10.0.0.9")),
        (Some("[2001:db8::1]"), json!("2001:db8::1")),
        (Some("fe80::1%eth0"), json!("fe80::1")),
        (Some("unknown"), Value::Null),
        (Some("10.0.0.9,"), Value::Null),
        (Some("10.0.0.9, unknown"), Value::Null),
        (None, json!("127.0.0.1")),
    ];
    let gate = Gate::configured("forward-auth", &json!({}));
    for (client, _) in &table {
        let field = client.map(|client| format!("X-Forwarded-For: {client}"));
        let mut asks = vec![
            "X-Forwarded-Method: GET",
            "X-Forwarded-Uri: /vnflcm/v2/vnf_instances",
            "X-Forwarded-Host: vnfm.example",
            "Version: 2.0.0",
            "Accept: application/json",
        ];
        asks.extend(field.as_deref());
        assert_eq!(send(gate.address, &message("GET", "/", &asks, "")).status, 200, "{client:?}");
    }
    let expected: Vec<Value> = table.iter().map(|(_, address)| address.clone()).collect();
    assert_eq!(sources(&gate, table.len()), expected);
}

#[test]
fn the_proxy_protocol_says_for_whom_a_connection_is() {
    let announced = |gate: &Gate, header: &[u8]| -> Option<Answer> {
        let stream = TcpStream::connect(gate.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
        exchange(stream, &[header, &read(&["X-Forwarded-For: 203.0.113.1"])].concat()).ok()
    };
    let v4 =
        [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C".as_slice(), &[192, 0, 2, 8, 10, 0, 0, 1, 0x15, 0xB3, 0, 80]].concat();
    let table = [
        (b"PROXY TCP4 192.0.2.7 10.0.0.1 5555 80\r\n".to_vec(), Some(json!("192.0.2.7"))),
        (v4, Some(json!("192.0.2.8"))),
        (b"PROXY UNKNOWN\r\n".to_vec(), Some(Value::Null)),
        // The server itself, which is believed.
        (b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0".to_vec(), Some(json!("203.0.113.1"))),
        (Vec::new(), None),
        (b"PROXY TCP4 192.0.2.7\r\n".to_vec(), None),
    ];
    let config = json!({"trustedHops": ["127.0.0.1"], "proxyProtocol": true});
    let gate = Gate::configured("serve", &config);
    for (header, expected) in &table {
        let answer = announced(&gate, header).map(|answer| answer.status);
        assert_eq!(answer, expected.as_ref().map(|_| 202), "{}\n{}", header.escape_ascii(), gate.server.said());
    }
    let expected: Vec<Value> = table.iter().filter_map(|(_, address)| address.clone()).collect();
    assert_eq!(sources(&gate, expected.len()), expected);

    // From others it is a request that cannot be read.
    let gate = Gate::configured("serve", &json!({"trustedHops": ["10.0.0.1"], "proxyProtocol": true}));
    let answer = announced(&gate, b"PROXY TCP4 192.0.2.7 10.0.0.1 5555 80\r\n").expect("an answer");
    assert_eq!(answer.status, 400);
    assert_eq!(send(gate.address, &read(&[])).status, 202);
}

#[test]
fn within_the_proxy_protocol_there_is_tls() {
    let pki = Pki::new();
    let config = json!({"tls": pki.config("required"), "trustedHops": ["127.0.0.1"], "proxyProtocol": true});
    let gate = Gate::configured("serve", &config);
    let nfvo = pki.clients.issue(&Holder { common_name: "nfvo", ..Holder::default() });
    let mut stream = pki.client(Some(&nfvo)).connect(gate.address);
    stream.sock.write_all(b"PROXY TCP4 192.0.2.7 10.0.0.1 5555 80\r\n").expect("it takes it");
    let answer = exchange(stream, &read(&[])).expect("an answer");
    assert_eq!(answer.status, 202);
    assert_eq!(sources(&gate, 1), ["192.0.2.7"]);
}

#[test]
fn a_host_is_a_name_and_a_port_is_a_number() {
    let gate = Gate::configured("serve", &json!({}));
    let with_host = |host: &str| {
        let request = String::from_utf8(read(&[])).expect("it is text").replace("vnfm.example", host);
        said(&send(gate.address, request.as_bytes()))
    };
    for host in
        ["vnfm.example", "vnfm.example.", "vnfm.example:80", "vnfm.example:", "[::1]", "[::1]:80", "a_b", "10.0.0.1"]
    {
        assert_eq!(with_host(host).0, 202, "{host}");
    }
    for host in
        ["vnfm.example:+80", "vnfm.example:-1", "vnfm.example,x", "a:b:c", ":80", "[::1", "[::1]x", "[a]", "a b", "a@b"]
    {
        assert_eq!(with_host(host), (400, "transport.host".to_owned()), "{host}");
    }
}

#[test]
fn a_client_is_not_told_to_go_on_with_a_body_that_is_too_large() {
    let gate = Gate::configured("serve", &json!({}));
    let head = "POST /vnflcm/v2/vnf_instances HTTP/1.1\r\nHost: vnfm.example\r\nVersion: 2.0.0\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nExpect: 100-continue\r\n";
    for (length, begins) in [(10_000_000_000_u64, "HTTP/1.1 413 "), (2, "HTTP/1.1 100 ")] {
        let mut stream = TcpStream::connect(gate.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
        stream.write_all(format!("{head}Content-Length: {length}\r\n\r\n").as_bytes()).expect("it takes it");
        let mut first = [0; 13];
        stream.read_exact(&mut first).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&first), begins, "{length}");
    }
    assert_eq!(gate.vnfm.received(), []);
}
