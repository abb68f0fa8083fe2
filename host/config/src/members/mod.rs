//! The members of the configuration file, with what each is for and its default.
//!
//! This is the one place that names them: the reader, the JSON Schema, the table in
//! docs/configuration.md and the defaults in `--help` all follow from these types. What
//! the program works with is [`Config`](crate::Config), which [`resolve`](crate::resolve)
//! makes of a [`File`].

pub mod jwt;
mod options;
mod policies;
mod severities;
mod signers;

use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use http::uri::Authority;
use http::{HeaderValue, Uri};
use serde::{Deserialize, Serialize};
use solgate::gate::FactFailure;
use solgate::policy::{EvaluationLimits, Isolation, PolicyFile};

use crate::decision_export::DecisionExportConfig;
use crate::forwarding::{ClientAddress, ForwardingConfig};
use crate::gate::{FactsConfig, GateMode, SeverityOverride};
use crate::gateway::{DEFAULT_LISTEN, Limits, LogFormat};
use crate::health::{Balance, HealthConfig, HostPort};
use crate::listen::ListenAddress;
use crate::names::FactFailureName;
use crate::networks::Hop;
use crate::presence::Presence;
use crate::registry::{Labels, RegistryConfig};
use crate::store_url::STORE;
use crate::tracing::TracingConfig;
use crate::turns::TurnsConfig;
use crate::values::{
    Address, As, COLLECTOR, Each, EvaluationTime, FilePath, HostName, Isolated, Maybe, Memory, Network, Output,
    PathPrefix, SecretName, ServerName, TurnsName, TypeBase, Version, Violations,
};
use crate::vnfm_url::Url;

/// What a member is that must be there, by the type that it belongs to.
pub const REQUIRED: [(&str, &str, &str); 12] = [
    ("Upstream", "url", "http://HOST[:PORT] of the VNFM"),
    ("Tls", "certFile", "the PEM certificate of the gate"),
    ("Tls", "keyFile", "the PEM private key of the certificate"),
    ("NamedCertificate", "serverNames", "the names that clients ask for"),
    ("NamedCertificate", "certFile", "the PEM certificate for these names"),
    ("NamedCertificate", "keyFile", "the PEM private key of the certificate"),
    ("Issuer", "issuer", "the claim iss of its tokens"),
    ("Issuer", "jwks", "the file, or the https URL, of the keys"),
    ("TracingConfig", "otlp", COLLECTOR),
    ("DecisionExportConfig", "otlp", COLLECTOR),
    ("TurnsConfig", "store", STORE),
    ("DecisionLog", "file", "the path to which decisions are recorded"),
];

/// The default of the member at a JSON Pointer, such as `/limits/answerTimeout`; of an
/// upstream it is `/upstreams/0/...`. `None` if it has none.
#[must_use]
pub fn default_of(pointer: &str) -> Option<String> {
    match DEFAULTS.pointer(pointer)? {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Number(number) => number.as_f64().map(|number| number.to_string()),
        other => Some(other.to_string()),
    }
}

/// A file that says nothing but what must be there.
static DEFAULTS: LazyLock<serde_json::Value> = LazyLock::new(|| {
    let file = serde_json::json!({
        "decisionExport": {"otlp": "http://collector"},
        "tracing": {"otlp": "http://collector"},
        "turns": {"store": "redis://store"},
        "jwt": {"jwks": "keys.json"},
        "upstreams": [{"url": "http://vnfm", "evaluation": {}}],
    });
    serde_json::from_value::<File>(file).and_then(serde_json::to_value).unwrap_or_default()
});

