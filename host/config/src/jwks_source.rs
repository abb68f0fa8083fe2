//! Where the keys come from.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use http::Uri;

use crate::host_name::is_host;

/// A file, or the issuer itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksSource {
    File(PathBuf),
    Url(JwksUrl),
}

impl JwksSource {
    /// What [`parse`](Self::parse) takes.
    pub const EXPECTED: &str =
        "a file, or https://HOST[:PORT]/PATH without user and password (http:// on this machine only)";

    /// Reads an argument or a member of the configuration.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.contains("://") {
            return JwksUrl::parse(text).map(Self::Url);
        }
        (!text.is_empty()).then(|| Self::File(PathBuf::from(text)))
    }
}

/// An address that keys can be fetched from without that others put in theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct JwksUrl(Uri);

impl JwksUrl {
    fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        let safe = match uri.scheme_str()? {
            "https" => true,
            "http" => is_loopback(authority.host()),
            _ => false,
        };
        (safe && is_host(authority.host()) && !authority.as_str().contains('@') && !text.contains('#'))
            .then_some(Self(uri))
    }

    pub fn uri(&self) -> &Uri {
        &self.0
    }
}

/// Without the query, which may hold a secret.
impl fmt::Display for JwksUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(out, "{}://{authority}{}", self.0.scheme_str().unwrap_or_default(), self.0.path())
    }
}

impl fmt::Debug for JwksUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "JwksUrl({self})")
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_from_where_nobody_can_exchange_them() {
        let table = [
            ("keys.json", true),
            ("/etc/solgate/keys.json", true),
            ("https://idp.example/keys?tenant=a", true),
            ("https://10.0.0.1:8443/keys", true),
            ("http://127.0.0.1:8080/keys", true),
            ("http://127.1.2.3/keys", true),
            ("http://[::1]:8080/keys", true),
            ("http://localhost/keys", true),
            ("http://idp.example/keys", false),
            ("http://localhost.example/keys", false),
            ("http://127.0.0.1.example/keys", false),
            ("http://10.0.0.1/keys", false),
            ("http://[::2]/keys", false),
            ("http://127.0.0.1@idp.example/keys", false),
            ("https://user:password@idp.example/keys", false),
            ("https://idp.example/keys#a", false),
            ("ftp://idp.example/keys", false),
            ("https://", false),
            ("", false),
        ];
        for (text, safe) in table {
            assert_eq!(JwksSource::parse(text).is_some(), safe, "{text}");
        }
        let shown = format!("{:?}", JwksSource::parse("https://idp.example/keys?secret=a"));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
