//! What is wrong with a token.

use solgate::fault::Fault;

/// Why a token is not accepted. Nothing of the token is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    Form,
    Algorithm,
    Critical,
    UnknownKey,
    Signature,
    Claims,
    NoEnd,
    Expired,
    Early,
    Issuer,
    Audience,
}

impl Flaw {
    fn text(self) -> &'static str {
        match self {
            Self::Form => "it is not a signed JWT; send the whole token that the authorization server issued",
            Self::Algorithm => {
                "its algorithm is not accepted here; use RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA"
            }
            Self::Critical => "it has a critical header parameter that is not understood here",
            Self::UnknownKey => "no key of the issuer matches it; get a new token",
            Self::Signature => "its signature is wrong; send the token exactly as the authorization server issued it",
            Self::Claims => "its claims cannot be read",
            Self::NoEnd => "it has no exp; get a token that expires",
            Self::Expired => "it has expired; get a new token",
            Self::Early => "it is not valid yet; compare the clocks of gate and authorization server",
            Self::Issuer => "it is from a different issuer; get a token from the authorization server of this gate",
            Self::Audience => "it is for a different audience; get a token for this gate",
        }
    }
}

impl From<Flaw> for Fault {
    fn from(flaw: Flaw) -> Self {
        Self::TokenInvalid(flaw.text())
    }
}
