//! Turns that several gates take together, and the store in which they do.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store_url::StoreUrl;
use crate::values::{As, ClaimTime, FilePath, LeaseTime, Maybe, Store};

/// How gates take turns together: of all requests on one resource, one at a time is judged and forwarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TurnsConfig {
    /// Redis or Valkey, which all gates before a VNFM share.
    #[serde(with = "As::<Store>")]
    pub store: StoreUrl,
    /// The password of the user in the URL, or of the user default: the first line of this file, read at each connection.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
    /// PEM certificates to trust instead of the system's, for a store with TLS.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// PEM certificates that the gate shows to the store, its own first; none by default.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// PEM private key of that certificate.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// What becomes of operations while the store cannot be used: local lets them take turns within each gate only, refuse answers 503.
    #[serde(default)]
    pub on_store_loss: OnStoreLoss,
    /// For which a turn holds without being renewed: others wait so long for a gate that has died.
    #[serde(default = "lease", with = "As::<LeaseTime>")]
    pub lease: Duration,
    /// For which ext-authz and forward-auth keep a turn of what they have let pass, unless the VNFM shows the operation before.
    #[serde(default = "claim", with = "As::<ClaimTime>")]
    pub claim: Duration,
}

/// What becomes of operations while the store cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum OnStoreLoss {
    /// Turns hold within each gate only.
    #[default]
    Local,
    /// 503.
    Refuse,
}

fn lease() -> Duration {
    Duration::from_secs(10)
}

fn claim() -> Duration {
    Duration::from_secs(3)
}

impl TurnsConfig {
    /// Turns in this store, with the defaults.
    #[must_use]
    pub fn new(store: StoreUrl) -> Self {
        Self {
            store,
            password_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            on_store_loss: OnStoreLoss::default(),
            lease: lease(),
            claim: claim(),
        }
    }
}
