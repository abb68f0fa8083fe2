//! One client that takes whatever it can get: what it leaves to the others.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use solgate_tests::faulty_vnfm::{Act, FaultyVnfm};
use solgate_tests::tokens::{TokenKey, jwks};
use solgate_tests::vnfm::{Answer, Vnfm, exchange, message, send};

use crate::documented;
use crate::gate::{Gate, HEAD, PATIENCE, expect_problem, subscribe, terminate, wait_until, wrapped};
use crate::overload::slow_vnfm;

/// An address of this machine that is not the one from which everybody else comes.
fn other(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

/// A connection from this address.
fn connect(from: IpAddr, to: SocketAddr) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
        socket.bind((from, 0).into()).expect("all of 127.0.0.0/8 is ours");
        socket.connect(to).await.expect("it listens").into_std().expect("a connection")
    });
    stream.set_nonblocking(false).expect("it can wait");
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    stream
}

/// The answer to a request from this address.
fn send_from(from: IpAddr, to: SocketAddr, request: &[u8]) -> Answer {
    exchange(connect(from, to), request).expect("an answer")
}

fn query() -> Vec<u8> {
    message("GET", "/vnflcm/v2/vnf_instances", &HEAD[..2], "")
}

/// The head of an operation and as much of its body.
fn unfinished(bytes: usize) -> Vec<u8> {
    let whole = message("POST", "/vnflcm/v2/subscriptions", &HEAD, &"x".repeat(bytes + 100));
    whole[..whole.len() - 100].to_vec()
}

/// Sends as many of this request as `count` from different threads, and hands the answers
/// over that have come when `meanwhile` is done; the VNFM then accepts the rest.
fn crowd<T>(gate: &Gate, go: &AtomicBool, requests: &[Vec<u8>], meanwhile: impl FnOnce() -> T) -> (Vec<Answer>, T) {
    std::thread::scope(|threads| {
        let sent: Vec<_> = requests.iter().map(|request| threads.spawn(|| send(gate.address, request))).collect();
        let seen = meanwhile();
        go.store(true, Ordering::Relaxed);
        (sent.into_iter().map(|one| one.join().expect("an answer")).collect(), seen)
    })
}

#[test]
fn idle_connections_to_the_admin_address_stop_nobody() {
    let vnfm = Vnfm::start();
    let gate =
        Gate::run("serve", &vnfm.url(), &["clientShare: 1"], &[], |command| wrapped(&command, "ulimit -n 256", ""));
    let idle: Vec<TcpStream> = (0..400).map(|_| TcpStream::connect(gate.admin).expect("it listens")).collect();
    for _ in 0..20 {
        assert_eq!(send(gate.address, &subscribe()).status, 202);
        assert!(gate.is_ready());
    }
    // Of which the one that asks is one.
    assert!(gate.count("solgate_admin_connections") <= 64, "{}", gate.metrics());
    assert!(!gate.server.said().contains("could not be taken"), "{}", gate.server.said());
    drop(idle);
    wait_until("they are gone", || gate.count("solgate_admin_connections") == 1);
    documented::says("`adminConnections`");
}

#[test]
fn a_request_that_waits_for_its_turn_holds_no_place() {
    let go = Arc::new(AtomicBool::new(false));
    let vnfm = slow_vnfm(&go);
    let gate = Gate::start(&vnfm.url(), &["requests: 8", "answerTimeout: 60s", "idle: 60s"], &[]);
    // On each of four instances one has its turn, and four wait.
    let requests: Vec<_> = (0..20).map(|number| terminate(&format!("i{}", number % 4))).collect();
    let (answers, ()) = crowd(&gate, &go, &requests, || {
        wait_until("the others wait", || gate.count("solgate_requests_waiting") == 16);
        assert_eq!(gate.count("solgate_requests_in_progress"), 4);
        for _ in 0..10 {
            assert_eq!(send(gate.address, &query()).status, 200);
        }
    });
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    wait_until("nobody is left", || gate.count("solgate_requests_in_progress") == 0);
    assert_eq!(gate.count("solgate_requests_waiting"), 0);
}

#[test]
fn those_that_wait_are_limited_in_all() {
    let go = Arc::new(AtomicBool::new(false));
    let vnfm = slow_vnfm(&go);
    let limits = ["waitingTotal: 6", "clientShare: 1", "answerTimeout: 60s", "idle: 60s"];
    let gate = Gate::start(&vnfm.url(), &limits, &[]);
    let requests: Vec<_> = (0..12).map(|number| terminate(&format!("i{}", number % 4))).collect();
    let (answers, ()) = crowd(&gate, &go, &requests, || {
        wait_until("the rest is refused", || gate.requests(503, "gate.waiting") == 2);
        assert_eq!(gate.count("solgate_requests_waiting"), 6);
    });
    for answer in answers.iter().filter(|answer| answer.status != 202) {
        expect_problem(answer, 503, "gate.waiting", "beyond the limit");
    }
    documented::names(503, "gate.waiting");
}

