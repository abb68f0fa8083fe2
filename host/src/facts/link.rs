//! The next page of a list: the Link field (RFC 8288), and whether its target
//! may be followed.

use http::header::{HeaderMap, LINK};
use http::uri::{PathAndQuery, Uri};

/// Why a list cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum LinkError {
    #[error("the Link field of the answer cannot be read")]
    Malformed,
    #[error("the answer names more than one next page")]
    Several,
    #[error("the next page is not below the VNFM's base URL")]
    Foreign,
    #[error("the next page is not a page of the same list")]
    OtherPath,
}

/// Scheme, host and port, and the path below which everything lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Base {
    pub(super) scheme: String,
    /// In lower case.
    pub(super) host: String,
    pub(super) port: u16,
    /// Empty, or starts with a slash; does not end with one.
    pub(super) prefix: String,
}

impl Base {
    pub(super) fn has_default_port(&self) -> bool {
        self.port == default_port(&self.scheme)
    }

    fn is_origin_of(&self, scheme: &str, authority: &str) -> bool {
        let Ok(uri) = authority.parse::<http::uri::Authority>() else {
            return false;
        };
        !authority.contains('@')
            && self.scheme.eq_ignore_ascii_case(scheme)
            && self.host.eq_ignore_ascii_case(uri.host())
            && self.port == uri.port_u16().unwrap_or_else(|| default_port(scheme))
    }
}

pub(super) fn default_port(scheme: &str) -> u16 {
    if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 }
}

/// Where the pages of a list lie.
#[derive(Debug, Clone)]
pub(super) enum Site {
    /// Below the first of these base URLs; the others name the same place.
    Below(Vec<Base>),
    /// Below a base URL that only those know who carry the requests out.
    Unknown,
}

/// Scheme, if it is said, and authority of a URI reference.
type Origin<'a> = (Option<&'a str>, &'a str);

impl Site {
    /// Whether this absolute path is that of the list, given its path below the
    /// base.
    fn holds(&self, origin: Option<Origin<'_>>, absolute: &str, path: &str) -> Result<bool, LinkError> {
        let Self::Below(bases) = self else {
            return Ok(absolute.ends_with(path));
        };
        let asked = bases.first().ok_or(LinkError::Foreign)?;
        let named = |base: &&Base| {
            origin.is_none_or(|(scheme, authority)| base.is_origin_of(scheme.unwrap_or(&asked.scheme), authority))
        };
        let mut candidates = bases.iter().filter(named).peekable();
        if candidates.peek().is_none() {
            return Err(LinkError::Foreign);
        }
        Ok(candidates.any(|base| absolute.strip_prefix(base.prefix.as_str()) == Some(path)))
    }
}

/// The query of the next page, if there is one, given the path of this page
/// below the base. Only that query is taken from the VNFM: the next request
/// goes to the same place as this one.
pub(super) fn next_query(headers: &HeaderMap, site: &Site, path: &str) -> Result<Option<String>, LinkError> {
    let mut next = None;
    for field in headers.get_all(LINK) {
        let text = field.to_str().map_err(|_| LinkError::Malformed)?;
        for target in next_targets(text)? {
            if next.replace(target).is_some_and(|other| Some(other) != next) {
                return Err(LinkError::Several);
            }
        }
    }
    next.map(|target| resolve(&target, site, path)).transpose()
}

/// The targets in one Link field that have the relation `next`.
fn next_targets(field: &str) -> Result<Vec<String>, LinkError> {
    let mut targets = Vec::new();
    let mut rest = field;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return Ok(targets);
        }
        let (target, after) = rest.strip_prefix('<').and_then(|r| r.split_once('>')).ok_or(LinkError::Malformed)?;
        let (parameters, after) = parameters(after)?;
        rest = after;
        // Only the first `rel` counts; with an anchor the link is about
        // something else (RFC 8288, 3.2 and 3.3).
        let is_next = parameters
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("rel"))
            .is_some_and(|(_, rel)| rel.split_ascii_whitespace().any(|r| r.eq_ignore_ascii_case("next")));
        let anchored = parameters.iter().any(|(name, _)| name.eq_ignore_ascii_case("anchor"));
        if is_next && !anchored {
            targets.push(target.trim().to_owned());
        }
    }
}

