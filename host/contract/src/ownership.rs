//! To which policy a request belongs: what a policy judges by its path, and what only
//! some server would read as that path. For hosts that ask several policies about a
//! request.

use std::borrow::Cow;

use crate::{
    api_root::{self, API_VERSIONS, is_major},
    uri,
};

/// How often percent-encoding is undone: more servers in a row decode no path.
const LAYERS: usize = 8;

/// The path of a target in normal form; `None` if it has none.
#[must_use]
pub fn normal_path(target: &str) -> Option<Cow<'_, str>> {
    uri::normalise(uri::split_target(target).0).ok()
}

/// Whether a path in normal form lies below an API root. A segment of the root in braces
/// stands for any that is not empty.
#[must_use]
pub fn is_below(root: &str, path: &str) -> bool {
    api_root::split(root, path).is_some()
}

/// Whether a path in normal form is where the API of a root says which versions it has:
/// beside the version segment (ETSI GS NFV-SOL 013, 9.3.2).
#[must_use]
pub fn is_versions_of(root: &str, path: &str) -> bool {
    let Some((parent, _)) = root.rsplit_once('/').filter(|(_, version)| is_major(version)) else {
        return false;
    };
    path.strip_suffix(API_VERSIONS)
        .is_some_and(|path| is_below(parent, path) && path.split('/').count() == parent.split('/').count())
}

/// Whether some server would find one of these API roots in a target that lies below
/// none: one that decodes everything, resolves dot segments, drops the parameters of
/// segments, what follows a decoded `?` or `#`, or blanks and dots at their ends, or does not mind the case of letters.
pub fn is_disguised<'r>(mut roots: impl Iterator<Item = &'r str>, target: &str) -> bool {
    let (path, whole) = decode_fully(uri::split_target(target).0);
    let bare = |segment: &str| segment.split([';', '?', '#']).next().unwrap_or_default().trim().to_lowercase();
    let segments: Vec<String> = path.split('/').map(bare).collect();
    if !whole || segments.iter().any(|segment| matches!(segment.as_str(), "." | "..")) {
        return true;
    }
    let named = || segments.iter().map(|segment| segment.trim_end_matches('.')).filter(|segment| !segment.is_empty());
    roots.any(|root| {
        let mut segments = named();
        let is = |expected: &str, found: &str| {
            api_root::variable(expected).is_some() || expected.eq_ignore_ascii_case(found)
        };
        root.split('/').skip(1).all(|expected| segments.next().is_some_and(|found| is(expected, found)))
    })
}

/// Undoes percent-encoding, also where it was applied more than once. What is not UTF-8
/// then is replaced. False with the text: there is more of it than anybody decodes.
#[must_use]
pub fn decode_fully(text: &str) -> (Cow<'_, str>, bool) {
    let mut text = Cow::Borrowed(text);
    for _ in 0..LAYERS {
        match uri::decode_lossily(&text) {
            Some(decoded) => text = Cow::Owned(decoded),
            None => return (text, true),
        }
    }
    let whole = uri::decode_lossily(&text).is_none();
    (text, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "/orgs/{org}/vnflcm/v2";

    #[test]
    fn a_path_belongs_to_the_roots_that_it_lies_below() {
        let cases = [
            ("/vnflcm/v2", "/vnflcm/v2/vnf_instances", true),
            ("/vnflcm/v2", "/vnflcm/v2", true),
            ("/vnflcm/v2", "/vnflcm/v2/", true),
            ("/vnflcm/v2", "/vnflcm/v22/x", false),
            ("/vnflcm/v2", "/vnflcm", false),
            ("/vnflcm/v2", "/vnflcm/v1/x", false),
            ("/vnflcm/v2", "/", false),
            ("", "/x", true),
            (TENANT, "/orgs/a%20b/vnflcm/v2/x", true),
            (TENANT, "/orgs//vnflcm/v2/x", false),
            (TENANT, "/orgs/a/b/vnflcm/v2/x", false),
        ];
        for (root, path, expected) in cases {
            assert_eq!(is_below(root, path), expected, "{path} below {root}");
        }
        let cases = [
            ("/vnflcm/v2", "/vnflcm/api_versions", true),
            ("/vnflcm/v2", "/vnflcm/api_versions/", false),
            ("/vnflcm/v2", "/vnflcm/v2/api_versions", false),
            ("/vnflcm/v2", "/api_versions", false),
            ("/vnflcm/latest", "/vnflcm/api_versions", false),
            (TENANT, "/orgs/a/vnflcm/api_versions", true),
        ];
        for (root, path, expected) in cases {
            assert_eq!(is_versions_of(root, path), expected, "{path} for {root}");
        }
    }

    #[test]
    fn a_root_is_found_under_every_disguise() {
        let is = |target: &str| is_disguised(["/telco/vnflcm/v2", "/vnflcm/v2", TENANT].into_iter(), target);
        for target in [
            "/VNFLCM/v2/x",
            "/vnflcm/V2",
            "/vnflcm;a=b/v2/x",
            "/vnflcm%3ba/v2/x",
            "/%76nflcm/v2/x",
            "/%2576nflcm/v2/x",
            "/vnflcm%2fv2/x",
            "/vnflcm%252fv2/x",
            "/x/%2e%2e/vnflcm/v2/x",
            "/x/%252e%252e/vnflcm/v2/x",
            "/x/..;a/vnflcm/v2/x",
            "/vnflcm%20/v2/x",
            "/vnflcm./v2/x",
            "/vnflcm/v2%23/x",
            "/vnflcm/v2%253Fx",
            "//vnflcm//v2/x",
            "/Telco/vnflcm/v2",
            "/ORGS/a/vnflcm/v2/x",
            "/%25252525252525252576nflcm/v2",
        ] {
            assert!(is(target), "{target}");
        }
        for target in [
            "/",
            "/vnflcm",
            "/vnflcm/v3/x",
            "/nsflcm/v2/x",
            "/x/vnflcm/v2/x",
            "/other/100%25",
            "/other/%25zz",
            "/other/%ff",
            "/other/a.b/c%2541",
            "/other?x=/vnflcm/v2",
        ] {
            assert!(!is(target), "{target}");
        }
    }
}
