//! JSON texts: values of secrets are replaced where they stand, so that nothing
//! else about the text changes - members that occur twice, white space, the way
//! in which numbers and texts are written.

use serde::de::IgnoredAny;

use super::{MARK, is_secret_name};
use crate::policy::manifest::Secret;

/// A JSON text without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    pub text: String,
    /// JSON Pointers of the values that were replaced.
    pub pointers: Vec<String>,
}

/// How much of what a text holds is a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    None,
    /// Because the policy says so, which also knows exceptions.
    Policy,
    /// Because a name says so.
    Name,
}

pub(super) fn redact(text: &str, secrets: &[&Secret]) -> Option<Redacted> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut walk = Walk { rest: text, secrets, path: Vec::new(), out: String::new(), pointers: Vec::new() };
    walk.value(Secrecy::None);
    walk.space();
    Some(Redacted { text: walk.out, pointers: walk.pointers })
}

/// Goes through a text that is known to be JSON.
struct Walk<'t> {
    rest: &'t str,
    secrets: &'t [&'t Secret],
    /// Decoded names and numbers of the members on the way here.
    path: Vec<String>,
    out: String,
    pointers: Vec<String>,
}

impl<'t> Walk<'t> {
    fn value(&mut self, around: Secrecy) {
        self.space();
        let secrecy = self.secrecy(around);
        match self.rest.as_bytes().first() {
            Some(b'{') => self.members(secrecy),
            Some(b'[') => self.items(secrecy),
            _ => {
                let token = self.token();
                if secrecy == Secrecy::None {
                    self.out.push_str(token);
                    return;
                }
                let replaced = replacement(token);
                if replaced != token {
                    let step = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
                    self.pointers.push(self.path.iter().map(step).collect());
                }
                self.out.push_str(&replaced);
            }
        }
    }

    fn members(&mut self, secrecy: Secrecy) {
        self.copy(1);
        loop {
            self.space();
            if self.rest.starts_with('}') {
                return self.copy(1);
            }
            if self.rest.starts_with(',') {
                self.copy(1);
                self.space();
            }
            let name = self.token();
            self.out.push_str(name);
            self.space();
            self.copy(1);
            let name: String = serde_json::from_str(name).unwrap_or_else(|_| name.to_owned());
            let secrecy = if secrecy != Secrecy::Name && is_secret_name(&name) { Secrecy::Name } else { secrecy };
            self.path.push(name);
            self.value(secrecy);
            self.path.pop();
        }
    }

    fn items(&mut self, secrecy: Secrecy) {
        self.copy(1);
        let mut index = 0_usize;
        loop {
            self.space();
            if self.rest.starts_with(']') {
                return self.copy(1);
            }
            if self.rest.starts_with(',') {
                self.copy(1);
            }
            self.path.push(index.to_string());
            self.value(secrecy);
            self.path.pop();
            index = index.saturating_add(1);
        }
    }

    /// Whether the value at the path is a secret, lying within what is, or is not.
    fn secrecy(&self, around: Secrecy) -> Secrecy {
        if around == Secrecy::Name {
            return around;
        }
        let here = self.secrets.iter().find(|secret| matches(&secret.pointer, &self.path));
        match here {
            Some(secret) if secret.secret => Secrecy::Policy,
            Some(_) => Secrecy::None,
            None => around,
        }
    }

    /// White space.
    fn space(&mut self) {
        self.copy(self.rest.len().saturating_sub(self.rest.trim_start_matches([' ', '\t', '\r', '\n']).len()));
    }

