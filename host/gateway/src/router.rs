//! Which VNFM a request is for.

use solgate_contract::uri::decode_unreserved;

/// Upstreams by host and path prefix.
#[derive(Debug)]
pub struct Router<T> {
    routes: Vec<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    /// In lower case; `None` stands for every host.
    host: Option<String>,
    /// Without a slash at its end; empty stands for every path.
    prefix: String,
    value: T,
}

impl<T> Router<T> {
    /// Builds the table from host, path prefix and value.
    pub fn new(routes: impl IntoIterator<Item = (Option<String>, Option<String>, T)>) -> Self {
        let mut routes: Vec<_> = routes
            .into_iter()
            .map(|(host, prefix, value)| Entry {
                host: host.map(|name| name.trim_end_matches('.').to_ascii_lowercase()),
                prefix: prefix.map(|path| path.trim_end_matches('/').to_owned()).unwrap_or_default(),
                value,
            })
            .collect();
        // The first match is the best: named hosts first, then long prefixes.
        routes.sort_by_key(|route| (route.host.is_none(), std::cmp::Reverse(route.prefix.len())));
        Self { routes }
    }

    /// The upstream for a Host field (with or without port) and a target.
    #[must_use]
    pub fn find(&self, host: Option<&str>, target: &str) -> Option<&T> {
        // A dot at the end says only that the name is whole.
        let host = host.map(without_port).map(|name| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase());
        // As the policies read it, lest an encoded letter lead to another gate.
        let path = decode_unreserved(target.split(['?', '#']).next().unwrap_or(target));
        self.routes
            .iter()
            .find(|route| (route.host.is_none() || route.host == host) && has_prefix(&path, &route.prefix))
            .map(|route| &route.value)
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.routes.iter().map(|route| &route.value)
    }
}

/// `/a` is a prefix of `/a` and `/a/b`, not of `/ab`.
fn has_prefix(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| prefix.is_empty() || rest.is_empty() || rest.starts_with('/'))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_then_longest_prefix() {
        let router = Router::new([
            (None, Some("/vnflcm/v2".to_owned()), "any host, prefix"),
            (Some("A.example".to_owned()), None, "a"),
            (Some("a.example".to_owned()), Some("/telco/".to_owned()), "a, telco"),
            (Some("[::1]".to_owned()), Some("/x".to_owned()), "v6"),
        ]);
        let table = [
            (Some("a.example:8080"), "/vnflcm/v2/subscriptions", Some("a")),
            (Some("a.EXAMPLE"), "/telco", Some("a, telco")),
            (Some("a.example.:80"), "/telco", Some("a, telco")),
            (Some("a.example"), "/telco/api?x=/", Some("a, telco")),
            (Some("a.example"), "/telcox", Some("a")),
            (Some("b.example"), "/vnflcm/v2", Some("any host, prefix")),
            (Some("b.example"), "/vnflcm/v2?filter=x", Some("any host, prefix")),
            (Some("b.example"), "/vnflcm/v20", None),
            (Some("b.example"), "/vnf%6Ccm/v%32/x", Some("any host, prefix")),
            (Some("b.example"), "/vnflcm%2Fv2/x", None),
            (Some("[::1]:80"), "/x/y", Some("v6")),
            (Some("[::1]"), "/x", Some("v6")),
            (None, "/vnflcm/v2/x", Some("any host, prefix")),
            (None, "/", None),
        ];
        for (host, target, expected) in table {
            assert_eq!(router.find(host, target).copied(), expected, "{host:?} {target}");
        }
    }
}
