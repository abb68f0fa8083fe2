//! A scripted VNFM over raw TCP, a client over raw TCP, and a gate between
//! them: bytes can be compared on both sides.

#![allow(dead_code, reason = "every test file uses its own part")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use solgate::facts::{Fact, FactAnswer, FactRequest, FactSource};
use solgate::gate::Gate;
use solgate_config::{Config, Limits, ListenAddress, LiveGate, LogFormat, UpstreamConfig};
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::listen::listener::BoundAddress;
use solgate_gateway::vnfm::Vnfm;
use solgate_serve::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Longer than anything takes, so that a hanging test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the VNFM does once it has read a request.
#[derive(Clone)]
pub enum Act {
    Send(Vec<u8>),
    /// Waits until [`Upstream::go`] is called.
    Wait,
    /// Never answers.
    Hang,
    /// Ends the connection.
    Close,
}

pub fn send(bytes: impl Into<Vec<u8>>) -> Vec<Act> {
    vec![Act::Send(bytes.into())]
}

pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nVersion: 2.0.0\r\n\r\nok";

/// A scripted VNFM.
pub struct Upstream {
    pub address: SocketAddr,
    /// Every request, head and body, byte for byte.
    pub seen: Arc<Mutex<Vec<Vec<u8>>>>,
    pub connections: Arc<Mutex<usize>>,
    /// Connections that the gate has ended.
    pub left: Arc<Mutex<usize>>,
    pub go: Arc<Notify>,
    pub arrived: Arc<Notify>,
    pub gone: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Upstream {
    pub async fn start(script: impl Fn(&[u8]) -> Vec<Act> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = Arc::new(script);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let left = Arc::new(Mutex::new(0));
        let (go, arrived, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let task = tokio::spawn({
            let (seen, connections, left) = (seen.clone(), connections.clone(), left.clone());
            let (go, arrived, gone) = (go.clone(), arrived.clone(), gone.clone());
            async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    *connections.lock().unwrap() += 1;
                    let (script, seen, go, arrived) = (script.clone(), seen.clone(), go.clone(), arrived.clone());
                    let (left, gone) = (left.clone(), gone.clone());
                    tokio::spawn(async move {
                        play(stream, &*script, &seen, &go, &arrived).await;
                        *left.lock().unwrap() += 1;
                        gone.notify_one();
                    });
                }
            }
        });
        Self { address, seen, connections, left, go, arrived, gone, task }
    }

    pub async fn answering(bytes: &'static [u8]) -> Self {
        Self::start(move |_| send(bytes)).await
    }

    pub fn seen(&self) -> Vec<Vec<u8>> {
        self.seen.lock().unwrap().clone()
    }
}

async fn play(
    mut stream: TcpStream,
    script: &(dyn Fn(&[u8]) -> Vec<Act> + Send + Sync),
    seen: &Mutex<Vec<Vec<u8>>>,
    go: &Notify,
    arrived: &Notify,
) {
    let mut buffer = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = message_end(&buffer) {
                break end;
            }
            match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        };
        let request: Vec<u8> = buffer.drain(..end).collect();
        let acts = script(&request);
        seen.lock().unwrap().push(request);
        arrived.notify_one();
        for act in acts {
            match act {
                Act::Send(bytes) => {
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                Act::Wait => go.notified().await,
                Act::Hang => {
                    let mut rest = [0; 64];
                    while stream.read(&mut rest).await.is_ok_and(|count| count > 0) {}
                    return;
                }
                Act::Close => return,
            }
        }
    }
}

/// End of a message with Content-Length or without body.
fn message_end(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_lowercase();
    let length: usize = text
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |value| value.trim().parse().unwrap());
    (bytes.len() >= head + length).then_some(head + length)
}

