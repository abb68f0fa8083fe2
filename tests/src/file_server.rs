//! A server of files with TLS, in this process, that can be made to misbehave; and a proxy
//! on the way to it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::Authority;
use crate::registry::respond;

/// A server of files: it holds what it gets until it is dropped.
pub struct FileServer {
    pub address: SocketAddr,
    state: Arc<Files>,
}

/// What a path has: its ETag, if it has one, and its content.
type Held = (Option<String>, Vec<u8>);

#[derive(Default)]
struct Files {
    stopped: AtomicBool,
    /// By path.
    files: Mutex<HashMap<String, Held>>,
    /// Answers to a path that are given in the place of what there is.
    instead: Mutex<HashMap<String, Vec<u8>>>,
    /// Heads of requests.
    asked: Mutex<Vec<String>>,
    /// Bytes that came and went, beside TLS.
    transferred: AtomicUsize,
}

impl FileServer {
    /// At `localhost`, with a certificate of this authority.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start(authority: &Authority) -> Self {
        let issued = authority.server();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_no_client_auth()
            .with_single_cert(vec![issued.der().clone()], issued.key_der())
            .expect("they fit");
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (address, state) = (listener.local_addr().expect("an address"), Arc::<Files>::default());
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (state, config) = (Arc::clone(&serving), Arc::clone(&config));
                std::thread::spawn(move || {
                    let connection = ServerConnection::new(config).expect("it is set up");
                    serve(StreamOwned::new(connection, stream), &state);
                });
            }
        });
        Self { address, state }
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.address.port())
    }

    /// Puts a file there.
    pub fn put(&self, path: &str, etag: Option<&str>, bytes: &[u8]) {
        let file = (etag.map(str::to_owned), bytes.to_vec());
        self.state.files.lock().expect("no panic").insert(path.to_owned(), file);
    }

    /// Gives this answer, head and body, to whoever asks for the path.
    pub fn answer(&self, path: &str, answer: impl Into<Vec<u8>>) {
        self.state.instead.lock().expect("no panic").insert(path.to_owned(), answer.into());
    }

    /// Answers nobody from here on, or everybody again.
    pub fn stop(&self, stopped: bool) {
        self.state.stopped.store(stopped, Ordering::Relaxed);
    }

    /// The heads of the requests so far, since the last time.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.asked.lock().expect("no panic"))
    }

    /// Bytes that came and went so far, beside TLS.
    #[must_use]
    pub fn transferred(&self) -> usize {
        self.state.transferred.load(Ordering::Relaxed)
    }
}

impl Drop for FileServer {
    fn drop(&mut self) {
        self.stop(true);
    }
}

fn serve(stream: StreamOwned<ServerConnection, TcpStream>, state: &Files) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut head, mut line) = (String::new(), String::new());
        while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
            head.push_str(&line);
            line.clear();
        }
        if head.is_empty() || state.stopped.load(Ordering::Relaxed) {
            return;
        }
        let path = head.split_whitespace().nth(1).unwrap_or_default().to_owned();
        let condition = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("if-none-match").then(|| value.to_owned())
        });
        let came = head.len() + 2;
        state.asked.lock().expect("no panic").push(head);
        let answer = answer(state, &path, condition.as_deref());
        state.transferred.fetch_add(came + answer.len(), Ordering::Relaxed);
        if stream.get_mut().write_all(&answer).and_then(|()| stream.get_mut().flush()).is_err() {
            return;
        }
    }
}

fn answer(state: &Files, path: &str, condition: Option<&str>) -> Vec<u8> {
    if let Some(instead) = state.instead.lock().expect("no panic").get(path) {
        return instead.clone();
    }
    match state.files.lock().expect("no panic").get(path) {
        None => respond(404, "", b""),
        Some((Some(etag), _)) if condition == Some(etag) => {
            format!("HTTP/1.1 304 Test\r\nETag: {etag}\r\n\r\n").into_bytes()
        }
        Some((etag, bytes)) => {
            let etag = etag.as_ref().map(|etag| format!("ETag: {etag}\r\n")).unwrap_or_default();
            respond(200, &etag, bytes)
        }
    }
}

/// A proxy that opens tunnels (`CONNECT`) on loopback.
pub struct Proxy {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// One that asks for these credentials (`USER:PASSWORD`), or for none if they are empty.
    ///
    /// # Panics
    /// If there is no free port.
    #[must_use]
    pub fn start(credentials: &str) -> Self {
        let expected = format!("basic {}", data_encoding::BASE64.encode(credentials.as_bytes()));
        let expected = (!credentials.is_empty()).then_some(expected);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let (address, asked) = (listener.local_addr().expect("an address"), Arc::<Mutex<Vec<String>>>::default());
        let noted = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (noted, expected) = (Arc::clone(&noted), expected.clone());
                std::thread::spawn(move || tunnel(stream, &noted, expected.as_deref()));
            }
        });
        Self { address, asked }
    }

    /// The tunnels that were asked for so far, since the last time, such as `localhost:443`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().expect("no panic"))
    }
}

fn tunnel(stream: TcpStream, asked: &Mutex<Vec<String>>, expected: Option<&str>) {
    let mut stream = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while stream.read_line(&mut line).is_ok_and(|read| read > 2) {
        head.push_str(&line);
        line.clear();
    }
    let mut words = head.split_whitespace();
    let (Some("CONNECT"), Some(target)) = (words.next(), words.next()) else { return };
    asked.lock().expect("no panic").push(target.to_owned());
    let known = head.lines().any(|line| {
        let field = line.split_once(": ").filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authorization"));
        // The scheme's name may be written in any case.
        let value = field.and_then(|(_, value)| value.split_once(' '));
        let value = value.map(|(scheme, rest)| format!("{} {rest}", scheme.to_ascii_lowercase()));
        value.as_deref() == expected
    });
    let mut stream = stream.into_inner();
    if expected.is_some() && !known {
        let _ = stream.write_all(&respond(407, "", b""));
        return;
    }
    let Ok(mut server) = TcpStream::connect(target) else {
        let _ = stream.write_all(&respond(502, "", b""));
        return;
    };
    if stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").is_err() {
        return;
    }
    let (mut from, mut to) = (stream.try_clone().expect("shared"), server.try_clone().expect("shared"));
    std::thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let _ = copy(&mut server, &mut stream);
    let _ = stream.shutdown(std::net::Shutdown::Write);
}

fn copy(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<u64> {
    std::io::copy(from, to)
}