/// Three quarters of a limit are for anybody; of the last one, each address gets its
/// share only.
#[test]
fn one_address_leaves_places_to_the_others() {
    let go = Arc::new(AtomicBool::new(false));
    let vnfm = slow_vnfm(&go);
    let gate = Gate::start(&vnfm.url(), &["requests: 16", "answerTimeout: 60s", "idle: 60s"], &[]);
    let requests = vec![subscribe(); 40];
    let (answers, ()) = crowd(&gate, &go, &requests, || {
        wait_until("the rest is refused", || gate.requests(429, "gate.client-share") == 27);
        assert_eq!(gate.count("solgate_requests_in_progress"), 13);
        assert_eq!(send_from(other(2), gate.address, &query()).status, 200);
        expect_problem(&send(gate.address, &query()), 429, "gate.client-share", "it has its share");
        let _ = gate.server.said_with("a client has its share, and is refused more client=127.0.0.1");
    });
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(accepted, 13, "{answers:?}");
    documented::names(429, "gate.client-share");
}

/// Behind a balancer all clients are one address.
#[test]
fn a_trusted_hop_has_no_share() {
    let go = Arc::new(AtomicBool::new(false));
    let vnfm = slow_vnfm(&go);
    let limits = ["requests: 16", "answerTimeout: 60s", "idle: 60s"];
    let gate = Gate::run("serve", &vnfm.url(), &limits, &[], |command| {
        let file = command.get_args().last().expect("the file of the configuration").to_owned();
        let text = std::fs::read_to_string(&file).expect("it is there");
        std::fs::write(&file, format!("trustedHops: [127.0.0.1, 10.0.0.0/8]\n{text}")).expect("it is written");
        command
    });
    let (answers, ()) = crowd(&gate, &go, &vec![subscribe(); 20], || {
        wait_until("the rest is refused", || gate.requests(503, "gate.requests") == 4);
    });
    assert_eq!(answers.iter().filter(|answer| answer.status == 202).count(), 16, "{answers:?}");
}

#[test]
fn one_address_leaves_connections_to_the_others() {
    for door in ["serve", "ext-authz"] {
        let vnfm = Vnfm::start();
        let limits = ["connections: 40", "idle: 60s", "headTimeout: 60s"];
        let gate = Gate::run(door, &vnfm.url(), &limits, &[], |command| command);
        gate.wait_until_empty();
        let idle: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(gate.address).expect("it listens")).collect();
        wait_until("the rest is refused", || gate.count("solgate_client_connections_refused_total") == 69);
        assert_eq!(gate.count("solgate_open_connections"), 31, "{door}");
        let _others: Vec<TcpStream> = (2..4).map(|last| connect(other(last), gate.address)).collect();
        wait_until("those of others are taken", || gate.count("solgate_open_connections") == 33);
        if door == "serve" {
            assert_eq!(send_from(other(4), gate.address, &query()).status, 202);
        }
        drop(idle);
        wait_until("there is room again", || gate.count("solgate_open_connections") <= 2);
    }
}

