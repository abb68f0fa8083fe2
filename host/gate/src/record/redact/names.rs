//! Which names say that they stand for a secret.

use solgate_contract::uri::decode_unreserved;

/// A name is a secret's if it has one of these in it, however its words are put together:
/// `adminPassword`, `admin_password`, `Admin Password`.
const PARTS: [&str; 22] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "credential",
    "privatekey",
    "apikey",
    "accesskey",
    "accessinfo",
    "authorization",
    "cookie",
    "kubeconfig",
    "pincode",
    "bearer",
    "jwt",
    "pwd",
    "totp",
    "snmpcommunity",
    "communitystring",
    "cryptkey",
];

/// The same for single words, which others have in them: `mapping`, `footprint`.
const WORDS: [&str; 3] = ["psk", "otp", "jwk"];

/// The same for the last word only: `userPass`, but not `passThrough` or `authType`.
const LAST_WORDS: [&str; 4] = ["pass", "auth", "pin", "pw"];

/// What a key is for that is a secret. Others are names: `licenseKey`, but not `monkey`.
const KEYS_FOR: [&str; 25] = [
    "ssh",
    "shared",
    "encryption",
    "decryption",
    "signing",
    "auth",
    "session",
    "license",
    "licence",
    "master",
    "client",
    "server",
    "tls",
    "ssl",
    "hmac",
    "aes",
    "rsa",
    "dsa",
    "symmetric",
    "account",
    "storage",
    "deploy",
    "wireguard",
    "crypto",
    "cipher",
];

/// Parameters of URIs that are secrets, beside those whose name says so.
const PARAMETERS: [&str; 6] = ["key", "sig", "signature", "code", "xamzsignature", "assertion"];

/// Knows by its name what is a secret: what everybody takes for one, and what an operator
/// adds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretNames {
    more: Vec<Plain>,
}

/// The letters and digits of a name in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Plain {
    text: String,
    /// As [`letters`] has them: most names lack one that a secret's has.
    letters: u32,
}

impl SecretNames {
    /// With more names. A name is a secret's if it has one of them in it, whatever the case
    /// of letters, and whatever stands between them.
    #[must_use]
    pub fn with(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let plain = names.into_iter().map(|name| Plain::of(name.as_ref()));
        Self { more: plain.filter(|name| !name.text.is_empty()).collect() }
    }

    /// The names that were added, by their letters and digits in lower case.
    pub fn added(&self) -> impl Iterator<Item = &str> {
        self.more.iter().map(|name| name.text.as_str())
    }

    /// Adds those of another.
    pub fn extend(&mut self, other: Self) {
        self.more.extend(other.more);
    }

    /// Whether the name of a member, field or parameter says that it is a secret.
    #[must_use]
    pub fn is_secret(&self, name: &str) -> bool {
        self.is_secret_name(name, &Plain::of(name))
    }

    fn is_secret_name(&self, name: &str, plain: &Plain) -> bool {
        if self.has_part(plain) {
            return true;
        }
        let for_keys = plain.text.strip_suffix("keys").or_else(|| plain.text.strip_suffix("key"));
        if for_keys.is_some_and(|before| KEYS_FOR.iter().any(|purpose| before.ends_with(purpose))) {
            return true;
        }
        let mut last = "";
        for word in words(name) {
            if is_one_of(&WORDS, word) {
                return true;
            }
            last = word;
        }
        is_one_of(&LAST_WORDS, last)
    }

    /// Whether a text has the name of a secret in it that only secrets have.
    pub(super) fn is_in(&self, text: &str) -> bool {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
        text.split(|c| !is_name(c)).any(|name| self.has_part(&Plain::of(name)))
    }

    /// Whether the parameter of a URI is a secret, by its name.
    pub(super) fn is_secret_parameter(&self, name: &str) -> bool {
        let name = decode_unreserved(name);
        let plain = Plain::of(&name);
        self.is_secret_name(&name, &plain) || PARAMETERS.contains(&plain.text.as_str())
    }

