//! The part of a command line that all doors that listen have.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command};
use http::Uri;
use solgate::gate::{FactFailure, Severity};
use solgate::policy::{Isolation, PolicyFile, PolicySources};
use solgate_config::networks::{Hop, Networks};
use solgate_config::tls::OwnCertificate;
use solgate_config::vnfm_url::VNFM_URL;
use solgate_config::{
    self as config, Config, EVALUATIONS, GateMode, ListenAddress, LogFormat, SeverityOverride, UpstreamConfig, file,
};
use solgate_gateway::error::GatewayError;

use super::decision_export::DecisionExportArgs;
use super::decision_log::DecisionLogArgs;
use super::evaluation::{EvaluationArgs, number};
use super::jwt::JwtArgs;
use super::tls::TlsArgs;
use super::tracing::TracingArgs;
use super::turns::TurnsArgs;
use super::values::{address, duration, fact_failure, mode, network, option, policy, severity, time_limit};

/// How requests are judged, and where that is reported.
#[derive(Debug, Clone, clap::Args)]
pub struct GatewayArgs {
    /// A policy component, pinned to its content by @sha256:DIGEST, or oci://HOST/NAME:TAG, or https://...; several are asked in turn [default: the built-in policy]
    #[arg(long = "policy", value_name = "FILE", conflicts_with = "config", value_parser = OsStringValueParser::new().try_map(policy))]
    pub policies: Vec<PolicyFile>,

    /// A candidate that judges the same requests next to the policy, without effect; differences are reported
    #[arg(long, value_name = "FILE", conflicts_with = "config", value_parser = OsStringValueParser::new().try_map(policy))]
    pub shadow: Vec<PolicyFile>,

    /// Load only policies that are signed with this key, or with another key that is named this way (see `solgate sign`)
    #[arg(long, value_name = "PUBLIC_KEY", conflicts_with = "config")]
    pub require_signature: Vec<PathBuf>,

    /// Load nothing that is signed with this key, which counts no longer
    #[arg(long, value_name = "PUBLIC_KEY", conflicts_with = "config", requires = "require_signature")]
    pub withdrawn_key: Vec<PathBuf>,

    /// The lowest version that the signature may give each policy; a candidate may have any
    #[arg(long, value_name = "NUMBER", conflicts_with = "config", requires_all = ["policies", "require_signature"], value_parser = clap::value_parser!(u64).range(1..))]
    pub least_version: Option<u64>,

    /// Give an option of the policy another value; the value is JSON or plain text
    #[arg(long = "set", value_name = "OPTION=VALUE", conflicts_with = "config", value_parser = option)]
    pub options: Vec<(String, serde_json::Value)>,

    /// Give a rule another severity: deny, warn, audit or off
    #[arg(long = "severity", value_name = "RULE=SEVERITY", conflicts_with = "config", value_parser = severity)]
    pub severities: Vec<(String, Severity)>,

    /// enforce: refuse what the policy denies. monitor: let it pass and log it. off: do not judge at all
    #[arg(long, value_name = "MODE", conflicts_with = "config", value_parser = mode)]
    pub mode: Option<GateMode>,

    /// fresh: each evaluation has its own instance of the policy. rewound: an instance is put back as it was after each evaluation. recycle:N: an instance serves N evaluations
    #[arg(long, value_name = "ISOLATION", conflicts_with = "config")]
    pub isolation: Option<Isolation>,

    #[command(flatten)]
    pub evaluation: EvaluationArgs,

    /// How long a fact may be used again, such as 500ms; a denial never rests on an old fact
    #[arg(long, value_name = "DURATION", conflicts_with = "config", value_parser = duration, allow_hyphen_values = true)]
    pub facts_ttl: Option<Duration>,

    /// deny or pass when the VNFM does not say what a rule needs to know
    #[arg(long, value_name = "deny|pass", conflicts_with = "config", value_parser = fact_failure)]
    pub fact_failure: Option<FactFailure>,

    #[command(flatten)]
    pub jwt: JwtArgs,

    /// Believe the servers in this network in what they say of clients, such as X-Forwarded-For; can be repeated
    #[arg(long, value_name = "ADDRESS[/BITS]|unix", conflicts_with = "config", value_parser = network)]
    pub trusted_hop: Vec<Hop>,

    /// Expect the PROXY protocol, version 1 or 2, at the start of each connection from a trusted hop
    #[arg(long, conflicts_with = "config", requires = "trusted_hop")]
    pub proxy_protocol: bool,