/// The configuration file of `solgate serve`, `ext-authz` and `forward-auth`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct File {
    /// Address and port to listen on, or unix:/PATH of a socket, whose mode is 600 unless ,mode=MODE follows, and whose owner ,user=NAME and ,group=NAME change.
    #[serde(with = "As::<Address>")]
    pub listen: ListenAddress,
    /// Address and port, or unix:/PATH, of /healthz, /readyz, /metrics, /status, /config and /log-level; without it there are none.
    #[serde(with = "Maybe::<Address>", skip_serializing_if = "Option::is_none")]
    pub admin: Option<ListenAddress>,
    /// Whether clients of serve may speak HTTP/2: in TLS if they choose it there, without TLS if they begin with it.
    pub http2: bool,
    /// TLS on the address that clients use; without it there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// How the access tokens of callers are checked; without it they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<jwt::Jwt>,
    /// Networks and addresses of the servers in front of the gate: what they say of clients is believed, and many clients may come from one of them. unix stands for whoever connects to a Unix socket.
    #[serde(with = "Each::<Network>", skip_serializing_if = "Vec::is_empty")]
    pub trusted_hops: Vec<Hop>,
    /// The field in which trusted hops name the client; the other one is not looked at.
    pub client_address: ClientAddress,
    /// Whether each connection from a trusted hop begins with the PROXY protocol, version 1 or 2.
    pub proxy_protocol: bool,
    /// What serve tells VNFMs of clients.
    pub forwarding: ForwardingConfig,
    /// How decisions are written to standard output.
    pub log: LogFormat,
    /// Where whole decisions are recorded; without it nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_log: Option<DecisionLog>,
    /// Where decisions go beside standard output and the decision log; without it nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision_export: Option<DecisionExportConfig>,
    /// Where spans go; without it none are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracing: Option<TracingConfig>,
    /// Turns that several gates take together; without it each gate has its own, and only serve has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns: Option<TurnsConfig>,
    /// Whether this file, policies, certificates and keys are read again when they change, or at SIGHUP; only then tags are followed.
    pub reload: bool,
    /// What is said of this gate among many, by name: {NAME} in oci://... and https://... of a policy stands for the value.
    #[serde(skip_serializing_if = "Labels::is_empty")]
    pub labels: Labels,
    /// How policies are fetched that are in a registry or at a URL.
    pub registry: RegistryConfig,
    /// Limits for all upstreams together.
    pub limits: Limits,
    /// How refusals are written, for upstreams that do not say it themselves.
    #[serde(skip_serializing_if = "Problem::is_empty")]
    pub problem: Problem,
    /// The VNFMs, by host and path prefix; the longest prefix wins.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub upstreams: Option<Vec<Upstream>>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            listen: ListenAddress::Tcp(DEFAULT_LISTEN.to_owned()),
            admin: None,
            http2: false,
            tls: None,
            jwt: None,
            trusted_hops: Vec::new(),
            client_address: ClientAddress::default(),
            proxy_protocol: false,
            forwarding: ForwardingConfig::default(),
            log: LogFormat::default(),
            decision_log: None,
            decision_export: None,
            tracing: None,
            turns: None,
            reload: true,
            labels: Labels::new(),
            registry: RegistryConfig::default(),
            limits: Limits::default(),
            problem: Problem::default(),
            upstreams: None,
        }
    }
}

