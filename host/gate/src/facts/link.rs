//! The next page of a list: the query of the Link field (RFC 8288).
//!
//! A VNFM names itself there as its clients see it: under a public name, with the
//! scheme and port of the server that ends TLS for it, or behind a prefix. The gate
//! ignores all of this. It takes only the query, for the next request to the same place
//! as before. So a link cannot lead anywhere else, whatever it says.

use http::header::{HeaderMap, LINK};
use http::uri::PathAndQuery;

/// Why a list cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum LinkError {
    #[error("the Link field of the answer cannot be read")]
    Malformed,
    #[error("the answer names more than one next page")]
    Several,
    #[error("the next page has no query to ask for it by")]
    NoQuery,
}

/// The query of the next page, if there is one.
pub(super) fn next_query(headers: &HeaderMap) -> Result<Option<String>, LinkError> {
    let mut next = None;
    for field in headers.get_all(LINK) {
        let text = field.to_str().map_err(|_| LinkError::Malformed)?;
        for target in next_targets(text)? {
            // The same page may be named in several ways.
            let query = query(target)?;
            if next.replace(query).is_some_and(|other| Some(other) != next) {
                return Err(LinkError::Several);
            }
        }
    }
    Ok(next)
}

/// The targets in one Link field that have the relation `next`.
fn next_targets(field: &str) -> Result<Vec<&str>, LinkError> {
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
            targets.push(target.trim());
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

/// The query of `target`, a URI reference (RFC 3986, 4.1).
fn query(target: &str) -> Result<String, LinkError> {
    let target = target.split('#').next().unwrap_or(target);
    let query = target.split_once('?').map_or("", |(_, query)| query);
    if query.is_empty() {
        return Err(LinkError::NoQuery);
    }
    // Whatever comes from outside must still be a target that can be sent.
    let checked: PathAndQuery = format!("/?{query}").parse().map_err(|_| LinkError::Malformed)?;
    checked.query().map(str::to_owned).ok_or(LinkError::Malformed)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http::HeaderValue;

    type Case<'a> = (&'a [&'a str], Result<Option<&'a str>, LinkError>);

    fn next(fields: &[&str]) -> Result<Option<String>, LinkError> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(LINK, HeaderValue::from_str(field).unwrap());
        }
        next_query(&headers)
    }

    #[test]
    fn the_query_of_the_next_page_is_taken_from_any_uri() {
        use LinkError::{Malformed, NoQuery, Several};
        let found = |query| Ok(Some(query));
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
            (&["<http://vnfm:9890/vnflcm/v2/vnf_lcm_op_occs?m=1&x=%2F>; rel=next"], found("m=1&x=%2F")),
            (&["<https://public.example/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], found("m=1")),
            (&["<//public.example:8443/api/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], found("m=1")),
            (&["<HTTPS://[2001:db8::1]/vnflcm/v2/vnf_lcm_op_occs?m=1>; rel=next"], found("m=1")),
            (&["<https://public.example/occurrences?m=1>; rel=next"], found("m=1")),
            (&["<https://public.example?m=1>; rel=next"], found("m=1")),
            (&["<?m=1?2/3>; rel=next"], found("m=1?2/3")),
            (&["<?m=YQ==+/>; rel=next"], found("m=YQ==+/")),
            (&["</vnflcm/v2/vnf_lcm_op_occs/pages/2>; rel=next"], Err(NoQuery)),
            (&["</vnflcm/v2/vnf_lcm_op_occs?>; rel=next"], Err(NoQuery)),
            (&["<#m=1>; rel=next"], Err(NoQuery)),
            (&["<>; rel=next"], Err(NoQuery)),
            (&["<?m=1>; rel=next, <?m=2>; rel=next"], Err(Several)),
            (&["<?m=1>; rel=next, <?m=1>; rel=next"], found("m=1")),
            (&["<http://vnfm:9890/x?m=1>; rel=next", "<https://public.example/x?m=1>; rel=next"], found("m=1")),
            (&["<?m=1; rel=next"], Err(Malformed)),
            (&["?m=1; rel=next"], Err(Malformed)),
            (&["<?m=1>; rel=\"next"], Err(Malformed)),
            (&["<?m=1> rel=next"], Err(Malformed)),
            (&["<?m=a b>; rel=next"], Err(Malformed)),
        ];
        for (fields, expected) in table {
            let expected = expected.map(|query| query.map(str::to_owned));
            assert_eq!(next(fields), expected, "{fields:?}");
        }
    }
}
