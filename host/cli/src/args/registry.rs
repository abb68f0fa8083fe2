//! How a command reaches a registry.

use std::path::{Path, PathBuf};

use http::uri::Authority;
use solgate_registry::{Client, Reference, RegistryError, Settings, is_remote};

/// How registries are reached. Who you are is read from the file that `docker login` or
/// `skopeo login` writes, or from `SOLGATE_REGISTRY_USERNAME` and `SOLGATE_REGISTRY_PASSWORD`.
#[derive(Debug, Clone, clap::Args)]
pub struct RegistryArgs {
    /// PEM certificates to trust, instead of the system's
    #[arg(long, value_name = "FILE", env = "SOLGATE_REGISTRY_CA_FILE")]
    ca_file: Option<PathBuf>,

    /// Speak to this registry without TLS; can be repeated
    #[arg(long, value_name = "HOST[:PORT]", env = "SOLGATE_REGISTRY_PLAIN_HTTP", value_delimiter = ',')]
    plain_http: Vec<Authority>,

    /// The file of user names and passwords, instead of the usual ones
    #[arg(long, value_name = "FILE", env = "REGISTRY_AUTH_FILE")]
    auth_file: Option<PathBuf>,
}

impl RegistryArgs {
    /// The settings, with what is kept in this folder.
    pub fn settings(&self, folder: Option<PathBuf>) -> Settings {
        let Self { ca_file, plain_http, auth_file } = self.clone();
        Settings { folder, ca_file, plain_http, auth_file, ..Settings::default() }
    }

    /// What speaks to registries.
    ///
    /// # Errors
    /// The certificates to trust cannot be read.
    pub fn client(&self) -> Result<Client, RegistryError> {
        Client::new(self.settings(None))
    }
}

/// The name of an artefact.
pub fn reference(text: &str) -> Result<Reference, String> {
    Reference::parse(text).ok_or_else(|| format!("expected {}", Reference::EXPECTED))
}

/// A policy that is not a file.
pub fn remote(text: &str) -> Result<PathBuf, String> {
    let expected = || format!("expected {}", solgate_registry::Remote::EXPECTED);
    let path = Path::new(text);
    solgate_registry::Remote::parse(text).filter(|_| is_remote(path)).map(|_| path.to_owned()).ok_or_else(expected)
}