/// Declares a type with the members of a gate after its own ones: serde's `flatten` would
/// lose the positions, and the check for unknown members.
macro_rules! with_gate_members {
    ($(#[$attribute:meta])* $name:ident { $($own:tt)* }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Serialize, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields, rename_all = "camelCase")]
        pub struct $name {
            $($own)*
            /// Component files of policies, oci://HOST/NAME:TAG, oci://HOST/NAME@sha256:DIGEST or https://...; without any, the built-in policy judges.
            #[serde(default, with = "policies")]
            #[cfg_attr(test, schemars(with = "Vec<policies::Either>"))]
            pub policies: Vec<PolicyFile>,
            /// Public keys, of solgate keygen or, for oci://, of cosign: each policy must be signed with one of them.
            #[serde(default, with = "signers", skip_serializing_if = "Vec::is_empty")]
            #[cfg_attr(test, schemars(with = "crate::values::Each::<FilePath>", length(min = 1)))]
            pub require_signature: Vec<PathBuf>,
            /// Public keys that count no longer, in requireSignature or not: what they have signed is not loaded.
            #[serde(default, with = "Each::<FilePath>", skip_serializing_if = "Vec::is_empty")]
            pub withdrawn_keys: Vec<PathBuf>,
            /// Options of the policies, by name; the rest is as the policies have it.
            #[serde(default, with = "options")]
            #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, options::OptionValue>"))]
            pub set: Vec<(String, serde_json::Value)>,
            /// Rules with another severity, by id; the rest is as the policies have it.
            #[serde(default, with = "severities")]
            #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, severities::Members>"))]
            pub severity: Vec<SeverityOverride>,
            /// What is done: enforce refuses what a policy denies, monitor only reports it, off does not judge.
            #[serde(default)]
            pub mode: GateMode,
            /// Whether each evaluation has an instance of the policy of its own (fresh), or an instance that is put back as it was after each (rewound), or one serves N (recycle:N).
            #[serde(default, with = "As::<Isolated>")]
            pub isolation: Isolation,
            /// What a policy may take for one request.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub evaluation: Option<Evaluation>,
            /// Where facts come from and how long they hold.
            #[serde(default)]
            pub facts: FactsConfig,
            /// What becomes of a request if the VNFM does not say what a rule needs to know.
            #[serde(default, with = "FactFailureName")]
            pub fact_failure: FactFailure,
            /// How refusals are written.
            #[serde(default, skip_serializing_if = "Problem::is_empty")]
            pub problem: Problem,
        }

        impl $name {
            /// Its gate, with paths as they are written.
            pub fn gate(self, problem: &Problem) -> crate::gate::GateConfig {
                crate::gate::GateConfig {
                    policies: solgate::policy::PolicySources {
                        files: self.policies,
                        signers: self.require_signature,
                        withdrawn: self.withdrawn_keys,
                    },
                    options: self.set,
                    severities: self.severity,
                    mode: self.mode,
                    isolation: self.isolation,
                    evaluation: self.evaluation.map(Into::into),
                    facts: self.facts,
                    fact_failure: self.fact_failure,
                    style: self.problem.or(problem).style(),
                }
            }
        }
    };
}

with_gate_members! {
    /// A VNFM, and the gate in front of it.
    Upstream {
        /// The VNFM: scheme and authority, and the path below which its APIs are.
        #[serde(with = "As::<Url>")]
        pub url: Uri,
        /// Addresses at which the VNFM is; where its URL says, if none is named. The URL is its name: in certificates, logs and metrics.
        #[serde(default, with = "Each::<HostPort>", skip_serializing_if = "Vec::is_empty")]
        #[cfg_attr(test, schemars(with = "Each::<HostPort>", length(min = 1)))]
        pub addresses: Vec<Authority>,
        /// Which of the addresses gets a request, among those that are healthy.
        #[serde(default)]
        pub balance: Balance,
        /// How the health of the addresses is found.
        #[serde(default)]
        pub health: HealthConfig,
        /// Requests with this Host, on any port, only.
        #[serde(default, with = "Maybe::<HostName>", skip_serializing_if = "Option::is_none")]
        pub host: Option<String>,
        /// Requests whose path starts with these segments only.
        #[serde(default, with = "Maybe::<PathPrefix>", skip_serializing_if = "Option::is_none")]
        pub path_prefix: Option<String>,
        /// Whether pathPrefix is taken off before a request is judged and forwarded: only clients know it.
        #[serde(default)]
        pub strip_prefix: bool,
        /// What the VNFM is called where gates take turns together; host, port and path of its URL by default. Gates that know one VNFM by different URLs need this.
        #[serde(default, with = "Maybe::<TurnsName>", skip_serializing_if = "Option::is_none")]
        pub turns_name: Option<String>,
        /// PEM certificates to trust instead of the system's.
        #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
        pub ca_file: Option<PathBuf>,
        /// PEM certificates that the gate shows to an https VNFM, its own first; none by default.
        #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
        pub cert_file: Option<PathBuf>,
        /// PEM private key of that certificate.
        #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
        pub key_file: Option<PathBuf>,
        /// Policies, named as in policies, that judge the same requests without effect.
        #[serde(default, with = "policies")]
        #[cfg_attr(test, schemars(with = "Vec<policies::Either>"))]
        pub shadow: Vec<PolicyFile>,
    }
}

with_gate_members! {
    /// One gate and nothing else, as the C library reads it.
    #[derive(Default)]
    Gate {}
}

with_gate_members! {
    /// One gate, as the module in Envoy reads it.
    EnvoyModule {
        /// The cluster that has the facts; without it the one to which the request is routed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub cluster: Option<String>,
        /// The key of the filter state that holds the payload of a verified token.
        #[serde(default = "jwt_payload")]
        pub jwt_payload: String,
        /// The key of the filter state that holds the certificate of the client, which Envoy has verified.
        #[serde(default = "certificate")]
        pub certificate: String,
        /// How decisions are written to standard output.
        #[serde(default = "no_lines")]
        pub log: LogFormat,
        /// Where whole decisions are recorded; without it nowhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub decision_log: Option<DecisionLog>,
        /// Whether the policies are read again when their files change.
        #[serde(default = "reload")]
        pub reload: bool,
    }
}

fn jwt_payload() -> String {
    "solgate.jwt_payload".to_owned()
}

fn certificate() -> String {
    "solgate.certificate".to_owned()
}

/// The access log of Envoy says what was decided.
fn no_lines() -> LogFormat {
    LogFormat::Off
}

fn reload() -> bool {
    true
}

/// TLS on the address that clients use.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Tls {
    /// PEM certificates, the gate's own first.
    #[serde(with = "As::<FilePath>")]
    pub cert_file: PathBuf,
    /// PEM private key of that certificate.
    #[serde(with = "As::<FilePath>")]
    pub key_file: PathBuf,
    /// Other certificates, for clients that ask for one of their server names (SNI); all others get the one above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<NamedCertificate>,
    /// PEM certificates of the authorities that clients' certificates must come from; without it none are asked for.
    #[serde(default, with = "Maybe::<FilePath>", skip_serializing_if = "Option::is_none")]
    pub client_ca_file: Option<PathBuf>,
    /// Whether a client may come without a certificate; goes with clientCaFile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_cert: Option<Presence>,
}

