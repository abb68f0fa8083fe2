//! The command line of `solgate serve`.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Uri};
use solgate_config::{Config, ForwardingConfig, ListenAddress, LogFormat};
use solgate_gateway::error::GatewayError;

use crate::args::gateway::{GatewayArgs, SingleVnfm, VnfmUrl, only_for_https, own_certificate};
use crate::args::tls::TlsArgs;
use crate::args::values::{address, caller_field, time_limit};

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
    /// Address and port to listen on, or unix:/PATH
    #[arg(long, value_name = "ADDRESS", env = "SOLGATE_LISTEN", value_parser = address)]
    pub listen: Option<ListenAddress>,

    /// The VNFM: http://HOST[:PORT] or https://HOST[:PORT], and the /PATH below which its APIs are
    #[arg(long, value_name = "URL", env = "SOLGATE_UPSTREAM", conflicts_with = "config", value_parser = VnfmUrl)]
    pub upstream: Option<Uri>,

    /// PEM certificates to trust for an https VNFM, instead of the system's
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub upstream_ca: Option<PathBuf>,

    /// PEM certificates that the gate shows to an https VNFM, its own first; read again when they change
    #[arg(long, value_name = "FILE", conflicts_with = "config", requires = "upstream_key")]
    pub upstream_cert: Option<PathBuf>,

    /// PEM private key of that certificate
    #[arg(long, value_name = "FILE", conflicts_with = "config", requires = "upstream_cert")]
    pub upstream_key: Option<PathBuf>,

    /// Time limit for the VNFM's answer, such as 90s
    #[arg(long, value_name = "DURATION", conflicts_with = "config", value_parser = time_limit, allow_hyphen_values = true)]
    pub answer_timeout: Option<Duration>,

    /// Tell the VNFM who the client is, by X-Forwarded-For, -Proto, -Host and Forwarded
    #[arg(long, conflicts_with = "config")]
    pub client_fields: bool,

    /// Tell the VNFM in this field which caller the gate has verified
    #[arg(long, value_name = "NAME", conflicts_with = "config", value_parser = caller_field)]
    pub caller_field: Option<HeaderName>,

    /// Let clients speak HTTP/2: in TLS if they choose it there, without TLS if they begin with it
    #[arg(long, conflicts_with = "config")]
    pub http2: bool,

    #[command(flatten)]
    pub tls: TlsArgs,

    #[command(flatten)]
    pub gateway: GatewayArgs,

    /// Start a VNFM in memory behind the gate, print requests to try, and log as text
    #[arg(long, conflicts_with_all = ["config", "upstream", "upstream_ca", "upstream_cert", "tls_cert", "check_config"])]
    pub demo: bool,
}

impl ServeArgs {
    /// The configuration that the arguments describe. `demo` is the URL of the
    /// VNFM in memory, if that is running.
    ///
    /// # Errors
    /// Neither an upstream nor a file is named, or the file is wrong.
    pub fn config(&self, demo: Option<Uri>) -> Result<Config, GatewayError> {
        let url = demo.or_else(|| self.upstream.clone());
        only_for_https("--upstream-ca", self.upstream_ca.as_ref(), "--upstream", url.as_ref())?;
        only_for_https("--upstream-cert", self.upstream_cert.as_ref(), "--upstream", url.as_ref())?;
        let vnfm = url.map(|url| SingleVnfm {
            url,
            ca_file: self.upstream_ca.clone(),
            own_certificate: own_certificate(self.upstream_cert.as_ref(), self.upstream_key.as_ref()),
        });
        let nothing = "which VNFM? Name it with --upstream http://HOST:PORT, or --config FILE, or try --demo";
        let mut config = self.gateway.config(self.listen.clone(), vnfm, nothing)?;
        if let Some(tls) = self.tls.config() {
            config.tls = Some(tls);
        }
        if let Some(answer) = self.answer_timeout {
            config.limits.answer = answer;
        }
        if self.gateway.config.is_none() {
            let (client_fields, caller_field) = (self.client_fields, self.caller_field.clone());
            config.forwarding = ForwardingConfig { client_fields, caller_field };
            config.http2 = self.http2;
        }
        if self.demo && self.gateway.log.is_none() {
            config.log = LogFormat::Text;
        }
        Ok(config)
    }
}
