//! Files of policies: a path, or one with the digest that it must have.

use std::fmt;
use std::path::PathBuf;

use serde::de::{self, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use solgate::policy::{FileDigest, PolicyFile};

use crate::values::{Digest, FilePath, Maybe};

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PolicyFile>, D::Error> {
    Ok(Vec::<One>::deserialize(deserializer)?.into_iter().map(|one| one.0).collect())
}

pub fn serialize<S: Serializer>(files: &[PolicyFile], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(|file| Policy { file: Some(file.path.clone()), sha256: file.sha256 }))
}

struct One(PolicyFile);

impl<'de> Deserialize<'de> for One {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneVisitor).map(One)
    }
}

struct OneVisitor;

impl<'de> Visitor<'de> for OneVisitor {
    type Value = PolicyFile;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(PolicyFile::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<PolicyFile, E> {
        PolicyFile::parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<PolicyFile, A::Error> {
        let Policy { file, sha256 } = Policy::deserialize(MapAccessDeserializer::new(map))?;
        let path = file.ok_or_else(|| de::Error::custom("file is missing: the path of the policy"))?;
        Ok(PolicyFile { path, sha256 })
    }
}

/// A policy whose file must be a certain one.
#[derive(Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "PinnedPolicy"))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Policy {
    /// The path of the policy.
    #[serde(with = "Maybe::<FilePath>")]
    file: Option<PathBuf>,
    /// The SHA-256 that the file must have.
    #[serde(with = "Maybe::<Digest>", skip_serializing_if = "Option::is_none")]
    sha256: Option<FileDigest>,
}

/// A policy: its file, or its file and the digest of that.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, rename = "PolicyFile")]
#[allow(dead_code)]
pub enum Either {
    /// A path, with @sha256:DIGEST behind it where the file must be a certain one.
    Path(String),
    Pinned(Policy),
}
