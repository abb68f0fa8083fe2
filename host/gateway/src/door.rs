//! A door that listens: how it opens, what keeps it up to date, and how it closes.
//!
//! [`bind`](Door::bind) loads everything and takes the addresses. [`open`](Door::open)
//! starts what runs beside the requests. [`close`](OpenDoor::close) ends it when no
//! request is under way any more.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Response;
use solgate::policy::MemoryReset;
use solgate_access::AccessError;
use solgate_access::tls::{Protocol, TlsListener};
use solgate_access::tokens::Tokens;
use solgate_config::{Config, Limits, UpstreamConfig};
use solgate_telemetry::decisions::Decisions;
use solgate_telemetry::log;
use solgate_telemetry::record_file::RecordFile;
use solgate_telemetry::request_ids::RequestIds;
use solgate_telemetry::spans::Spans;
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::admission::Admission;
use crate::build_gate::GateBuilder;
use crate::connection_metrics::ConnectionMetrics;
use crate::connections::{Stopping, connections, lame_duck};
use crate::current::Current;
use crate::current_gate::CurrentGate;
use crate::descriptors;
use crate::error::GatewayError;
use crate::farewell::Farewell;
use crate::hops::Hops;
use crate::listen::inherited::{Handover, Inherited};
use crate::listen::listener::{BoundAddress, Listener};
use crate::listen::stream::Stream;
use crate::metrics::Metrics;
use crate::overrides;
use crate::peer::Peer;
use crate::pipeline::{Pipeline, Reporter};
use crate::proxy_protocol::{self, Announced, NotAnnounced};
use crate::reload::Reload;
use crate::rollout::Rollout;
use crate::routes::{self, Onward};
use crate::shares::{Full, Held, Shares};
use crate::shutdown::Drain;
use crate::signatures;
use crate::status::Status;

/// A door that has its addresses, and is not open yet.
pub struct Door<F> {
    listener: Listener,
    admin: Option<Listener>,
    reload: Option<Reload>,
    /// For whoever asks what runs here.
    rollout: Arc<OnceLock<Arc<Rollout>>>,
    in_force: Arc<Current<Config>>,
    open: OpenDoor<F>,
}

/// A door that is open.
pub struct OpenDoor<F> {
    pub pipeline: Arc<Current<Pipeline<F>>>,
    pub tls: Option<Arc<TlsListener>>,
    pub limits: Limits,
    /// Connections that there may be.
    connections: usize,
    metrics: Arc<Metrics>,
    admin: Arc<Admin>,
    drain: Drain,
    /// What runs beside the requests.
    tasks: Vec<JoinHandle<()>>,
}

/// A connection that was just opened.
pub struct NewConnection {
    pub stream: Stream,
    peer: Peer,
    /// The peer begins with the PROXY protocol.
    announced: bool,
    /// What the peer is expected to speak, if anything but plain HTTP.
    pub tls: Option<Arc<TlsListener>>,
    /// Those that hold now.
    pub limits: Limits,
    /// The connection has a place among all until this is dropped.
    pub place: Held,
    /// Places that there are.
    pub connections: usize,
    /// The door is about to close: the next answer is the last one on this connection.
    pub closing: Arc<AtomicBool>,
}

impl NewConnection {
    /// Who is at the other end: the peer, or the client for which the peer says that it has
    /// opened the connection. `None`, which is logged, if the peer should say so and does not.
    pub async fn sender(&mut self) -> Option<Peer> {
        if !self.announced {
            return Some(self.peer);
        }
        let header = tokio::time::timeout(self.limits.head_timeout, proxy_protocol::read(&mut self.stream)).await;
        match header.unwrap_or(Err(NotAnnounced::Timeout)) {
            Ok(Announced::Client(client)) => Some(Peer::At(client)),
            Ok(Announced::Own) => Some(self.peer),
            Ok(Announced::Unknown) => Some(Peer::Unknown),
            Err(error) => {
                tracing::warn!(peer = %self.peer, %error, "a connection of a trusted hop was closed");
                None
            }
        }
    }
}

