//! The part of a command line that is about decisions for a collector.

use std::path::PathBuf;

use http::Uri;
use solgate_config::decision_export::DecisionExportConfig;
use solgate_gateway::error::GatewayError;

use super::collector::CollectorUrl;

/// Where decisions go beside standard output and the decision log.
#[derive(Debug, Clone, clap::Args)]
pub struct DecisionExportArgs {
    /// Send the line of each request to an OpenTelemetry collector as well, by OTLP over gRPC: http://HOST:PORT or https://HOST:PORT
    #[arg(long, value_name = "URL", value_parser = CollectorUrl)]
    pub export_decisions: Option<Uri>,

    /// PEM certificates to trust for an https collector, instead of the system's
    #[arg(long, value_name = "FILE")]
    pub export_ca: Option<PathBuf>,

    /// Also send each record of the decision log
    #[arg(long)]
    pub export_records: bool,
}

impl DecisionExportArgs {
    /// Enters what the arguments say into what a file has said.
    ///
    /// # Errors
    /// Something is said of a collector, and none is named; or certificates are named for
    /// one without TLS.
    pub fn apply(&self, config: &mut Option<DecisionExportConfig>) -> Result<(), GatewayError> {
        if let Some(otlp) = &self.export_decisions {
            match config {
                Some(config) => config.otlp = otlp.clone(),
                None => *config = Some(DecisionExportConfig::new(otlp.clone())),
            }
        }
        if let Some(file) = &self.export_ca {
            let config = config.as_mut().filter(|config| config.collector().is_https()).ok_or_else(|| {
                let text =
                    "--export-ca is for an https collector: leave it out, or write https:// in --export-decisions";
                GatewayError::Arguments(text.to_owned())
            })?;
            config.ca_file = Some(file.clone());
        }
        if self.export_records {
            let config = config.as_mut().ok_or_else(|| {
                let text = "--export-records goes with a collector: add --export-decisions http://HOST:PORT";
                GatewayError::Arguments(text.to_owned())
            })?;
            config.records = true;
        }
        Ok(())
    }
}
