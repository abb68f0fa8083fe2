//! Takes secrets out of what is written down, and leaves their shape.
//!
//! [`names`] knows a secret by its name, [`text`] finds those that stand in a text, and
//! [`json`] goes through bodies.

mod json;
mod names;
mod text;

use std::borrow::Cow;

use http::HeaderName;

use crate::policy::Policy;
use crate::policy::manifest::Secret;

pub use json::Redacted;
pub use names::SecretNames;

/// What stands where a secret was.
const MARK: &str = "redacted";

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

/// Knows what is a secret to some policies and to an operator.
#[derive(Debug)]
pub struct Redactor<'p> {
    secrets: Vec<&'p Secret>,
    names: &'p SecretNames,
}

impl<'p> Redactor<'p> {
    /// A redactor of what these policies, or these names, call a secret.
    pub fn new(policies: impl IntoIterator<Item = &'p Policy>, names: &'p SecretNames) -> Self {
        Self { secrets: policies.into_iter().flat_map(|policy| &policy.manifest().secrets).collect(), names }
    }

    /// A JSON text without its secrets; everything else stays byte for byte. `None` if the
    /// text is not JSON, or so deep that nobody judges it.
    #[must_use]
    pub fn json(&self, text: &str) -> Option<Redacted> {
        self.json_within(text, text::LAYERS)
    }

    fn json_within(&self, text: &str, layers: usize) -> Option<Redacted> {
        json::redact(text, self, layers)
    }

    /// The value of a header field; credentials keep their scheme and form.
    #[must_use]
    pub fn field<'v>(&self, name: &HeaderName, value: &'v str) -> Cow<'v, str> {
        if !SECRET_FIELDS.contains(&name.as_str()) && !self.names.is_secret(name.as_str()) {
            return self.text(value);
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

    /// A target whose query parameters with the name of a secret have lost their values.
    #[must_use]
    pub fn target<'t>(&self, target: &'t str) -> Cow<'t, str> {
        let Some((path, query)) = target.split_once('?') else { return target.into() };
        let mut out = format!("{path}?");
        self.parameters(query, text::LAYERS, &mut out);
        if out == target { target.into() } else { out.into() }
    }
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
            ("referer", "http://u:p@h/?sig=a", "http://redacted:redacted@h/?sig=redacted"),
        ];
        let names = SecretNames::default();
        let redactor = Redactor::new([], &names);
        for (name, value, expected) in table {
            let name = HeaderName::from_static(name);
            assert_eq!(redactor.field(&name, value), expected, "{name}: {value}");
        }
    }

    #[test]
    fn targets_lose_the_values_of_secret_parameters() {
        let table = [
            ("/a/b", "/a/b"),
            ("/a?filter=(eq,id,1)&x", "/a?filter=(eq,id,1)&x"),
            ("/a?b=1;access_token=x;c=2", "/a?b=1;access_token=redacted;c=2"),
            ("/a?%74oken=x", "/a?%74oken=redacted"),
            ("/a?filter=(eq,id,1);(eq,x,http://u@h)", "/a?filter=(eq,id,1);(eq,x,http://u@h)"),
            ("/a?at=http://u:p@h/&b=c", "/a?at=redacted&b=c"),
            ("/a?x=1&access_token=abc&token&b", "/a?x=1&access_token=redacted&token&b"),
        ];
        let names = SecretNames::default();
        let redactor = Redactor::new([], &names);
        for (text, expected) in table {
            assert_eq!(redactor.target(text), expected);
        }
    }
}
