//! The command line of `solgate ext-authz`.

use solgate_config::{Config, ListenAddress};
use solgate_gateway::error::GatewayError;

use crate::args::gateway::JudgingArgs;
use crate::args::values::address;

/// Where the door listens if nothing else is said.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:9191";

/// Judge requests for Envoy, as its external authorization service.
///
/// Envoy asks over gRPC (envoy.service.auth.v3.Authorization), and itself forwards what is
/// allowed. The service grpc.health.v1.Health says whether the gate can judge.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  solgate ext-authz --facts http://vnfm:9890
  solgate ext-authz --listen 0.0.0.0:9191 --facts https://vnfm:9890 --facts-ca vnfm.pem --admin 127.0.0.1:9901
  solgate ext-authz --facts http://vnfm:9890 --policy my-policy.wasm --mode monitor
  solgate ext-authz --config solgate.yaml --check-config

Exit status: 0 stopped by a signal (or the configuration is good), 2 could not start.")]
pub struct ExtAuthzArgs {
    /// Address and port to listen on, or unix:/PATH
    #[arg(long, value_name = "ADDRESS", env = "SOLGATE_LISTEN", value_parser = address)]
    pub listen: Option<ListenAddress>,

    /// Where Envoy keeps the claims of a verified token: payload_in_metadata of its filter jwt_authn
    #[arg(long, value_name = "NAME", default_value = "jwt_payload")]
    pub jwt_payload: String,

    #[command(flatten)]
    pub judging: JudgingArgs,
}

impl ExtAuthzArgs {
    /// The configuration that the arguments describe.
    ///
    /// # Errors
    /// Neither a VNFM nor a file is named, or the file is wrong.
    pub fn config(&self) -> Result<Config, GatewayError> {
        self.judging.config(self.listen.as_ref(), DEFAULT_LISTEN)
    }
}
