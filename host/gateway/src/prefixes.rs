//! Paths that do not begin alike for clients, policies and VNFMs.
//!
//! Clients ask for `/site1/vnflcm/v2/...`, the policies judge `/vnflcm/v2/...`, and the VNFM
//! has its API below `/tacker/vnflcm/v2`. What is taken off and put before is the same for
//! all requests of an upstream.

use solgate::fault::Fault;
use solgate_config::UpstreamConfig;
use solgate_config::vnfm_url::base_path;
use solgate_contract::uri::{decode, split_target};

/// What paths begin with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefixes {
    /// Segments that only clients know.
    strip: usize,
    /// What only the VNFM knows: empty, or with a slash at its start and none at its end.
    base: String,
}

impl Prefixes {
    #[must_use]
    pub fn of(upstream: &UpstreamConfig) -> Self {
        let prefix = upstream.path_prefix.as_deref().filter(|_| upstream.strip_prefix).unwrap_or_default();
        let strip = prefix.trim_end_matches('/').bytes().filter(|byte| *byte == b'/').count();
        Self { strip, base: base_path(&upstream.url).to_owned() }
    }

    /// Whether paths are the same for everybody.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.strip == 0 && self.base.is_empty()
    }

    /// What only the VNFM knows.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Takes off a target what only clients know. Returns that as the client has written it.
    ///
    /// # Errors
    /// The path could lead out of what is put before it.
    pub fn strip(&self, target: &mut String) -> Result<String, Fault> {
        if self.is_none() {
            return Ok(String::new());
        }
        let (path, _) = split_target(target);
        if leads_out(path) {
            let reason = "its path has dot segments, or parts that some servers take for them".to_owned();
            return Err(Fault::BadTarget { target: target.clone(), reason });
        }
        // Its start has been compared with the prefix; only the spelling may differ.
        let mut slashes = path.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
        let end = slashes.nth(self.strip).map_or(path.len(), |(at, _)| at);
        let rest = target.split_off(end);
        let prefix = std::mem::replace(target, rest);
        if !target.starts_with('/') {
            target.insert(0, '/');
        }
        Ok(prefix)
    }
}

/// Whether some server may read dot segments in a path. Below a prefix they would lead to
/// what is beside it.
fn leads_out(path: &str) -> bool {
    let is_dots = |segment: &str| {
        let name = segment.split(';').next().unwrap_or_default().trim();
        name == "." || name == ".."
    };
    // Some servers decode twice.
    let once = decode(path).unwrap_or(path.into());
    let twice = decode(&once).unwrap_or(once.as_ref().into());
    [path, &once, &twice].into_iter().any(|path| path.split(['/', '\\']).any(is_dots))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn prefixes(prefix: Option<&str>, url: &str) -> Prefixes {
        let mut upstream = UpstreamConfig::new(url.parse().unwrap());
        (upstream.path_prefix, upstream.strip_prefix) = (prefix.map(str::to_owned), prefix.is_some());
        Prefixes::of(&upstream)
    }

    #[test]
    fn what_only_clients_know_is_taken_off() {
        let table = [
            ("/site1", "/site1/vnflcm/v2/a?b=/c", "/site1", "/vnflcm/v2/a?b=/c"),
            ("/site1/", "/site1/vnflcm", "/site1", "/vnflcm"),
            ("/site1", "/s%69te1/vnflcm", "/s%69te1", "/vnflcm"),
            ("/a/b", "/a/b/c", "/a/b", "/c"),
            ("/a/b", "/a/b", "/a/b", "/"),
            ("/a/b", "/a/b?c", "/a/b", "/?c"),
            ("/a/b", "/a/b/", "/a/b", "/"),
        ];
        for (prefix, target, taken, left) in table {
            let mut judged = target.to_owned();
            assert_eq!(prefixes(Some(prefix), "http://a").strip(&mut judged).unwrap(), taken, "{target}");
            assert_eq!(judged, left, "{target}");
        }
    }

    #[test]
    fn no_path_leads_out_of_a_prefix() {
        let out = [
            "/a/../b",
            "/a/%2e%2E/b",
            "/a/.%2e;x/b",
            "/a/..",
            "/a/..?c",
            "/a/%252e%252e/b",
            "/a/..%2fb",
            "/a/..%5Cb",
            "/a/b\\..\\c",
            "/./a",
            "/a/%2e%2e%20/b",
        ];
        let within = ["/a/b", "/a/b?c=/../d", "/a/..b", "/a/...", "/a/%2eb", "/a/b;..", "/a/%zz"];
        for (targets, expected) in [(&out[..], false), (&within, true)] {
            for target in targets {
                let passes = |prefixes: Prefixes| prefixes.strip(&mut (*target).to_owned()).is_ok();
                assert_eq!(passes(prefixes(None, "http://vnfm/tacker")), expected, "{target}");
                assert_eq!(passes(prefixes(Some("/a"), "http://vnfm")), expected, "{target}");
                assert!(passes(prefixes(None, "http://vnfm")), "without a prefix the policies say what they take");
            }
        }
    }
}
