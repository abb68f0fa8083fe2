//! Listens for servers that ask, and answers them.

use std::convert::Infallible;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::WARNING;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use ipnet::IpNet;
use solgate::body::{Unread, collect};
use solgate::fault::Fault;
use solgate::policy::MemoryReset;
use solgate_access::tls::{Protocol, TlsListener};
use solgate_config::{Config, Limits};
use solgate_gateway::build_gate::GateBuilder;
use solgate_gateway::connections::connections;
use solgate_gateway::error::GatewayError;
use solgate_gateway::judging::{Judged, Judging};
use solgate_gateway::reload::Reload;
use solgate_gateway::routes::listen;
use solgate_gateway::shutdown::Drain;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::original::Original;

/// The door, listening.
pub struct ForwardAuth {
    listener: TcpListener,
    address: SocketAddr,
    door: Arc<Door>,
    tls: Option<Arc<TlsListener>>,
    tasks: Vec<JoinHandle<()>>,
    limits: Limits,
}

/// What the connections share.
struct Door {
    judging: Judging,
    trusted: Vec<IpNet>,
    body_timeout: Duration,
}

impl ForwardAuth {
    /// Builds the gates and takes the address.
    ///
    /// # Errors
    /// A gate cannot be built, certificates or keys not be read, or an address not be
    /// bound.
    pub async fn bind(config: &Config, trusted: Vec<IpNet>, build_gate: GateBuilder<'_>) -> Result<Self, GatewayError> {
        let judging = Judging::open(config, build_gate)?;
        let listener = listen(&config.listen, "--listen").await?;
        let address = listener.local_addr().map_err(|error| GatewayError::Bind {
            address: config.listen.clone(),
            option: "--listen",
            error,
        })?;
        let mut tasks = judging.start(config).await?;
        let tls = judging.tls(config, Protocol::Http1, &mut tasks)?;
        let door = Door { judging, trusted, body_timeout: config.limits.body_timeout };
        Ok(Self { listener, address, door: Arc::new(door), tls, tasks, limits: config.limits })
    }

    /// Replaces policies while it answers.
    #[must_use]
    pub fn with_reload(mut self, reload: Reload) -> Self {
        self.tasks.push(self.door.judging.reload(reload));
        self
    }

    /// What is done with the memory of instances, where there are any.
    #[must_use]
    pub fn memory_reset(&self) -> Option<MemoryReset> {
        self.door.judging.memory_reset()
    }

    /// The address that servers ask.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is ready, then lets requests in flight finish
    /// within the drain limit. Returns how many connections were cut.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> usize {
        let Self { listener, door, tls, tasks, limits, .. } = self;
        let mut full = door.judging.without_gate(&Fault::TooManyConnections, None);
        full.headers_mut().insert(VERDICT, HeaderValue::from_static("refuse"));
        // In TLS nothing can be said before the handshake.
        let farewell = door.judging.farewell(Some(&full).filter(|_| tls.is_none()));
        let drain = Drain::new(limits.drain);
        let stopping = || {
            drain.begin();
            door.judging.stopping();
        };
        let cut = connections(listener, limits, farewell, shutdown, stopping, |stream, peer, watcher| {
            accept(stream, peer, door.clone(), tls.clone(), limits, watcher)
        })
        .await;
        door.judging.close(tasks, drain.left()).await;
        cut
    }
}

async fn accept(
    stream: TcpStream,
    peer: SocketAddr,
    door: Arc<Door>,
    tls: Option<Arc<TlsListener>>,
    limits: Limits,
    watcher: Watcher,
) {
    let _open = door.judging.connection();
    let server = peer.ip().to_canonical();
    match tls {
        None => serve(stream, server, door, limits, watcher).await,
        Some(tls) => {
            // A certificate is that of the server that asks, and not the caller's.
            let Some((stream, _)) = tls.accept(stream, peer).await else { return };
            Box::pin(serve(stream, server, door, limits, watcher)).await;
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    peer: IpAddr,
    door: Arc<Door>,
    limits: Limits,
    watcher: Watcher,
) {
    let service = service_fn(move |request| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(request, peer).await.map(Full::new)) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        // The fields that the server adds come on top of the client's.
        .max_headers(512)
        .max_buf_size(limits.head.saturating_add(64 << 10));
    if let Err(error) = watcher.watch(builder.serve_connection(TokioIo::new(stream), service)).await {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// Tells the answers of this door from those that a server makes itself when it
/// gets none.
const VERDICT: HeaderName = HeaderName::from_static("solgate-verdict");

impl Door {
    async fn answer(&self, request: Request<Incoming>, server: IpAddr) -> Response<Bytes> {
        match self.judge(request, server).await {
            Judged::Pass { warnings, .. } => {
                let mut response = Response::new(Bytes::new());
                response.headers_mut().extend(warnings.into_iter().map(|warning| (WARNING, warning)));
                response.headers_mut().insert(VERDICT, HeaderValue::from_static("pass"));
                response
            }
            Judged::Refuse { mut answer, .. } => {
                answer.headers_mut().insert(VERDICT, HeaderValue::from_static("refuse"));
                answer
            }
        }
    }

    async fn judge(&self, request: Request<Incoming>, server: IpAddr) -> Judged {
        let (head, body) = request.into_parts();
        if !self.trusted.iter().any(|network| network.contains(&server)) {
            let fault = Fault::UntrustedServer { peer: server.to_string() };
            return self.judging.fault(&fault, head.method.as_str(), head.uri.path(), server);
        }
        let (asked, path) = (head.method.clone(), head.uri.path().to_owned());
        let original = match Original::new(head, server) {
            Ok(original) => original,
            Err(fault) => return self.judging.fault(&fault, asked.as_str(), &path, server),
        };
        let limit = self.judging.body_limit();
        // Both are kept until there is a verdict.
        let mut room = self.judging.admission().body();
        let read = collect(body, limit, |bytes| room.grow(bytes));
        let fault = match tokio::time::timeout(self.body_timeout, read).await {
            Ok(Ok((body, complete))) => match self.judging.admission().request() {
                Ok(_place) => {
                    let peer = original.peer;
                    return self.judging.judge(original.request(body, complete, limit), peer).await;
                }
                Err(fault) => fault,
            },
            Ok(Err(Unread::NoRoom)) => room.fault(),
            Ok(Err(Unread::Broken(_))) => Fault::MalformedBody("it breaks off, or its framing is broken".to_owned()),
            Err(_) => Fault::RequestTimeout { seconds: self.body_timeout.as_secs() },
        };
        self.judging.fault(&fault, &original.method, &original.target, original.peer)
    }
}
