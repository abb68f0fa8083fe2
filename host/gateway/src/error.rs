//! Why a door cannot open, or ends.

use std::path::{Path, PathBuf};

use solgate::policy::EngineError;
use solgate_access::AccessError;
use solgate_access::tls::{FileFault, TlsFault};
use solgate_config::tls::TlsConfig;
use solgate_config::vnfm_url::VNFM_URL;
use solgate_config::{FileError, GateError, Misfit, file};
use solgate_telemetry::collector::CollectorError;
use solgate_telemetry::log::LogError;
use solgate_telemetry::record_file::RecordError;
use solgate_turn_store::StoreFault;
use solgate_upstream::connect::CertificatesError;

use crate::listen::faults::{InheritedError, SocketError};

/// A reason not to serve. The text is for the person who starts the gate.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("cannot listen on {address}: {error}; {}", listen_hint(error, option))]
    Bind { address: String, option: &'static str, error: std::io::Error },
    #[error(transparent)]
    Inherited(#[from] InheritedError),
    #[error("cannot listen on unix:{}: {error}; {}", path.display(), socket_hint(error, option))]
    Socket { path: PathBuf, option: &'static str, error: SocketError },
    #[error("{url:?} is not the URL of a VNFM: expected {VNFM_URL}")]
    UpstreamUrl { url: String },
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    #[error(transparent)]
    Access(#[from] AccessError),
    #[error(transparent)]
    Policy(GateError),
    #[error("the gate for {upstream} cannot be built: {reason}")]
    Gate { upstream: String, reason: String },
    #[error("the shadow for {upstream}: {error}")]
    Shadow { upstream: String, error: Box<GatewayError> },
    #[error("cannot start the thread of a shadow: {0}")]
    ShadowThread(std::io::Error),
    /// About a member of the configuration, whose place is a JSON Pointer.
    #[error("{error}")]
    Member { place: String, error: Box<GatewayError> },
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{error}{}", evaluations_hint(error))]
    Engine {
        #[from]
        error: EngineError,
    },
    #[error(transparent)]
    Records(#[from] RecordError),
    #[error(transparent)]
    Collector(#[from] CollectorError),
    #[error(transparent)]
    TurnStore(StoreFault),
    #[error("{0}")]
    Arguments(String),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("cannot install the signal handlers: {0}")]
    Signals(std::io::Error),
}

impl GatewayError {
    /// The same about a member of the configuration; `place` leads to where an error
    /// that names a member begins.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        match self {
            Self::Member { place: below, error } => Self::Member { place: format!("{place}{below}"), error },
            error => Self::Member { place: place.to_owned(), error: Box::new(error) },
        }
    }

    /// The same about a candidate, whose policies are in another list.
    #[must_use]
    pub fn in_shadow(self, upstream: String) -> Self {
        let shadow = |error| Self::Shadow { upstream, error };
        match self {
            Self::Member { place, error } => {
                let place = place.strip_prefix("/policies").map(|rest| format!("/shadow{rest}")).unwrap_or(place);
                Self::Member { place, error: Box::new(shadow(error)) }
            }
            error => shadow(Box::new(error)),
        }
    }

    /// The same with the line of the member, if the configuration comes from a file.
    #[must_use]
    pub fn in_file(self, path: Option<&Path>) -> Self {
        match (self, path) {
            (Self::Member { place, error }, Some(path)) => {
                Self::File(file::error_at(path, &place, error.to_string()).into())
            }
            (error, _) => error,
        }
    }

    /// About the member of the store of turns that names the file at fault.
    #[must_use]
    pub fn of_turns(fault: StoreFault) -> Self {
        let place = format!("/turns/{}", fault.member);
        Self::TurnStore(fault).at(&place)
    }

    /// About the member that names the file at fault.
    #[must_use]
    pub fn of_tls(fault: TlsFault, config: &TlsConfig) -> Self {
        let named = config.named.iter().enumerate().find_map(|(index, one)| {
            let member = if matches!(fault.fault, FileFault::OtherName(_)) && one.certificate == fault.path {
                "serverNames"
            } else if one.key == fault.path {
                "keyFile"
            } else if one.certificate == fault.path {
                "certFile"
            } else {
                return None;
            };
            Some(format!("/tls/certificates/{index}/{member}"))
        });
        let member = if fault.path == config.key {
            "/tls/keyFile".to_owned()
        } else if config.clients.as_ref().is_some_and(|clients| clients.ca == fault.path) {
            "/tls/clientCaFile".to_owned()
        } else {
            named.filter(|_| fault.path != config.certificate).unwrap_or_else(|| "/tls/certFile".to_owned())
        };
        Self::Access(fault.into()).at(&member)
    }
}

impl From<Misfit> for GatewayError {
    fn from(Misfit { place, message }: Misfit) -> Self {
        Self::Arguments(message).at(&place)
    }
}

impl From<GateError> for GatewayError {
    fn from(error: GateError) -> Self {
        let place = error.place();
        Self::Policy(error).at(place)
    }
}

fn evaluations_hint(error: &EngineError) -> &'static str {
    match error {
        EngineError::Wasmtime { .. } => ", with evaluations below limits in the file, or --evaluations",
        EngineError::Clock(_) => "",
    }
}

fn socket_hint(error: &SocketError, option: &str) -> String {
    match error {
        SocketError::NotASocket => format!("remove it, or choose another path with {option}"),
        SocketError::InUse => format!("stop that process, or choose another path with {option}"),
        SocketError::NoUser(_) | SocketError::NoGroup(_) => {
            format!("name one that is there, or its number, in {option}")
        }
        SocketError::Owner(_) => {
            format!("name in {option} the gate's own user and a group that it belongs to, or start the gate as root")
        }
        SocketError::Unknown(_) | SocketError::Bind(_) => format!("check the path given with {option}, and its folder"),
    }
}

fn listen_hint(error: &std::io::Error, option: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("choose another address with {option}"),
        std::io::ErrorKind::PermissionDenied => format!("choose a port above 1023 with {option}"),
        _ => format!("check the address given with {option}"),
    }
}