type Parameters<'f> = Vec<(&'f str, String)>;

/// The parameters of a link, and what comes after its comma.
fn parameters(mut rest: &str) -> Result<(Parameters<'_>, &str), LinkError> {
    let mut parameters = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if rest.is_empty() {
            return Ok((parameters, rest));
        }
        if let Some(after) = rest.strip_prefix(',') {
            return Ok((parameters, after));
        }
        rest = rest.strip_prefix(';').ok_or(LinkError::Malformed)?.trim_start_matches([' ', '\t']);
        let end = rest.find(['=', ';', ',']).unwrap_or(rest.len());
        let (name, after) = rest.split_at_checked(end).ok_or(LinkError::Malformed)?;
        rest = after;
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = parameter_value(after.trim_start_matches([' ', '\t']))?;
        }
        parameters.push((name.trim_end_matches([' ', '\t']), value));
    }
}

/// A token or a quoted string (RFC 9110, 5.6.4), and what follows it.
fn parameter_value(text: &str) -> Result<(String, &str), LinkError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at_checked(end).ok_or(LinkError::Malformed)?;
        return Ok((token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next().ok_or(LinkError::Malformed)? {
            '"' => return Ok((value, chars.as_str())),
            '\\' => value.push(chars.next().ok_or(LinkError::Malformed)?),
            c => value.push(c),
        }
    }
}

/// The query of `target`, a URI reference (RFC 3986, 4.1) in the answer for
/// `path`.
fn resolve(target: &str, site: &Site, path: &str) -> Result<String, LinkError> {
    let target = target.split('#').next().unwrap_or(target);
    let (before_query, query) = target.split_once('?').unwrap_or((target, ""));
    let (origin, reference) = if let Some((scheme, after)) = before_query.split_once("://") {
        let (authority, path) = split_authority(after);
        (Some((Some(scheme), authority)), path)
    } else if let Some(after) = before_query.strip_prefix("//") {
        let (authority, path) = split_authority(after);
        (Some((None, authority)), path)
    } else {
        (None, before_query)
    };
    let same = if origin.is_some() || reference.starts_with('/') {
        site.holds(origin, reference, path)?
    } else {
        // A reference that has only a query stays where it is.
        reference.is_empty() || Some(reference) == path.rsplit('/').next()
    };
    if !same {
        return Err(LinkError::OtherPath);
    }
    // Whatever comes from outside must still be a target that can be sent.
    let checked: PathAndQuery = format!("/?{query}").parse().map_err(|_| LinkError::Malformed)?;
    checked.query().map(str::to_owned).ok_or(LinkError::Malformed)
}

fn split_authority(text: &str) -> (&str, &str) {
    text.split_at_checked(text.find('/').unwrap_or(text.len())).unwrap_or((text, ""))
}

