//! Texts that are not secret as a whole, and may have secrets in them: URIs with a
//! password, configurations of machines, command lines, tokens.

use std::borrow::Cow;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD};
use solgate_contract::ownership::decode_fully;

use super::{MARK, Redactor};

/// How often texts are looked for within texts: JSON in a text, base64 in that.
pub(super) const LAYERS: usize = 3;

/// Characters of a name that are looked at before its value begins.
const NAME: usize = 64;

/// Shorter ones are words rather than something that was encoded.
const ENCODED: usize = 16;

impl Redactor<'_> {
    /// A text without its secrets: those of URIs are replaced where they stand, and a text
    /// that gives a secret in another way is replaced as a whole.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.text_within(text, LAYERS)
    }

    pub(super) fn text_within<'t>(&self, text: &'t str, layers: usize) -> Cow<'t, str> {
        // Most texts are too short for a secret, and have nothing that would lead to one.
        if text.len() < ENCODED && !text.bytes().any(leads_to_a_secret) {
            return Cow::Borrowed(text);
        }
        let Some(layers) = layers.checked_sub(1) else { return Cow::Borrowed(MARK) };
        if matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'['))
            && let Some(json) = self.json_within(text, layers)
        {
            return if json.pointers.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(json.text) };
        }
        let uris = self.uris(text, layers);
        if self.tells(&uris) || is_token(text) || self.is_in_base64(text, layers) { Cow::Borrowed(MARK) } else { uris }
    }

    /// The value of a parameter may be a URI itself, encoded once more.
    fn value_is_secret(&self, value: &str, layers: usize) -> bool {
        let (decoded, whole) = decode_fully(value);
        !whole || self.text_within(&decoded, layers) != decoded
    }

    /// The text with URIs that have lost user, password and secret parameters.
    fn uris<'t>(&self, text: &'t str, layers: usize) -> Cow<'t, str> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("//") {
            let (before, uri) = rest.split_at_checked(at).unwrap_or((rest, ""));
            // With its scheme, or with that of the page it stands in.
            let begins = before.ends_with(':') || before.is_empty() && out.is_empty();
            let end = if begins { uri.find(ends_uri).unwrap_or(uri.len()) } else { 2 };
            let (uri, after) = uri.split_at_checked(end).unwrap_or((uri, ""));
            out.push_str(before);
            if begins {
                self.uri(uri, layers, &mut out)
            } else {
                out.push_str(uri)
            }
            rest = after;
        }
        if out.is_empty() {
            return Cow::Borrowed(text);
        }
        out.push_str(rest);
        if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
    }

    /// From the two slashes before the authority to the end.
    fn uri(&self, uri: &str, layers: usize, out: &mut String) {
        let query_at = uri.find(['?', '#']).unwrap_or(uri.len());
        let (place, query) = uri.split_at_checked(query_at).unwrap_or((uri, ""));
        let authority = place.get(2..).unwrap_or_default();
        let path_at = authority.find(['/', '\\']).unwrap_or(authority.len());
        let (host, _) = authority.split_at_checked(path_at).unwrap_or((authority, ""));
        // A password may have a slash in it that should have been encoded; a port is digits.
        let odd_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().any(|byte| !byte.is_ascii_digit()));
        let user = if odd_port { authority.rfind('@') } else { host.rfind('@') };
        match user.and_then(|at| authority.split_at_checked(at)) {
            Some((user, rest)) => {
                let both = if user.contains(':') { ":redacted" } else { "" };
                out.extend(["//", MARK, both, rest]);
            }
            None => out.push_str(place),
        }
        self.parameters(query, layers, out);
    }

    /// A query or fragment, or both, whose parameters with the name of a secret, or with a
    /// secret in their value, have lost their values.
    pub(super) fn parameters(&self, query: &str, layers: usize, out: &mut String) {
        // However somebody may read it.
        const ENDS: [char; 4] = ['&', ';', '?', '#'];
        for pair in query.split_inclusive(ENDS) {
            let (content, end) = match pair.char_indices().next_back() {
                Some((at, c)) if ENDS.contains(&c) => pair.split_at_checked(at).unwrap_or((pair, "")),
                _ => (pair, ""),
            };
            match content.split_once('=') {
                Some((name, value)) if self.names.is_secret_parameter(name) || self.value_is_secret(value, layers) => {
                    out.extend([name, "=", MARK, end]);
                }
                _ => out.push_str(pair),
            }
        }
    }

    /// Whether a text gives a secret: after the name of one, as configurations, command
    /// lines and documents have it, or somewhere in a script or in a configuration.
    fn tells(&self, text: &str) -> bool {
        let whole = text.starts_with("#!") || text.contains('\n');
        if text.contains("PRIVATE KEY-----") || text.contains("chpasswd") || whole && self.names.is_in(text) {
            return true;
        }
        for (at, byte) in text.bytes().enumerate() {
            let follows = match byte {
                b':' | b'=' => true,
                b'>' => text.get(..at).is_some_and(|before| name_at_end(before).1.ends_with('<')),
                // `--password value`
                b' ' => text.get(..at).is_some_and(|before| name_at_end(before).0.starts_with("--")),
                _ => false,
            };
            if follows && self.value_follows(text, at) {
                return true;
            }
        }
        false
    }

    /// Whether a name that ends at `at` is that of a secret, and a value comes after it.
    fn value_follows(&self, text: &str, at: usize) -> bool {
        let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
        let (name, _) = name_at_end(before.trim_end_matches(['"', '\'', '\\', ' ']));
        // First, so that a text of nothing but colons is not gone through for each of them.
        if name.is_empty() || !self.names.is_secret(name) {
            return false;
        }
        let value = after.trim_start_matches([':', '=', '>', ' ', '\t', '"', '\'', '\\']);
        !value.is_empty() && !value.starts_with(MARK)
    }

    fn is_in_base64(&self, text: &str, layers: usize) -> bool {
        if text.len() < ENCODED
            || text.bytes().any(|byte| !(byte.is_ascii_alphanumeric() || b"+/-_=\r\n".contains(&byte)))
        {
            return false;
        }
        let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        let decoded = BASE64.decode(plain.as_bytes()).or_else(|_| {
            let plain = plain.trim_end_matches('=').as_bytes();
            BASE64_NOPAD.decode(plain).or_else(|_| BASE64URL_NOPAD.decode(plain))
        });
        let Ok(decoded) = decoded else { return false };
        // What is compressed cannot be looked into.
        if decoded.starts_with(&[0x1f, 0x8b]) {
            return true;
        }
        std::str::from_utf8(&decoded).is_ok_and(|decoded| self.text_within(decoded, layers) != decoded)
    }
}

