//! The command line of `solgate forward-auth`.

use ipnet::IpNet;
use solgate_config::networks::{Hop, Networks};
use solgate_config::{Config, ListenAddress};
use solgate_gateway::error::GatewayError;

use crate::args::gateway::JudgingArgs;
use crate::args::values::{address, network};

/// Where it listens if nothing else is said.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:9192";

/// Judge, over HTTP, requests that another server is about to forward.
///
/// For Traefik's forwardAuth, HAProxy with our Lua script, and any server that can
/// send a subrequest with the body. The request is described by X-Forwarded-Method,
/// X-Forwarded-Uri and X-Forwarded-Host. The answer 200 lets the request pass; any other answer is for the client.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  solgate forward-auth --facts http://vnfm:9890
  solgate forward-auth --listen 0.0.0.0:9192 --trust 10.0.0.0/24 --facts http://vnfm:9890 --admin 127.0.0.1:9901
  solgate forward-auth --config solgate.yaml --check-config

Exit status: 0 stopped by a signal (or the configuration is good), 2 could not start.")]
pub struct ForwardAuthArgs {
    /// Address and port to listen on, or unix:/PATH
    #[arg(long, value_name = "ADDRESS", env = "SOLGATE_LISTEN", value_parser = address)]
    pub listen: Option<ListenAddress>,

    /// Addresses of the servers that may ask, and whose X-Forwarded-* fields are believed [default: 127.0.0.0/8 and ::1]
    #[arg(long, value_name = "ADDRESS[/BITS]|unix", value_parser = network)]
    pub trust: Vec<Hop>,

    #[command(flatten)]
    pub judging: JudgingArgs,
}

impl ForwardAuthArgs {
    /// The configuration that the arguments describe. Of one in a file, `listen` is
    /// the address of this door.
    ///
    /// # Errors
    /// Neither a VNFM nor a file is named, or the file is wrong.
    pub fn config(&self) -> Result<Config, GatewayError> {
        let mut config = self.judging.config(self.listen.as_ref(), DEFAULT_LISTEN)?;
        config.asking = Networks(self.trusted());
        Ok(config)
    }

    /// The servers that may ask.
    fn trusted(&self) -> Vec<Hop> {
        if self.trust.is_empty() {
            let loopback =
                [IpNet::new([127, 0, 0, 0].into(), 8), IpNet::new(std::net::Ipv6Addr::LOCALHOST.into(), 128)];
            return loopback.into_iter().flatten().map(Hop::Network).collect();
        }
        self.trust.clone()
    }
}
