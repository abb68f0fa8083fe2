//! Listens, takes connections, and stops in good order.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Uri;
use http::uri::Scheme;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use solgate::fault::Fault;
use solgate::policy::MemoryReset;
use solgate_access::tls::{Protocol, TlsListener};
use solgate_access::tokens::Tokens;
use solgate_config::{Config, Limits};
use solgate_gateway::admin::Admin;
use solgate_gateway::admission::Admission;
use solgate_gateway::build_gate::GateBuilder;
use solgate_gateway::connections::connections;
use solgate_gateway::error::GatewayError;
use solgate_gateway::farewell::Farewell;
use solgate_gateway::judging::RequestIds;
use solgate_gateway::metrics::Metrics;
use solgate_gateway::overrides;
use solgate_gateway::reload::Reload;
use solgate_gateway::routes::{listen, memory_reset, open};
use solgate_gateway::shutdown::Drain;
use solgate_telemetry::record_file::RecordFile;
use solgate_telemetry::spans::Spans;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::client::Client;
use super::connection::Connection;
use super::forward::{Patience, Upstream};
use super::guard::{Guard, GuardLimits};
use super::proxy::{GatedUpstream, Proxy};
use super::turns::Turns;

/// The reverse proxy, listening.
pub struct Server {
    listener: TcpListener,
    admin_listener: Option<TcpListener>,
    proxy: Arc<Proxy>,
    admin: Arc<Admin>,
    reload: Option<Reload>,
    access: Access,
    limits: Limits,
}

/// Who may connect, and what keeps that up to date.
struct Access {
    tls: Option<Arc<TlsListener>>,
    renewals: Vec<JoinHandle<()>>,
}

impl Server {
    /// Builds the gates and takes the addresses; from then on clients can
    /// connect, and are served when [`run`](Self::run) is.
    ///
    /// # Errors
    /// A gate cannot be built, an upstream not be used, an address not be bound,
    /// certificates or keys not be read.
    pub async fn bind(config: Config, build_gate: GateBuilder<'_>) -> Result<Self, GatewayError> {
        let metrics = Arc::new(Metrics::default());
        // Several entries may lead to one VNFM.
        let turns: HashMap<_, Turns> =
            config.upstreams.iter().map(|entry| (place(&entry.url), Turns::new(config.limits.waiting))).collect();
        let routes = open(&config, build_gate, &metrics, |entry, gate| {
            let upstream = Upstream::new(&entry.url, entry.ca_file.as_deref(), Patience::from(&config.limits))?;
            metrics.sampled().forwarding(entry.authority(), upstream.pool());
            let turns = turns.get(&place(&entry.url)).cloned().unwrap_or_else(|| Turns::new(config.limits.waiting));
            Ok(GatedUpstream { gate, upstream, turns })
        })?;
        let largest_body = routes.values().map(|route| route.gate.get().body_limit()).max().unwrap_or_default();
        let admission = Admission::new(&config.limits, largest_body)?;
        let tokens = config.jwt.as_ref().map(|jwt| Tokens::open(jwt, &metrics.access)).transpose()?.map(Arc::new);
        let (tls, renewal) = TlsListener::start(&config, Protocol::Http1, &metrics.access)?;
        let listener = listen(&config.listen, "--listen").await?;
        let admin_listener = match &config.admin {
            Some(address) => Some(listen(address, "--admin").await?),
            None => None,
        };
        let stopping = AtomicBool::new(false);
        let admin = Arc::new(Admin { metrics: metrics.clone(), tokens: tokens.clone(), stopping });
        let record_file = RecordFile::open(config.record.as_ref(), metrics.records())?;
        let mut renewals = Vec::from_iter(renewal);
        if let Some(tokens) = &tokens {
            renewals.extend(tokens.start(config.reload)?);
        }
        let spans = Spans::start(config.tracing.as_ref(), metrics.spans())?;
        let proxy = Arc::new(Proxy {
            routes,
            record_file,
            spans,
            tokens,
            metrics,
            log: config.log,
            admission,
            body_timeout: config.limits.body_timeout,
            // As long as the one before may take.
            turn_timeout: config.limits.answer,
            waiting: config.limits.waiting,
            ids: RequestIds::default(),
        });
        let access = Access { tls, renewals };
        Ok(Self { listener, admin_listener, proxy, admin, reload: None, access, limits: config.limits })
    }

    /// Replaces policies while it serves.
    #[must_use]
    pub fn with_reload(mut self, reload: Reload) -> Self {
        self.reload = Some(reload);
        self
    }

