//! The way to a store: one server, the primary that sentinels know, or a cluster.

use std::path::{Path, PathBuf};
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClientBuilder;
use redis::cluster_async::ClusterConnection;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, Cmd, ConnectionAddr, IntoConnectionInfo, Pipeline,
    RedisConnectionInfo, RedisError, RedisFuture, RedisResult, TlsCertificates, TlsMode, Value,
};
use solgate_config::store_url::{StoreKind, StoreUrl};
use solgate_config::turns::TurnsConfig;

/// For a connection, and for an answer. Whoever waits longer would better have been told.
pub(crate) const PATIENCE: Duration = Duration::from_millis(500);

/// Largest file of a password or of certificates.
const LARGEST: usize = 1 << 20;

/// A file for the way to the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct StoreFault {
    /// The member of `turns` that names it.
    pub member: &'static str,
    pub path: PathBuf,
    reason: String,
}

/// What it takes to be let in.
struct Secrets {
    password: Option<String>,
    certificates: TlsCertificates,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error(transparent)]
    File(#[from] StoreFault),
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("no connection within {} ms", PATIENCE.as_millis())]
    Timeout,
}

/// Whether the files that the configuration names can be used.
pub(crate) fn check(config: &TurnsConfig) -> Result<(), StoreFault> {
    secrets(config).map(drop)
}

fn secrets(config: &TurnsConfig) -> Result<Secrets, StoreFault> {
    let text = |member, path: &Path| {
        let fault = |reason: String| StoreFault { member, path: path.to_owned(), reason };
        solgate_files::read(path, LARGEST).map_err(|error| fault(error.to_string()))
    };
    let password = match &config.password_file {
        Some(path) => {
            let bytes = text("passwordFile", path)?;
            let line = String::from_utf8(bytes).ok().and_then(|text| text.lines().next().map(str::to_owned));
            let fault = || StoreFault {
                member: "passwordFile",
                path: path.clone(),
                reason: "expected the password in the first line".to_owned(),
            };
            Some(line.filter(|line| !line.is_empty()).ok_or_else(fault)?)
        }
        None => None,
    };
    let root_cert = config.ca_file.as_deref().map(|path| text("caFile", path)).transpose()?;
    let client_tls = match (&config.cert_file, &config.key_file) {
        (Some(certificate), Some(key)) => {
            Some(ClientTlsConfig { client_cert: text("certFile", certificate)?, client_key: text("keyFile", key)? })
        }
        _ => None,
    };
    Ok(Secrets { password, certificates: TlsCertificates { client_tls, root_cert } })
}

/// A connection that everybody uses at the same time.
#[derive(Clone)]
pub(crate) enum Connection {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
}

impl Connection {
    /// Opens one, with what the files say now.
    pub async fn open(config: &TurnsConfig) -> Result<Self, ConnectError> {
        let secrets = secrets(config)?;
        // A cluster and sentinels take several connections.
        let limit = PATIENCE.saturating_mul(4);
        let open = Self::open_with(&config.store, secrets);
        tokio::time::timeout(limit, open).await.map_err(|_| ConnectError::Timeout)?.map_err(ConnectError::from)
    }

    async fn open_with(url: &StoreUrl, secrets: Secrets) -> RedisResult<Self> {
        let Secrets { password, certificates } = secrets;
        let settings =
            AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let client = match &url.kind {
            StoreKind::Cluster(nodes) => {
                let mut builder = ClusterClientBuilder::new(nodes.iter().map(|node| address(node, url.tls)))
                    .connection_timeout(PATIENCE)
                    .response_timeout(PATIENCE)
                    .overall_response_timeout(Some(PATIENCE))
                    .retries(1);
                if url.tls {
                    builder = builder.tls(TlsMode::Secure).certs(certificates);
                }
                if let Some(user) = &url.user {
                    builder = builder.username(user);
                }
                if let Some(password) = password {
                    builder = builder.password(password);
                }
                return builder.build()?.get_async_connection().await.map(Self::Cluster);
            }
            StoreKind::Sentinel { sentinels, group } => {
                let sentinels = sentinels.iter().map(|sentinel| address(sentinel, url.tls));
                let mut builder = SentinelClientBuilder::new(sentinels, group, SentinelServerType::Master)?;
                if url.tls {
                    builder = builder
                        .set_client_to_sentinel_certificates(certificates.clone())
                        .set_client_to_redis_tls_mode(TlsMode::Secure)
                        .set_client_to_redis_certificates(certificates);
                }
                if let Some(user) = &url.user {
                    builder = builder.set_client_to_redis_username(user);
                }
                if let Some(password) = password {
                    builder = builder.set_client_to_redis_password(password);
                }
                // Asked anew for each connection: the primary may be another one now.
                builder.build()?.async_get_client().await?
            }
            StoreKind::Server { host, port, database } => {
                let address = address(&(host.clone(), *port), url.tls);
                let info = address.into_connection_info()?;
                let info = info.set_redis_settings(login(url, password).set_db(i64::from(*database)));
                if url.tls { Client::build_with_tls(info, certificates)? } else { Client::open(info)? }
            }
            StoreKind::Socket(path) => {
                let info = ConnectionAddr::Unix(path.clone()).into_connection_info()?;
                Client::open(info.set_redis_settings(login(url, password)))?
            }
        };
        client.get_multiplexed_async_connection_with_config(&settings).await.map(Self::One)
    }
}

fn login(url: &StoreUrl, password: Option<String>) -> RedisConnectionInfo {
    let mut login = RedisConnectionInfo::default();
    if let Some(user) = &url.user {
        login = login.set_username(user);
    }
    match password {
        Some(password) => login.set_password(password),
        None => login,
    }
}

fn address((host, port): &(String, u16), tls: bool) -> ConnectionAddr {
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if tls {
        ConnectionAddr::TcpTls { host, port: *port, insecure: false, tls_params: None }
    } else {
        ConnectionAddr::Tcp(host, *port)
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::One(connection) => connection.req_packed_command(command),
            Self::Cluster(connection) => connection.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::One(connection) => connection.req_packed_commands(commands, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::One(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
