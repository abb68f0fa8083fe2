//! How policies and configurations are read again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use solgate::policy::{Isolation, LoadError, Policy, PolicySources};
use solgate_config::{Config, GateError};

use crate::error::GatewayError;

/// Loads a policy from the bytes of the file at a path.
pub type ComponentLoader = Arc<dyn Fn(&Path, &[u8]) -> Result<Policy, LoadError> + Send + Sync>;

/// Checks and loads policy components; without any file, the built-in policy.
pub type SourceLoader = Arc<dyn Fn(&PolicySources, Isolation) -> Result<Vec<Arc<Policy>>, GateError> + Send + Sync>;

/// Where the configuration comes from.
#[derive(Clone)]
pub struct ConfigurationFile {
    pub path: PathBuf,
    /// Reads it, with the arguments that have the last word.
    pub read: Arc<dyn Fn() -> Result<Config, GatewayError> + Send + Sync>,
    pub load: SourceLoader,
}
