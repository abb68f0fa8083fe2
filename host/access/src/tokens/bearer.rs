//! The token in a request (RFC 6750, 2).

use http::HeaderMap;
use http::header::AUTHORIZATION;
use solgate::fault::Fault;
use solgate_contract::uri::decode_unreserved;

/// The token in the field Authorization; `None` if there is no such field, or it is of
/// another scheme.
///
/// # Errors
/// It cannot be said which token is meant.
pub fn token<'a>(headers: &'a HeaderMap, target: &str) -> Result<Option<&'a str>, Fault> {
    if in_query(target) {
        return Err(Fault::TokenMalformed("the token is in the query; send it in Authorization"));
    }
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let more = values.count();
    if more > 0 {
        return Err(Fault::RepeatedField { name: "Authorization".to_owned(), count: more.saturating_add(1) });
    }
    let text = value.to_str().map_err(|_| Fault::TokenMalformed("Authorization is not visible ASCII"))?.trim();
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    if !is_bearer(scheme) {
        // Some servers would take the second of two schemes, or divide at a tab.
        let second = text.split([' ', ',', '\t']).any(is_bearer);
        return if second || scheme.is_empty() || scheme.contains(',') {
            Err(Fault::TokenMalformed("Authorization does not hold exactly one scheme; send only Bearer"))
        } else {
            Ok(None)
        };
    }
    let token = rest.trim_start_matches(' ');
    if token.is_empty() || !token.bytes().all(is_token_byte) {
        return Err(Fault::TokenMalformed("Authorization is not of the form Bearer TOKEN"));
    }
    // A VNFM with Keystone goes by that, and the gate would have judged another caller.
    if headers.contains_key("x-auth-token") {
        return Err(Fault::TokenMalformed("there is another token in X-Auth-Token; send only one of the two"));
    }
    Ok(Some(token))
}

fn is_bearer(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("bearer")
}

/// `b64token` of RFC 6750.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

/// A server may take a token from there, another one than was checked here.
fn in_query(target: &str) -> bool {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    query.split(['&', ';']).any(|parameter| {
        let name = parameter.split('=').next().unwrap_or_default();
        // Without copying what need not be.
        name.len() >= "access_token".len() && decode_unreserved(name) == "access_token"
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// The token, or the id of the fault.
    type Found = Result<Option<&'static str>, &'static str>;

    #[test]
    fn which_token_is_meant() {
        let malformed = Err("access.token.malformed");
        let table: [(&[&str], &str, Found); 20] = [
            (&[], "/", Ok(None)),
            (&["Bearer a.b-c_d"], "/", Ok(Some("a.b-c_d"))),
            (&["bEARER   a.b=="], "/", Ok(Some("a.b=="))),
            (&["Bearer a "], "/", Ok(Some("a"))),
            (&["Bearer\ta"], "/", malformed),
            (&["Bearer,a"], "/", malformed),
            (&["Basic YTpi"], "/", Ok(None)),
            (&["Digest a=b, c=d"], "/", Ok(None)),
            (&["Bearer"], "/", malformed),
            (&["Bearer "], "/", malformed),
            (&["Bearer a b"], "/", malformed),
            (&["Bearer a,b"], "/", malformed),
            (&["Bearer a, Basic YTpi"], "/", malformed),
            (&["Basic YTpi, Bearer a"], "/", malformed),
            (&["Basic YTpi,Bearer a"], "/", malformed),
            (&["Bearer \u{e4}"], "/", malformed),
            (&[""], "/", malformed),
            (&["Bearer a", "Bearer a"], "/", Err("transport.field.repeated")),
            (&["Bearer a"], "/x?b=c&access%5Ftoken=d", malformed),
            (&["Bearer a"], "/access_token?x=access_token&access_tokens=1", Ok(Some("a"))),
        ];
        for (values, target, expected) in table {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            let found = token(&headers, target);
            assert_eq!(found.as_ref().map_err(Fault::id), expected.as_ref().map_err(|id| *id), "{values:?} {target}");
            // A token of another kind is nothing to a gate that gets none of this one.
            headers.insert("x-auth-token", HeaderValue::from_static("b"));
            let both = token(&headers, target);
            let both = both.as_ref().map(|found| *found).map_err(Fault::id);
            let expected = if matches!(expected, Ok(Some(_))) { malformed } else { expected };
            assert_eq!(both, expected, "{values:?} {target}");
        }
    }
}
