//! The configuration of a listening door, from the command line or from a file.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use serde::{Deserialize, Serialize};
use solgate::policy::PolicyFile;

use super::gate::GateConfig;
use crate::decision_export::DecisionExportConfig;
use crate::forwarding::{ClientAddress, ForwardingConfig};
use crate::health::{Balance, HealthConfig};
use crate::jwt::JwtConfig;
use crate::listen::ListenAddress;
use crate::networks::Networks;
use crate::record::RecordConfig;
use crate::registry::{Labels, RegistryConfig};
use crate::tls::{OwnCertificate, TlsConfig};
use crate::tracing::TracingConfig;
use crate::turns::TurnsConfig;
use crate::values::{
    As, Evaluations, HeadBytes, MaybePositive, Positive, Ratio, Span, Streams, TargetBytes, TimeLimit,
};
use crate::vnfm_url;

/// Where the gate listens if nothing else is said.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Everything that a server needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where the gate listens.
    pub listen: ListenAddress,
    /// Where health checks and metrics are; nowhere by default.
    pub admin: Option<ListenAddress>,
    /// Whether clients of `serve` may speak HTTP/2.
    pub http2: bool,
    /// TLS on the address of the gate; none by default.
    pub tls: Option<TlsConfig>,
    /// How callers' tokens are checked; by default they are not.
    pub jwt: Option<JwtConfig>,
    /// Servers in front of the gate that are believed in what they say of clients; none by
    /// default.
    pub trusted_hops: Networks,
    /// The field in which trusted hops name the client.
    pub client_address: ClientAddress,
    /// Whether trusted hops begin each connection with the PROXY protocol.
    pub proxy_protocol: bool,
    /// What `serve` tells VNFMs of clients.
    pub forwarding: ForwardingConfig,
    pub limits: Limits,
    /// Servers whose connections and requests are those of many clients, beside trusted
    /// hops: those that ask forward-auth. None by default, and none in a file.
    pub asking: Networks,
    pub upstreams: Vec<UpstreamConfig>,
    pub log: LogFormat,
    /// Where whole decisions are recorded; nowhere by default.
    pub record: Option<RecordConfig>,
    /// Where decisions go beside that; nowhere by default.
    pub decision_export: Option<DecisionExportConfig>,
    /// Where spans go; none are made by default.
    pub tracing: Option<TracingConfig>,
    /// Turns that several gates take together; none by default.
    pub turns: Option<TurnsConfig>,
    /// Whether policies, certificates and keys are replaced when their files are, or at
    /// SIGHUP.
    pub reload: bool,
    /// What is said of this gate among many.
    pub labels: Labels,
    /// How policies are fetched that are not files.
    pub registry: RegistryConfig,
}

/// How decisions are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum LogFormat {
    /// One JSON object per line and request.
    #[default]
    Json,
    /// One line for people per request.
    Text,
    /// None.
    Off,
}