#[test]
fn unfinished_bodies_of_one_address_leave_room_to_the_others() {
    let vnfm = Vnfm::start();
    let gate = Gate::start(&vnfm.url(), &["bodyMemoryBytes: 8388608", "bodyTimeout: 60s"], &[]);
    let body = unfinished(900_000);
    let mut held: Vec<TcpStream> = (0..20).map(|_| TcpStream::connect(gate.address).expect("it listens")).collect();
    let mut writers = Vec::new();
    for stream in &mut held {
        let (mut stream, body) = (stream.try_clone().expect("a second hand"), body.clone());
        // One that is refused is cut off.
        writers.push(std::thread::spawn(move || drop(stream.write_all(&body))));
    }
    writers.into_iter().for_each(|writer| writer.join().expect("it has sent what it could"));
    wait_until("the rest is refused", || gate.requests(429, "gate.client-share") >= 12);
    // How much is held depends on who was refused first: what that one had is free for the others.
    assert!(gate.count("solgate_body_memory_bytes") > 2_000_000, "{}", gate.metrics());
    let whole = message(
        "POST",
        "/vnflcm/v2/subscriptions",
        &HEAD,
        &format!(r#"{{"callbackUri":"http://a.example/{}"}}"#, "b".repeat(2000)),
    );
    for _ in 0..20 {
        assert_eq!(send_from(other(2), gate.address, &whole).status, 202);
    }
    drop(held);
    wait_until("there is room again", || gate.count("solgate_body_memory_bytes") == 0);
}

/// However many addresses send large bodies and do not finish them.
#[test]
fn room_is_kept_for_small_bodies() {
    let vnfm = Vnfm::start();
    let gate = Gate::start(&vnfm.url(), &["bodyMemoryBytes: 8388608", "bodyTimeout: 60s"], &[]);
    let body = unfinished(1_000_000);
    let held: Vec<TcpStream> = (10..30).map(|last| connect(other(last), gate.address)).collect();
    let writers: Vec<_> = held
        .iter()
        .map(|stream| {
            let (mut stream, body) = (stream.try_clone().expect("a second hand"), body.clone());
            std::thread::spawn(move || drop(stream.write_all(&body)))
        })
        .collect();
    writers.into_iter().for_each(|writer| writer.join().expect("it has sent what it could"));
    wait_until("the rest is refused", || gate.requests(503, "gate.body-memory") >= 12);
    for _ in 0..20 {
        assert_eq!(send_from(other(2), gate.address, &subscribe()).status, 202);
    }
    drop(held);
    wait_until("there is room again", || gate.count("solgate_body_memory_bytes") == 0);
}

/// What a client does not take of an answer stays with the VNFM.
#[test]
fn a_client_that_reads_nothing_costs_little_memory() {
    const READERS: usize = 50;
    let vnfm = FaultyVnfm::start(|_| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 1_u64 << 40);
        vec![Act::Send(head.into()), Act::Flood(vec![b'x'; 64 << 10])]
    });
    let gate = Gate::start(&vnfm.url(), &["idle: 60s"], &[]);
    let warm: Vec<TcpStream> = readers(&gate, 2);
    let before = gate.memory();
    let held = readers(&gate, READERS);
    wait_until("all answers are under way", || gate.count("solgate_answers_in_flight") == (READERS + 2) as u64);
    std::thread::sleep(Duration::from_millis(500));
    let each = gate.memory().saturating_sub(before) / READERS as u64;
    println!("{READERS} readers that take nothing: {each} bytes of memory each");
    assert!(each < 160 << 10, "{each} bytes for each");
    drop((warm, held));
    wait_until("they are gone", || gate.count("solgate_answers_in_flight") == 0);
}

/// Clients that have asked, got a few bytes of the answer, and read no more.
fn readers(gate: &Gate, count: usize) -> Vec<TcpStream> {
    let begin = |_| {
        let mut stream = TcpStream::connect(gate.address).expect("it listens");
        stream.write_all(&query()).expect("it is taken");
        stream.read_exact(&mut [0; 100]).expect("the answer begins");
        stream
    };
    (0..count).map(begin).collect()
}

/// Whoever has a token has so many requests at a time, from whatever address.
#[test]
fn a_caller_and_a_tenant_have_limits_of_their_own() {
    let key = TokenKey::p256("one");
    let (go, folder) = (Arc::new(AtomicBool::new(false)), tempfile::tempdir().expect("a folder"));
    let vnfm = slow_vnfm(&go);
    let keys = folder.path().join("keys.json");
    std::fs::write(&keys, jwks(&[&key]).to_string()).expect("it is written");
    let limits = ["callerRequests: 3", "tenantRequests: 5", "answerTimeout: 60s", "idle: 60s"];
    let gate = Gate::run("serve", &vnfm.url(), &limits, &[], |command| {
        let file = command.get_args().last().expect("the file of the configuration").to_owned();
        let text = std::fs::read_to_string(&file).expect("it is there");
        std::fs::write(&file, format!("jwt: {{ jwks: {} }}\n{text}", keys.display())).expect("it is written");
        command
    });
    let asks = |caller: &str, request: fn(&str) -> Vec<u8>| {
        let claims = serde_json::json!({"sub": caller, "tenant": "t", "exp": 4_000_000_000_u64});
        request(&format!("Authorization: Bearer {}", key.token("ES256", &claims)))
    };
    let operation = |field: &str| {
        let fields = [HEAD[0], HEAD[1], HEAD[2], field];
        message("POST", "/vnflcm/v2/subscriptions", &fields, r#"{"callbackUri":"http://nfvo.example/cb"}"#)
    };
    let question = |field: &str| message("GET", "/vnflcm/v2/vnf_instances", &[HEAD[0], HEAD[1], field], "");
    let three = vec![asks("anna", operation); 3];
    let two = vec![asks("bert", operation); 2];
    let (answers, ()) = crowd(&gate, &go, &[three, two].concat(), || {
        wait_until("they are under way", || gate.count("solgate_requests_in_progress") == 5);
        expect_problem(&send(gate.address, &asks("anna", question)), 429, "gate.caller-requests", "beyond the limit");
        expect_problem(&send(gate.address, &asks("bert", question)), 429, "gate.tenant-requests", "beyond the limit");
    });
    assert!(answers.iter().all(|answer| answer.status == 202), "{answers:?}");
    assert_eq!(send(gate.address, &asks("anna", question)).status, 200, "there is room again");
    documented::names(429, "gate.caller-requests");
    documented::names(429, "gate.tenant-requests");
}
