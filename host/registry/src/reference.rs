//! Where a policy is, if it is not a file.

use std::fmt;
use std::path::Path;

use http::Uri;
use http::uri::{Authority, Scheme};
use solgate::policy::{FileDigest, PolicyFile};

/// A policy in a registry, or at a URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Remote {
    Oci(Reference),
    Https(Uri),
}

/// An artefact in a registry.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    /// Host, and port if it is not the usual one.
    pub registry: Authority,
    /// The repository's name, such as `team/vnflcm`.
    pub name: String,
    pub version: Version,
}

/// Which of the artefacts of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Version {
    /// The one that has this tag now.
    Tag(String),
    /// This very one; lower-case hexadecimal SHA-256 of its manifest.
    Digest(String),
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => write!(f, "sha256:{digest}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { registry, name, version } = self;
        let separator = if matches!(version, Version::Tag(_)) { ':' } else { '@' };
        write!(f, "{}{registry}/{name}{separator}{version}", Remote::OCI)
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oci(reference) => reference.fmt(f),
            Self::Https(url) => url.fmt(f),
        }
    }
}

/// Whether what is named as a policy is somewhere else than in a file.
#[must_use]
pub fn is_remote(policy: &Path) -> bool {
    PolicyFile::is_remote(policy)
}

impl Remote {
    const OCI: &str = "oci://";

    /// What [`parse`](Self::parse) takes.
    pub const EXPECTED: &str = "oci://HOST[:PORT]/NAME:TAG, oci://HOST[:PORT]/NAME@sha256:DIGEST or https://HOST/PATH";

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.starts_with(Self::OCI) {
            return Reference::parse(text).map(Self::Oci);
        }
        let url: Uri = text.parse().ok()?;
        let plain = url.scheme() == Some(&Scheme::HTTPS)
            && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && url.path() != "/";
        plain.then_some(Self::Https(url))
    }

    /// The remote that is named in the place of a file.
    #[must_use]
    pub fn named(policy: &Path) -> Option<Self> {
        policy.to_str().and_then(Self::parse)
    }

    /// Whether it may be another one tomorrow.
    #[must_use]
    pub fn may_change(&self) -> bool {
        !matches!(self, Self::Oci(Reference { version: Version::Digest(_), .. }))
    }
}

impl Reference {
    /// What [`parse`](Self::parse) takes.
    pub const EXPECTED: &str = "oci://HOST[:PORT]/NAME:TAG or oci://HOST[:PORT]/NAME@sha256:DIGEST";

    /// With a tag and a digest, the digest counts.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (registry, rest) = text.strip_prefix(Remote::OCI)?.split_once('/')?;
        let registry: Authority = registry.parse().ok()?;
        if registry.as_str().contains('@') || registry.host().is_empty() {
            return None;
        }
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.strip_prefix("sha256:")?)),
            None => (rest, None),
        };
        let (name, tag) = match rest.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (rest, None),
        };
        let is_good = is_name(name) && tag.is_none_or(is_tag);
        let version = match (digest, tag) {
            (Some(digest), _) => Version::Digest(digest.parse::<FileDigest>().ok()?.to_string()),
            (None, Some(tag)) => Version::Tag(tag.to_owned()),
            (None, None) => return None,
        };
        is_good.then(|| Self { registry, name: name.to_owned(), version })
    }

    /// Another artefact of the same repository.
    #[must_use]
    pub fn with(&self, version: Version) -> Self {
        Self { version, ..self.clone() }
    }
}

/// As the specification of the distribution protocol has it.
fn is_name(name: &str) -> bool {
    name.len() <= 255 && name.split('/').all(is_name_part)
}

fn is_name_part(part: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    is_edge(part.chars().next())
        && is_edge(part.chars().next_back())
        && part.chars().all(is_inner)
        && !part.contains("..")
}

/// The same.
pub fn is_tag(tag: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=128).contains(&tag.len()) && tag.chars().all(is_inner) && !tag.starts_with(['.', '-'])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_and_written() {
        let digest = "ab".repeat(32);
        for (text, written) in [
            ("oci://registry.example/team/vnflcm:stable", None),
            ("oci://127.0.0.1:5000/a:1.2.3", None),
            ("https://policies.example/vnflcm.wasm", None),
            (&format!("oci://r.example/a@sha256:{digest}"), None),
            (&format!("oci://r.example/a:tag@sha256:{digest}"), Some(format!("oci://r.example/a@sha256:{digest}"))),
        ] {
            let expected = written.unwrap_or_else(|| text.to_owned());
            assert_eq!(Remote::parse(text).unwrap().to_string(), expected, "{text}");
        }
        for text in [
            "oci://registry.example",
            "oci://registry.example/a",
            "oci:///a:b",
            "oci://user:secret@r.example/a:b",
            "oci://r.example/A:b",
            "oci://r.example/a..b:c",
            "oci://r.example/a/../b:c",
            "oci://r.example/a:b c",
            "oci://r.example/a@sha256:12",
            "oci://r.example/a@sha512:12",
            "https://policies.example",
            "https://user:secret@policies.example/a",
            "http://policies.example/a.wasm",
            "policy.wasm",
        ] {
            assert_eq!(Remote::parse(text), None, "{text}");
        }
    }
}