    fn copy(&mut self, length: usize) {
        let (copied, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.out.push_str(copied);
        self.rest = rest;
    }

    /// Takes a text with its quotes, a number or a literal.
    fn token(&mut self) -> &'t str {
        let length = if self.rest.starts_with('"') {
            let mut escaped = false;
            let end = self.rest.bytes().skip(1).position(|byte| {
                let ends = byte == b'"' && !escaped;
                escaped = byte == b'\\' && !escaped;
                ends
            });
            end.map_or(self.rest.len(), |end| end.saturating_add(2))
        } else {
            self.rest.find([',', ']', '}', ':', ' ', '\t', '\r', '\n']).unwrap_or(self.rest.len())
        };
        let (token, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        token
    }
}

/// A value of the same type, and a URI for a URI.
fn replacement(token: &str) -> String {
    match token.as_bytes().first() {
        Some(b'"') => {
            if token == "\"\"" {
                return token.to_owned();
            }
            // Half a surrogate pair cannot be read, and is not part of a URI.
            let text: String = serde_json::from_str(token).unwrap_or_default();
            for scheme in ["https://", "http://"] {
                if text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
                    return format!("\"{scheme}{MARK}.example/\"");
                }
            }
            format!("\"{MARK}\"")
        }
        Some(b'-' | b'0'..=b'9') => "0".to_owned(),
        Some(b't' | b'f') => "false".to_owned(),
        _ => token.to_owned(),
    }
}

/// Whether a pattern, with `*` for any step, names this place.
fn matches(pattern: &str, path: &[String]) -> bool {
    if pattern.is_empty() {
        return path.is_empty();
    }
    let mut steps = pattern.split('/').skip(1);
    let mut here = path.iter();
    loop {
        match (steps.next(), here.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(step), Some(name)) if step.replace("~1", "/").replace("~0", "~") == *name => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_nothing_else() {
        let place = |pointer: &str, secret| Secret { pointer: pointer.to_owned(), secret };
        let secrets = [
            place("/auth", true),
            place("/auth/kind/*", false),
            place("/vims/*/access~1info", true),
            place("/list/*/pin", true),
        ];
        let secrets: Vec<&Secret> = secrets.iter().collect();
        let table: [(&str, &str, &[&str]); 12] = [
            ("{\"a\" : [1.0, \"x\\u0041\"],\n \"a\":{} }", "{\"a\" : [1.0, \"x\\u0041\"],\n \"a\":{} }", &[]),
            (
                r#"{"auth":{"kind":["BASIC"],"user":"u","n":[7,true,null,""],"at":"HTTPS://u:p@a/b"}}"#,
                r#"{"auth":{"kind":["BASIC"],"user":"redacted","n":[0,false,null,""],"at":"https://redacted.example/"}}"#,
                &["/auth/user", "/auth/n/0", "/auth/n/1", "/auth/at"],
            ),
            (r#"{"auth":"a\"b\\"}"#, r#"{"auth":"redacted"}"#, &["/auth"]),
            (r#"{"\u0061uth":"x"}"#, r#"{"\u0061uth":"redacted"}"#, &["/auth"]),
            (
                r#"{"vims":{"v/1":{"access/info":{"k":1}}}}"#,
                r#"{"vims":{"v/1":{"access/info":{"k":0}}}}"#,
                &["/vims/v~11/access~1info/k"],
            ),
            (
                r#"{"list":[{"pin":"1"},{"pins":"1"}]}"#,
                r#"{"list":[{"pin":"redacted"},{"pins":"1"}]}"#,
                &["/list/0/pin"],
            ),
            (
                r#"{"x":{"Admin-Password":{"auth":"y"}}}"#,
                r#"{"x":{"Admin-Password":{"auth":"redacted"}}}"#,
                &["/x/Admin-Password/auth"],
            ),
            (
                r#"{"pass_word":"a","password":"a","password":"b"}"#,
                r#"{"pass_word":"redacted","password":"redacted","password":"redacted"}"#,
                &["/pass_word", "/password", "/password"],
            ),
            (r#"{"password":"\ud800x"}"#, r#"{"password":"redacted"}"#, &["/password"]),
            ("[]", "[]", &[]),
            (" \"é\" ", " \"é\" ", &[]),
            ("-1e5", "-1e5", &[]),
        ];
        for (text, expected, pointers) in table {
            let found = redact(text, &secrets).unwrap();
            assert_eq!(
                (found.text.as_str(), found.pointers),
                (expected, pointers.iter().map(|p| (*p).to_owned()).collect())
            );
        }
        for text in ["", "{", "{\"auth\":}", "x"] {
            assert_eq!(redact(text, &secrets), None, "{text}");
        }
    }
}