/// The gate, running.
pub struct Running {
    pub address: SocketAddr,
    pub admin: Option<SocketAddr>,
    pub stop: Option<oneshot::Sender<()>>,
    pub task: JoinHandle<usize>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub struct NoFacts;

impl FactSource for NoFacts {
    fn fetch<'a>(&'a self, _: FactRequest<'a>) -> BoxFuture<'a, Fact> {
        std::future::ready(Fact { answer: FactAnswer::Unavailable("none here".to_owned()), cached: false }).boxed()
    }
}

pub fn open_gate(_: &UpstreamConfig, _: &Vnfm) -> Result<LiveGate, GatewayError> {
    let make = |settings| Gate::new(Vec::new(), Arc::new(NoFacts)).with_settings(settings);
    Ok(LiveGate { make: Box::new(make), policies: vec![("test".to_owned(), "00ff".to_owned())] })
}

pub fn config(upstream: SocketAddr) -> Config {
    let url = format!("http://{upstream}").parse().unwrap();
    Config {
        listen: ListenAddress::Tcp("127.0.0.1:0".to_owned()),
        admin: None,
        tls: None,
        jwt: None,
        limits: Limits::default(),
        upstreams: vec![UpstreamConfig::new(url)],
        log: LogFormat::Json,
        record: None,
        tracing: None,
        reload: true,
        ..Config::default()
    }
}

pub async fn start(config: Config) -> Running {
    let server = Server::bind(&config, Inherited::default(), &open_gate).await.unwrap();
    let address = server.door().address().tcp().unwrap();
    let admin = server.door().admin_address().and_then(BoundAddress::tcp);
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { address, admin, stop: Some(stop), task }
}

/// An answer as the client got it.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    /// The head, byte for byte.
    pub head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn field(&self, name: &str) -> Option<String> {
        let head = String::from_utf8_lossy(&self.head).into_owned();
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body.escape_ascii()))
    }

    pub fn rule(&self) -> String {
        self.json()["violations"][0]["rule"].as_str().unwrap_or_default().to_owned()
    }
}

/// A client over raw TCP.
pub struct Client {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends as far as the gate lets us.
    pub async fn try_send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next answer; `head_only` for those to HEAD.
    pub async fn receive(&mut self, head_only: bool) -> Answer {
        tokio::time::timeout(PATIENCE, self.receive_patiently(head_only)).await.expect("an answer in time")
    }

    async fn receive_patiently(&mut self, head_only: bool) -> Answer {
        let head_end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.more().await, "the connection ended in a head: {}", self.buffer.escape_ascii());
        };
        let head: Vec<u8> = self.buffer.drain(..head_end).collect();
        let mut fields = [httparse::EMPTY_HEADER; 100];
        let mut parsed = httparse::Response::new(&mut fields);
        parsed.parse(&head).unwrap();
        let status = parsed.code.unwrap();
        let field = |name: &str| {
            parsed
                .headers
                .iter()
                .find(|field| field.name.eq_ignore_ascii_case(name))
                .map(|field| String::from_utf8_lossy(field.value).into_owned())
        };
        let (length, chunked) = (field("content-length"), field("transfer-encoding").is_some());
        let body = if head_only || matches!(status, 100 | 204 | 304) {
            Vec::new()
        } else if chunked {
            self.chunks().await
        } else if let Some(length) = length {
            let length = length.parse().unwrap();
            while self.buffer.len() < length {
                assert!(self.more().await, "the connection ended in a body");
            }
            self.buffer.drain(..length).collect()
        } else {
            while self.more().await {}
            std::mem::take(&mut self.buffer)
        };
        Answer { status, head, body }
    }

    async fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                    break at + 2;
                }
                assert!(self.more().await, "the connection ended in a chunk size");
            };
            let line: Vec<u8> = self.buffer.drain(..end).collect();
            let size = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).unwrap();
            while self.buffer.len() < size + 2 {
                assert!(self.more().await, "the connection ended in a chunk");
            }
            body.extend(self.buffer.drain(..size));
            self.buffer.drain(..2);
            if size == 0 {
                return body;
            }
        }
    }

    async fn more(&mut self) -> bool {
        matches!(self.stream.read_buf(&mut self.buffer).await, Ok(count) if count > 0)
    }

    /// True if the gate ends the connection without another byte.
    pub async fn is_closed(&mut self) -> bool {
        let ended = tokio::time::timeout(PATIENCE, self.more()).await.expect("an end in time");
        !ended && self.buffer.is_empty()
    }

    /// What has arrived, at least `count` bytes of it.
    pub async fn at_least(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            assert!(
                tokio::time::timeout(PATIENCE, self.more()).await.expect("bytes in time"),
                "the connection ended early"
            );
        }
        std::mem::take(&mut self.buffer)
    }
}

/// One request on a connection of its own.
pub async fn exchange(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Answer {
    let mut client = Client::connect(address).await;
    client.send(&bytes).await;
    client.receive(bytes.as_ref().starts_with(b"HEAD ")).await
}