fn leads_to_a_secret(byte: u8) -> bool {
    matches!(byte, b':' | b'=' | b'>' | b' ' | b'/' | b'\n' | b'{' | b'[')
}

fn ends_uri(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`')
}

/// The name that a text ends with, and what comes before it.
fn name_at_end(text: &str) -> (&str, &str) {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte >= 0x80 || matches!(byte, b'-' | b'_' | b'.');
    let length = text.bytes().rev().take(NAME).take_while(|byte| is_name(*byte)).count();
    let at = text.ceil_char_boundary(text.len().saturating_sub(length));
    text.split_at_checked(at).map_or(("", text), |(before, name)| (name, before))
}

/// Credentials as header fields have them, or a JWT.
fn is_token(text: &str) -> bool {
    let text = text.trim();
    if let Some((scheme, rest)) = text.split_once(' ')
        && !rest.trim().contains(' ')
    {
        let bearer = scheme.eq_ignore_ascii_case("bearer") && !rest.trim().is_empty();
        let basic = scheme.eq_ignore_ascii_case("basic")
            && BASE64.decode(rest.trim().as_bytes()).is_ok_and(|decoded| decoded.contains(&b':'));
        return bearer || basic;
    }
    text.starts_with("eyJ") && text.split('.').count() >= 3 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::super::SecretNames;
    use super::*;

    #[test]
    fn texts_lose_their_secrets_and_nothing_else() {
        let names = SecretNames::default();
        let redactor = Redactor::new([], &names);
        let table = [
            ("http://u:p@h/a?b=c", "http://redacted:redacted@h/a?b=c"),
            ("x http://u@h:80/ y ftp://v:w@i z", "x http://redacted@h:80/ y ftp://redacted:redacted@i z"),
            ("//u:p@h", "//redacted:redacted@h"),
            ("http://u:a/b@h/c@d", "http://redacted:redacted@d"),
            (
                "https://h/?a=b&token=c;sig=d#access_token=e",
                "https://h/?a=b&token=redacted;sig=redacted#access_token=redacted",
            ),
            ("https://h/?to=http%3A%2F%2Fu%3Ap%40h&x=y", "https://h/?to=redacted&x=y"),
            ("https://h/?token", "https://h/?token"),
            ("curl --token abc http://h", MARK),
            ("password=abc", MARK),
            ("Password: abc", MARK),
            ("{\"a\":1, \"password\":\"x\"}", "{\"a\":1, \"password\":\"redacted\"}"),
            ("<pass>abc</pass>", MARK),
            ("Bearer abc", MARK),
            ("Basic dTpw", MARK),
            ("eyJhbGciOiJub25lIn0.eyJz.c2ln", MARK),
            ("cGFzc3dvcmQ6IGh1bnRlcjI=", MARK),
            ("H4sIAAAAAAAAA0tMSgYAwkEkNQMAAAA=", MARK),
            ("a\nthe password is b", MARK),
        ];
        for (text, expected) in table {
            assert_eq!(redactor.text(text), expected, "{text}");
        }
        let kept = [
            "",
            "a",
            "//",
            "///",
            "http://",
            "http://h",
            "http://h:80/a//b@c",
            "http://[::1]:80/",
            "a // b@c",
            "2026-01-31T12:00:00.000Z",
            "urn:uuid:6fc3539c-e602-4afa-8e13-962fb5a7d81f",
            "Reset the password.",
            "Basic instance",
            "INSTANTIATED_CONFIGURATION_STATE",
            "6fc3539ce6024afa8e13962fb5a7d81f",
            "key: value",
            "author: me",
            "a=b&c=d",
            "password:",
            "application/json; charset=utf-8",
            "*/*",
            "W/\"1\"",
            "pass > auth",
            "https://h/vnf_instances?filter=(eq,id,1)&fields=a,b",
            "\u{e9}:\u{e9}=",
            "{broken",
            "[1, 2]",
        ];
        for text in kept {
            assert_eq!(redactor.text(text), text);
        }
    }

    /// A text within a text within a text: what is not looked into is left out.
    #[test]
    fn nobody_is_sent_down_without_end() {
        let names = SecretNames::default();
        let redactor = Redactor::new([], &names);
        let mut text = "a plain text, long enough to be encoded".to_owned();
        for _ in 0..8 {
            text = BASE64.encode(text.as_bytes());
        }
        assert_eq!(redactor.text(&text), MARK);
    }
}
