//! Files of policies: a path, or one with the digest that it must have.

use std::fmt;
use std::path::PathBuf;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use solgate::policy::{FileDigest, PolicyFile};

use crate::values::{As, Digest, FilePath, Item, Maybe, MaybePositive, Positive};

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<PolicyFile>, D::Error> {
    Ok(Vec::<One>::deserialize(deserializer)?.into_iter().map(|one| one.0).collect())
}

pub fn serialize<S: Serializer>(files: &[PolicyFile], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(files.iter().map(|file| Policy {
        file: file.path.clone(),
        sha256: file.sha256,
        least_version: file.least_version.and_then(|version| version.try_into().ok()),
    }))
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

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PolicyFile, A::Error> {
        let (mut file, mut sha256, mut least_version) = (None, Ok(None), Ok(None));
        while let Some(member) = map.next_key()? {
            match member {
                Member::File => file = Some(map.next_value::<Item<FilePath>>()?),
                Member::Sha256 => sha256 = map.next_value::<Item<Digest>>().map(Some),
                Member::LeastVersion => least_version = map.next_value::<Version>().map(Some),
            }
        }
        // What is missing comes first: a digest alone may stand for anything.
        let Item(path) = file.ok_or_else(|| de::Error::custom("file is missing: the path of the policy"))?;
        let sha256 = sha256?.map(|Item(digest)| digest);
        let least_version = least_version?.and_then(|Version(version)| version.try_into().ok());
        Ok(PolicyFile { sha256, least_version, ..PolicyFile::from(path) })
    }
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Member {
    File,
    Sha256,
    LeastVersion,
}

/// The version of a policy.
struct Version(usize);

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Positive::deserialize(deserializer).map(Self)
    }
}

/// A policy whose file must be a certain one, or of a certain version at least.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename = "PinnedPolicy"))]
#[cfg_attr(test, schemars(deny_unknown_fields))]
#[serde(rename_all = "camelCase")]
pub(super) struct Policy {
    /// The path of the policy.
    #[serde(with = "As::<FilePath>")]
    file: PathBuf,
    /// The SHA-256 that the file must have.
    #[serde(default, with = "Maybe::<Digest>", skip_serializing_if = "Option::is_none")]
    sha256: Option<FileDigest>,
    /// The lowest version that the signature may give the policy.
    #[serde(default, with = "MaybePositive", skip_serializing_if = "Option::is_none")]
    least_version: Option<usize>,
}

/// A policy: its file, or its file and what that must be.
#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, rename = "PolicyFile")]
#[allow(dead_code)]
pub enum Either {
    /// A path, with @sha256:DIGEST behind it where the file must be a certain one.
    Path(String),
    Pinned(Policy),
}
