//! Requests that hide another one, through `solgate serve` to an upstream that
//! writes down every byte: the hidden one does not arrive, and what arrives is one
//! well-framed request.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use solgate_tests::process::Serving;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// An operation that asks the VNFM for nothing.
const LINE: &str = "POST /vnflcm/v2/subscriptions HTTP/1.1\r\nHost: h\r\n";
const FIELDS: &str = "Version: 2.0.0\r\nAccept: application/json\r\nContent-Type: application/json\r\n";
const BODY: &str = r#"{"callbackUri":"http://nfvo.example/cb"}"#;
/// What is hidden. No policy would let it pass, so if it arrives, it was not seen.
const HIDDEN: &str = "BREW /vnflcm/v2/smuggled HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
const ACCEPTED: &str = "HTTP/1.1 201 Created\r\nVersion: 2.0.0\r\nContent-Length: 0\r\n\r\n";

/// What came in on each connection, byte by byte.
type Log = Arc<Mutex<Vec<Vec<u8>>>>;

/// An upstream that answers each well-framed request with `answer`.
struct Upstream {
    address: SocketAddr,
    log: Log,
}

impl Upstream {
    fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let log = Log::default();
        let shared = Arc::clone(&log);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let log = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &log, answer));
            }
        });
        Self { address, log }
    }

    /// What has arrived since the last call, by connection.
    fn arrived(&self) -> Vec<Vec<u8>> {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter_mut().map(std::mem::take).filter(|bytes| !bytes.is_empty()).collect()
    }
}

fn serve(mut stream: TcpStream, log: &Log, answer: &str) {
    let lock = || log.lock().unwrap_or_else(PoisonError::into_inner);
    let index = {
        let mut log = lock();
        log.push(Vec::new());
        log.len() - 1
    };
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        let complete = {
            let mut log = lock();
            log[index].extend_from_slice(&buffer[..read]);
            requests(&log[index]).is_ok()
        };
        if complete && stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Framed {
    line: String,
    body: String,
}

/// Takes apart what a connection carried, as strictly as can be.
fn requests(mut bytes: &[u8]) -> Result<Vec<Framed>, &'static str> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").ok_or("a head without end")?;
        let head = std::str::from_utf8(&bytes[..end]).map_err(|_| "a head that is no text")?;
        let mut lines = head.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let mut lengths = Vec::new();
        for field in lines {
            let (name, value) = field.split_once(": ").ok_or("a field without a colon")?;
            if name.contains(|char: char| !char.is_ascii_graphic()) || field.contains(['\r', '\n', '\0']) {
                return Err("a field with a character that it may not have");
            }
            if name.eq_ignore_ascii_case("transfer-encoding") || name.eq_ignore_ascii_case("trailer") {
                return Err("a field about chunks");
            }
            if name.eq_ignore_ascii_case("content-length") {
                lengths.push(value);
            }
        }
        let length = match lengths.as_slice() {
            [] => 0,
            [length] => length.parse::<usize>().map_err(|_| "a length that is no number")?,
            _ => return Err("more than one length"),
        };
        let body = bytes.get(end + 4..end + 4 + length).ok_or("a body that is cut")?;
        found.push(Framed { line, body: String::from_utf8_lossy(body).into_owned() });
        bytes = &bytes[end + 4 + length..];
    }
    Ok(found)
}

/// Sends bytes in pieces of a size, and gives the statuses of the answers.
fn exchange(gate: SocketAddr, bytes: &[u8], piece: usize) -> Vec<u16> {
    let mut stream = TcpStream::connect(gate).expect("it listens");
    stream.set_nodelay(true).expect("it is set");
    stream.set_read_timeout(Some(PATIENCE)).expect("it has a timer");
    for piece in bytes.chunks(piece) {
        // The gate may have answered, and closed, by now.
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    let mut answers = Vec::new();
    let _ = stream.read_to_end(&mut answers);
    let text = String::from_utf8_lossy(&answers).into_owned();
    let statuses = text.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)?.parse().ok());
    statuses.filter(|status| *status >= 200).collect()
}

/// A head with fields of its own, and what comes behind it.
fn attempt(fields: &str, rest: &str) -> Vec<u8> {
    format!("{LINE}{FIELDS}{fields}\r\n{rest}").into_bytes()
}

fn chunked(rest: &str) -> Vec<u8> {
    attempt("Transfer-Encoding: chunked\r\n", rest)
}

fn with_length(fields: &str) -> Vec<u8> {
    attempt(&format!("{fields}Content-Length: {}\r\n", BODY.len()), &format!("{BODY}{HIDDEN}"))
}

