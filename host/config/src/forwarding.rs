//! What a VNFM is told about the client that the gate stands before.

use http::HeaderName;
use serde::{Deserialize, Serialize};

use crate::values::{CallerField, Maybe};

/// The field of trusted hops that names the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub enum ClientAddress {
    /// X-Forwarded-For.
    #[default]
    XForwardedFor,
    /// Forwarded (RFC 7239).
    Forwarded,
}

/// What `serve` tells a VNFM of the client; nothing by default. What clients themselves say
/// in these fields is removed in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct ForwardingConfig {
    /// Whether X-Forwarded-For, -Proto, -Host and Forwarded name the client, as the gate knows it.
    pub client_fields: bool,
    /// Field that names the caller that the gate has verified: its subject, else the first name in its certificate.
    #[serde(with = "Maybe::<CallerField>", skip_serializing_if = "Option::is_none")]
    pub caller_field: Option<HeaderName>,
}
