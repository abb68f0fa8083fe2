//! A signed token, taken apart (RFC 7515, 7.1).

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::algorithm::Algorithm;
use super::flaw::Flaw;
use super::json;

/// A token. Nothing of it is believed before its signature has been checked.
pub struct Jws<'a> {
    pub algorithm: Algorithm,
    /// Which key it is signed with, if it says so.
    pub key_id: Option<String>,
    /// What is signed.
    pub signed: &'a [u8],
    pub signature: Vec<u8>,
    /// The claims, as JSON.
    pub payload: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// # Errors
    /// The text is not a token, or a token that is not accepted whatever its signature.
    pub fn parse(token: &'a str) -> Result<Self, Flaw> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Flaw::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(Flaw::Form)?;
        // Keys and addresses of keys in the header are not looked at: whoever made the token
        // could have put in their own.
        let header = json::object(&decode(header)?).ok_or(Flaw::Form)?;
        // Whatever they say: JWTs have no other encoding (RFC 7797, 7), and `crit` may not
        // even be null.
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(Flaw::Critical);
        }
        if !is_access_token(&header) {
            return Err(Flaw::Type);
        }
        let algorithm = header.get("alg").and_then(Value::as_str).ok_or(Flaw::Form)?;
        let key_id = match header.get("kid") {
            Some(Value::String(id)) => Some(id.clone()),
            // Some libraries write it so.
            Some(Value::Null) | None => None,
            Some(_) => return Err(Flaw::Form),
        };
        Ok(Self {
            algorithm: Algorithm::parse(algorithm).ok_or(Flaw::Algorithm)?,
            key_id,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
            payload: decode(payload)?,
        })
    }
}

/// Whether a token is one by its type (RFC 8725, 3.11): tokens for another purpose say so,
/// such as `logout+jwt`. Many access tokens say nothing.
fn is_access_token(header: &Map<String, Value>) -> bool {
    const OWN: &str = "at+jwt";
    let Some(kind) = header.get("typ") else { return true };
    let Some(kind) = kind.as_str().map(str::to_ascii_lowercase) else { return false };
    let kind = kind.strip_prefix("application/").unwrap_or(&kind);
    kind == OWN || !kind.ends_with("+jwt")
}

/// A dot is not a character of the encoding of a part.
fn decode(part: &str) -> Result<Vec<u8>, Flaw> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Flaw::Form)
}