    /// What is done with the memory of instances, where there are any.
    #[must_use]
    pub fn memory_reset(&self) -> Option<MemoryReset> {
        memory_reset(self.proxy.routes.values().map(|route| &route.gate))
    }

    /// The address that clients use.
    ///
    /// # Errors
    /// The operating system does not say.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// The address of health checks and metrics, if there is one.
    #[must_use]
    pub fn admin_addr(&self) -> Option<SocketAddr> {
        self.admin_listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Serves until `shutdown` is ready, then lets requests in flight finish
    /// within the drain limit. Returns how many connections were cut.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> usize {
        let Self { listener, admin_listener, proxy, admin, reload, access, limits } = self;
        let gates: Vec<_> = proxy.routes.values().map(|route| route.gate.clone()).collect();
        let Access { tls, renewals: mut aside } = access;
        aside.push(tokio::spawn(overrides::expire(gates.clone())));
        aside.extend(admin_listener.map(|listener| tokio::spawn(admin.clone().serve(listener))));
        aside.extend(reload.map(|reload| tokio::spawn(reload.run(gates, proxy.metrics.clone()))));
        let full = proxy.without_gate(&Fault::TooManyConnections, None);
        // In TLS nothing can be said before the handshake.
        let farewell = Farewell::new(Some(&full).filter(|_| tls.is_none()), proxy.metrics.clone());
        let drain = Drain::new(limits.drain);
        let stopping = || {
            drain.begin();
            admin.stopping.store(true, Ordering::Relaxed);
        };
        let cut = connections(listener, limits, farewell, shutdown, stopping, |stream, peer, watcher| {
            serve_client(stream, peer, proxy.clone(), tls.clone(), limits, watcher)
        })
        .await;
        if let Some(file) = &proxy.record_file {
            file.finish();
        }
        if let Some(spans) = &proxy.spans {
            spans.finish(drain.left()).await;
        }
        aside.iter().for_each(JoinHandle::abort);
        cut
    }
}

async fn serve_client(
    stream: TcpStream,
    peer: SocketAddr,
    proxy: Arc<Proxy>,
    tls: Option<Arc<TlsListener>>,
    limits: Limits,
    watcher: Watcher,
) {
    let _open = proxy.metrics.open_connection();
    // An IPv4 client stays one on a socket for both.
    let address = peer.ip().to_canonical();
    let served = match tls {
        None => {
            let client = Client { address, certificate_names: Vec::new() };
            serve_connection(stream, client, proxy, limits, watcher).await
        }
        Some(tls) => {
            let Some((stream, certificate_names)) = tls.accept(stream, peer).await else { return };
            let client = Client { address, certificate_names };
            // Apart, lest connections without TLS need memory for one with it.
            Box::pin(serve_connection(stream, client, proxy, limits, watcher)).await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "connection ended");
    }
}

/// What tells one VNFM from another: host and port, however its URL writes them.
fn place(url: &Uri) -> (String, u16) {
    let port = url.port_u16().unwrap_or(if url.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
    (url.host().unwrap_or_default().to_ascii_lowercase(), port)
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    client: Client,
    proxy: Arc<Proxy>,
    limits: Limits,
    watcher: Watcher,
) -> hyper::Result<()> {
    let connection = Arc::new(Connection::default());
    let guard = Guard::new(stream, GuardLimits::from(&limits), connection.clone());
    let client = Arc::new(client);
    let service = service_fn(move |request| {
        let (proxy, connection, client) = (proxy.clone(), connection.clone(), client.clone());
        async move { Ok::<_, Infallible>(proxy.handle(request, connection, &client).await) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    // The guard has its own, and answers when they are passed.
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .preserve_header_case(true)
        // As to the VNFM: answers are small.
        .writev(false)
        .max_buf_size(limits.head.saturating_add(64 << 10));
    watcher.watch(builder.serve_connection(TokioIo::new(guard), service)).await
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_vnfm_is_one_however_its_url_is_written() {
        let place = |url: &str| place(&url.parse().unwrap());
        assert_eq!(place("http://vnfm.example"), place("http://VNFM.example:80/"));
        assert_eq!(place("https://vnfm.example"), place("https://vnfm.example:443"));
        assert_ne!(place("http://vnfm.example"), place("http://vnfm.example:8080"));
        assert_ne!(place("http://vnfm.example"), place("http://other.example"));
    }
}
