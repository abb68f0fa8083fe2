//! JSON texts: values of secrets are replaced where they stand, so that nothing
//! else about the text changes - members that occur twice, white space, the way
//! in which numbers and texts are written.

use std::ops::Range;

use serde::de::IgnoredAny;

use super::{MARK, Redactor};
use crate::policy::manifest::Secret;

/// Deeper than any policy accepts, and than anybody has to follow.
const DEPTH: usize = 128;

/// Members that name what another member of the same object is the value of.
const NAME_MEMBERS: [&str; 7] = ["name", "key", "id", "param", "parameter", "field", "variable"];
const VALUE_MEMBERS: [&str; 6] = ["value", "val", "content", "data", "default", "text"];

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

pub(super) fn redact(text: &str, redactor: &Redactor<'_>, layers: usize) -> Option<Redacted> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let (path, out, pointers) = (Vec::new(), String::with_capacity(text.len()), Vec::new());
    let mut walk = Walk { rest: text, redactor, layers, path, out, pointers, too_deep: false };
    walk.value(Secrecy::None);
    walk.space();
    (!walk.too_deep).then_some(Redacted { text: walk.out, pointers: walk.pointers })
}

/// Goes through a text that is known to be JSON.
struct Walk<'t> {
    rest: &'t str,
    redactor: &'t Redactor<'t>,
    /// How far texts in it are looked into.
    layers: usize,
    /// Decoded names and numbers of the members on the way here.
    path: Vec<String>,
    out: String,
    pointers: Vec<String>,
    too_deep: bool,
}

impl<'t> Walk<'t> {
    fn value(&mut self, around: Secrecy) {
        self.space();
        let secrecy = self.secrecy(around);
        match self.rest.as_bytes().first() {
            Some(b'{' | b'[') if self.path.len() >= DEPTH => {
                self.too_deep = true;
                self.rest = "";
            }
            Some(b'{') => self.members(secrecy),
            Some(b'[') => self.items(secrecy),
            _ => {
                let token = self.token();
                let replaced = match secrecy {
                    Secrecy::None => self.without_secrets(token),
                    Secrecy::Policy | Secrecy::Name => Some(replacement(token)).filter(|replaced| replaced != token),
                };
                match replaced {
                    Some(replaced) => {
                        self.note();
                        self.out.push_str(&replaced);
                    }
                    None => self.out.push_str(token),
                }
            }
        }
    }

    /// The value at the path was replaced.
    fn note(&mut self) {
        let step = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        self.pointers.push(self.path.iter().map(step).collect());
    }

    /// A text that is not secret as a whole, if there are secrets in it.
    fn without_secrets(&self, token: &str) -> Option<String> {
        let quoted = token.strip_prefix('"')?.strip_suffix('"')?;
        // Half a surrogate pair cannot be read: then the text counts as it is written.
        let decoded: Option<String> = quoted.contains('\\').then(|| serde_json::from_str(token).ok()).flatten();
        let text = decoded.as_deref().unwrap_or(quoted);
        let redacted = self.redactor.text_within(text, self.layers);
        (redacted != text).then(|| serde_json::Value::from(&*redacted).to_string())
    }

