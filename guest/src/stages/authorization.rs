//! The Authorization field (RFC 6750; RFC 9110, 11.6.2). Its value never gets
//! into a text.

use super::call::fields;
use crate::{
    catalogue::rule,
    findings::Report,
    ir::{Operation, Severity},
    media_type::{is_token, trim},
    settings::Profile,
    verdict::{Location, Request},
};

/// `operation` is none if the policy does not know what the request is for.
pub(super) fn check(request: &Request<'_>, profile: &Profile, operation: Option<&Operation>, report: &mut Report<'_>) {
    let location = || Location::Header("Authorization".to_owned());
    // An empty field is as good as none where a client sends a key that it may not have.
    // What an operation that the policy does not know takes is not for it to say.
    let bare = operation.is_none_or(|operation| operation.bare_credentials);
    let mut values = fields(request, "authorization").filter(|value| !(bare && trim(value).is_empty()));
    if profile.require_authorization {
        report.looks_at(&[rule::AUTH_REQUIRED]);
    }
    let Some(value) = values.next() else {
        let mut others = operation.into_iter().flat_map(|operation| &operation.credentials);
        let stands_in = |name: &String| fields(request, name).any(|value| !trim(value).is_empty());
        if profile.require_authorization && !others.any(stands_in) {
            if report.severity(rule::AUTH_REQUIRED) == Severity::Deny {
                report.answer_field("www-authenticate", "Bearer realm=\"vnflcm\"".to_owned());
            }
            let detail = "The header field Authorization is missing; get an access token and send it as 'Bearer', a space and the token.".to_owned();
            report.fail(rule::AUTH_REQUIRED, location(), detail);
        }
        return;
    };
    report.looks_at(&[rule::AUTH_MALFORMED]);
    let fault = if values.next().is_some() {
        Some("occurs more than once; send it once")
    } else {
        fault(trim(value)).filter(|_| !bare)
    };
    if let Some(fault) = fault {
        if report.severity(rule::AUTH_MALFORMED) == Severity::Deny {
            report.answer_field("www-authenticate", "Bearer error=\"invalid_request\"".to_owned());
        }
        report.fail(rule::AUTH_MALFORMED, location(), format!("The header field Authorization {fault}."));
    }
}

/// What is wrong with credentials, if anything.
fn fault(value: &str) -> Option<&'static str> {
    let Some((scheme, credentials)) = value.split_once([' ', '\t']) else {
        return Some("has no credentials; expected a scheme, such as Bearer, a space and the token");
    };
    let credentials = trim(credentials);
    if !is_token(scheme) || credentials.is_empty() {
        return Some("has no credentials; expected a scheme, such as Bearer, a space and the token");
    }
    if scheme.eq_ignore_ascii_case("bearer") && !is_b64token(credentials) {
        return Some("has a Bearer token with characters that no token has");
    }
    None
}

/// `b64token` (RFC 6750, 2.1).
fn is_b64token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty() && body.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials() {
        let fine = [
            "Bearer abc.def.ghi",
            "bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Basic dXNlcjpwYXNz",
            "Digest username=\"a b\", realm=\"c\"",
            "Bearer  x",
        ];
        let bad = [
            "",
            "Bearer",
            "Bearer ",
            "Bearer a b",
            "Bearer =",
            "Bearer a\"b",
            "Bearer a=b",
            "token",
            "a,b c",
            "Bearer é",
        ];
        for value in fine {
            assert_eq!(fault(value), None, "{value}");
        }
        for value in bad {
            assert!(fault(value).is_some(), "{value}");
        }
    }
}
