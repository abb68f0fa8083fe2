//! The part of a command line that is about records of decisions.

use std::path::PathBuf;

use solgate::record::Bodies;
use solgate::record::redact::SecretNames;
use solgate_config::record::RecordConfig;
use solgate_config::{SECRET_NAME, parse_secret_name};
use solgate_gateway::error::GatewayError;

/// Where records go, and what is in them.
#[derive(Debug, Clone, clap::Args)]
pub struct DecisionLogArgs {
    /// Append a record of every decision to a file, from which `solgate import-cases` makes test cases
    #[arg(long, value_name = "FILE")]
    pub decision_log: Option<PathBuf>,

    /// Also record the bodies of requests, without secrets
    #[arg(long)]
    pub log_bodies: bool,

    /// Also take members, parameters and fields for secrets whose name has this in it; can be repeated
    #[arg(long, value_name = "NAME", value_parser = secret_name)]
    pub log_secret_name: Vec<String>,

    /// Give each record the digest of the one before, so that `solgate verify --log` finds changes
    #[arg(long)]
    pub log_chain: bool,
}

impl DecisionLogArgs {
    /// Enters what the arguments say into what a file has said.
    ///
    /// # Errors
    /// Something is said of a log, and none is named.
    pub fn apply(&self, config: &mut Option<RecordConfig>) -> Result<(), GatewayError> {
        if let Some(file) = &self.decision_log {
            *config = Some(RecordConfig::new(file.clone()));
        }
        let said = [
            ("--log-bodies", self.log_bodies),
            ("--log-secret-name", !self.log_secret_name.is_empty()),
            ("--log-chain", self.log_chain),
        ];
        let Some((argument, _)) = said.into_iter().find(|(_, said)| *said) else { return Ok(()) };
        let record = config.as_mut().ok_or_else(|| {
            GatewayError::Arguments(format!("{argument} goes with a decision log: add --decision-log FILE"))
        })?;
        if self.log_bodies {
            record.bodies = Bodies::Redacted;
        }
        record.names.extend(SecretNames::with(&self.log_secret_name));
        record.chain |= self.log_chain;
        Ok(())
    }
}

fn secret_name(text: &str) -> Result<String, String> {
    parse_secret_name(text).ok_or_else(|| format!("expected {SECRET_NAME}"))
}