    fn members(&mut self, secrecy: Secrecy) {
        self.copy(1);
        // Of an object that names one of its members in another one.
        let (mut names_secret, mut values) = (false, Vec::new());
        loop {
            self.space();
            if self.rest.is_empty() || self.rest.starts_with('}') {
                break;
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
            let named = secrecy != Secrecy::Name && self.redactor.names.is_secret(&name);
            self.space();
            if secrecy == Secrecy::None && !named && NAME_MEMBERS.iter().any(|member| name.eq_ignore_ascii_case(member))
            {
                names_secret |= self.names_secret();
            }
            let is_value = VALUE_MEMBERS.iter().any(|member| name.eq_ignore_ascii_case(member));
            self.path.push(name);
            // Where the policy says so as well, it knows what below it is not one.
            let known = named && self.known().is_some_and(|secret| secret.secret);
            let within = if named && !known { Secrecy::Name } else { secrecy };
            let start = self.out.len();
            self.value(within);
            if within == Secrecy::None && !named && is_value {
                values.push((start..self.out.len(), self.path.last().cloned().unwrap_or_default()));
            }
            self.path.pop();
        }
        if names_secret {
            values.into_iter().rev().for_each(|(place, name)| self.replace(place, name));
        }
        self.copy(1);
    }

    /// Whether the value that comes next is the name of a secret.
    fn names_secret(&self) -> bool {
        let mut ahead = Walk { path: Vec::new(), out: String::new(), pointers: Vec::new(), ..*self };
        let token = ahead.token();
        token.starts_with('"')
            && serde_json::from_str::<String>(token).is_ok_and(|name| self.redactor.names.is_secret(&name))
    }

    /// Replaces the value of a member that was written already.
    fn replace(&mut self, place: Range<usize>, name: String) {
        let value = self.out.get(place.clone()).unwrap_or_default();
        let replaced = if value.starts_with(['{', '[']) { format!("\"{MARK}\"") } else { replacement(value) };
        if replaced != value {
            self.path.push(name);
            self.note();
            self.path.pop();
            self.out.replace_range(place, &replaced);
        }
    }

    fn items(&mut self, secrecy: Secrecy) {
        self.copy(1);
        let mut index = 0_usize;
        loop {
            self.space();
            if self.rest.is_empty() || self.rest.starts_with(']') {
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

    /// What the policy says of the place at the path.
    fn known(&self) -> Option<&'t Secret> {
        self.redactor.secrets.iter().find(|secret| matches(&secret.pointer, &self.path)).copied()
    }

    /// Whether the value at the path is a secret, lying within what is, or is not.
    fn secrecy(&self, around: Secrecy) -> Secrecy {
        if around == Secrecy::Name {
            return around;
        }
        match self.known() {
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
    use super::super::SecretNames;
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
        let names = SecretNames::default();
        let redactor = Redactor { secrets: secrets.iter().collect(), names: &names };
        let table: [(&str, &str, &[&str]); 17] = [
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
            (
                r#"[{"name":"dbPassword","value":"x","n":1},{"value":{"a":"b"},"key":"token"},{"name":"a","value":"b"}]"#,
                r#"[{"name":"dbPassword","value":"redacted","n":1},{"value":"redacted","key":"token"},{"name":"a","value":"b"}]"#,
                &["/0/value", "/1/value"],
            ),
            (r#"{"a":"http:\/\/u:p@h\/"}"#, r#"{"a":"http://redacted:redacted@h/"}"#, &["/a"]),
            (r#"["http://h?sig=\u0061","\u0061"]"#, r#"["http://h?sig=redacted","\u0061"]"#, &["/0"]),
            (r#""password: x\ny""#, r#""redacted""#, &[""]),
            (r#"{"name":{"password":1},"value":"b"}"#, r#"{"name":{"password":0},"value":"b"}"#, &["/name/password"]),
            ("[]", "[]", &[]),
            (" \"é\" ", " \"é\" ", &[]),
            ("-1e5", "-1e5", &[]),
        ];
        for (text, expected, pointers) in table {
            let found = redactor.json(text).unwrap();
            assert_eq!(
                (found.text.as_str(), found.pointers),
                (expected, pointers.iter().map(|p| (*p).to_owned()).collect())
            );
        }
        for text in ["", "{", "{\"auth\":}", "x"] {
            assert_eq!(redactor.json(text), None, "{text}");
        }
    }

    #[test]
    fn nobody_follows_a_text_down_without_end() {
        let names = SecretNames::default();
        let redactor = Redactor::new([], &names);
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(redactor.json(&nested(DEPTH)).unwrap().text, nested(DEPTH));
            assert_eq!(redactor.json(&nested(DEPTH + 1)), None);
            assert_eq!(redactor.json(&nested(100_000)), None);
        }
    }
}
