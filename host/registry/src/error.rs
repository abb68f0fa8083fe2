//! What may go wrong on the way to a policy.

use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;
use solgate_files::ReadError;
use solgate_upstream::connect::CertificatesError;

/// Why something was not fetched, or not stored.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error("{host} cannot be reached: {cause}")]
    Unreached { host: String, cause: String },
    #[error("the proxy {proxy} is {scheme}://; expected http://HOST[:PORT] in HTTPS_PROXY")]
    Proxy { proxy: String, scheme: String },
    #[error("{variable} in the environment is not the URL of a proxy; expected http://HOST[:PORT]")]
    ProxyVariable { variable: &'static str },
    #[error("{host} does not answer within {limit:?}")]
    Timeout { host: String, limit: Duration },
    #[error("{what}: the answer is {status}{}", detail(message))]
    Status { what: String, status: StatusCode, message: String },
    #[error(
        "{what}: access is denied ({status}){}; say who you are in the file of credentials that `docker login` or `skopeo login` writes, or in SOLGATE_REGISTRY_USERNAME and SOLGATE_REGISTRY_PASSWORD",
        detail(message)
    )]
    Denied { what: String, status: StatusCode, message: String },
    #[error("{what} is not there")]
    Missing { what: String },
    #[error("{what} has {size} bytes, and {most} at most are read of it")]
    TooLarge { what: String, size: u64, most: u64 },
    #[error("{what} is not what was asked for: its SHA-256 is {found}, expected {expected}")]
    OtherContent { what: String, found: String, expected: String },
    #[error("{what} is not valid: {fault}")]
    Format { what: String, fault: String },
    #[error("{what} leads to {target}, and is not followed: {why}")]
    Redirect { what: String, target: String, why: &'static str },
    #[error("cannot read {}: {error}", path.display())]
    File { path: PathBuf, error: ReadError },
    #[error("{}: {fault}", path.display())]
    Credentials { path: PathBuf, fault: &'static str },
    #[error("the program docker-credential-{name}, which a file of credentials names: {fault}")]
    Helper { name: String, fault: String },
    #[error("{}: there is no PEM certificate in this file", .0.display())]
    NoCertificates(PathBuf),
    #[error(transparent)]
    Certificates(#[from] CertificatesError),
    #[error("the thread that speaks to the registry could not be started, or failed")]
    Thread,
}

impl RegistryError {
    /// Whether another attempt may succeed although nobody changes anything.
    #[must_use]
    pub fn is_away(&self) -> bool {
        match self {
            Self::Unreached { .. } | Self::Timeout { .. } | Self::Thread => true,
            Self::Status { status, .. } => status.is_server_error() || *status == StatusCode::TOO_MANY_REQUESTS,
            _ => false,
        }
    }
}

/// Why the signature of an artefact does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no signature by one of the keys is attached to it")]
    Unsigned,
    #[error("the signature {0}")]
    Wrong(String),
    #[error("the key that signed it is withdrawn")]
    Withdrawn,
}

/// What a registry says for people, made fit for a terminal.
fn detail(message: &str) -> String {
    if message.is_empty() { String::new() } else { format!(", {message}") }
}
