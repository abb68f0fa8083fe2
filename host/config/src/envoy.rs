//! The configuration of the gate in Envoy.

use crate::gate::GateConfig;
use crate::gateway::LogFormat;
use crate::record::RecordConfig;

/// One gate in Envoy, and what is reported of it. Envoy connects to the VNFM, counts
/// requests and limits them.
#[derive(Debug, Clone, PartialEq)]
pub struct EnvoyConfig {
    pub gate: GateConfig,
    /// Envoy's cluster that has the facts; `None`: the one to which the request is routed.
    pub cluster: Option<String>,
    /// The key of the filter state that holds the payload of a verified token, as JSON.
    pub jwt_payload: String,
    /// That of the one that holds the certificate of the client: PEM, encoded for a URL.
    pub certificate: String,
    pub log: LogFormat,
    pub record: Option<RecordConfig>,
    /// Whether policies are replaced when their files are.
    pub reload: bool,
}
