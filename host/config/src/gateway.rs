//! The configuration of a listening door, from the command line or from a file.

use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use solgate::policy::PolicyFile;

use super::gate::GateConfig;
use crate::jwt::JwtConfig;
use crate::record::RecordConfig;
use crate::tls::TlsConfig;
use crate::tracing::TracingConfig;

/// Where the gate listens if nothing else is said.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Everything that a server needs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port of the gate.
    pub listen: String,
    /// Address and port of health checks and metrics; none by default.
    pub admin: Option<String>,
    /// TLS on the address of the gate; none by default.
    pub tls: Option<TlsConfig>,
    /// How callers' tokens are checked; by default they are not.
    pub jwt: Option<JwtConfig>,
    pub limits: Limits,
    pub upstreams: Vec<UpstreamConfig>,
    pub log: LogFormat,
    /// Where whole decisions are recorded; nowhere by default.
    pub record: Option<RecordConfig>,
    /// Where spans go; none are made by default.
    pub tracing: Option<TracingConfig>,
    /// Whether policies, certificates and keys are replaced when their files are, or at
    /// SIGHUP.
    pub reload: bool,
}

/// How decisions are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One JSON object per line and request.
    #[default]
    Json,
    /// One line for people per request.
    Text,
    Off,
}

/// Limits of a server, for all upstreams.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a request head.
    pub head: usize,
    /// Bytes of a request target. The policy may set a smaller one.
    pub target: usize,
    /// From the first byte of a head to its last; also for a TLS handshake.
    pub head_timeout: Duration,
    /// From the head to the last byte of the body.
    pub body_timeout: Duration,
    /// For a connection without request, and for a client that takes no byte
    /// of its answer.
    pub idle: Duration,
    /// Connections at the same time; more are told so and end.
    pub connections: usize,
    /// Requests that are judged, wait for their turn or for the head of an answer, at
    /// the same time; more are refused.
    pub requests: usize,
    /// Requests that wait for their turn on one resource; more are refused.
    pub waiting: usize,
    /// Bytes of request bodies that are held at the same time.
    pub body_memory: usize,
    /// For requests in flight when the server is told to stop.
    pub drain: Duration,
    /// For a connection to a VNFM.
    pub connect: Duration,
    /// For the head of a VNFM's answer.
    pub answer: Duration,
    /// Between two reads of its body.
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
            requests: 1024,
            waiting: 16,
            body_memory: 256 << 20,
            drain: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(60),
            answer_idle: Duration::from_secs(60),
        }
    }
}

/// One VNFM, and the gate in front of it.
#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// Requests with this Host (any port) only.
    pub host: Option<String>,
    /// Requests whose path starts with these segments only.
    pub path_prefix: Option<String>,
    /// Scheme and authority. `solgate serve` forwards to it; facts come from it
    /// unless they have a URL of their own.
    pub url: Uri,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    pub gate: GateConfig,
    /// Policies that judge the same requests without effect; none by default.
    pub shadow: Vec<PolicyFile>,
}

impl UpstreamConfig {
    /// A VNFM for all hosts and paths, judged by the built-in policy.
    #[must_use]
    pub fn new(url: Uri) -> Self {
        Self { host: None, path_prefix: None, url, ca_file: None, gate: GateConfig::default(), shadow: Vec::new() }
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

    /// Host and port of the VNFM: its name in metrics and logs.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.url.authority().map_or("", |authority| authority.as_str())
    }
}

/// What [`parse_url`] takes.
pub const URL: &str = "http://HOST[:PORT] or https://HOST[:PORT] without a path";

/// The URL of a VNFM: scheme and authority, nothing else.
#[must_use]
pub fn parse_url(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let plain = matches!(uri.scheme_str(), Some("http" | "https"))
        && uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && uri.path_and_query().is_none_or(|path| path.as_str() == "/")
        && uri.authority().is_some_and(|authority| has_port_or_none(authority.as_str()))
        && !text.contains('#');
    plain.then_some(uri)
}

/// `http` takes any digits for a port.
fn has_port_or_none(authority: &str) -> bool {
    // A colon within brackets belongs to an IPv6 address.
    match authority.rsplit_once(':') {
        Some((_, port)) if !port.ends_with(']') => port.parse::<u16>().is_ok_and(|port| port != 0),
        _ => true,
    }
}

/// What [`parse_address`] takes.
pub const ADDRESS: &str = "an address and port such as 0.0.0.0:8080";

/// An address or host name to listen on, with its port.
#[must_use]
pub fn parse_address(text: &str) -> Option<String> {
    let (host, port) = text.rsplit_once(':')?;
    let digits = port.bytes().all(|b| b.is_ascii_digit());
    (!host.is_empty() && digits && port.parse::<u16>().is_ok()).then(|| text.to_owned())
}

/// What [`parse_duration`] takes.
pub const DURATION: &str = "a duration such as 500ms, 10s or 1m 30s, a year at most";

/// What [`parse_time_limit`] takes.
pub const TIME_LIMIT: &str = "a duration above zero such as 500ms, 10s or 1m 30s, a year at most";

/// A duration of a year at most: clocks and timers can do with no more.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);
    humantime::parse_duration(text).ok().filter(|duration| *duration <= LONGEST)
}

/// A duration that leaves time for something to happen.
#[must_use]
pub fn parse_time_limit(text: &str) -> Option<Duration> {
    parse_duration(text).filter(|duration| !duration.is_zero())
}
