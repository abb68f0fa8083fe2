//! The command line of `solgate serve`.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use http::Uri;

use super::config::{self, Config, DEFAULT_LISTEN, GateMode, Limits, LogFormat, SeverityOverride, UpstreamConfig};
use super::config_file;
use super::error::ServeError;
use super::record_file::RecordConfig;
use crate::gate::{FactFailure, Severity};
use crate::policy::Isolation;
use crate::record::Bodies;

/// Run the gate as a reverse proxy in front of a VNFM.
///
/// Every request is judged first. What passes is forwarded byte for byte; what
/// does not is answered with ProblemDetails and never reaches the VNFM.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  solgate serve --demo
  solgate serve --listen 0.0.0.0:8080 --upstream http://vnfm:9890
  solgate serve --upstream http://vnfm:9890 --policy my-policy.wasm --mode monitor --admin 127.0.0.1:9901
  solgate serve --config solgate.yaml --check-config

Exit status: 0 stopped by a signal (or the configuration is good), 2 could not start.")]
pub struct ServeArgs {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR:PORT", env = "SOLGATE_LISTEN", value_parser = address)]
    pub listen: Option<String>,

    /// The VNFM: http://HOST[:PORT] or https://HOST[:PORT], without a path
    #[arg(long, value_name = "URL", env = "SOLGATE_UPSTREAM", conflicts_with = "config", value_parser = VnfmUrl)]
    pub upstream: Option<Uri>,

    /// PEM certificates to trust for an https VNFM, instead of the system's
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub upstream_ca: Option<PathBuf>,

    /// A policy component; several are asked in turn [default: the built-in policy]
    #[arg(long = "policy", value_name = "FILE", conflicts_with = "config")]
    pub policies: Vec<PathBuf>,

    /// Give an option of the policy another value; the value is JSON or plain text
    #[arg(long = "set", value_name = "OPTION=VALUE", conflicts_with = "config", value_parser = option)]
    pub options: Vec<(String, serde_json::Value)>,

    /// Give a rule another severity: deny, warn, audit or off
    #[arg(long = "severity", value_name = "RULE=SEVERITY", conflicts_with = "config", value_parser = severity)]
    pub severities: Vec<(String, Severity)>,

    /// enforce: refuse what the policy denies. monitor: let it pass and log it. off: do not judge at all
    #[arg(long, value_name = "MODE", conflicts_with = "config", value_parser = mode)]
    pub mode: Option<GateMode>,

    /// fresh: each evaluation has an instance of the policy of its own. recycle:N: one serves N evaluations [default: fresh]
    #[arg(long, value_name = "ISOLATION", conflicts_with = "config")]
    pub isolation: Option<Isolation>,

    /// How long a fact may be used again, such as 500ms; a denial never rests on an old one [default: 0s]
    #[arg(long, value_name = "DURATION", conflicts_with = "config", value_parser = duration, allow_hyphen_values = true)]
    pub facts_ttl: Option<Duration>,

    /// deny or pass when the VNFM does not say what a rule needs to know [default: deny]
    #[arg(long, value_name = "deny|pass", conflicts_with = "config", value_parser = fact_failure)]
    pub fact_failure: Option<FactFailure>,

    /// Time limit for the VNFM's answer, such as 90s [default: 60s]
    #[arg(long, value_name = "DURATION", conflicts_with = "config", value_parser = time_limit, allow_hyphen_values = true)]
    pub answer_timeout: Option<Duration>,

    /// Address and port for /healthz, /readyz and /metrics [default: none]
    #[arg(long, value_name = "ADDR:PORT", env = "SOLGATE_ADMIN", value_parser = address)]
    pub admin: Option<String>,

    /// How decisions are written to standard output [default: json; with --demo: text]
    #[arg(long, value_name = "FORMAT", value_enum)]
    pub log: Option<LogFormat>,

    /// Append a record of every decision to a file, from which `solgate import-cases` makes test cases
    #[arg(long, value_name = "FILE")]
    pub decision_log: Option<PathBuf>,

    /// Record the bodies of requests, too; what the policy calls a secret is left out
    #[arg(long)]
    pub log_bodies: bool,

    /// Read everything from a file instead
    #[arg(long, value_name = "FILE", env = "SOLGATE_CONFIG")]
    pub config: Option<PathBuf>,

    /// Check the configuration, policies included, and exit
    #[arg(long)]
    pub check_config: bool,

    /// Start a VNFM in memory behind the gate, and print requests to try
    #[arg(long, conflicts_with_all = ["config", "upstream", "upstream_ca", "check_config"])]
    pub demo: bool,
}

