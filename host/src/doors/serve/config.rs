//! What `solgate serve` is told to do, whether on the command line or in a file.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use http::Uri;

use super::forward::Patience;
use super::guard::GuardLimits;
use super::record_file::RecordConfig;
use crate::gate::{FactFailure, Mode, Setting, Severity};
use crate::policy::Isolation;
use crate::problem::ProblemStyle;

/// Where the gate listens if nothing else is said.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Everything that a server needs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address and port of the gate.
    pub listen: String,
    /// Address and port of health checks and metrics; none by default.
    pub admin: Option<String>,
    pub limits: Limits,
    pub upstreams: Vec<UpstreamConfig>,
    pub log: LogFormat,
    /// Where whole decisions are recorded; nowhere by default.
    pub record: Option<RecordConfig>,
}

/// How decisions are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
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
    /// From the first byte of a head to its last.
    pub head_timeout: Duration,
    /// From the head to the last byte of the body.
    pub body_timeout: Duration,
    /// For a connection without request, and for a client that takes no byte
    /// of its answer.
    pub idle: Duration,
    /// Connections at the same time; more wait in the listen queue.
    pub connections: usize,
    /// For requests in flight when the server is told to stop.
    pub drain: Duration,
    /// For a connection to a VNFM.
    pub connect: Duration,
    /// For the head of a VNFM's answer.
    pub answer: Duration,
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
            drain: Duration::from_secs(10),
            connect: Duration::from_secs(3),
            answer: Duration::from_secs(60),
        }
    }
}

impl Limits {
    pub(super) fn guard(&self) -> GuardLimits {
        GuardLimits { head: self.head, target: self.target, head_time: self.head_timeout, idle: self.idle }
    }

    pub(super) fn patience(&self) -> Patience {
        Patience { connect: self.connect, answer: self.answer }
    }
}

/// What the gate of an upstream does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GateMode {
    /// Refuses what a policy denies.
    #[default]
    Enforce,
    /// Judges, logs, and refuses nothing.
    Monitor,
    /// Does not judge. The checks of framing and the limits remain.
    Off,
}

impl GateMode {
    /// As it is written in the configuration and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Monitor => "monitor",
            Self::Off => "off",
        }
    }

    /// How the gate judges if it is asked. One that is off is made as if it
    /// were on, so that its settings are checked.
    #[must_use]
    pub fn judging(self) -> Mode {
        match self {
            Self::Enforce | Self::Off => Mode::Enforce,
            Self::Monitor => Mode::Monitor,
        }
    }
}

/// One VNFM behind the gate, and the gate in front of it.
#[derive(Debug, Clone)]
pub struct UpstreamConfig {
    /// Requests with this Host (any port) only.
    pub host: Option<String>,
    /// Requests whose path starts with these segments only.
    pub path_prefix: Option<String>,
    /// Scheme and authority.
    pub url: Uri,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Policy components; none stands for the built-in policy.
    pub policies: Vec<PathBuf>,
    /// Options that differ from the policies' defaults.
    pub options: Vec<(String, serde_json::Value)>,
    pub severities: Vec<SeverityOverride>,
    pub mode: GateMode,
    pub isolation: Isolation,
    pub facts: FactsConfig,
    pub fact_failure: FactFailure,
    pub style: ProblemStyle,
}

impl UpstreamConfig {
    /// A VNFM for all hosts and paths, judged by the built-in policy.
    #[must_use]
    pub fn new(url: Uri) -> Self {
        Self {
            host: None,
            path_prefix: None,
            url,
            ca_file: None,
            policies: Vec::new(),
            options: Vec::new(),
            severities: Vec::new(),
            mode: GateMode::default(),
            isolation: Isolation::default(),
            facts: FactsConfig::default(),
            fact_failure: FactFailure::default(),
            style: ProblemStyle::default(),
        }
    }

    /// The settings, overrides that have expired among them.
    #[must_use]
    pub fn all_settings(&self) -> Vec<Setting> {
        self.settings(SystemTime::UNIX_EPOCH)
    }

    /// The settings that hold at `now`: overrides that have expired are out.
    #[must_use]
    pub fn settings(&self, now: SystemTime) -> Vec<Setting> {
        let options =
            self.options.iter().map(|(name, value)| Setting::Option { name: name.clone(), value: value.clone() });
        let severities = self
            .severities
            .iter()
            .filter(|change| !change.has_expired(now))
            .map(|change| Setting::Severity { rule: change.rule.clone(), severity: change.severity });
        options.chain(severities).collect()
    }
}

/// A rule whose severity the operator has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityOverride {
    pub rule: String,
    pub severity: Severity,
    /// Why; for whoever finds it later.
    pub reason: String,
    /// From then on it no longer holds.
    pub until: Option<SystemTime>,
}

impl SeverityOverride {
    #[must_use]
    pub fn has_expired(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

/// Where and how facts are fetched.
#[derive(Debug, Clone)]
pub struct FactsConfig {
    /// How long an answer may be used again; zero: never.
    pub ttl: Duration,
    /// For one answer.
    pub timeout: Duration,
    /// Scheme and authority, if not those of the upstream.
    pub url: Option<Uri>,
    /// Fields of the judged request that are sent along, because they hold the
    /// caller's credentials.
    pub credentials: Vec<http::HeaderName>,
    /// Bytes of one answer.
    pub max_bytes: usize,
}

impl Default for FactsConfig {
    fn default() -> Self {
        Self {
            ttl: Duration::ZERO,
            timeout: Duration::from_secs(2),
            url: None,
            credentials: vec![http::header::AUTHORIZATION, http::HeaderName::from_static("x-auth-token")],
            max_bytes: 4 << 20,
        }
    }
}

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

/// `deny`, `warn`, `audit` or `off`.
#[must_use]
pub fn parse_severity(text: &str) -> Option<Severity> {
    Some(match text {
        "deny" => Severity::Deny,
        "warn" => Severity::Warn,
        "audit" => Severity::Audit,
        "off" => Severity::Off,
        _ => return None,
    })
}

/// What [`parse_mode`] takes.
pub const MODE: &str = "enforce, monitor or off";

#[must_use]
pub fn parse_mode(text: &str) -> Option<GateMode> {
    Some(match text {
        "enforce" => GateMode::Enforce,
        "monitor" => GateMode::Monitor,
        "off" => GateMode::Off,
        _ => return None,
    })
}

#[must_use]
pub fn parse_fact_failure(text: &str) -> Option<FactFailure> {
    Some(match text {
        "deny" => FactFailure::Deny,
        "pass" => FactFailure::Pass,
        _ => return None,
    })
}

/// A point in time (RFC 3339), or a date, which includes that day.
#[must_use]
pub fn parse_until(text: &str) -> Option<SystemTime> {
    if text.len() == "2026-01-31".len() {
        humantime::parse_rfc3339(&format!("{text}T00:00:00Z")).ok()?.checked_add(Duration::from_secs(24 * 60 * 60))
    } else {
        humantime::parse_rfc3339(text).ok()
    }
}
