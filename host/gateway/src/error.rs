//! What keeps a door from opening, or ends it.

use solgate_access::AccessError;
use solgate_config::{FileError, GateError};
use solgate_telemetry::log::LogError;
use solgate_telemetry::record_file::RecordError;
use solgate_telemetry::spans::TracingError;
use solgate_upstream::connect::CertificatesError;

/// A reason not to serve. The text is for the person who starts the gate.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("cannot listen on {address}: {error}; {}", listen_hint(error, option))]
    Bind { address: String, option: &'static str, error: std::io::Error },
    #[error(
        "{url:?} is not the URL of a VNFM: expected http://HOST[:PORT] or https://HOST[:PORT], without a path (requests keep theirs)"
    )]
    UpstreamUrl { url: String },
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Policy(#[from] GateError),
    #[error("the gate for {upstream} cannot be built: {reason}")]
    Gate { upstream: String, reason: String },
    #[error("the shadow for {upstream}: {error}")]
    Shadow { upstream: String, error: Box<GatewayError> },
    #[error("cannot start the thread of a shadow: {0}")]
    ShadowThread(std::io::Error),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Records(#[from] RecordError),
    #[error(transparent)]
    Tracing(#[from] TracingError),
    #[error("{0}")]
    Arguments(String),
    #[error(transparent)]
    Log(#[from] LogError),
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
