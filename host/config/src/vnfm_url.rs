//! The URL of a VNFM, and what follows from it.

use http::Uri;
use http::uri::{Authority, PathAndQuery};

use crate::values::{self, Form, parse_path_prefix, parse_url};

/// What [`parse_vnfm_url`] takes.
pub const VNFM_URL: &str =
    "http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH], without user, query and dot segments";

/// Of a VNFM.
pub struct Url;

impl Form for Url {
    type Value = Uri;
    const EXPECTED: &'static str = VNFM_URL;
    #[cfg(test)]
    const PATTERN: &'static str = "^https?://[^/@#?]+(/[^?#*\\\\ ]*)?$";

    fn parse(text: &str) -> Option<Uri> {
        parse_vnfm_url(text)
    }

    fn show(url: &Uri) -> String {
        values::url(url)
    }
}

/// The URL of a VNFM: scheme, authority, and a path if its APIs are below one.
#[must_use]
pub fn parse_vnfm_url(text: &str) -> Option<Uri> {
    let uri: Uri = text.parse().ok()?;
    let path = base_path(&uri);
    let plain = uri.query().is_none() && !text.contains(['?', '#']) && !path.contains("//");
    (plain && (path.is_empty() || parse_path_prefix(path).is_some()) && parse_url(&origin(&uri)?.to_string()).is_some())
        .then_some(uri)
}

/// The path below which everything lies: empty, or with a slash at its start and none at its
/// end.
#[must_use]
pub fn base_path(url: &Uri) -> &str {
    url.path().trim_end_matches('/')
}

/// The URL without its path; `None` if it has no scheme or no authority.
#[must_use]
pub fn origin(url: &Uri) -> Option<Uri> {
    let mut parts = url.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    Uri::from_parts(parts).ok().filter(|url| url.scheme().is_some() && url.authority().is_some())
}

/// Host and port, with the path if there is one: the name of a VNFM in metrics and logs.
#[must_use]
pub fn name(url: &Uri) -> String {
    format!("{}{}", url.authority().map_or("", Authority::as_str), base_path(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_have_a_path_and_nothing_else() {
        let table = [
            ("http://vnfm", Some("vnfm")),
            ("http://vnfm/", Some("vnfm")),
            ("https://vnfm:9890/tacker/", Some("vnfm:9890/tacker")),
            ("https://[::1]/a/b", Some("[::1]/a/b")),
            ("https://vnfm/a/../b", None),
            ("https://vnfm/a//b", None),
            ("https://vnfm//", Some("vnfm")),
            ("https://vnfm/%61", None),
            ("https://vnfm/a?b=c", None),
            ("https://vnfm?", None),
            ("https://vnfm/#a", None),
            ("https://user@vnfm/a", None),
            ("https://vnfm:0/a", None),
            ("ftp://vnfm/a", None),
            ("/a", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse_vnfm_url(text).as_ref().map(name).as_deref(), expected, "{text}");
        }
    }
}
