//! What a registry keeps of an artefact, as the image specification of OCI 1.1 and the CNCF's
//! layout for WebAssembly have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use solgate::policy::FileDigest;

/// The media type of a [`Manifest`].
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an [`Index`].
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The media type of a [`WasmConfig`].
pub const WASM_CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The media type of a component.
pub const WASM: &str = "application/wasm";
/// The media type of a config that says nothing, and what it is.
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub const EMPTY_CONFIG: &[u8] = b"{}";
/// The artefact type of the signature that `solgate sign` makes.
pub const SIGNATURE: &str = "application/vnd.solgate.policy.signature.v1";

/// Bytes of a manifest or an index: what registries take at most.
pub const LARGEST: u64 = 4 << 20;

/// A part of an artefact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    pub media_type: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// In bytes.
    pub size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// That of these bytes.
    #[must_use]
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest: format!("sha256:{}", FileDigest::of(bytes)),
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            artifact_type: None,
            annotations: BTreeMap::new(),
        }
    }

    /// Its digest, if it is one of SHA-256.
    #[must_use]
    pub fn sha256(&self) -> Option<FileDigest> {
        self.digest.strip_prefix("sha256:")?.parse().ok()
    }
}

/// An artefact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub schema_version: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    pub config: Descriptor,
    #[serde(default)]
    pub layers: Vec<Descriptor>,
    /// To which it is attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// A new one.
    #[must_use]
    pub fn new(config: Descriptor, layer: Descriptor) -> Self {
        Self {
            schema_version: 2,
            media_type: Some(MANIFEST.to_owned()),
            artifact_type: None,
            config,
            layers: vec![layer],
            subject: None,
            annotations: BTreeMap::new(),
        }
    }

    /// The component, if it is a WebAssembly artefact with one.
    ///
    /// # Errors
    /// What it is instead.
    pub fn component(&self) -> Result<&Descriptor, String> {
        match self.layers.as_slice() {
            [layer] if layer.media_type == WASM => Ok(layer),
            [layer] => Err(format!("its layer is {}; expected {WASM}", layer.media_type)),
            layers => Err(format!("it has {} layers; expected one of {WASM}", layers.len())),
        }
    }
}

/// A list of artefacts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    pub schema_version: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
}

impl Default for Index {
    fn default() -> Self {
        Self { schema_version: 2, media_type: Some(INDEX.to_owned()), manifests: Vec::new() }
    }
}

/// What the layout says of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WasmConfig {
    /// RFC 3339.
    pub created: String,
    pub architecture: String,
    pub os: String,
    pub layer_digests: Vec<String>,
    pub component: WasmComponent,
}

/// Imports and exports of a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WasmComponent {
    pub exports: Vec<String>,
    pub imports: Vec<String>,
}

impl WasmConfig {
    /// That of a policy, which imports nothing and exports what the contract says.
    #[must_use]
    pub fn of_policy(created: String, layer: &Descriptor) -> Self {
        Self {
            created,
            architecture: "wasm".to_owned(),
            // A component, in the words of the layout; it asks for nothing of WASI.
            os: "wasip2".to_owned(),
            layer_digests: vec![layer.digest.clone()],
            component: WasmComponent { exports: vec!["solgate:policy/judge@1.0.0".to_owned()], imports: Vec::new() },
        }
    }
}
