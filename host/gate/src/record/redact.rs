//! Takes secrets out of what is written down, and leaves their shape.

mod json;

use std::borrow::Cow;

use http::HeaderName;
use solgate_contract::uri::decode_unreserved;

use crate::policy::Policy;
use crate::policy::manifest::Secret;

pub use json::Redacted;

/// What stands where a secret was.
const MARK: &str = "redacted";

/// Names, in lower case and without `-` and `_`, that holds of whatever contains
/// one of them that it is a secret: bodies hold free-form members, too.
const SECRET_NAMES: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "privatekey",
    "apikey",
    "accesskey",
    "accessinfo",
];

/// Names of header fields that hold credentials, beside those whose name says so.
const SECRET_FIELDS: [&str; 5] = ["authorization", "cookie", "proxy-authorization", "set-cookie", "x-hm-authorization"];

/// Authentication schemes (IANA), whose name is not part of the credentials.
const SCHEMES: [&str; 12] = [
    "basic",
    "bearer",
    "concealed",
    "digest",
    "dpop",
    "gnap",
    "hoba",
    "mutual",
    "negotiate",
    "oauth",
    "scram-sha-256",
    "vapid",
];

/// Knows what is a secret to some policies.
#[derive(Debug, Default)]
pub struct Redactor<'p> {
    secrets: Vec<&'p Secret>,
}

impl<'p> Redactor<'p> {
    /// A redactor of what these policies, or its own knowledge, call a secret.
    pub fn new(policies: impl IntoIterator<Item = &'p Policy>) -> Self {
        Self { secrets: policies.into_iter().flat_map(|policy| &policy.manifest().secrets).collect() }
    }

    /// Whether a text that is not JSON holds the name of a secret member.
    #[must_use]
    pub fn finds_name_in(&self, text: &str) -> bool {
        let names = self.secrets.iter().filter_map(|secret| secret.pointer.rsplit('/').find(|step| *step != "*"));
        is_secret_name(text) || names.filter(|name| !name.is_empty()).any(|name| text.contains(name))
    }

    /// A JSON text without its secrets; everything else stays byte for byte.
    /// `None` if the text is not JSON.
    #[must_use]
    pub fn json(&self, text: &str) -> Option<Redacted> {
        json::redact(text, &self.secrets)
    }
}

/// The value of a header field; credentials keep their scheme and form.
#[must_use]
pub fn field<'v>(name: &HeaderName, value: &'v str) -> Cow<'v, str> {
    if !SECRET_FIELDS.contains(&name.as_str()) && !is_secret_name(name.as_str()) {
        return value.into();
    }
    let trimmed = value.trim_start();
    let scheme = trimmed.split([' ', '\t']).next().filter(|word| word.len() < trimmed.len());
    let known = scheme.filter(|word| SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme)));
    match known {
        Some(scheme) => {
            let rest = trimmed.get(scheme.len()..).unwrap_or_default();
            format!("{scheme}{}", masked(rest)).into()
        }
        None => masked(value).into(),
    }
}

/// A target whose query parameters with the name of a secret have lost their
/// values.
#[must_use]
pub fn target(target: &str) -> Cow<'_, str> {
    let Some((path, query)) = target.split_once('?') else { return target.into() };
    // However somebody may read it.
    const ENDS: [char; 2] = ['&', ';'];
    let secret = |pair: &str| pair.split_once('=').is_some_and(|(name, _)| is_secret_name(&decode_unreserved(name)));
    if !query.split(ENDS).any(secret) {
        return target.into();
    }
    let pairs = query.split_inclusive(ENDS).map(|pair| match pair.split_once('=') {
        Some((name, _)) if secret(pair) => {
            let end = pair.chars().next_back().filter(|end| ENDS.contains(end));
            format!("{name}={MARK}{}", end.map(String::from).unwrap_or_default())
        }
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<String>()).into()
}

/// Whether the name of a member, field or parameter says that it is a secret.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect();
    SECRET_NAMES.iter().any(|secret| plain.contains(secret))
}

/// Every run of characters that a token may have (RFC 6750, 2.1; the dot apart,
/// which divides a JWT) becomes one mark; what lies between stays.
fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut within = false;
    for c in text.chars() {
        let part = c.is_ascii_alphanumeric() || "-_~+/".contains(c);
        if part && !within {
            out.push_str(MARK);
        } else if !part {
            out.push(if c.is_ascii() { c } else { char::REPLACEMENT_CHARACTER });
        }
        within = part;
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    #[test]
    fn credentials_keep_their_form() {
        let table = [
            ("authorization", "Bearer eyJhbGciOi.eyJzdWIi.c2ln-_x", "Bearer redacted.redacted.redacted"),
            ("authorization", "basic  dXNlcjpwYXNz==", "basic  redacted=="),
            ("authorization", "hunter2", "redacted"),
            ("authorization", "hunter2 hunter3", "redacted redacted"),
            ("authorization", "Bearer", "redacted"),
            ("authorization", "Bearer a\"b", "Bearer redacted\"redacted"),
            ("authorization", "Digest username=\"a b\"", "Digest redacted=\"redacted redacted\""),
            ("authorization", "Bearer h\u{fc}nter2", "Bearer redacted\u{fffd}redacted"),
            ("x-auth-token", "gAAAA", "redacted"),
            ("x-hm-authorization", "0d5e:3c41:4e8b", "redacted:redacted:redacted"),
            ("cookie", "session=1; b=2", "redacted=redacted; redacted=redacted"),
            ("x-api-key", "k1", "redacted"),
            ("authorization", "", ""),
            ("version", "2.0.0", "2.0.0"),
        ];
        for (name, value, expected) in table {
            let name = HeaderName::from_static(name);
            assert_eq!(field(&name, value), expected, "{name}: {value}");
        }
    }

    #[test]
    fn targets_lose_the_values_of_secret_parameters() {
        let table = [
            ("/a/b", "/a/b"),
            ("/a?filter=(eq,id,1)&x", "/a?filter=(eq,id,1)&x"),
            ("/a?b=1;access_token=x;c=2", "/a?b=1;access_token=redacted;c=2"),
            ("/a?%74oken=x", "/a?%74oken=redacted"),
            ("/a?x=1&access_token=abc&token&b", "/a?x=1&access_token=redacted&token&b"),
        ];
        for (text, expected) in table {
            assert_eq!(target(text), expected);
        }
    }
}
