//! Listens, takes connections, and stops in good order.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::connection::Connection;
use super::forward::{Patience, Upstream};
use super::guard::{Guard, GuardLimits};
use super::proxy::{GatedUpstream, Proxy};
use super::turns::Turns;
use crate::doors::gateway::config::{Config, Limits};
use crate::doors::gateway::judging::RequestIds;
use crate::doors::gateway::record_file::RecordFile;
use crate::doors::gateway::{
    Admin, Admission, Farewell, GateBuilder, GatewayError, Metrics, Reload, connections, listen, open, overrides,
};
use crate::fault::Fault;

/// The reverse proxy, listening.
pub struct Server {
    listener: TcpListener,
    admin_listener: Option<TcpListener>,
    proxy: Arc<Proxy>,
    admin: Arc<Admin>,
    reload: Option<Reload>,
    limits: Limits,
}

impl Server {
    /// Builds the gates and takes the addresses; from then on clients can
    /// connect, and are served when [`run`](Self::run) is.
    ///
    /// # Errors
    /// A gate cannot be built, an upstream not be used, an address not be bound.
    pub async fn bind(config: Config, build_gate: GateBuilder<'_>) -> Result<Self, GatewayError> {
        let metrics = Arc::new(Metrics::default());
        let routes = open(&config, build_gate, &metrics, |entry, gate| {
            let upstream = Upstream::new(&entry.url, entry.ca_file.as_deref(), Patience::from(&config.limits))?;
            Ok(GatedUpstream { gate, upstream, turns: Turns::new(config.limits.waiting) })
        })?;
        let largest_body = routes.values().map(|route| route.gate.get().body_limit()).max().unwrap_or_default();
        let admission = Admission::new(&config.limits, largest_body)?;
        let listener = listen(&config.listen, "--listen").await?;
        let admin_listener = match &config.admin {
            Some(address) => Some(listen(address, "--admin").await?),
            None => None,
        };
        let admin = Arc::new(Admin { metrics: metrics.clone(), stopping: AtomicBool::new(false) });
        let record_file = RecordFile::open(config.record.as_ref(), &metrics)?;
        let proxy = Arc::new(Proxy {
            routes,
            record_file,
            metrics,
            log: config.log,
            admission,
            body_timeout: config.limits.body_timeout,
            // As long as the one before may take.
            turn_timeout: config.limits.answer,
            waiting: config.limits.waiting,
            ids: RequestIds::default(),
        });
        Ok(Self { listener, admin_listener, proxy, admin, reload: None, limits: config.limits })
    }

    /// Replaces policies while it serves.
    #[must_use]
    pub fn with_reload(mut self, reload: Reload) -> Self {
        self.reload = Some(reload);
        self
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
        let Self { listener, admin_listener, proxy, admin, reload, limits } = self;
        let gates: Vec<_> = proxy.routes.values().map(|route| route.gate.clone()).collect();
        let mut aside = vec![tokio::spawn(overrides::expire(gates.clone()))];
        aside.extend(admin_listener.map(|listener| tokio::spawn(admin.clone().serve(listener))));
        aside.extend(reload.map(|reload| tokio::spawn(reload.run(gates, proxy.metrics.clone()))));
        let full = proxy.without_gate(&Fault::TooManyConnections, None);
        let farewell = Farewell::new(Some(&full), proxy.metrics.clone());
        let stopping = || admin.stopping.store(true, Ordering::Relaxed);
        let cut = connections(listener, limits, farewell, shutdown, stopping, |stream, peer, watcher| {
            serve_connection(stream, peer, proxy.clone(), limits, watcher)
        })
        .await;
        if let Some(file) = &proxy.record_file {
            file.finish();
        }
        aside.iter().for_each(JoinHandle::abort);
        cut
    }
}

async fn serve_connection(stream: TcpStream, peer: SocketAddr, proxy: Arc<Proxy>, limits: Limits, watcher: Watcher) {
    let open = proxy.metrics.open_connection();
    let connection = Arc::new(Connection::default());
    let guard = Guard::new(stream, GuardLimits::from(&limits), connection.clone());
    let service = service_fn(move |request| {
        let proxy = proxy.clone();
        let connection = connection.clone();
        async move { Ok::<_, Infallible>(proxy.handle(request, connection, peer.ip()).await) }
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
    let served = watcher.watch(builder.serve_connection(TokioIo::new(guard), service)).await;
    if let Err(error) = served {
        tracing::debug!(%peer, %error, "connection ended");
    }
    drop(open);
}
