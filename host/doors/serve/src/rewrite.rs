//! Paths that begin otherwise for the VNFM than for its clients, in requests and in the fields
//! of answers.
//!
//! In answers the gate looks at Location, Content-Location and Link: clients follow them. It
//! leaves bodies as they are, `_links` among them: a body is passed on while it comes, and
//! what was signed or measured of it stays true.

use http::header::{CONTENT_LOCATION, Entry, HOST, LINK, LOCATION};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri};

use super::told::{Sender, asked_as};

/// How a client sees the API of the VNFM.
#[derive(Debug)]
pub struct Seen {
    scheme: HeaderValue,
    host: Option<HeaderValue>,
    /// As the VNFM gets to know it.
    sent: Option<HeaderValue>,
    /// With what its paths begin, as it has written that.
    pub prefix: String,
}

impl Seen {
    /// By the fields of a request before the gate adds its own.
    pub fn of(headers: &HeaderMap, sender: Sender, prefix: &str) -> Self {
        let (scheme, host) = asked_as(headers, sender);
        Self { scheme, host, sent: headers.get(HOST).cloned(), prefix: prefix.to_owned() }
    }

    /// The same reference for the client; `None` if nothing of it is to change.
    fn reference(&self, reference: &str, base: &str, is_own: impl Fn(bool, &str) -> bool) -> Option<String> {
        if reference.starts_with("//") {
            return None;
        }
        if reference.starts_with('/') {
            return self.path(reference, base);
        }
        let (scheme, rest) = reference.split_once("://")?;
        let secure = scheme.eq_ignore_ascii_case("https");
        if !secure && !scheme.eq_ignore_ascii_case("http") {
            return None;
        }
        let (authority, path) = rest.split_at_checked(rest.find(['/', '?', '#']).unwrap_or(rest.len()))?;
        let path = self.path(path, base)?;
        let same = |field: &Option<HeaderValue>| {
            field.as_ref().is_some_and(|host| host.as_bytes().eq_ignore_ascii_case(authority.as_bytes()))
        };
        if same(&self.host) || same(&self.sent) && self.host == self.sent {
            return Some(format!("{scheme}://{authority}{path}"));
        }
        if !same(&self.sent) && !is_own(secure, authority) {
            return None;
        }
        let host = self.host.as_ref()?.to_str().ok()?;
        Some(format!("{}://{host}{path}", self.scheme.to_str().ok()?))
    }

    /// A path of the VNFM as the client knows it.
    fn path(&self, path: &str, base: &str) -> Option<String> {
        // A VNFM that knows the client's prefix may have written it.
        if !self.prefix.is_empty() && below(path, &self.prefix).is_some() && base.is_empty() {
            return None;
        }
        below(path, base).map(|rest| format!("{}{rest}", self.prefix))
    }
}

/// What follows `base` in a path; `None` if the path does not lie below it.
fn below<'p>(path: &'p str, base: &str) -> Option<&'p str> {
    path.strip_prefix(base).filter(|rest| base.is_empty() || rest.is_empty() || rest.starts_with(['/', '?', '#']))
}

/// The target of a request for the VNFM, whose paths begin with `base`.
pub fn target(base: &str, target: &str) -> Option<Uri> {
    PathAndQuery::try_from(format!("{base}{target}")).ok().map(Uri::from)
}

/// Makes references of an answer lead to where the client finds them. `is_own` says of an
/// authority, and whether it is asked by TLS, that it is the VNFM's.
pub fn answer(headers: &mut HeaderMap, seen: &Seen, base: &str, is_own: impl Fn(bool, &str) -> bool + Copy) {
    for name in [LOCATION, CONTENT_LOCATION] {
        let changed = headers.get(&name).and_then(|value| seen.reference(value.to_str().ok()?, base, is_own));
        if let Some(value) = changed.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(name, value);
        }
    }
    let Entry::Occupied(mut fields) = headers.entry(LINK) else { return };
    for value in fields.iter_mut() {
        let changed = value.to_str().ok().and_then(|text| links(text, |target| seen.reference(target, base, is_own)));
        if let Some(changed) = changed.and_then(|text| HeaderValue::try_from(text).ok()) {
            *value = changed;
        }
    }
}

/// A Link field with other targets; `None` if none of them changes.
fn links(field: &str, change: impl Fn(&str) -> Option<String>) -> Option<String> {
    let (mut text, mut rest, mut changed, mut quoted) = (String::new(), field, false, false);
    while let Some(at) = rest.find(['<', '"', '\\']) {
        let (before, found) = rest.split_at_checked(at)?;
        text.push_str(before);
        let (mark, after) = found.split_at_checked(1)?;
        text.push_str(mark);
        rest = after;
        match mark {
            "\"" => quoted = !quoted,
            "\\" if quoted => {
                let next = rest.chars().next()?;
                text.push(next);
                rest = rest.get(next.len_utf8()..)?;
            }
            "<" if !quoted => {
                let (target, after) = rest.split_once('>')?;
                let other = change(target);
                changed |= other.is_some();
                text.push_str(other.as_deref().unwrap_or(target));
                text.push('>');
                rest = after;
            }
            _ => {}
        }
    }
    text.push_str(rest);
    changed.then_some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn seen(host: &'static str, prefix: &str) -> Seen {
        let host = Some(HeaderValue::from_static(host));
        Seen { scheme: HeaderValue::from_static("https"), host: host.clone(), sent: host, prefix: prefix.to_owned() }
    }

    fn is_own(_: bool, authority: &str) -> bool {
        authority == "vnfm:9890"
    }

    #[test]
    fn references_lead_to_where_the_client_finds_them() {
        let table = [
            ("/site1", "/tacker", "/tacker/vnflcm/v2/a?b#c", Some("/site1/vnflcm/v2/a?b#c")),
            ("/site1", "/tacker", "http://vnfm:9890/tacker/a", Some("https://gate/site1/a")),
            ("/site1", "/tacker", "HTTP://Gate/tacker/a", Some("HTTP://Gate/site1/a")),
            ("/site1", "/tacker", "http://gate/tacker", Some("http://gate/site1")),
            ("/site1", "/tacker", "http://gate/tackers/a", None),
            ("/site1", "/tacker", "http://elsewhere/tacker/a", None),
            ("/site1", "/tacker", "//gate/tacker/a", None),
            ("/site1", "/tacker", "a/b", None),
            ("/site1", "/tacker", "ftp://gate/tacker", None),
            ("", "/tacker", "/tacker/a", Some("/a")),
            ("/site1", "", "/a", Some("/site1/a")),
            ("/site1", "", "http://vnfm:9890", Some("https://gate/site1")),
            // It knows the client's prefix already.
            ("/site1", "", "http://gate/site1/a", None),
        ];
        for (prefix, base, reference, expected) in table {
            assert_eq!(seen("gate", prefix).reference(reference, base, is_own).as_deref(), expected, "{reference}");
        }
    }

    #[test]
    fn the_targets_of_links_are_changed_and_nothing_else() {
        let change = |field: &str| links(field, |target| seen("gate", "/s").reference(target, "/t", is_own));
        let pages = "</t/a?p=1>; rel=next, <http://vnfm:9890/t/b>;rel=\"prev\"; title=\"</t/x> \\\" </t>\"";
        let expected = "</s/a?p=1>; rel=next, <https://gate/s/b>;rel=\"prev\"; title=\"</t/x> \\\" </t>\"";
        assert_eq!(change(pages).as_deref(), Some(expected));
        for same in ["<http://else/t>; rel=next", "", "garbage", "<", "a\\"] {
            assert_eq!(change(same), None, "{same}");
        }
    }
}