impl<F: Onward> Door<F> {
    /// Builds the gates and takes the addresses; from then on clients can connect, and
    /// are served when the door is open. With TLS they speak `protocol` in it. Metrics
    /// name the door by its command. Sockets that are `inherited` take the place of the
    /// addresses.
    ///
    /// # Errors
    /// A gate cannot be built, an upstream not be used, an address not be bound,
    /// certificates or keys not be read.
    pub async fn bind(
        command: &'static str,
        config: &Config,
        protocol: Protocol,
        inherited: Inherited,
        build_gate: GateBuilder<'_>,
    ) -> Result<Self, GatewayError> {
        let metrics = Arc::new(Metrics::of_door(command));
        let routes = routes::open(config, build_gate, &metrics, None)?;
        routes::report(&routes, &[], &metrics);
        let admission = Arc::new(Admission::new(config, routes::largest_body(&routes), Arc::new(Shares::default()))?);
        let connections = descriptors::connections(config.limits.connections, config.limits.admin_connections);
        let tokens = config.jwt.as_ref().map(|jwt| Tokens::open(jwt, &metrics.access)).transpose();
        let tokens = tokens.map_err(|error| GatewayError::from(error).at("/jwt/jwks"))?.map(Arc::new);
        let (tls, renewal) =
            TlsListener::start(config, protocol, &metrics.access).map_err(|error| tls_error(error, config))?;
        let (listener, admin_listener) = listeners(config, inherited.assign()?).await?;
        let records = RecordFile::open(config.record.as_ref(), &metrics.records)?;
        let tasks = Vec::from_iter(renewal);
        if let Some(tokens) = &tokens {
            tokens.start(config.reload)?;
        }
        let spans = Spans::start(config.tracing.as_ref(), &metrics.spans)?;
        let decisions = Decisions::start(config.decision_export.as_ref(), &metrics.decisions)?;
        let in_force = Arc::new(Current::new(config.clone()));
        metrics.shares.measure(Arc::clone(&admission), Some(connections));
        let (records, decisions, spans) = (records.map(Arc::new), decisions.map(Arc::new), spans.map(Arc::new));
        let reporter = Reporter { metrics: metrics.clone(), log: config.log, records, decisions, spans };
        let reporter = Arc::new(reporter);
        let (ids, limits) = (Arc::new(RequestIds::default()), config.limits);
        let hops = Hops::of(config);
        let forwarding = config.forwarding.clone();
        let pipeline = Pipeline { routes, tokens, admission, reporter, ids, limits, hops, forwarding };
        let pipeline = Arc::new(Current::new(pipeline));
        let (current, rollout) = (Arc::clone(&pipeline), Arc::new(OnceLock::<Arc<Rollout>>::new()));
        let (judging, known, started) = (Arc::clone(&pipeline), Arc::clone(&rollout), SystemTime::now());
        let status = move |config: &Config, metrics: &Metrics| {
            let (gates, rollout) = (routes::gates(&judging.get().routes), known.get().map(Arc::as_ref));
            let status = Status::new(command, started, &config.labels, &gates, rollout, &metrics.compared);
            // Texts and numbers only: this cannot fail.
            format!("{}\n", serde_json::to_string_pretty(&status).unwrap_or_default())
        };
        let admin = Admin {
            status: Box::new(status),
            metrics: metrics.clone(),
            has_keys: Box::new(move || current.get().tokens.as_ref().is_none_or(|tokens| tokens.ready())),
            in_force: in_force.clone(),
            stopping: Arc::default(),
        };
        let open = OpenDoor {
            pipeline,
            tls,
            limits: config.limits,
            connections,
            metrics,
            admin: Arc::new(admin),
            drain: Drain::new(config.limits.drain),
            tasks,
        };
        Ok(Self { listener, admin: admin_listener, reload: None, rollout, in_force, open })
    }

    /// Replaces policies and configuration while it is open.
    #[must_use]
    pub fn with_reload(mut self, reload: Reload) -> Self {
        reload.rollout().measure(&self.open.metrics.sources);
        let _ = self.rollout.set(Arc::clone(reload.rollout()));
        self.reload = Some(reload);
        self
    }

    /// The address that clients use, or the servers that ask.
    #[must_use]
    pub fn address(&self) -> &BoundAddress {
        self.listener.address()
    }

    /// The address of health checks and metrics, if there is one.
    #[must_use]
    pub fn admin_address(&self) -> Option<&BoundAddress> {
        self.admin.as_ref().map(Listener::address)
    }

    /// The gate of an upstream.
    #[must_use]
    pub fn gate(&self, upstream: &UpstreamConfig) -> Option<Arc<CurrentGate>> {
        let pipeline = self.open.pipeline.get();
        pipeline.routes.values().find(|route| route.gate.upstream == *upstream).map(|route| Arc::clone(&route.gate))
    }

    /// What is done with the memory of instances: all policies of a process share one
    /// engine. `None` if none has a sandbox.
    #[must_use]
    pub fn memory_reset(&self) -> Option<MemoryReset> {
        let pipeline = self.open.pipeline.get();
        pipeline
            .routes
            .values()
            .find_map(|route| route.gate.get().policies().iter().find_map(|policy| policy.memory_reset()))
    }

    /// Starts what runs beside the requests: health and metrics, the end of overrides,
    /// reloads. The connections of the listener are for the door to take.
    #[must_use]
    pub fn open(self) -> (Listener, OpenDoor<F>) {
        let Self { listener, admin, reload, in_force, mut open, .. } = self;
        open.tasks.extend(
            admin.map(|listener| tokio::spawn(open.admin.clone().serve(listener, open.limits.admin_connections))),
        );
        open.tasks.push(tokio::spawn(expire_overrides(open.pipeline.clone())));
        let (pipeline, metrics) = (&open.pipeline, &open.metrics);
        open.tasks.extend(reload.map(|reload| tokio::spawn(reload.run(pipeline.clone(), in_force, metrics.clone()))));
        (listener, open)
    }
}