    fn has_part(&self, plain: &Plain) -> bool {
        let has = |part: &str, letters: u32| plain.letters & letters == letters && plain.text.contains(part);
        PARTS.iter().zip(PART_LETTERS).any(|(part, letters)| has(part, letters))
            || self.more.iter().any(|part| has(&part.text, part.letters))
    }
}

impl Plain {
    fn of(name: &str) -> Self {
        let text: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let letters = letters(&text);
        Self { text, letters }
    }
}

/// Those of [`PARTS`].
const PART_LETTERS: [u32; PARTS.len()] = {
    let mut all = [0; PARTS.len()];
    let (mut parts, mut places): (&[&str], &mut [u32]) = (&PARTS, &mut all);
    while let ([part, more @ ..], [place, rest @ ..]) = (parts, places) {
        *place = letters(part);
        (parts, places) = (more, rest);
    }
    all
};

/// A bit for each letter that a text has.
const fn letters(text: &str) -> u32 {
    let (mut bytes, mut found) = (text.as_bytes(), 0);
    while let [byte, rest @ ..] = bytes {
        if byte.is_ascii_lowercase() {
            found |= 1 << (*byte & 31);
        }
        bytes = rest;
    }
    found
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|one| one.eq_ignore_ascii_case(word))
}

/// The words of a name: runs of letters, which a capital letter divides.
fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphabetic()).flat_map(|run| Words { rest: run }).filter(|word| !word.is_empty())
}

struct Words<'n> {
    rest: &'n str,
}

impl<'n> Iterator for Words<'n> {
    type Item = &'n str;

    fn next(&mut self) -> Option<&'n str> {
        if self.rest.is_empty() {
            return None;
        }
        // After a small letter; in `SSHKey` before the last capital one.
        let mut before: Option<(usize, char)> = None;
        let mut end = self.rest.len();
        for (at, c) in self.rest.char_indices() {
            match before {
                Some((_, last)) if last.is_lowercase() && c.is_uppercase() => {
                    end = at;
                    break;
                }
                Some((start, last)) if start > 0 && last.is_uppercase() && c.is_lowercase() => {
                    end = start;
                    break;
                }
                _ => before = Some((at, c)),
            }
        }
        let (word, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        Some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_word_by_word() {
        let names = SecretNames::with(["Customer-Ref", "", "--"]);
        let secret = [
            "password",
            "PassWord",
            "admin_password",
            "pass.word",
            "user-pass",
            "userPass",
            "USER_PASS",
            "pass",
            "pwd",
            "sudoPwd",
            "psk",
            "wifi_psk",
            "pskValue",
            "preSharedKey",
            "sshKey",
            "SSHKey",
            "ssh_keys",
            "encryptionKey",
            "licenceKey",
            "auth",
            "basicAuth",
            "authorization",
            "cookies",
            "jwt",
            "kube-config",
            "pin",
            "simPin2",
            "otp",
            "otpSeed",
            "apiToken",
            "access_key_id",
            "customerref",
            "theCustomer Ref",
            "Accept-Token",
        ];
        for name in secret {
            assert!(names.is_secret(name), "{name}");
        }
        let others = [
            "passThrough",
            "passive",
            "bypass",
            "authType",
            "author",
            "authentication",
            "mapping",
            "cpuPinning",
            "pinned",
            "footprint",
            "option",
            "monkey",
            "key",
            "keyName",
            "publicKey",
            "code",
            "signature",
            "kbps",
            "version",
            "accept",
            "content-type",
            "if-match",
            "id",
            "vnfInstanceId",
            "customer",
            "",
        ];
        for name in others {
            assert!(!names.is_secret(name), "{name}");
        }
        for name in ["key", "sig", "X-Amz-Signature", "c%6Fde", "jwt"] {
            assert!(names.is_secret_parameter(name), "{name}");
        }
        for name in ["filter", "fields", "nextpage_opaque_marker", "exclude_default", "keys_of"] {
            assert!(!names.is_secret_parameter(name), "{name}");
        }
    }
}