impl ServeArgs {
    /// The configuration that the arguments describe. `demo` is the URL of the
    /// VNFM in memory, if that is running.
    ///
    /// # Errors
    /// Neither an upstream nor a file is named, or the file is wrong.
    pub fn config(&self, demo: Option<Uri>) -> Result<Config, ServeError> {
        let mut config = match (&self.config, demo.or_else(|| self.upstream.clone())) {
            (Some(path), None) => config_file::load(path)?,
            (_, Some(url)) => {
                if self.upstream_ca.is_some() && url.scheme() != Some(&http::uri::Scheme::HTTPS) {
                    return Err(ServeError::Arguments(
                        "--upstream-ca is for an https VNFM: leave it out, or write https:// in --upstream".to_owned(),
                    ));
                }
                self.single(url)
            }
            (None, None) => {
                return Err(ServeError::Arguments(
                    "which VNFM? Name it with --upstream http://HOST:PORT, or --config FILE, or try --demo".to_owned(),
                ));
            }
        };
        if let Some(listen) = &self.listen {
            config.listen.clone_from(listen);
        }
        if let Some(admin) = &self.admin {
            config.admin = Some(admin.clone());
        }
        if let Some(log) = self.log {
            config.log = log;
        }
        let bodies = if self.log_bodies { Bodies::Redacted } else { Bodies::LeftOut };
        if let Some(file) = &self.decision_log {
            config.record = Some(RecordConfig { file: file.clone(), bodies });
        } else if self.log_bodies {
            let record = config.record.as_mut().ok_or_else(|| {
                ServeError::Arguments("--log-bodies goes with a decision log: add --decision-log FILE".to_owned())
            })?;
            record.bodies = bodies;
        }
        Ok(config)
    }

    fn single(&self, url: Uri) -> Config {
        let mut upstream = UpstreamConfig::new(url);
        upstream.ca_file.clone_from(&self.upstream_ca);
        upstream.policies.clone_from(&self.policies);
        upstream.options.clone_from(&self.options);
        upstream.severities = self
            .severities
            .iter()
            .map(|(rule, severity)| SeverityOverride {
                rule: rule.clone(),
                severity: *severity,
                reason: "command line".to_owned(),
                until: None,
            })
            .collect();
        upstream.mode = self.mode.unwrap_or_default();
        upstream.isolation = self.isolation.unwrap_or_default();
        upstream.fact_failure = self.fact_failure.unwrap_or_default();
        if let Some(ttl) = self.facts_ttl {
            upstream.facts.ttl = ttl;
        }
        let mut limits = Limits::default();
        if let Some(answer) = self.answer_timeout {
            limits.answer = answer;
        }
        let log = if self.demo { LogFormat::Text } else { LogFormat::default() };
        Config { listen: DEFAULT_LISTEN.to_owned(), admin: None, limits, upstreams: vec![upstream], log, record: None }
    }
}

/// Reads the URL of a VNFM. Clap would repeat a wrong value, and with it a
/// password in it.
#[derive(Debug, Clone)]
struct VnfmUrl;

impl TypedValueParser for VnfmUrl {
    type Value = Uri;

    fn parse_ref(&self, command: &Command, _: Option<&Arg>, value: &OsStr) -> Result<Uri, clap::Error> {
        let text = value.to_str().unwrap_or_default();
        config::parse_url(text).ok_or_else(|| {
            let why = if text.contains('@') {
                "; leave out the user and password: requests bring their own credentials"
            } else {
                ""
            };
            let message = format!(
                "invalid value for '--upstream <URL>': expected http://HOST[:PORT] or https://HOST[:PORT], \
                 without a path (requests keep theirs){why}"
            );
            command.clone().error(ErrorKind::ValueValidation, message)
        })
    }
}

fn address(text: &str) -> Result<String, String> {
    config::parse_address(text).ok_or_else(|| format!("expected {}", config::ADDRESS))
}

fn duration(text: &str) -> Result<Duration, String> {
    config::parse_duration(text).ok_or_else(|| format!("expected {}", config::DURATION))
}

fn time_limit(text: &str) -> Result<Duration, String> {
    config::parse_time_limit(text).ok_or_else(|| format!("expected {}", config::TIME_LIMIT))
}

fn option(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, value) = pair(text, "OPTION=VALUE, such as strict=true")?;
    let value = serde_json::from_str(value).unwrap_or_else(|_| serde_json::Value::from(value));
    Ok((name.to_owned(), value))
}

fn severity(text: &str) -> Result<(String, Severity), String> {
    const EXPECTED: &str = "RULE=SEVERITY, such as query.unknown=warn; severities are deny, warn, audit and off";
    let (rule, severity) = pair(text, EXPECTED)?;
    let severity = config::parse_severity(severity).ok_or_else(|| format!("expected {EXPECTED}"))?;
    Ok((rule.to_owned(), severity))
}

fn pair<'a>(text: &'a str, expected: &str) -> Result<(&'a str, &'a str), String> {
    text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| format!("expected {expected}"))
}

fn mode(text: &str) -> Result<GateMode, String> {
    config::parse_mode(text).ok_or_else(|| format!("expected {}", config::MODE))
}

fn fact_failure(text: &str) -> Result<FactFailure, String> {
    config::parse_fact_failure(text).ok_or_else(|| "expected deny or pass".to_owned())
}