    /// How many requests policies may judge at the same time; each reserves 4 GiB of addresses, which take no memory
    #[arg(long, value_name = "NUMBER", value_parser = |text: &str| number(text, &EVALUATIONS))]
    pub evaluations: Option<usize>,

    /// How long to go on as before after SIGTERM, while health checks send clients to another gate
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub lame_duck: Option<Duration>,

    /// Keep the policies, certificates and keys that were loaded at the start, even if their files change
    #[arg(long)]
    pub no_reload: bool,

    /// Address and port, or unix:/PATH, for /healthz, /readyz, /metrics, /status, /config and /log-level [default: none]
    #[arg(long, value_name = "ADDRESS", env = "SOLGATE_ADMIN", value_parser = address)]
    pub admin: Option<ListenAddress>,

    /// How long to wait between two looks at the tag or URL of a policy
    #[arg(long, value_name = "DURATION", value_parser = time_limit)]
    pub policy_poll: Option<Duration>,

    /// How decisions are written to standard output
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log: Option<Log>,

    #[command(flatten)]
    pub decision_log: DecisionLogArgs,

    #[command(flatten)]
    pub decision_export: DecisionExportArgs,

    #[command(flatten)]
    pub tracing: TracingArgs,

    #[command(flatten)]
    pub turns: TurnsArgs,

    /// Read everything from a file instead
    #[arg(long, value_name = "FILE", env = "SOLGATE_CONFIG")]
    pub config: Option<PathBuf>,

    /// Check the configuration, policies included, and exit
    #[arg(long)]
    pub check_config: bool,
}

impl GatewayArgs {
    /// The configuration in a file if one is named, or that of one VNFM with a gate
    /// as the arguments say; without either, `nothing` says what is missing.
    ///
    /// # Errors
    /// The file is wrong, or there is nothing.
    pub fn config(
        &self,
        listen: Option<ListenAddress>,
        vnfm: Option<SingleVnfm>,
        nothing: &str,
    ) -> Result<Config, GatewayError> {
        let mut config = match (&self.config, vnfm) {
            (Some(path), None) => file::load(path)?,
            (_, Some(vnfm)) => Config { jwt: self.jwt.config()?, ..self.single(vnfm) },
            (None, None) => return Err(GatewayError::Arguments(nothing.to_owned())),
        };
        if let Some(listen) = listen {
            config.listen = listen;
        }
        if let Some(admin) = &self.admin {
            config.admin = Some(admin.clone());
        }
        if let Some(evaluations) = self.evaluations {
            config.limits.evaluations = evaluations;
        }
        if let Some(lame_duck) = self.lame_duck {
            config.limits.lame_duck = lame_duck;
        }
        if let Some(poll) = self.policy_poll {
            config.registry.poll = poll;
        }
        if self.no_reload {
            config.reload = false;
        }
        if let Some(log) = self.log {
            config.log = log.into();
        }
        self.decision_log.apply(&mut config.record)?;
        self.decision_export.apply(&mut config.decision_export)?;
        self.tracing.apply(&mut config.tracing)?;
        self.turns.apply(&mut config.turns);
        let misfit = |misfit| GatewayError::from(misfit).in_file(self.config.as_deref());
        config.check().and_then(|()| config.check_addresses()).map_err(misfit)?;
        Ok(config)
    }

    fn single(&self, vnfm: SingleVnfm) -> Config {
        let mut upstream = UpstreamConfig::new(vnfm.url);
        (upstream.ca_file, upstream.own_certificate) = (vnfm.ca_file, vnfm.own_certificate);
        upstream.shadow.clone_from(&self.shadow);
        let gate = &mut upstream.gate;
        gate.policies = PolicySources {
            files: self
                .policies
                .iter()
                .map(|file| PolicyFile { least_version: self.least_version, ..file.clone() })
                .collect(),
            signers: self.require_signature.clone(),
            withdrawn: self.withdrawn_key.clone(),
        };
        gate.options.clone_from(&self.options);
        gate.severities = self
            .severities
            .iter()
            .map(|(rule, severity)| SeverityOverride {
                rule: rule.clone(),
                severity: *severity,
                reason: "command line".to_owned(),
                until: None,
            })
            .collect();
        gate.mode = self.mode.unwrap_or_default();
        gate.isolation = self.isolation.unwrap_or_default();
        gate.evaluation = self.evaluation.limits();
        gate.fact_failure = self.fact_failure.unwrap_or_default();
        if let Some(ttl) = self.facts_ttl {
            gate.facts.ttl = ttl;
        }
        let (trusted_hops, proxy_protocol) = (Networks(self.trusted_hop.clone()), self.proxy_protocol);
        Config { upstreams: vec![upstream], trusted_hops, proxy_protocol, ..Config::default() }
    }
}