/// The base that a URL names.
pub(super) fn base(url: &Uri) -> Option<Base> {
    let scheme = url.scheme_str()?.to_ascii_lowercase();
    let authority = url.authority()?;
    let prefix = url.path().trim_end_matches('/').to_owned();
    let plain = !prefix.contains("//") && !prefix.split('/').any(|s| s == "." || s == "..");
    let sound = matches!(scheme.as_str(), "http" | "https")
        && !authority.as_str().contains('@')
        && !authority.host().is_empty()
        && url.query().is_none()
        && plain;
    sound.then(|| Base {
        host: authority.host().to_ascii_lowercase(),
        port: authority.port_u16().unwrap_or_else(|| default_port(&scheme)),
        scheme,
        prefix,
    })
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
mod tests {
    use super::*;
    use http::HeaderValue;

    type Case<'a> = (&'a [&'a str], Result<Option<String>, LinkError>);

    const PATH: &str = "/vnflcm/v2/vnf_lcm_op_occs";

    fn next(fields: &[&str]) -> Result<Option<String>, LinkError> {
        next_at(
            &Site::Below(vec![
                base(&"http://vnfm:9890/tacker".parse().unwrap()).unwrap(),
                base(&"https://public.example".parse().unwrap()).unwrap(),
            ]),
            fields,
        )
    }

    fn next_at(site: &Site, fields: &[&str]) -> Result<Option<String>, LinkError> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(LINK, HeaderValue::from_str(field).unwrap());
        }
        next_query(&headers, site, PATH)
    }

    #[test]
    fn follows_only_pages_of_the_same_list() {
        use LinkError::{Foreign, Malformed, OtherPath, Several};
        let found = |q: &str| Ok(Some(q.to_owned()));
        let table: &[Case<'_>] = &[
            (&[], Ok(None)),
            (&["<?m=1>; rel=\"next\""], found("m=1")),
            (&["<?m=1>;rel=next"], found("m=1")),
            (&["<?m=1>; title=\"a, \\\"b\\\"; c\"; REL=\"prev NEXT\""], found("m=1")),
            (&["</x>; rel=up, <?m=2>; rel=next"], found("m=2")),
            (&["</x>; rel=up", "<?m=2>; rel=next"], found("m=2")),
            (&["<?m=1>; rel=prev; rel=next"], Ok(None)),
            (&["<?m=1>; rel=next; anchor=\"/other\""], Ok(None)),
            (&["<?m=1>; rel"], Ok(None)),
            (&["<vnf_lcm_op_occs?m=1>; rel=next"], found("m=1")),
            (&["</tacker/vnflcm/v2/vnf_lcm_op_occs?m=1#f>; rel=next"], found("m=1")),
            (&["<http://VNFM:9890/tacker/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], found("m=1")),
            (&["<//vnfm:9890/tacker/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], found("m=1")),
            (&["<https://public.example:443/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], found("m=1")),
            (&["<http://public.example/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], Err(Foreign)),
            (&["<http://vnfm/tacker/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], Err(Foreign)),
            (&["<http://vnfm:9890@evil/tacker/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], Err(Foreign)),
            (&["<http://evil/tacker/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], Err(Foreign)),
            (&["<http://vnfm:9890/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], Err(OtherPath)),
            (&["<http://vnfm:9890?m=1>; rel=next"], Err(OtherPath)),
            (&["</vnflcm/v2/../v2/vnf_lcm_op_occs?m=1>; rel=next"], Err(OtherPath)),
            (&["<vnf_instances?m=1>; rel=next"], Err(OtherPath)),
            (&["<?m=1>; rel=next, <?m=2>; rel=next"], Err(Several)),
            (&["<?m=1>; rel=next, <?m=1>; rel=next"], found("m=1")),
            (&["<?m=1; rel=next"], Err(Malformed)),
            (&["?m=1; rel=next"], Err(Malformed)),
            (&["<?m=1>; rel=\"next"], Err(Malformed)),
            (&["<?m=1> rel=next"], Err(Malformed)),
            (&["<?m=a b>; rel=next"], Err(Malformed)),
        ];
        for (fields, expected) in table {
            assert_eq!(&next(fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn without_a_base_url_only_the_path_of_the_list_counts() {
        let found = |q: &str| Ok(Some(q.to_owned()));
        let table = [
            ("<?m=1>; rel=next", found("m=1")),
            ("<vnf_lcm_op_occs?m=1>; rel=next", found("m=1")),
            ("</vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next", found("m=1")),
            ("<https://any:1/prefix/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next", found("m=1")),
            ("<//any/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next", found("m=1")),
            ("</vnflcm/v2/vnf_instances?m=1>; rel=next", Err(LinkError::OtherPath)),
            ("<http://any?m=1>; rel=next", Err(LinkError::OtherPath)),
        ];
        for (field, expected) in table {
            assert_eq!(next_at(&Site::Unknown, &[field]), expected, "{field}");
        }
    }
}
