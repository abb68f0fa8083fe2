//! Tokens that only whoever has a certain key may use (RFC 7800): the claim `cnf`.

use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

use super::flaw::Flaw;
use crate::tls::Thumbprint;

/// What a door knows of the client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Possession {
    /// Nothing: certificates of clients do not come to it.
    Unseen,
    /// The client has shown none.
    Nothing,
    /// The client has shown this one, and has its key.
    Certificate(Thumbprint),
}

/// What the bearer of a token must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmation {
    /// The key of this certificate (RFC 8705, 3.1).
    Certificate(Thumbprint),
}

impl Confirmation {
    /// Reads the claim.
    ///
    /// # Errors
    /// It asks for something that is not verified here.
    pub fn read(cnf: &Value) -> Result<Self, Flaw> {
        let members = cnf.as_object().ok_or(Flaw::Confirmation)?;
        if members.contains_key("jkt") {
            return Err(Flaw::ProofOfKey);
        }
        let thumbprint = members.get("x5t#S256").filter(|_| members.len() == 1).and_then(Value::as_str);
        let thumbprint = thumbprint.and_then(|text| BASE64URL_NOPAD.decode(text.as_bytes()).ok());
        let thumbprint = thumbprint.and_then(|bytes| Thumbprint::try_from(bytes).ok());
        thumbprint.map(Self::Certificate).ok_or(Flaw::Confirmation)
    }

    /// # Errors
    /// The client has something else, or the door cannot tell.
    pub fn hold(&self, possession: Possession) -> Result<(), Flaw> {
        let Self::Certificate(expected) = self;
        match possession {
            Possession::Certificate(shown) if shown == *expected => Ok(()),
            Possession::Certificate(_) | Possession::Nothing => Err(Flaw::OtherCertificate),
            Possession::Unseen => Err(Flaw::UnseenCertificate),
        }
    }
}
