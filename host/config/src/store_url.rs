//! Where the store of turns is.

use std::fmt;
use std::path::PathBuf;

use crate::host_name::is_host;

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreUrl {
    pub kind: StoreKind,
    /// The way to it is encrypted.
    pub tls: bool,
    /// The store's own user, if it is not `default`.
    pub user: Option<String>,
}

/// What kind of store it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKind {
    /// One server, and the number of its database.
    Server { host: String, port: u16, database: u32 },
    /// One server on this machine.
    Socket(PathBuf),
    /// Sentinels, which know where the primary of a group is.
    Sentinel { sentinels: Vec<(String, u16)>, group: String },
    /// Some nodes of a cluster.
    Cluster(Vec<(String, u16)>),
}

/// What [`StoreUrl::parse`] takes.
pub const STORE: &str = "redis://[USER@]HOST[:PORT][/DATABASE], redis+sentinel://[USER@]HOST[:PORT],HOST[:PORT]/GROUP, \
    redis+cluster://[USER@]HOST[:PORT],HOST[:PORT], the same with rediss for TLS, or unix:/PATH; \
    the password goes into passwordFile";

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

impl StoreUrl {
    /// Reads an argument or a member of the configuration.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            let absolute = path.starts_with('/') && path.len() > 1;
            return absolute.then(|| Self { kind: StoreKind::Socket(path.into()), tls: false, user: None });
        }
        let (scheme, rest) = text.split_once("://")?;
        let (protocol, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match protocol {
            "redis" => false,
            "rediss" => true,
            _ => return None,
        };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, hosts) = match authority.rsplit_once('@') {
            Some((user, hosts)) => (Some(user.to_owned()), hosts),
            None => (None, authority),
        };
        if user.as_deref().is_some_and(|user| !is_name(user)) {
            return None;
        }
        let kind = match kind {
            "" => {
                let (host, port) = address(hosts, PORT)?;
                let database = if path.is_empty() { 0 } else { path.parse().ok()? };
                StoreKind::Server { host, port, database }
            }
            "sentinel" if is_name(path) => {
                StoreKind::Sentinel { sentinels: addresses(hosts, SENTINEL_PORT)?, group: path.to_owned() }
            }
            "cluster" if path.is_empty() => StoreKind::Cluster(addresses(hosts, PORT)?),
            _ => return None,
        };
        Some(Self { kind, tls, user })
    }
}

/// Without a colon, before which a password could stand.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

fn addresses(text: &str, port: u16) -> Option<Vec<(String, u16)>> {
    text.split(',').map(|one| address(one, port)).collect()
}

fn address(text: &str, port: u16) -> Option<(String, u16)> {
    let authority: http::uri::Authority = text.parse().ok()?;
    let host = authority.host();
    let given = text.strip_prefix(host)?;
    let port = if given.is_empty() { port } else { given.strip_prefix(':')?.parse().ok().filter(|port| *port > 0)? };
    (is_host(host) && !host.contains(',')).then(|| (host.to_owned(), port))
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let user = self.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
        let list = |hosts: &[(String, u16)]| {
            hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect::<Vec<_>>().join(",")
        };
        match &self.kind {
            StoreKind::Socket(path) => write!(out, "unix:{}", path.display()),
            StoreKind::Server { host, port, database: 0 } => write!(out, "{scheme}://{user}{host}:{port}"),
            StoreKind::Server { host, port, database } => write!(out, "{scheme}://{user}{host}:{port}/{database}"),
            StoreKind::Sentinel { sentinels, group } => {
                write!(out, "{scheme}+sentinel://{user}{}/{group}", list(sentinels))
            }
            StoreKind::Cluster(nodes) => write!(out, "{scheme}+cluster://{user}{}", list(nodes)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_without_its_password() {
        let table = [
            ("redis://a", Some("redis://a:6379")),
            ("rediss://gate@a.example:1/3", Some("rediss://gate@a.example:1/3")),
            ("redis://[::1]:7", Some("redis://[::1]:7")),
            ("redis+sentinel://a,b:1/main", Some("redis+sentinel://a:26379,b:1/main")),
            ("rediss+cluster://gate@a,b", Some("rediss+cluster://gate@a:6379,b:6379")),
            ("unix:/run/redis.sock", Some("unix:/run/redis.sock")),
            ("redis://gate:secret@a", None),
            ("redis://:secret@a", None),
            ("redis://", None),
            ("redis://a/b", None),
            ("redis://a:0", None),
            ("redis://a,b", None),
            ("redis+sentinel://a", None),
            ("redis+cluster://a/1", None),
            ("redis+other://a", None),
            ("http://a", None),
            ("unix:a", None),
            ("a:6379", None),
        ];
        for (text, expected) in table {
            let read = StoreUrl::parse(text);
            assert_eq!(read.as_ref().map(ToString::to_string).as_deref(), expected, "{text}");
            if let Some(read) = read {
                assert_eq!(StoreUrl::parse(&read.to_string()), Some(read), "{text}");
            }
        }
    }
}