impl<F> OpenDoor<F> {
    /// A place for a connection that `peer` has opened.
    ///
    /// # Errors
    /// All are taken, or this client has its share.
    pub fn admit(&self, peer: Peer) -> Result<Held, Full> {
        self.pipeline.get().admission.connection(peer.ip(), self.connections)
    }

    /// What lets connections go for which there is no room; `answer` is what clients are
    /// told. In TLS nothing can be said before the handshake.
    #[must_use]
    pub fn farewell(&self, answer: Option<&Response<Bytes>>) -> Farewell {
        Farewell::new(answer.filter(|_| self.tls.is_none()), self.metrics.connections.clone())
    }

    /// What is counted of connections.
    #[must_use]
    pub fn connection_metrics(&self) -> &ConnectionMetrics {
        &self.metrics.connections
    }

    /// A connection that was just opened, and has a place.
    #[must_use]
    pub fn new_connection(&self, stream: Stream, peer: Peer, place: Held) -> NewConnection {
        let pipeline = self.pipeline.get();
        let (announced, limits) = (pipeline.hops.announces(peer), pipeline.limits);
        NewConnection {
            stream,
            peer,
            announced,
            tls: self.tls.clone(),
            limits,
            place,
            connections: self.connections,
            closing: self.admin.stopping.clone(),
        }
    }

    /// Hands connections to `serve` until `shutdown` is ready, as [`connections`] does,
    /// and tells those beyond the limit that it is `full`.
    pub async fn connections<C>(
        &self,
        listener: Listener,
        full: &Response<Bytes>,
        shutdown: impl Future<Output = ()>,
        serve: impl Fn(NewConnection, Stopping) -> C,
    ) -> usize
    where
        C: Future<Output = ()> + Send + 'static,
    {
        let serve = |stream, peer, stopping, place| serve(self.new_connection(stream, peer, place), stopping);
        let admit = |peer| self.admit(peer);
        let shutdown = async |listener: &Listener| {
            shutdown.await;
            self.stopping();
            lame_duck(self.lame_duck(), listener).await;
            self.draining();
        };
        connections(listener, self.limits, admit, self.farewell(Some(full)), shutdown, serve).await
    }

    /// The door is about to close: it reports that it is not ready any more.
    pub fn stopping(&self) {
        self.admin.stopping.store(true, Ordering::Relaxed);
    }

    /// For which it goes on as before when it is about to close, so that those who look at
    /// its health go elsewhere.
    #[must_use]
    pub fn lame_duck(&self) -> Duration {
        self.pipeline.get().limits.lame_duck
    }

    /// The door takes no new requests: those in flight have the drain limit from here on.
    pub fn draining(&self) -> &Drain {
        self.drain.begin();
        &self.drain
    }

    /// Writes what is still to be written, when no request is under way.
    pub async fn close(self) {
        let pipeline = self.pipeline.get();
        let Reporter { records, decisions, spans, .. } = &*pipeline.reporter;
        // Its records are among what is sent.
        if let Some(records) = records {
            records.finish();
        }
        let left = self.drain.left();
        let decisions = async {
            if let Some(decisions) = decisions {
                decisions.finish(left).await;
            }
        };
        let spans = async {
            if let Some(spans) = spans {
                spans.finish(left).await;
            }
        };
        tokio::join!(decisions, spans);
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// The sockets of a door: those that were handed over, and new ones for the rest.
async fn listeners(config: &Config, handover: Handover) -> Result<(Listener, Option<Listener>), GatewayError> {
    for (member, listener, address) in
        [("listen", &handover.listen, Some(&config.listen)), ("admin", &handover.admin, config.admin.as_ref())]
    {
        if let Some(listener) = listener {
            let address = address.map(|address| format!("; {address} of the configuration does not count"));
            log::say(&format!(
                "solgate: the service manager has opened {} ({member}){}",
                listener.address(),
                address.unwrap_or_default()
            ));
        }
    }
    let listener = match handover.listen {
        Some(listener) => listener,
        None => Listener::bind(&config.listen, "--listen").await?,
    };
    let admin = match (handover.admin, &config.admin) {
        (Some(listener), _) => Some(listener),
        (None, Some(address)) => Some(Listener::bind(address, "--admin").await?),
        (None, None) => None,
    };
    Ok((listener, admin))
}

fn tls_error(error: AccessError, config: &Config) -> GatewayError {
    match (error, &config.tls) {
        (AccessError::Tls(fault), Some(tls)) => GatewayError::of_tls(fault, tls),
        (error, _) => error.into(),
    }
}

/// Ends overrides at their time, and warns of the ends of signatures, those of each
/// configuration that follows among them.
async fn expire_overrides<F: Onward>(pipeline: Arc<Current<Pipeline<F>>>) {
    let (mut changes, mut looked) = (pipeline.follow(), SystemTime::now());
    loop {
        let gates = routes::gates(&changes.borrow_and_update().routes);
        tokio::select! {
            never = overrides::expire(gates.clone(), &mut looked) => match never {},
            never = signatures::warn(gates) => match never {},
            changed = changes.changed() => if changed.is_err() { return },
        }
    }
}
