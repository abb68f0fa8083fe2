//! Listens for Envoy, and stops in good order.

use std::future::Future;
use std::time::Duration;

use envoy_types::ext_authz::v3::pb::AuthorizationServer;
use solgate_access::tls::Protocol;
use solgate_config::Config;
use solgate_gateway::build_gate::GateBuilder;
use solgate_gateway::door::{Door, OpenDoor};
use solgate_gateway::error::GatewayError;
use solgate_gateway::listen::inherited::Inherited;
use solgate_gateway::listen::listener::Listener;
use solgate_gateway::reload::Reload;
use solgate_gateway::routes::ForwardedElsewhere;
use tonic_health::ServingStatus;
use tonic_health::server::{HealthReporter, health_reporter};

use super::admission::CheckAdmission;
use super::incoming::incoming;
use super::service::Checks;

/// Bytes that a check may have beyond the largest body that is judged: head,
/// metadata, and as much of a longer body as Envoy buffers.
const MESSAGE_ROOM: usize = 8 << 20;

/// What Envoy may send of one check, and of all on a connection, before it has to
/// wait: a whole body, rather than the 64 KiB of HTTP/2.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// Checks beyond the limit that one connection may have under way, to be refused;
/// Envoy holds back what is more.
const REFUSALS: usize = 128;

/// How soon an Envoy that is gone without a word is noticed.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// The service, listening.
pub struct Server {
    door: Door<ForwardedElsewhere>,
    jwt_payload: String,
}

impl Server {
    /// Builds the gates and takes the addresses; from then on Envoy can connect, and
    /// is answered when [`run`](Self::run) is.
    ///
    /// # Errors
    /// As [`Door::bind`].
    pub async fn bind(
        config: &Config,
        jwt_payload: &str,
        inherited: Inherited,
        build_gate: GateBuilder<'_>,
    ) -> Result<Self, GatewayError> {
        let door = Door::bind("ext-authz", config, Protocol::Http2, inherited, build_gate).await?;
        Ok(Self { door, jwt_payload: jwt_payload.to_owned() })
    }

    /// Replaces policies while it answers.
    #[must_use]
    pub fn with_reload(mut self, reload: Reload) -> Self {
        self.door = self.door.with_reload(reload);
        self
    }

    /// Its addresses, and how it keeps requests apart.
    #[must_use]
    pub fn door(&self) -> &Door<ForwardedElsewhere> {
        &self.door
    }

    /// Answers checks until `shutdown` is ready and the lame duck's time is over, then
    /// lets those in flight finish within the drain limit. Returns whether they did.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> bool {
        let Self { door, jwt_payload } = self;
        let (listener, door) = door.open();
        let ended = serve(listener, &door, jwt_payload, shutdown).await;
        door.close().await;
        ended
    }
}

async fn serve(
    listener: Listener,
    door: &OpenDoor<ForwardedElsewhere>,
    jwt_payload: String,
    shutdown: impl Future<Output = ()>,
) -> bool {
    let message_limit = door.pipeline.get().body_limit().saturating_add(MESSAGE_ROOM);
    let checks = AuthorizationServer::new(Checks { pipeline: door.pipeline.clone(), jwt_payload })
        .max_decoding_message_size(message_limit);
    let checks = CheckAdmission::new(checks, door.pipeline.clone(), message_limit);
    let (health, health_service) = health_reporter();
    health.set_serving::<AuthorizationServer<Checks>>().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tonic::transport::Server::builder()
        .max_concurrent_streams(u32::try_from(door.limits.requests.saturating_add(REFUSALS)).unwrap_or(u32::MAX))
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .add_service(health_service)
        .add_service(checks)
        .serve_with_incoming_shutdown(incoming(listener, door), async {
            // An error says that nobody can stop it any more: then it stops.
            let _ = stopped.await;
        });
    let mut server = std::pin::pin!(server);
    tokio::select! {
        _ = &mut server => true,
        () = shutdown => {
            door.stopping();
            not_serving(&health).await;
            // It ends only if it cannot listen any more.
            let _ = tokio::time::timeout(door.lame_duck(), &mut server).await;
            let _ = stop.send(());
            tokio::time::timeout(door.draining().left(), server).await.is_ok()
        }
    }
}

/// Tells health checks that there will be no more answers, whichever service they
/// ask about.
async fn not_serving(health: &HealthReporter) {
    health.set_not_serving::<AuthorizationServer<Checks>>().await;
    health.set_service_status("", ServingStatus::NotServing).await;
}