/// Limits of a server, for all upstreams.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Bytes of a request head.
    #[serde(rename = "headBytes", with = "HeadBytes")]
    pub head: usize,
    /// Bytes of a request target. The policy may set a smaller limit.
    #[serde(rename = "targetBytes", with = "TargetBytes")]
    pub target: usize,
    /// From the first byte of a head to its last; also for a TLS handshake.
    #[serde(rename = "headTimeout", with = "As::<TimeLimit>")]
    pub head_timeout: Duration,
    /// From the head to the last byte of the body.
    #[serde(rename = "bodyTimeout", with = "As::<TimeLimit>")]
    pub body_timeout: Duration,
    /// For a connection without request, and for a client that takes no byte of its answer.
    #[serde(rename = "idle", with = "As::<TimeLimit>")]
    pub idle: Duration,
    /// Connections at the same time; more are told so and end.
    #[serde(rename = "connections", with = "Positive")]
    pub connections: usize,
    /// Requests at the same time on one connection of HTTP/2; a client holds back what is more. Beyond the eighth each counts as a connection.
    #[serde(rename = "streams", with = "Streams")]
    pub streams: usize,
    /// Connections to the admin address at the same time; a further one ends the oldest.
    #[serde(rename = "adminConnections", with = "Positive")]
    pub admin_connections: usize,
    /// Requests that are judged, or wait for the head of an answer, at the same time; more are refused.
    #[serde(rename = "requests", with = "Positive")]
    pub requests: usize,
    /// Requests that wait for their turn on one resource; more are refused.
    #[serde(rename = "waiting", with = "Positive")]
    pub waiting: usize,
    /// The same on all resources together.
    #[serde(rename = "waitingTotal", with = "Positive")]
    pub waiting_total: usize,
    /// Bytes of request bodies that are held at the same time. The last eighth is for bodies of up to 64 KiB.
    #[serde(rename = "bodyMemoryBytes", with = "Positive")]
    pub body_memory: usize,
    /// Bytes of an answer that wait for a client to take them; the rest stays with the VNFM until then.
    #[serde(rename = "answerBufferBytes", with = "Positive")]
    pub answer_buffer: usize,
    /// Part of connections, requests, waitingTotal and bodyMemoryBytes that one client address may have while more than three quarters of it are taken, from 0 to 1; not for trustedHops.
    #[serde(rename = "clientShare", with = "Ratio")]
    pub client_share: f64,
    /// Requests of one caller, as its access token names it, at the same time; more are refused.
    #[serde(rename = "callerRequests", with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    pub caller_requests: Option<usize>,
    /// The same for all callers of one tenant.
    #[serde(rename = "tenantRequests", with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    pub tenant_requests: Option<usize>,
    /// Requests in a second of one client address; more are refused. Not for trustedHops.
    #[serde(rename = "clientRate", with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    pub client_rate: Option<usize>,
    /// How many of them may come at once; as many as clientRate if it is not given.
    #[serde(rename = "clientBurst", with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    pub client_burst: Option<usize>,
    /// Requests in a second of one caller, as its access token names it; more are refused.
    #[serde(rename = "callerRate", with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    pub caller_rate: Option<usize>,
    /// How many of them may come at once; as many as callerRate if it is not given.
    #[serde(rename = "callerBurst", with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    pub caller_burst: Option<usize>,
    /// Requests in a second of all callers of one tenant; more are refused.
    #[serde(rename = "tenantRate", with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    pub tenant_rate: Option<usize>,
    /// How many of them may come at once; as many as tenantRate if it is not given.
    #[serde(rename = "tenantBurst", with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    pub tenant_burst: Option<usize>,
    /// Evaluations at the same time, on all processors; each reserves 4 GiB of addresses, which take no memory.
    #[serde(rename = "evaluations", with = "Evaluations")]
    pub evaluations: usize,
    /// For which the gate still takes connections when it is told to stop, while /readyz sends clients elsewhere.
    #[serde(rename = "lameDuck", with = "As::<Span>")]
    pub lame_duck: Duration,
    /// For requests in flight when the gate takes no more.
    #[serde(rename = "drain", with = "As::<Span>")]
    pub drain: Duration,
    /// For a connection to a VNFM.
    #[serde(rename = "connectTimeout", with = "As::<TimeLimit>")]
    pub connect: Duration,
    /// From the request to the head of a VNFM's answer.
    #[serde(rename = "answerTimeout", with = "As::<TimeLimit>")]
    pub answer: Duration,
    /// Between two reads of the body of a VNFM's answer.
    #[serde(rename = "answerIdle", with = "As::<TimeLimit>")]
    pub answer_idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 << 10,
            target: 16 << 10,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle: Duration::from_secs(75),
            connections: 4096,
            streams: 100,
            admin_connections: 64,
            requests: 1024,
            waiting: 16,
            waiting_total: 1024,
            body_memory: 256 << 20,
            answer_buffer: 16 << 10,
            client_share: 0.0625,
            caller_requests: None,
            tenant_requests: None,
            client_rate: None,
            client_burst: None,
            caller_rate: None,
            caller_burst: None,
            tenant_rate: None,
            tenant_burst: None,
            evaluations: 256,
            lame_duck: Duration::ZERO,
            drain: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(60),
            answer_idle: Duration::from_secs(60),
        }
    }
}

/// One VNFM, and the gate in front of it.
#[derive(Debug, Clone, PartialEq)]
pub struct UpstreamConfig {
    /// Requests with this Host (any port) only.
    pub host: Option<String>,
    /// Requests whose path starts with these segments only.
    pub path_prefix: Option<String>,
    /// Whether the path prefix is taken off before a request is judged and forwarded.
    pub strip_prefix: bool,
    /// Scheme and authority, and the path below which the VNFM has its APIs. `solgate serve` forwards to it; facts come from it
    /// unless they have a URL of their own.
    pub url: Uri,
    /// Where the VNFM is, if not where its URL says.
    pub addresses: Vec<Authority>,
    pub balance: Balance,
    pub health: HealthConfig,
    /// What the VNFM is called where gates take turns together, if not by its URL.
    pub turns_name: Option<String>,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// What the gate shows when the VNFM asks who it is; nothing by default.
    pub own_certificate: Option<OwnCertificate>,
    pub gate: GateConfig,
    /// Policies that judge the same requests without effect; none by default.
    pub shadow: Vec<PolicyFile>,
}

impl UpstreamConfig {
    /// A VNFM for all hosts and paths, judged by the built-in policy.
    #[must_use]
    pub fn new(url: Uri) -> Self {
        Self {
            host: None,
            path_prefix: None,
            strip_prefix: false,
            url,
            addresses: Vec::new(),
            balance: Balance::default(),
            health: HealthConfig::default(),
            turns_name: None,
            ca_file: None,
            own_certificate: None,
            gate: GateConfig::default(),
            shadow: Vec::new(),
        }
    }

    /// The same with the shadow's policies in the place of the gate's: they are under
    /// the same settings, and must be signed if those must. `None` without a shadow.
    #[must_use]
    pub fn shadow(&self) -> Option<Self> {
        if self.shadow.is_empty() {
            return None;
        }
        let mut shadow = self.clone();
        shadow.gate.policies.files = std::mem::take(&mut shadow.shadow);
        Some(shadow)
    }

    /// The VNFM's name in metrics and logs: host and port, and the path if it has one.
    #[must_use]
    pub fn name(&self) -> String {
        vnfm_url::name(&self.url)
    }
}
