//! How registries are reached, and where policies are kept.

use std::path::PathBuf;
use std::time::Duration;

use http::uri::Authority;

/// How registries and servers are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where what was fetched is kept.
    pub folder: Option<PathBuf>,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Registries that have no TLS.
    pub plain_http: Vec<Authority>,
    /// The file of credentials, in the place of the usual ones.
    pub auth_file: Option<PathBuf>,
    /// Between two pieces of an answer, and for a connection.
    pub timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { folder: None, ca_file: None, plain_http: Vec::new(), auth_file: None, timeout: Duration::from_secs(10) }
    }
}

impl Settings {
    /// As the environment has it: `SOLGATE_POLICY_FOLDER`, `SOLGATE_REGISTRY_CA_FILE`,
    /// `SOLGATE_REGISTRY_PLAIN_HTTP` (HOST[:PORT], several separated by commas) and
    /// `REGISTRY_AUTH_FILE`. For commands without a configuration.
    #[must_use]
    pub fn from_environment() -> Self {
        let path = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let plain = std::env::var("SOLGATE_REGISTRY_PLAIN_HTTP").unwrap_or_default();
        Self {
            folder: path("SOLGATE_POLICY_FOLDER"),
            ca_file: path("SOLGATE_REGISTRY_CA_FILE"),
            plain_http: plain.split(',').filter_map(|one| one.trim().parse().ok()).collect(),
            auth_file: path("REGISTRY_AUTH_FILE"),
            ..Self::default()
        }
    }

    /// These settings, and what the environment says where they say nothing.
    #[must_use]
    pub fn or_environment(self) -> Self {
        let around = Self::from_environment();
        Self {
            folder: self.folder.or(around.folder),
            ca_file: self.ca_file.or(around.ca_file),
            plain_http: if self.plain_http.is_empty() { around.plain_http } else { self.plain_http },
            auth_file: self.auth_file.or(around.auth_file),
            timeout: self.timeout,
        }
    }
}

/// Where policies are kept if nothing is said: `policies` in the folder that systemd gives
/// the service (`StateDirectory=`), else `solgate/policies` in the user's state folder.
/// `None` if there is neither.
#[must_use]
pub fn default_folder() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let of_service = set("STATE_DIRECTORY").map(|folder| folder.join("policies"));
    of_service
        .or_else(|| set("XDG_STATE_HOME").map(|folder| folder.join("solgate/policies")))
        .or_else(|| set("HOME").map(|folder| folder.join(".local/state/solgate/policies")))
}
