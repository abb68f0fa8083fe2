//! A set of keys (RFC 7517).

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde_json::Value;

use super::algorithm::Algorithm;
use super::flaw::Flaw;
use super::jws::Jws;
use super::public_key::PublicKey;

/// Of a set.
const MOST: usize = 100;
/// Keys that are tried for one token. Checking a signature of RSA takes tens of
/// microseconds, and anybody may send a token that names no key.
const TRIED: usize = 8;
/// Of the modulus of an RSA key, in bytes: what ring checks signatures with.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// Keys that tokens may be signed with.
#[derive(Debug, Default)]
pub struct KeySet {
    keys: Vec<Key>,
    /// How many keys of the set are of no use here.
    pub ignored: usize,
}

/// Why a text is not a set of keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoKeys {
    #[error("it is not a JWK set; expected JSON such as {{\"keys\": [...]}}")]
    Form,
    #[error("no key in it can be used; expected RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519, for signatures")]
    NoneUsable,
    #[error("it has more than {MOST} keys")]
    TooMany,
}

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// The only algorithm that it may be used with, if it names one.
    algorithm: Option<Algorithm>,
    public: PublicKey,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Value>,
}

/// The members that matter of those that RFC 7517 and 7518 have.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Takes what can be used of a set: one may hold keys for other purposes, too.
    ///
    /// # Errors
    /// The text is not a set of keys, or no key in it can be used.
    pub fn parse(json: &[u8]) -> Result<Self, NoKeys> {
        let set: Jwks = serde_json::from_slice(json).map_err(|_| NoKeys::Form)?;
        if set.keys.len() > MOST {
            return Err(NoKeys::TooMany);
        }
        let all = set.keys.len();
        let keys: Vec<Key> = set.keys.into_iter().filter_map(Key::usable).collect();
        if keys.is_empty() {
            return Err(NoKeys::NoneUsable);
        }
        let ignored = all.saturating_sub(keys.len());
        Ok(Self { keys, ignored })
    }

    /// Whether there is none: the issuer has withdrawn all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// # Errors
    /// None of the keys is the one that the token names, or none has signed it.
    pub fn verify(&self, jws: &Jws<'_>) -> Result<(), Flaw> {
        let mut flaw = Flaw::UnknownKey;
        for (tried, key) in self.keys.iter().filter(|key| key.may_have_signed(jws)).enumerate() {
            if tried >= TRIED {
                return Err(Flaw::UnnamedKey);
            }
            if jws.algorithm.verify(&key.public, jws.signed, &jws.signature) {
                return Ok(());
            }
            flaw = Flaw::Signature;
        }
        Err(flaw)
    }
}

impl Key {
    /// `None` if it is for another purpose, of another kind, or damaged.
    fn usable(json: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(json).ok()?;
        let signs = jwk.usage.as_ref().is_none_or(|usage| usage == "sig")
            && jwk.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !signs {
            return None;
        }
        let public = public_key(&jwk)?;
        let algorithm = match &jwk.alg {
            Some(name) => Some(Algorithm::parse(name).filter(|algorithm| algorithm.fits(&public))?),
            None => None,
        };
        Some(Self { id: jwk.kid, algorithm, public })
    }

    fn may_have_signed(&self, jws: &Jws<'_>) -> bool {
        let named = match (&self.id, &jws.key_id) {
            (Some(id), Some(named)) => id == named,
            _ => true,
        };
        named && jws.algorithm.fits(&self.public) && self.algorithm.is_none_or(|only| only == jws.algorithm)
    }
}

fn public_key(jwk: &Jwk) -> Option<PublicKey> {
    match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => {
            let (n, e) = (number(jwk.n.as_ref()?)?, number(jwk.e.as_ref()?)?);
            RSA_BYTES.contains(&n.len()).then_some(PublicKey::Rsa { n, e })
        }
        ("EC", Some("P-256")) => point(jwk, 32).map(PublicKey::P256),
        ("EC", Some("P-384")) => point(jwk, 48).map(PublicKey::P384),
        ("OKP", Some("Ed25519")) => coordinate(jwk.x.as_ref()?, 32).map(PublicKey::Ed25519),
        _ => None,
    }
}

fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).filter(|rest| !rest.is_empty()).map(<[u8]>::to_vec)
}

/// A point as SEC 1 has it, uncompressed.
fn point(jwk: &Jwk, length: usize) -> Option<Vec<u8>> {
    const UNCOMPRESSED: u8 = 4;
    let (x, y) = (coordinate(jwk.x.as_ref()?, length)?, coordinate(jwk.y.as_ref()?, length)?);
    Some([&[UNCOMPRESSED][..], &x, &y].concat())
}

fn coordinate(text: &str, length: usize) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok().filter(|bytes| bytes.len() == length)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use serde_json::json;

    use super::*;

    fn encode(bytes: impl AsRef<[u8]>) -> String {
        BASE64URL_NOPAD.encode(bytes.as_ref())
    }

    #[test]
    fn a_token_that_differs_in_a_single_character_is_refused() {
        let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pair.as_ref()).unwrap();
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": encode(pair.public_key())});
        let keys = KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
        let signed = format!("{}.{}", encode(r#"{"alg":"EdDSA","kid":"k"}"#), encode(r#"{"sub":"nfvo"}"#));
        let token = format!("{signed}.{}", encode(pair.sign(signed.as_bytes())));
        let verify = |token: &str| Jws::parse(token).and_then(|jws| keys.verify(&jws));
        assert_eq!(verify(&token), Ok(()));

        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/";
        let mut tried = 0;
        for (at, one) in token.char_indices() {
            let (before, after) = (token.get(..at).unwrap(), token.get(at..).unwrap());
            let rest = after.get(1..).unwrap();
            for other in alphabet.chars() {
                // In its place, and before it.
                let added = verify(&format!("{before}{other}{after}"));
                assert!(added.is_err(), "{other} before {at} of {token}");
                let replaced = verify(&format!("{before}{other}{rest}"));
                assert_eq!(replaced.is_ok(), other == one, "{other} for {one} at {at} of {token}");
                tried += 2;
            }
            assert!(verify(&format!("{before}{rest}")).is_err(), "without {at} of {token}");
        }
        assert!(tried > 10_000, "{tried}");
    }
}