/// What the gate refuses for its framing.
fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let length = BODY.len();
    let body = format!("{BODY}{HIDDEN}");
    let one_chunk = format!("{length:x}\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}");
    let coding = |field: &str| attempt(&format!("{field}\r\n"), &one_chunk);
    let both = |first: &str, second: &str| attempt(&format!("{first}\r\n{second}\r\n"), &one_chunk);
    let lengths = |field: &str| attempt(&format!("{field}\r\n"), &body);
    let whole = one_chunk.len();
    vec![
        ("CL.TE", both(&format!("Content-Length: {whole}"), "Transfer-Encoding: chunked")),
        ("TE.CL", both("Transfer-Encoding: chunked", "Content-Length: 4")),
        ("CL.0", both("Content-Length: 0", "Transfer-Encoding: chunked")),
        ("TE.TE: identity second", both("Transfer-Encoding: chunked", "Transfer-Encoding: identity")),
        ("TE.TE: twice", both("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")),
        ("TE: unknown", coding("Transfer-Encoding: xchunked")),
        ("TE: list", coding("Transfer-Encoding: chunked, identity")),
        ("TE: gzip", coding("Transfer-Encoding: gzip, chunked")),
        ("TE: quoted", coding("Transfer-Encoding: \"chunked\"")),
        ("TE: parameter", coding("Transfer-Encoding: chunked;a=b")),
        ("TE: space before the colon", coding("Transfer-Encoding : chunked")),
        ("TE: vertical tab", coding("Transfer-Encoding: \u{b}chunked")),
        ("TE: folded", coding("Transfer-Encoding:\r\n chunked")),
        ("TE: in a folded field", coding("X: y\r\n Transfer-Encoding: chunked")),
        ("TE: behind a bare CR", coding("X: y\rTransfer-Encoding: chunked")),
        ("TE: behind a bare LF", coding("X: y\nTransfer-Encoding: chunked")),
        ("TE: with an underscore", with_length("Transfer_Encoding: chunked\r\n")),
        ("TE: NUL in the name", coding("Transfer-Encoding\0: chunked")),
        ("TE: empty, with CL", with_length("Transfer-Encoding:\r\n")),
        ("CL: twice, the same", lengths(&format!("Content-Length: {length}\r\nContent-Length: {length}"))),
        ("CL: twice", lengths(&format!("Content-Length: {length}\r\nContent-Length: 0"))),
        ("CL: list", lengths(&format!("Content-Length: {length}, {length}"))),
        ("CL: plus", lengths(&format!("Content-Length: +{length}"))),
        ("CL: minus", lengths("Content-Length: -1")),
        ("CL: hexadecimal", lengths(&format!("Content-Length: 0x{length:x}"))),
        ("CL: with a fraction", lengths(&format!("Content-Length: {length}.0"))),
        ("CL: two numbers", lengths(&format!("Content-Length: 0 {length}"))),
        ("CL: underscore", lengths(&format!("Content_Length: {length}\r\nContent-Length: 0"))),
        ("CL: space before the colon", lengths(&format!("Content-Length : {length}"))),
        ("CL: beyond 64 bits", lengths("Content-Length: 18446744073709551617")),
        ("CL: removed by Connection", with_length("Connection: content-length\r\n")),
        ("chunk size: 0x", chunked(&format!("0x{length:x}\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}"))),
        ("chunk size: plus", chunked(&format!("+{length:x}\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}"))),
        ("chunk size: space before", chunked(&format!(" {length:x}\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}"))),
        ("chunk size: beyond 64 bits", chunked(&format!("1000000000000000{length:x}\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}"))),
        ("chunk size: too small", chunked(&format!("{:x}\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}", length - 1))),
        ("chunk size: ends in LF", chunked(&format!("{length:x}\n{BODY}\r\n0\r\n\r\n{HIDDEN}"))),
        ("chunk: ends in LF", chunked(&format!("{length:x}\r\n{BODY}\n0\r\n\r\n{HIDDEN}"))),
        ("chunk extension: LF", chunked(&format!("{length:x};a\n{BODY}\r\n0\r\n\r\n{HIDDEN}"))),
        ("last chunk: ends in LF", chunked(&format!("{length:x}\r\n{BODY}\r\n0\n\n{HIDDEN}"))),
        ("HTTP/1.0 with TE", {
            let head = LINE.replace("1.1", "1.0");
            format!("{head}{FIELDS}Transfer-Encoding: chunked\r\n\r\n{one_chunk}").into_bytes()
        }),
        ("HTTP/0.9", format!("GET /vnflcm/v2/subscriptions\r\n\r\n{HIDDEN}").into_bytes()),
        ("a line end in the target", format!("GET /vnflcm/v2/x HTTP/1.1\nX: y HTTP/1.1\r\n\r\n{HIDDEN}").into_bytes()),
        ("a body larger than any", attempt("Content-Length: 99999999\r\n", HIDDEN)),
    ]
}

