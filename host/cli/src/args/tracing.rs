//! The part of a command line that is about spans.

use std::path::PathBuf;

use http::Uri;
use solgate_config::tracing::TracingConfig;
use solgate_config::{RATIO, parse_ratio};
use solgate_gateway::error::GatewayError;

use super::collector::CollectorUrl;

/// Where spans go, and of which requests.
#[derive(Debug, Clone, clap::Args)]
pub struct TracingArgs {
    /// Send spans to an OpenTelemetry collector, by OTLP over gRPC: http://HOST:PORT or https://HOST:PORT [default: no spans]
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_parser = CollectorUrl)]
    pub otlp: Option<Uri>,

    /// PEM certificates to trust for an https collector, instead of the system's
    #[arg(long, value_name = "FILE")]
    pub otlp_ca: Option<PathBuf>,

    /// Trace this part of the requests, from 0 to 1, unless a request belongs to a trace already
    #[arg(long, value_name = "RATIO", value_parser = ratio)]
    pub trace_sample: Option<f64>,
}

impl TracingArgs {
    /// Enters what the arguments say into what a file has said.
    ///
    /// # Errors
    /// Something is said of a collector, and none is named; or certificates are named for
    /// one without TLS.
    pub fn apply(&self, config: &mut Option<TracingConfig>) -> Result<(), GatewayError> {
        if let Some(otlp) = &self.otlp {
            match config {
                Some(config) => config.otlp = otlp.clone(),
                None => *config = Some(TracingConfig::new(otlp.clone())),
            }
        }
        if let Some(file) = &self.otlp_ca {
            let config = config.as_mut().filter(|config| config.collector().is_https()).ok_or_else(|| {
                let text = "--otlp-ca is for an https collector: leave it out, or write https:// in --otlp";
                GatewayError::Arguments(text.to_owned())
            })?;
            config.ca_file = Some(file.clone());
        }
        if let Some(sample) = self.trace_sample {
            let config = config.as_mut().ok_or_else(|| {
                GatewayError::Arguments("--trace-sample goes with a collector: add --otlp http://HOST:PORT".to_owned())
            })?;
            config.sample = sample;
        }
        Ok(())
    }
}

fn ratio(text: &str) -> Result<f64, String> {
    parse_ratio(text).ok_or_else(|| format!("expected {RATIO}"))
}