/// A certificate for clients that ask for one of its names.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct NamedCertificate {
    /// Names that clients ask for, all of which the certificate has; `*` stands for one label at the beginning.
    #[serde(with = "Each::<ServerName>")]
    #[cfg_attr(test, schemars(length(min = 1)))]
    pub server_names: Vec<String>,
    /// PEM certificates, the gate's own first.
    #[serde(with = "As::<FilePath>")]
    pub cert_file: PathBuf,
    /// PEM private key of that certificate.
    #[serde(with = "As::<FilePath>")]
    pub key_file: PathBuf,
}

/// Where whole decisions are recorded.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct DecisionLog {
    /// The file to which a record of every decision is appended.
    #[serde(with = "As::<FilePath>")]
    pub file: PathBuf,
    /// Whether the bodies of requests are recorded, without secrets.
    #[serde(default)]
    pub bodies: bool,
    /// More names of members, parameters and fields that are secrets; one counts wherever a name has it in it.
    #[serde(default, with = "Each::<SecretName>", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schemars(with = "Each::<SecretName>"))]
    pub secret_names: Vec<String>,
    /// Whether each record has the digest of the one before, so that solgate verify --log finds changes.
    #[serde(default)]
    pub chain: bool,
}

/// What a policy may take for one request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Evaluation {
    /// How long; a KiB of body and facts grants 1ms more.
    #[serde(with = "As::<EvaluationTime>")]
    pub time: Duration,
    /// How much memory, about 14 times the largest body.
    #[serde(with = "Memory")]
    pub memory_bytes: usize,
    /// How large its outcome may be.
    #[serde(with = "Output")]
    pub output_bytes: usize,
    /// How many violations the outcome may have, not fewer than the policy's bundle allows.
    #[serde(with = "Violations")]
    pub violations: usize,
}

impl Default for Evaluation {
    fn default() -> Self {
        let EvaluationLimits { time, memory, output, violations, .. } = EvaluationLimits::default();
        Self { time, memory_bytes: memory, output_bytes: output, violations }
    }
}

impl From<Evaluation> for EvaluationLimits {
    fn from(members: Evaluation) -> Self {
        let Evaluation { time, memory_bytes: memory, output_bytes: output, violations } = members;
        Self { time, memory, output, violations, ..Self::default() }
    }
}

/// How refusals are written.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Problem {
    /// `type` of ProblemDetails is this and the rule's id; without it there is no `type`.
    #[serde(with = "Maybe::<TypeBase>", skip_serializing_if = "Option::is_none")]
    pub type_base: Option<String>,
    /// Content-Type of refusals; application/problem+json without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// Version of refusals that have none of their own: the highest version of the API.
    #[serde(with = "Maybe::<Version>", skip_serializing_if = "Option::is_none")]
    pub version: Option<HeaderValue>,
}

/// The type of a refusal's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum MediaType {
    #[serde(rename = "application/problem+json")]
    Problem,
    #[serde(rename = "application/json")]
    Json,
}

impl Problem {
    /// With what `other` says where this one says nothing.
    fn or(self, other: &Self) -> Self {
        Self {
            type_base: self.type_base.or_else(|| other.type_base.clone()),
            media_type: self.media_type.or(other.media_type),
            version: self.version.or_else(|| other.version.clone()),
        }
    }

    fn style(self) -> solgate::problem::ProblemStyle {
        let plain_json = self.media_type == Some(MediaType::Json);
        solgate::problem::ProblemStyle { type_base: self.type_base, plain_json, version: self.version }
    }

    fn is_empty(&self) -> bool {
        self.type_base.is_none() && self.media_type.is_none() && self.version.is_none()
    }
}
