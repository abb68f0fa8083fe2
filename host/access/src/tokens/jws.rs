//! A signed token, taken apart (RFC 7515, 7.1).

use data_encoding::BASE64URL_NOPAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::algorithm::Algorithm;
use super::flaw::Flaw;

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

/// What matters of the header. Keys and addresses of keys in it are not looked at:
/// whoever made the token could have put in their own.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<IgnoredAny>,
}

impl<'a> Jws<'a> {
    /// # Errors
    /// The text is not a token, or a token that is not accepted whatever its signature.
    pub fn parse(token: &'a str) -> Result<Self, Flaw> {
        let (signed, signature) = token.rsplit_once('.').ok_or(Flaw::Form)?;
        let (header, payload) = signed.split_once('.').ok_or(Flaw::Form)?;
        let header: Header = serde_json::from_slice(&decode(header)?).map_err(|_| Flaw::Form)?;
        if header.crit.is_some() {
            return Err(Flaw::Critical);
        }
        Ok(Self {
            algorithm: Algorithm::parse(&header.alg).ok_or(Flaw::Algorithm)?,
            key_id: header.kid,
            signed: signed.as_bytes(),
            signature: decode(signature)?,
            payload: decode(payload)?,
        })
    }
}

/// A dot is not a character of the encoding of a part.
fn decode(part: &str) -> Result<Vec<u8>, Flaw> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Flaw::Form)
}