#[test]
fn what_hides_a_request_is_refused_and_nothing_arrives() {
    let upstream = Upstream::start(ACCEPTED);
    let gate = &Serving::start(&["--upstream", &format!("http://{}", upstream.address)]);
    // The gate takes its time to close, so all at once.
    std::thread::scope(|scope| {
        for (name, mut bytes) in refused() {
            let is_large = name == "a body larger than any";
            if is_large {
                // As much as it takes to be larger; the hidden request is all of it.
                bytes.extend(HIDDEN.repeat(1 + (2 << 20) / HIDDEN.len()).into_bytes());
            }
            let bytes = Arc::new(bytes);
            for piece in if is_large { vec![usize::MAX] } else { vec![usize::MAX, 1] } {
                let bytes = Arc::clone(&bytes);
                scope.spawn(move || {
                    let statuses = exchange(gate.address, &bytes, piece);
                    assert!(matches!(statuses.as_slice(), [400..=499 | 501 | 505]), "{name}: {statuses:?}");
                });
            }
        }
    });
    assert_eq!(upstream.arrived(), [[0; 0]; 0]);
}

#[test]
fn what_passes_arrives_as_one_request_with_a_length() {
    let upstream = Upstream::start(ACCEPTED);
    let gate = Serving::start(&["--upstream", &format!("http://{}", upstream.address)]);
    let length = BODY.len();
    let (start, end) = BODY.split_at(10);
    let table = [
        ("CL", with_length("")),
        ("CL with zeros before it", attempt(&format!("Content-Length: 000{length}\r\n"), &format!("{BODY}{HIDDEN}"))),
        ("chunks", chunked(&format!("a\r\n{start}\r\n{:x}\r\n{end}\r\n0\r\n\r\n{HIDDEN}", end.len()))),
        ("extensions", chunked(&format!("{length:x};a=\"b\"\r\n{BODY}\r\n0;x\r\n\r\n{HIDDEN}"))),
        (
            "trailers",
            chunked(&format!("{length:x}\r\n{BODY}\r\n0\r\nContent-Length: 9\r\nTransfer-Encoding: x\r\n\r\n{HIDDEN}")),
        ),
        ("capital letters", {
            attempt("TRANSFER-ENCODING: CHUNKED\r\n", &format!("{length:X}\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}"))
        }),
        ("fields of one hop", with_length("Connection: keep-alive, x-hop, TE\r\nKeep-Alive: 9\r\nTE: trailers\r\n")),
        ("a client that does not wait", with_length("Expect: 100-continue\r\n")),
        ("an empty line before", [b"\r\n", with_length("").as_slice()].concat()),
    ];
    for (name, bytes) in table {
        for piece in [usize::MAX, 7, 1] {
            // The one behind it is a request of its own: judged, and refused.
            assert_eq!(exchange(gate.address, &bytes, piece), [201, 404], "{name}");
            let arrived = upstream.arrived();
            let [connection] = arrived.as_slice() else { panic!("{name}: {arrived:?}") };
            let expected = Framed { line: LINE.lines().next().unwrap_or_default().to_owned(), body: BODY.to_owned() };
            let shown = connection.escape_ascii();
            assert_eq!(requests(connection), Ok(vec![expected]), "{name}: {shown}");
        }
    }
}

/// An upstream that says more than it was asked, for the next client to get.
#[test]
fn an_answer_that_nobody_asked_for_reaches_nobody() {
    const TWO: &str = "HTTP/1.1 201 Created\r\nVersion: 2.0.0\r\nContent-Length: 0\r\n\r\n\
        HTTP/1.1 299 Poisoned\r\nContent-Length: 0\r\n\r\n";
    let upstream = Upstream::start(TWO);
    let gate = Serving::start(&["--upstream", &format!("http://{}", upstream.address)]);
    let fields = format!("Content-Length: {}\r\nConnection: close\r\n", BODY.len());
    for round in 0..20 {
        assert_eq!(exchange(gate.address, &attempt(&fields, BODY), usize::MAX), [201], "{round}");
        let arrived: Vec<_> = upstream.arrived().iter().map(|bytes| requests(bytes)).collect();
        assert!(matches!(arrived.as_slice(), [Ok(one)] if one.len() == 1), "{arrived:?}");
    }
}