/// The one VNFM that a command line names.
#[derive(Debug)]
pub struct SingleVnfm {
    pub url: Uri,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// What the gate shows to it.
    pub own_certificate: Option<OwnCertificate>,
}

/// A certificate with its key, of which clap has seen to it that both are named or neither.
#[must_use]
pub fn own_certificate(certificate: Option<&PathBuf>, key: Option<&PathBuf>) -> Option<OwnCertificate> {
    let (certificate, key) = certificate.cloned().zip(key.cloned())?;
    Some(OwnCertificate { certificate, key })
}

/// How decisions are written to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Log {
    /// One JSON object per line and request.
    Json,
    /// One line for people per request.
    Text,
    Off,
}

impl From<Log> for LogFormat {
    fn from(log: Log) -> Self {
        match log {
            Log::Json => Self::Json,
            Log::Text => Self::Text,
            Log::Off => Self::Off,
        }
    }
}

/// The command line of a door whose requests another server forwards.
#[derive(Debug, Clone, clap::Args)]
pub struct JudgingArgs {
    #[command(flatten)]
    pub tls: TlsArgs,

    /// The VNFM, which is asked for facts: http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]; never the gateway that asks this door
    #[arg(long, value_name = "URL", env = "SOLGATE_FACTS", conflicts_with = "config", value_parser = VnfmUrl)]
    pub facts: Option<Uri>,

    /// PEM certificates to trust for an https VNFM, instead of the system's
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub facts_ca: Option<PathBuf>,

    /// PEM certificates that the gate shows to an https VNFM, its own first; read again when they change
    #[arg(long, value_name = "FILE", conflicts_with = "config", requires = "facts_key")]
    pub facts_cert: Option<PathBuf>,

    /// PEM private key of that certificate
    #[arg(long, value_name = "FILE", conflicts_with = "config", requires = "facts_cert")]
    pub facts_key: Option<PathBuf>,

    #[command(flatten)]
    pub gateway: GatewayArgs,
}

impl JudgingArgs {
    /// The configuration that the arguments describe. Without `listen` and a file, which
    /// says itself where to listen, that is at `default`.
    ///
    /// # Errors
    /// Neither a VNFM nor a file is named, or the file is wrong.
    pub fn config(&self, listen: Option<&ListenAddress>, default: &str) -> Result<Config, GatewayError> {
        only_for_https("--facts-ca", self.facts_ca.as_ref(), "--facts", self.facts.as_ref())?;
        only_for_https("--facts-cert", self.facts_cert.as_ref(), "--facts", self.facts.as_ref())?;
        let vnfm = self.facts.clone().map(|url| SingleVnfm {
            url,
            ca_file: self.facts_ca.clone(),
            own_certificate: own_certificate(self.facts_cert.as_ref(), self.facts_key.as_ref()),
        });
        let nothing = "which VNFM has the facts? Name it with --facts http://HOST:PORT, or --config FILE";
        let default = || self.gateway.config.is_none().then(|| ListenAddress::Tcp(default.to_owned()));
        let mut config = self.gateway.config(listen.cloned().or_else(default), vnfm, nothing)?;
        if let Some(tls) = self.tls.config() {
            config.tls = Some(tls);
        }
        Ok(config)
    }
}

/// # Errors
/// Certificates are named for a VNFM that is not asked over https.
pub fn only_for_https(
    argument: &str,
    file: Option<&PathBuf>,
    url_argument: &str,
    url: Option<&Uri>,
) -> Result<(), GatewayError> {
    if file.is_some() && url.is_some_and(|url| url.scheme() != Some(&http::uri::Scheme::HTTPS)) {
        return Err(GatewayError::Arguments(format!(
            "{argument} is for an https VNFM: leave it out, or write https:// in {url_argument}"
        )));
    }
    Ok(())
}

/// Reads the URL of a VNFM. Clap would repeat a wrong value, and with it a
/// password in it.
#[derive(Debug, Clone)]
pub struct VnfmUrl;

impl TypedValueParser for VnfmUrl {
    type Value = Uri;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<Uri, clap::Error> {
        let text = value.to_str().unwrap_or_default();
        config::vnfm_url::parse_vnfm_url(text).ok_or_else(|| {
            let why = if text.contains('@') {
                "; leave out the user and password: requests bring their own credentials"
            } else {
                ""
            };
            let argument = argument.map(ToString::to_string).unwrap_or_default();
            let message = format!("invalid value for '{argument}': expected {VNFM_URL}{why}");
            command.clone().error(ErrorKind::ValueValidation, message)
        })
    }
}
