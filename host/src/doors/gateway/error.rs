//! What keeps `solgate serve` from starting, or ends it.

use std::path::PathBuf;

/// A reason not to serve. The text is for the person who starts the gate.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("cannot listen on {address}: {error}; {}", listen_hint(error, option))]
    Bind { address: String, option: &'static str, error: std::io::Error },
    #[error(
        "{url:?} is not the URL of a VNFM: expected http://HOST[:PORT] or https://HOST[:PORT], without a path (requests keep theirs)"
    )]
    UpstreamUrl { url: String },
    #[error("cannot use certificates: {reason}")]
    Certificates { reason: String },
    #[error(transparent)]
    Tls(#[from] super::tls::TlsFault),
    #[error("{}: {reason}", path.display())]
    Keys { path: PathBuf, reason: String },
    #[error("{0}")]
    Policy(String),
    #[error("the gate for {upstream} cannot be built: {reason}")]
    Gate { upstream: String, reason: String },
    #[error("the shadow for {upstream}: {error}")]
    Shadow { upstream: String, error: Box<GatewayError> },
    #[error("cannot start the thread of a shadow: {0}")]
    ShadowThread(std::io::Error),
    #[error("cannot read {}: {error}", path.display())]
    ReadConfig { path: PathBuf, error: std::io::Error },
    #[error(transparent)]
    Config(#[from] super::yaml::ConfigError),
    #[error("cannot record decisions in {}: {error}", path.display())]
    DecisionLog { path: PathBuf, error: super::record_file::RecordFileError },
    #[error("cannot export spans: {reason}")]
    Tracing { reason: String },
    #[error("{0}")]
    Arguments(String),
    #[error("cannot write to standard output or standard error: {0}")]
    Log(std::io::Error),
    #[error("cannot install the signal handlers: {0}")]
    Signals(std::io::Error),
}

fn listen_hint(error: &std::io::Error, option: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("choose another address with {option}"),
        std::io::ErrorKind::PermissionDenied => format!("choose a port above 1023 with {option}"),
        _ => format!("check the address given with {option}"),
    }
}
